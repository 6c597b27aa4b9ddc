import { assert } from '../errors.ts'

/**
 * Canonical commands that were judged and wait for the printer: first in, first out, in one buffer of fixed size.
 */

/** Bytes of the buffer: four times a block of the spool, since canonical writing can lengthen a line. */
export const QUEUE_BYTES = 262_144
/** Commands at most: the shortest, such as `G4`, takes three bytes with its line end. */
const QUEUE_COMMANDS = QUEUE_BYTES / 2

export class CommandQueue {
  private readonly bytes = new Uint8Array(QUEUE_BYTES)
  private readonly starts = new Int32Array(QUEUE_COMMANDS)
  private readonly ends = new Int32Array(QUEUE_COMMANDS)
  private readonly counted = new Uint8Array(QUEUE_COMMANDS)
  private readonly pushedBy = new Int32Array(QUEUE_COMMANDS)
  private head = 0
  private tail = 0
  private used = 0

  get length(): number {
    return this.tail - this.head
  }

  /** Bytes that still fit. All of them are free again once the queue has run empty. */
  get room(): number {
    return QUEUE_BYTES - this.used
  }

  /**
   * Appends `command[start, end)`; `isCounted` where it is part of the job's digest, `pushed` as it pushes the extruder,
   * in thousandths of a millimetre. The caller minds the `room`.
   */
  push(command: Uint8Array, start: number, end: number, isCounted: boolean, pushed = 0): void {
    const length = end - start
    assert(length <= this.room && this.tail < QUEUE_COMMANDS, 'the queue has room for what its owner lets in')
    for (let i = 0; i < length; i++) this.bytes[this.used + i] = command[start + i] ?? 0
    this.counted[this.tail] = isCounted ? 1 : 0
    this.pushedBy[this.tail] = pushed
    this.starts[this.tail] = this.used
    this.used += length
    this.ends[this.tail] = this.used
    this.tail++
  }

  /** The buffer in which `start` and `end` mark the first command. */
  get buffer(): Uint8Array {
    return this.bytes
  }

  get start(): number {
    return this.starts[this.head] ?? 0
  }

  get end(): number {
    return this.ends[this.head] ?? 0
  }

  /** Whether the first command is part of the job's digest. */
  get isCounted(): boolean {
    return this.counted[this.head] === 1
  }

  /** How far the first command pushes the extruder, in thousandths of a millimetre. */
  get pushed(): number {
    return this.pushedBy[this.head] ?? 0
  }

  /** Drops the first command. */
  shift(): void {
    assert(this.head < this.tail, 'only a command that is there is taken')
    this.head++
    if (this.head === this.tail) this.clear()
  }

  clear(): void {
    this.head = 0
    this.tail = 0
    this.used = 0
  }
}
