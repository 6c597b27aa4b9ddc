import type { Objection } from '../../../policies/index.ts'
import type { HostSide } from '../host/host-side.ts'
import { Burst } from './burst.ts'
import type { GateRecord } from './gate-effects.ts'

/** Refused lines on their way to the log and to the host, and how many of them there were of late. */

/** The host has its answer by then, whatever the disk does: a program that waits longer shows nothing at all. */
export const REFUSAL_ANSWER_MS = 150
/** So many refused lines outside a job, within `BURST_MS`, are no slips of the keyboard. */
const BURST_LINES = 20
const BURST_MS = 60_000

/** A refused line whose answer waits for its record. */
export interface PendingRefusal {
  readonly objection: Objection
  readonly line: number
  /** The job is refused with it. */
  readonly endsJob: boolean
  readonly isStop: boolean
}

export class Refusals {
  private readonly append: (record: GateRecord) => number
  private pending_: PendingRefusal | null = null
  private recordId = -1
  private sinceMs = 0
  private readonly burst = new Burst(BURST_LINES, BURST_MS)

  constructor(append: (record: GateRecord) => number) {
    this.append = append
  }

  get isPending(): boolean {
    return this.pending_ !== null
  }

  /** Puts a refused line on record. Answers whether it is one too many for the time. */
  begin(pending: PendingRefusal, job: string | null, nowMs: number): boolean {
    const { objection, line } = pending
    const { code, rule, message } = objection
    this.pending_ = pending
    this.sinceMs = nowMs
    this.recordId = this.append({ kind: 'line-refused', job, line, code, rule, message })
    return this.burst.add(nowMs)
  }

  waitsFor(id: number): boolean {
    return this.pending_ !== null && id === this.recordId
  }

  /** Whether the answer must not wait for the disk any longer. */
  isDue(nowMs: number): boolean {
    return this.pending_ !== null && nowMs - this.sinceMs >= REFUSAL_ANSWER_MS
  }

  /** Tells the host why its line was refused and what can be done. Answers whether there was one to tell. */
  tell(host: HostSide, appeal: string, nowMs: number): boolean {
    if (this.pending_ === null) return false
    const { objection, line, endsJob } = this.pending_
    this.pending_ = null
    const sentence = `line ${line}: ${objection.message}`
    host.sayAll(endsJob ? host.idiom.refuseJob(sentence) : host.idiom.refuseLine(sentence), nowMs)
    host.sayAll(host.idiom.tell(objection.remedy), nowMs)
    host.sayAll(host.idiom.tell(`appeal: ${appeal}`), nowMs)
    return true
  }

  /** A person has looked at it. */
  forget(): void {
    this.burst.forget()
  }
}
