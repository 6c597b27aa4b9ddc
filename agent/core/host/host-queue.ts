import { assert } from '../../errors.ts'

/**
 * Lines of the host that have come and wait for their turn, as they came: first in, first out, in one buffer of fixed
 * size. A line is judged only when its turn has come, since what it means hangs on those before it.
 */

/**
 * From so many bytes on the host is asked to wait. Little, because a host may leave without a word and what waits here
 * goes on; yet far more than the hosts we know have on their way, at most 127 (Repetier), and than a printer takes while
 * the next bytes are fetched.
 */
export const HOST_QUEUE_HIGH_BYTES = 4096
/** Until so few wait again. */
export const HOST_QUEUE_LOW_BYTES = 1024
/** The largest read (TCP): the last one before the host is asked to wait. One more may be on its way meanwhile. */
const READ_BYTES_MAX = 65_536
const QUEUE_BYTES = HOST_QUEUE_HIGH_BYTES + 2 * READ_BYTES_MAX
/**
 * As many as those reads can hold, where each takes two bytes with its end. An empty one takes no byte of the buffer, so
 * lines have a limit of their own.
 */
const QUEUE_LINES = HOST_QUEUE_HIGH_BYTES + READ_BYTES_MAX

export class HostQueue {
  private readonly bytes = new Uint8Array(QUEUE_BYTES)
  private readonly starts = new Int32Array(QUEUE_LINES)
  private readonly ends = new Int32Array(QUEUE_LINES)
  private readonly acted = new Uint8Array(QUEUE_LINES)
  private head = 0
  private tail = 0
  private used = 0

  get length(): number {
    return this.tail - this.head
  }

  /** Bytes that wait. */
  get waiting(): number {
    return this.tail === this.head ? 0 : this.used - this.start
  }

  /** Whether the host is to wait: for its bytes, or for the number of its lines. */
  get isHigh(): boolean {
    return this.waiting >= HOST_QUEUE_HIGH_BYTES || this.length >= QUEUE_LINES / 2
  }

  get isLow(): boolean {
    return this.waiting <= HOST_QUEUE_LOW_BYTES && this.length <= QUEUE_LINES / 4
  }

  /**
   * Keeps `line[start, end)`. `isActed` where what it asks for was done when it came, and only its answer waits.
   * Answers false where there is no room for it.
   */
  push(line: Uint8Array, start: number, end: number, isActed: boolean): boolean {
    const length = end - start
    if (this.used + length > QUEUE_BYTES || this.tail === QUEUE_LINES) this.moveUp()
    if (this.used + length > QUEUE_BYTES || this.tail === QUEUE_LINES) return false
    for (let i = 0; i < length; i++) this.bytes[this.used + i] = line[start + i] ?? 0
    this.starts[this.tail] = this.used
    this.used += length
    this.ends[this.tail] = this.used
    this.acted[this.tail] = isActed ? 1 : 0
    this.tail++
    return true
  }

  /** The buffer in which `start` and `end` mark the first line. */
  get buffer(): Uint8Array {
    return this.bytes
  }

  get start(): number {
    return this.starts[this.head] ?? 0
  }

  get end(): number {
    return this.ends[this.head] ?? 0
  }

  get isActed(): boolean {
    return this.acted[this.head] === 1
  }

  /** Drops the first line. */
  shift(): void {
    assert(this.head < this.tail, 'only a line that is there is taken')
    this.head++
    if (this.head === this.tail) this.clear()
  }

  clear(): void {
    this.head = 0
    this.tail = 0
    this.used = 0
  }

  /** Moves what waits to the front. Rare: the buffer empties whenever the gate keeps up. */
  private moveUp(): void {
    const from = this.start
    const lines = this.length
    if (lines === 0) {
      this.clear()
      return
    }
    this.bytes.copyWithin(0, from, this.used)
    for (let i = 0; i < lines; i++) {
      this.starts[i] = (this.starts[this.head + i] ?? 0) - from
      this.ends[i] = (this.ends[this.head + i] ?? 0) - from
      this.acted[i] = this.acted[this.head + i] ?? 0
    }
    this.used -= from
    this.head = 0
    this.tail = lines
  }
}
