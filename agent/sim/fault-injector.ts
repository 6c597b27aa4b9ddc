/** Makes the chosen faults happen, by counting: the same faults, seed and bytes give the same trouble. */

import type { Faults } from './faults.ts'
import type { Journal } from './journal.ts'
import { Prng } from './prng.ts'

const BUSY_EVERY_COMMANDS = 10
const NOISE_BYTES_MAX = 8
/** Noise never holds a line end, or it would make lines of its own. */
const NOISE_FIRST = 0x80

/** What happens to the printer after a command. */
export type Accident = 'hang' | 'unplug' | 'reset' | 'thermal-runaway'

/** Counts bytes, lines and commands since the printer was made, over its resets. */
export class FaultInjector {
  readonly faults: Faults
  // Two streams: bits flip when bytes come and noise is made when lines go, and neither may disturb the other.
  readonly #bits: Prng
  readonly #noise: Prng
  readonly #journal: Journal
  #received = 0
  #numbered = 0
  #sent = 0
  #oks = 0
  #commands = 0
  #hasPrintedElsewhere = false

  constructor(faults: Faults, seed: number, journal: Journal) {
    this.faults = faults
    this.#bits = new Prng(seed)
    this.#noise = new Prng(~seed)
    this.#journal = journal
  }

  /** What arrives of the bytes that the host sent. */
  receive(bytes: Uint8Array): Uint8Array {
    const every = this.faults['flip-bit-every']
    if (every === undefined) return bytes
    const seen = Uint8Array.from(bytes)
    for (let i = 0; i < seen.length; i++) {
      if (++this.#received % every !== 0) continue
      seen[i] = (seen[i] ?? 0) ^ (1 << this.#bits.below(8))
      this.#journal.event('fault', { fault: 'flip-bit-every', byte: this.#received })
    }
    return seen
  }

  /** True for a numbered line that the printer is to take for damaged. */
  isGarbled(): boolean {
    const every = this.faults['resend-every']
    if (every === undefined || ++this.#numbered % every !== 0) return false
    this.#journal.event('fault', { fault: 'resend-every', numberedLine: this.#numbered })
    return true
  }

  /** What leaves of a line that the printer sends; undefined where nothing does. */
  send(text: string): string | undefined {
    if (this.#isSilent()) return undefined
    if (text === 'ok' || text.startsWith('ok ')) {
      if (++this.#oks === this.faults['drop-ok']) {
        this.#journal.event('fault', { fault: 'drop-ok', ok: this.#oks })
        return undefined
      }
    }
    const every = this.faults['garbage-every']
    if (every === undefined || ++this.#sent % every !== 0) return text
    const noise = Array.from({ length: 1 + this.#noise.below(NOISE_BYTES_MAX) }, () =>
      String.fromCharCode(NOISE_FIRST + this.#noise.below(0x100 - NOISE_FIRST)),
    )
    return noise.join('') + text
  }

  /** Filament of the print that somebody makes past the wire, in mm, once its counters were told; 0 for every later call. */
  printedElsewhereMm(): number {
    const metres = this.faults.odometer
    if (metres === undefined || this.#hasPrintedElsewhere) return 0
    this.#hasPrintedElsewhere = true
    this.#journal.event('fault', { fault: 'odometer', metres })
    return metres * 1000
  }

  /** How much longer the command that is about to run takes. */
  extraMs(): number {
    const seconds = this.faults.busy
    if (seconds === undefined || (this.#commands + 1) % BUSY_EVERY_COMMANDS !== 0) return 0
    return seconds * 1000
  }

  /** Called when a command has run. */
  commandDone(): Accident | undefined {
    this.#commands++
    switch (this.#commands) {
      case this.faults['unplug-after']:
        return this.#accident('unplug')
      case this.faults['reset-after']:
        return this.#accident('reset')
      case this.faults['thermal-runaway-after']:
        return this.#accident('thermal-runaway')
      case this.faults['hang-after']:
        return this.#accident('hang')
      default:
        return undefined
    }
  }

  #isSilent(): boolean {
    if (this.faults.silent !== undefined) return true
    const after = this.faults['silent-after']
    return after !== undefined && this.#commands >= after
  }

  #accident(accident: Accident): Accident {
    this.#journal.event('fault', { fault: `${accident}-after`, commands: this.#commands })
    return accident
  }
}
