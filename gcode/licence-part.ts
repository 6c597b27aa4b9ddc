import type { Command } from './command.ts'

/**
 * `M5790 L<n>/<count> <piece>`: a piece of a licence on its way to the gate, so that any host can carry one. It is meant for
 * the gate alone: no firmware knows the number, and no printer is ever sent it.
 */
export const LICENCE_PART = 'M5790'

const LETTER_M = 0x4d
const CODE = 5790

/** Whether the command is a piece of a licence, whatever its text says. */
export function isLicencePart(command: Command): boolean {
  return command.code === CODE && command.letter === LETTER_M
}
