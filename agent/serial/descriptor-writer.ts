/**
 * Writes bytes to a non-blocking descriptor, in order, without ever blocking the process.
 * Node's own terminal streams cannot be used for this: on the master of a pty, or where the device cannot be
 * opened a second time, they spin inside `write` until the other end reads.
 */

import fs from 'node:fs'
import { assert, systemErrorCode } from '../errors.ts'

/**
 * How often a full device is tried again. Node cannot wait for a bare descriptor to become writable; a kernel
 * buffer of 4 KiB takes 350 ms to empty at 115200 baud, so this is often enough to keep it from running dry.
 */
const RETRY_MS = 2

/** What a writer holds and bears before it gives up. */
export interface WriterLimits {
  readonly queueBytesMax: number
  /** Longest time in which the device may take nothing although bytes wait; `Infinity` where that is normal. */
  readonly stallMs: number
}

/** The reason for giving up a device that takes nothing. */
export function tookNothing(stallMs: number): string {
  return `the device took no bytes for ${stallMs / 1000} s`
}

/** One queue in front of one descriptor. The descriptor stays the owner's: `stop` before closing it. */
export class DescriptorWriter {
  readonly #fd: number
  readonly #limits: WriterLimits
  readonly #failed: (reason: string) => void
  #queue: Uint8Array[] = []
  #queueBytes = 0
  #progressAtMs = 0
  #retry: NodeJS.Timeout | undefined
  #waiting: (() => void)[] = []
  #isStopped = false

  /** `failed` is called at most once, and never from inside `write`. */
  constructor(fd: number, limits: WriterLimits, failed: (reason: string) => void) {
    this.#fd = fd
    this.#limits = limits
    this.#failed = failed
  }

  /** Takes the bytes, all or, with false, none of them because too many wait already. Copies what it must keep. */
  write(bytes: Uint8Array): boolean {
    if (this.#isStopped) return true
    if (this.#queueBytes + bytes.length > this.#limits.queueBytesMax) return false
    const done = this.#queueBytes === 0 ? this.#attempt(bytes) : 0
    if (done === bytes.length || this.#isStopped) return true
    if (this.#queueBytes === 0) this.#progressAtMs = performance.now()
    // Not `slice`: on a Buffer that is a view of what the caller is about to reuse.
    this.#queue.push(new Uint8Array(bytes.subarray(done)))
    this.#queueBytes += bytes.length - done
    this.#retry ??= setTimeout(this.#flush, RETRY_MS)
    return true
  }

  /** Resolves when the device has taken everything, or the writer has ended and never will. */
  drain(): Promise<void> {
    if (this.#queueBytes === 0) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Ends the writer. Nothing touches the descriptor after this, which matters: its number may be given out again. */
  stop(): void {
    this.#isStopped = true
    this.#queue = []
    this.#settle()
  }

  readonly #flush = (): void => {
    this.#retry = undefined
    for (let head = this.#queue[0]; head !== undefined; head = this.#queue[0]) {
      const done = this.#attempt(head)
      if (this.#isStopped) return
      if (done > 0) this.#progressAtMs = performance.now()
      this.#queueBytes -= done
      if (done < head.length) {
        this.#queue[0] = head.subarray(done)
        break
      }
      this.#queue.shift()
    }
    if (this.#queueBytes === 0) {
      this.#settle()
      return
    }
    // The attempt comes before the look at the clock: a process that was suspended must not take its own sleep
    // for the device's.
    const stalledMs = performance.now() - this.#progressAtMs
    if (stalledMs >= this.#limits.stallMs) this.#fail(tookNothing(this.#limits.stallMs))
    else this.#retry = setTimeout(this.#flush, RETRY_MS)
  }

  #settle(): void {
    this.#queueBytes = 0
    clearTimeout(this.#retry)
    this.#retry = undefined
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** Writes as much as the device takes now, and says how much that was. */
  #attempt(bytes: Uint8Array): number {
    try {
      const done = fs.writeSync(this.#fd, bytes)
      assert(done <= bytes.length, 'a device cannot take more bytes than it is given')
      return done
    } catch (error) {
      const code = systemErrorCode(error)
      if (code === undefined) throw error
      if (code !== 'EAGAIN' && code !== 'EINTR') this.#fail(`writing to the device failed (${code})`)
      return 0
    }
  }

  #fail(reason: string): void {
    this.stop()
    // Not at once: the caller of `write` must not find itself in the middle of what a lost link sets off.
    setImmediate(this.#failed, reason)
  }
}
