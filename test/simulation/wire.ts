/**
 * A serial cable that goes wrong: it delays, drops, repeats and damages lines on their way, in either direction, by
 * a seed. It never reorders: bytes of a cable come in the order in which they were sent.
 *
 * The checksum of the line protocol is the XOR of eight bits. Two flips of the same bit in one line cancel out and
 * no printer can tell, so a line suffers one single-bit flip, or one lost byte, at most. Lines without a number,
 * those of a safe stop, have no checksum at all: they are dropped and repeated, but not altered.
 */

import type { VirtualClock } from '../../agent/sim/index.ts'
import type { Prng } from '../../agent/sim/prng.ts'

const NEWLINE = 0x0a
const LETTER_N = 0x4e
/** What lies between a program and its cable. */
const LATENCY_MS = 2
/** At 115200 baud. No two lines arrive at one time: the clock would hand the printer the second inside the first. */
const MS_PER_BYTE = 10 / 115.2

/** Troubles in a thousand lines, each of its own kind. */
export interface Trouble {
  readonly drop: number
  readonly repeat: number
  readonly flip: number
  readonly loseByte: number
  readonly delay: number
  readonly delayMsMax: number
  /** Swallows every line that matches. */
  readonly loses?: RegExp
}

export const NO_TROUBLE: Trouble = { drop: 0, repeat: 0, flip: 0, loseByte: 0, delay: 0, delayMsMax: 0 }

export interface WireOptions {
  readonly clock: VirtualClock
  readonly prng: Prng
  readonly trouble: Trouble
  readonly deliver: (bytes: Uint8Array) => void
  /** Whether a line may be altered. */
  readonly isChecked: (line: Uint8Array) => boolean
}

/** One direction of the cable. */
export class Wire {
  /** What went wrong, for the message of a failing run. */
  readonly accidents: string[] = []
  private readonly options: WireOptions
  private arrivesAtMs = 0
  private isCut = false

  constructor(options: WireOptions) {
    this.options = options
  }

  cut(): void {
    this.isCut = true
  }

  send(bytes: Uint8Array): void {
    let from = 0
    while (from < bytes.length) {
      const newline = bytes.indexOf(NEWLINE, from)
      const to = newline === -1 ? bytes.length : newline + 1
      this.sendLine(Uint8Array.from(bytes.subarray(from, to)))
      from = to
    }
  }

  private sendLine(line: Uint8Array): void {
    const { trouble, isChecked, prng } = this.options
    if (trouble.loses?.test(Buffer.from(line).toString('latin1')) === true) return
    if (this.happens(trouble.drop, 'drop', line)) return
    if (this.happens(trouble.delay, 'delay', line)) this.arrivesAtMs += prng.below(trouble.delayMsMax)
    this.arrive(isChecked(line) ? this.damaged(line) : line)
    if (this.happens(trouble.repeat, 'repeat', line)) this.arrive(line)
  }

  private damaged(line: Uint8Array): Uint8Array {
    const { prng, trouble } = this.options
    if (this.happens(trouble.flip, 'flip', line)) {
      const copy = Uint8Array.from(line)
      copy[prng.below(line.length)]! ^= 1 << prng.below(8)
      return copy
    }
    if (this.happens(trouble.loseByte, 'lose a byte of', line)) {
      const at = prng.below(line.length)
      return Uint8Array.from(line.filter((_byte, i) => i !== at))
    }
    return line
  }

  private happens(perMille: number, what: string, line: Uint8Array): boolean {
    if (perMille === 0 || this.options.prng.below(1000) >= perMille) return false
    const { clock } = this.options
    this.accidents.push(
      `${clock.nowMs()} ms: ${what} ${JSON.stringify(Buffer.from(line).toString('latin1'))}`,
    )
    return true
  }

  private arrive(bytes: Uint8Array): void {
    const { clock, deliver } = this.options
    this.arrivesAtMs = Math.max(this.arrivesAtMs, clock.nowMs() + LATENCY_MS) + bytes.length * MS_PER_BYTE
    clock.at(this.arrivesAtMs, () => {
      if (!this.isCut) deliver(bytes)
    })
  }
}

/** Numbered lines carry a checksum. */
export function isNumbered(line: Uint8Array): boolean {
  return line[0] === LETTER_N
}
