import { Burst } from './burst.ts'
import type { GateRecord } from './gate-effects.ts'

/** Hosts that come in so short a time and are put on record at once: a script that asks once a second opens the port each time. */
const ARRIVALS_MAX = 60
const ARRIVALS_WITHIN_MS = 60_000

/**
 * Puts hosts on record, each with its first line: one that says nothing is nobody. Hosts that come again and again wait,
 * so that they fill no log.
 */
export class Arrivals {
  private readonly append: (record: GateRecord) => number
  private readonly burst = new Burst(ARRIVALS_MAX, ARRIVALS_WITHIN_MS)
  private isOnRecord_ = false

  constructor(append: (record: GateRecord) => number) {
    this.append = append
  }

  /** Whether the log says that the host that is here has come. */
  get isOnRecord(): boolean {
    return this.isOnRecord_
  }

  /** Another host has come, or the last one left. */
  renew(): void {
    this.isOnRecord_ = false
  }

  /** Puts the host on record and answers with the record's id, or with -1 where it has to wait. */
  record(nowMs: number): number {
    if (this.burst.add(nowMs)) return -1
    this.isOnRecord_ = true
    return this.append({ kind: 'host-opened' })
  }
}
