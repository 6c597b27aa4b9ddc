import { type Command, type Move, NO_MOVE, WORD } from '../../../gcode/index.ts'

/** What a command means to the gate beside what a policy says of it. */

const G = 0x47
const M = 0x4d

/** Targets without waiting: M104 nozzle, M140 bed, M141 chamber. */
const TARGETS: readonly number[] = [104, 140, 141]
/** What a host keeps to itself, or answers with a pause of its own (OctoPrint `blockedCommands`, `pausingCommands`). */
const HOSTS_OWN: readonly number[] = [0, 1, 25]
/** What a firmware retraction and its recovery are. */
const RETRACTIONS: readonly number[] = [207, 208]
/** Questions about the printer's card, which hosts ask by themselves. */
const CARD_QUESTIONS: readonly number[] = [20, 21, 22, 27]

/** M110: the host starts its numbers anew. */
export function isRenumbering(command: Command): boolean {
  return command.letter === M && command.code === 110
}

/** The number that an M110 sets: its own word, else that of its line (queue.cpp). */
export function renumbered(command: Command, lineNumber: number): number {
  return command.hasValue(WORD.N) ? command.value(WORD.N) : Math.max(lineNumber, -1)
}

/** A heater or fan goes off and nothing else happens: this passes whatever is blocked. */
export function isHeaterOff(command: Command): boolean {
  if (command.letter !== M || command.row === undefined) return false
  if (command.code === 107) return true
  if (!command.hasValue(WORD.S) || command.value(WORD.S) !== 0) return false
  const others = command.present & ~((1 << WORD.S) | (1 << WORD.T) | (1 << WORD.P))
  return others === 0 && (command.code === 106 || TARGETS.includes(command.code))
}

/** Of those, the fans: M107, and M106 with 0. */
export function isFanOff(command: Command): boolean {
  return isHeaterOff(command) && (command.code === 106 || command.code === 107)
}

/** Asks or reports, and leaves machine, job and display alone. */
export function isPoll(command: Command): boolean {
  return command.row?.observes === true && command.row.class === 'status'
}

/** Limits and lengths that stay with the printer, and would shape the job of whoever prints next. */
export function isTuning(command: Command): boolean {
  return command.row?.class === 'dynamics' || (command.letter === M && RETRACTIONS.includes(command.code))
}

/** Takes no part in a job's digest, and so none in lockstep. */
export function isObserving(command: Command): boolean {
  return command.row?.observes === true
}

/** Part of a file that hosts do not send, or send on their own account. */
export function isHostsOwn(command: Command): boolean {
  return command.letter === M && HOSTS_OWN.includes(command.code)
}

/** A question about the card. Where policy denies it the gate answers that there is none. */
export function isCardQuestion(command: Command): boolean {
  return command.letter === M && CARD_QUESTIONS.includes(command.code)
}

/** Stops or interrupts: never part of a job. */
export function isInterrupting(command: Command): boolean {
  return command.row?.class === 'emergency'
}

/** M410: what was planned is lost, and the job with it. */
export function isQuickStop(command: Command): boolean {
  return command.letter === M && command.code === 410
}

/** Lays down filament on the way: this is printing, as opposed to jogging, homing and loading filament. */
export function isPrinting(command: Command, move: Move): boolean {
  if (move.kind !== NO_MOVE) return move.axes !== 0 && move.depositedMm > 0
  // Splines and direct steps take an E as well, and G26 prints a pattern of its own.
  if (command.row?.class !== 'self-moving') return false
  return command.has(WORD.E) || (command.letter === G && command.code === 26)
}

/** Sets a heater's target above 0, by itself or by what the firmware does for it. */
export function isHeating(command: Command): boolean {
  return command.row === undefined || (command.row.heats && !isHeaterOff(command))
}

/** The tool that the command selects or names, or -1. */
export function namedTool(command: Command): number {
  if (command.letter !== G && command.letter !== M) return command.code
  return command.row?.heats === true && command.hasValue(WORD.T) ? command.value(WORD.T) : -1
}

/** The card's answer, as Marlin gives it without a card: OctoPrint stops asking. */
export function cardAnswer(command: Command): readonly string[] {
  switch (command.code) {
    case 20:
      return ['Begin file list', 'End file list']
    case 27:
      return ['Not SD printing']
    default:
      return ['echo:No media']
  }
}
