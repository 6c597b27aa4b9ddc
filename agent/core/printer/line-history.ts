import { assert } from '../../errors.ts'

/**
 * The lines that were sent last, as they went over the wire, so that the printer can have one again. A ring of
 * fixed slots: a line is found by its number, and the oldest makes room for the newest.
 */

/** Lines kept. A printer asks for one of the few it has room for; this is ten times what any firmware buffers. */
export const HISTORY_LINES = 64
/** Bytes of a slot: the longest line a dialect allows, and its wrapping. */
const SLOT_BYTES = 256

export class LineHistory {
  private readonly bytes = new Uint8Array(HISTORY_LINES * SLOT_BYTES)
  private readonly lengths = new Int32Array(HISTORY_LINES)
  private first = 0
  private next = 0

  /** Forgets all; the next line kept has number `next`. */
  restart(next: number): void {
    this.first = next
    this.next = next
  }

  /** Keeps `line[start, end)` as the line with the next number. */
  keep(line: Uint8Array, start: number, end: number): void {
    const length = end - start
    assert(length <= SLOT_BYTES, 'a line sent fits its slot in the history')
    const slot = (this.next % HISTORY_LINES) * SLOT_BYTES
    for (let i = 0; i < length; i++) this.bytes[slot + i] = line[start + i] ?? 0
    this.lengths[this.next % HISTORY_LINES] = length
    this.next++
    if (this.next - this.first > HISTORY_LINES) this.first++
  }

  has(lineNumber: number): boolean {
    return lineNumber >= this.first && lineNumber < this.next
  }

  /** Hands the line to `send`, as it was sent before. The line must be there. */
  replay(lineNumber: number, send: (bytes: Uint8Array, start: number, end: number) => void): void {
    assert(this.has(lineNumber), 'a line sent again is in the history')
    const slot = lineNumber % HISTORY_LINES
    send(this.bytes, slot * SLOT_BYTES, slot * SLOT_BYTES + (this.lengths[slot] ?? 0))
  }
}
