/**
 * EMERGENCY_PARSER of Marlin: a second reader of the same bytes, before the queue, that acts even while the queue is
 * full. It knows no comments, escapes or backspaces, and takes a command only if its line ends right after it.
 */

import type { EarlyAction } from './marlin-line-assembly.ts'

/** A longer line can still match only by spaces and digits before the M: that is cut, and the line is ignored. */
const LINE_BYTES_MAX = 96
const EMERGENCY = /^ *(?:N[0-9 -]*)?M *(108|112|410)$/
const ACTIONS: Readonly<Record<string, EarlyAction>> = { 108: 'break-wait', 112: 'kill', 410: 'quickstop' }

/** Follows the bytes of one serial port. */
export class EmergencyParser {
  #line = ''

  /** Takes one byte; gives what is to be done, and for which command, when it ended an emergency line. */
  push(byte: number): { readonly action: EarlyAction; readonly text: string } | undefined {
    if (byte !== 0x0a && byte !== 0x0d) {
      if (this.#line.length < LINE_BYTES_MAX) this.#line += String.fromCharCode(byte)
      return undefined
    }
    const code = this.#line.length < LINE_BYTES_MAX ? EMERGENCY.exec(this.#line)?.[1] : undefined
    this.#line = ''
    const action = code === undefined ? undefined : ACTIONS[code]
    return action === undefined ? undefined : { action, text: `M${code}` }
  }
}
