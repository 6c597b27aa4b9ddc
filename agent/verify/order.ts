/**
 * What only shows when records are read in order: references between them, counts, the ways of licence copies, the
 * clock. It is given the facts of each bundle as the bundles come, and keeps little: a few bits a record, the jobs that
 * are open, the copies that there are.
 */
import { type BundleReport, steppedBack } from './bundle.ts'
import { CopyCheck } from './copies.ts'
import type { Fact, TargetKind } from './facts.ts'
import { damage, type Finding, notice } from './finding.ts'
import { IndexSet } from './index-set.ts'

/** A witness that answers late, and an agent that writes down late, are still within it. */
const CLOCKS_APART_MAX_S = 60 * 60

/** Crashes leave jobs open for ever; beyond so many their counts are no more followed. */
const OPEN_JOBS_MAX = 100_000

/** A head that a record tells of, to be compared once the whole tree is known. */
export interface ToldHead {
  readonly index: number
  readonly size: number
  readonly root: string
}

export class OrderCheck {
  readonly #targets: Readonly<Record<TargetKind, IndexSet>> = {
    decision: new IndexSet(),
    'appeal-filed': new IndexSet(),
    incident: new IndexSet(),
    sampled: new IndexSet(),
  }
  readonly #allowed = new IndexSet()
  readonly #licensed = new IndexSet()
  /** Records that could not be read: what refers to one of them is not judged. */
  readonly #unread = new IndexSet()
  #isUnread = false
  readonly #sent = new Map<string, number>()
  readonly #copies = new CopyCheck()
  readonly #heads: ToldHead[] = []
  #records = 0
  #lastAt: string | null = null
  /** By how much the numbers that records give themselves differ from their places. */
  #shift = 0

  /** The next bundle in order. `width` is how many records it should have had. */
  take(report: BundleReport, first: number, width: number): readonly Finding[] {
    const found: Finding[] = []
    this.#records += report.count
    for (const index of report.unread) this.#unread.add(index)
    for (let index = first + report.count; index < first + width; index++) this.#unread.add(index)
    this.#isUnread ||= report.unread.length > 0 || report.count < width
    this.#checkShift(report, found)
    if (report.times !== null) {
      const { first: firstAt, last, index } = report.times
      if (this.#lastAt !== null && firstAt < this.#lastAt)
        found.push(steppedBack(index, this.#lastAt, firstAt))
      this.#lastAt = last
    }
    for (const fact of report.facts) {
      const finding = this.#check(fact)
      if (finding !== null) found.push(finding)
    }
    return found
  }

  /** How many records there were. */
  get records(): number {
    return this.#records
  }

  /** The heads that records tell of. */
  get heads(): readonly ToldHead[] {
    return this.#heads
  }

  /** A record that was taken out or put in shifts all that follow: that is one finding. */
  #checkShift({ shifts }: BundleReport, found: Finding[]): void {
    if (shifts[0]?.isFirst !== true) this.#shift = 0
    for (const { index, seq } of shifts) {
      const shift = seq - index
      if (shift !== this.#shift && shift !== 0)
        found.push(damage('wrong-sequence', { index }, `record ${index} says that it is record ${seq}`))
      this.#shift = shift
    }
  }

  #check(fact: Fact): Finding | null {
    switch (fact.fact) {
      case 'target':
        this.#targets[fact.kind].add(fact.index)
        if (fact.isAllowed) this.#allowed.add(fact.index)
        return null
      case 'licensed':
        this.#licensed.add(fact.index)
        return null
      case 'begun':
        return this.#begun(fact)
      case 'reference':
        return this.#reference(fact)
      case 'released':
        // Whoever opens the job may name the decision or the release of it.
        this.#allowed.add(fact.decision)
        this.#allowed.add(fact.index)
        return null
      case 'progress':
        return this.#progress(fact)
      case 'copy':
        return this.#copies.take(fact)
      case 'head':
        this.#heads.push({ index: fact.index, size: fact.size, root: fact.root })
        return clocksApart(fact)
      case 'refused':
        return notice(
          'witness-refused',
          { index: fact.index },
          `record ${fact.index}: witness \`${fact.witness}\` refused the head of ${fact.size} records, because it knows another log under this name`,
        )
      case 'wrong':
        return damage('wrong-count', { index: fact.index }, `record ${fact.index}: ${fact.what}`)
    }
  }

  #reference({ index, to, kind, needsAllowed }: Fact & { fact: 'reference' }): Finding | null {
    const wrong = (what: string): Finding =>
      damage('wrong-reference', { index }, `record ${index} refers to record ${to}, ${what}`)
    if (to >= index) return wrong('which is not before it')
    if (kind === 'any' || this.#unread.has(to)) return null
    if (needsAllowed) return this.#allowed.has(to) ? null : wrong('which allows no job')
    return this.#targets[kind].has(to) ? null : wrong(`which is no \`${kind}\``)
  }

  /** No byte goes out under a licence before a copy is on record; one that could not be read may have been. */
  #begun({ index, job, decision }: Fact & { fact: 'begun' }): Finding | null {
    if (this.#isUnread || !this.#licensed.has(decision) || this.#copies.isReserved(job)) return null
    const what = `job \`${job}\` begins under a licence of which no copy waits for it`
    return damage('wrong-count', { index }, `record ${index}: ${what}`)
  }

  #progress({ index, job, commandsSent, stage }: Fact & { fact: 'progress' }): Finding | null {
    const before = stage === 'begins' ? 0 : (this.#sent.get(job) ?? 0)
    if (stage === 'ends') this.#sent.delete(job)
    else if (this.#sent.size < OPEN_JOBS_MAX || this.#sent.has(job)) this.#sent.set(job, commandsSent)
    if (commandsSent >= before) return null
    const what = `${commandsSent} commands of job \`${job}\` were sent, after ${before} of them`
    return damage('wrong-count', { index }, `record ${index}: ${what}`)
  }
}

function clocksApart({ index, times, at }: Fact & { fact: 'head' }): Finding | null {
  const seconds = Date.parse(at) / 1000
  const apart = Math.max(0, ...times.map((time) => Math.abs(time - seconds)))
  if (apart <= CLOCKS_APART_MAX_S) return null
  const minutes = Math.round(apart / 60)
  return notice(
    'clock-differs',
    { index },
    `record ${index}: the clock is ${minutes} minutes from a witness's`,
  )
}
