// Whatever jobs, crashes, refunds and faults of the disk come together: no licence is used more often than it says, and no copy
// that was promised is lost.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bookAfter, type CopyBook, readBook, useOf, writeBook } from '../../agent/copies/index.ts'
import { AgentError } from '../../agent/errors.ts'
import type { AuditRecord, StoredRecord } from '../../agent/log-format/index.ts'
import { MemoryDisk } from '../audit/memory-disk.ts'
import { DIR, recordsOf, verifyOn } from '../audit/records.ts'
import { counterOf, licenceFor, orderFor } from '../copies/admission-order.ts'
import { ANCHOR, closed, disarmed, KEY, opened, PARENT } from '../copies/book.ts'
import { bookOfRecords, CountingLog } from '../copies/counting-log.ts'

const SIBLING = 'https://issuer.example#lic-2'
const LIMITS: Readonly<Record<string, number>> = { [KEY]: 3, [SIBLING]: 2, [PARENT]: 4 }
const counter = (key: string) => counterOf(key, LIMITS[key]!)
/** Two licences under one parent, and one of them that spends what is begun. */
const LICENCES = [
  licenceFor({}, counter(KEY), counter(PARENT)),
  licenceFor({ commitAt: 1 }, counter(KEY), counter(PARENT)),
  licenceFor({}, counter(SIBLING), counter(PARENT)),
  licenceFor({
    copies: { counters: [counter(SIBLING), counter(PARENT)], commit: { layer: 1, onAbort: 'spend' } },
  }),
]

const job = fc.nat({ max: 11 })
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('admit' as const), of: fc.nat({ max: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('open' as const), job }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('send' as const), job, count: fc.nat({ max: 12 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('close' as const),
      job,
      how: fc.constantFrom('printed', 'stopped', 'uncertain' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('disarm' as const), job }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('settle' as const), job }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('again' as const), job }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('refund' as const), job, id: fc.nat({ max: 5 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const) }) },
)

const life = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }),
  fault: fc.option(
    fc.record({
      at: fc.integer({ min: 0, max: 120 }),
      effect: fc.constantFrom('absent' as const, 'present' as const, 'half' as const),
      code: fc.constant('EIO'),
    }),
    { nil: undefined },
  ),
  isDrained: fc.boolean(),
  crash: fc.oneof(
    fc.constant({ kind: 'process' as const }),
    fc.record({ kind: fc.constant('power' as const), seed: fc.nat() }),
  ),
})

type Life = typeof life extends fc.Arbitrary<infer L> ? L : never
type Step = Life['steps'][number]

interface Job {
  readonly id: string
  readonly of: number
  /** Where it stands, as whoever prints it sees it. */
  stage: 'asked' | 'admitted' | 'open' | 'over'
  sent: number
  /** Where its decision stands. */
  decision: number
}

class World {
  readonly disk = new MemoryDisk()
  readonly jobs: Job[] = []
  /** Jobs of this life. Nobody goes on with those of the lives before. */
  current: Job[] = []
  readonly errors: unknown[] = []
  log: CountingLog | undefined
  #count = 0
  #begun = false

  async live({ steps, fault, isDrained, crash }: Life): Promise<void> {
    this.disk.arm(fault)
    this.current = []
    this.log = await CountingLog.open(this.disk, !this.#begun).catch(() => undefined)
    if (this.log !== undefined) this.#begun = true
    const doing = this.log === undefined ? [] : steps.map((one) => one)
    const under: Promise<unknown>[] = []
    for (const one of doing) {
      const work = this.#do(one, this.log!).catch((error: unknown) => {
        // A log that fails is what this is about; anything else is not.
        if (!(error instanceof AgentError)) this.errors.push(error)
      })
      under.push(work)
      if (one.do === 'wait') await work
    }
    if (isDrained) await Promise.all(under)
    this.disk.crash(crash)
    await Promise.all(under)
  }

  async #do(one: Step, log: CountingLog): Promise<void> {
    if (one.do === 'wait') return void (await log.drained())
    if (one.do === 'admit') return await this.#admit(one.of, log)
    const chosen = this.current[one.job % Math.max(1, this.current.length)]
    if (one.do === 'refund') return await this.#refund(one, log)
    if (chosen === undefined) return
    await this.#work(one, chosen, log)
  }

  async #admit(of: number, log: CountingLog): Promise<void> {
    const asked: Job = { id: `job-${this.#count++}`, of, stage: 'asked', sent: 0, decision: 0 }
    this.current.push(asked)
    this.jobs.push(asked)
    const { decision, admission } = await log.keeper.admit(orderFor(asked.id, LICENCES[of]))
    expect(admission === undefined).toBe(decision.outcome === 'deny')
    if (admission === undefined) asked.stage = 'over'
    else if (asked.stage === 'asked')
      Object.assign(asked, { stage: 'admitted', decision: admission.decision })
  }

  async #work(
    one: Exclude<Step, { do: 'admit' | 'wait' | 'refund' }>,
    chosen: Job,
    log: CountingLog,
  ): Promise<void> {
    switch (one.do) {
      case 'open':
        if (chosen.stage !== 'admitted') return
        chosen.stage = 'open'
        await log.append({ ...withoutStamp(opened(chosen.id)), decision: chosen.decision } as AuditRecord)
        return
      case 'send':
        if (chosen.stage !== 'open') return
        chosen.sent += one.count
        log.keeper.progress(chosen.id, chosen.sent)
        return
      case 'close': {
        if (chosen.stage !== 'open') return
        chosen.stage = 'over'
        const code = one.how === 'uncertain' ? 'port-lost' : null
        await log.append(withoutStamp(closed(chosen.id, one.how, chosen.sent, code)))
        return
      }
      case 'disarm':
        if (chosen.stage !== 'admitted') return
        chosen.stage = 'over'
        await log.append(withoutStamp(disarmed(chosen.id)))
        return
      case 'settle':
        if (chosen.stage === 'asked') return
        chosen.stage = 'over'
        await log.keeper.settle(chosen.id)
        return
      case 'again':
        // The same job once more is the same copy.
        if (chosen.stage === 'admitted') await log.keeper.admit(orderFor(chosen.id, LICENCES[chosen.of]))
        return
    }
  }

  async #refund(
    { job: number, id }: { readonly job: number; readonly id: number },
    log: CountingLog,
  ): Promise<void> {
    const chosen = this.jobs[number % Math.max(1, this.jobs.length)]
    if (chosen === undefined) return
    const order = { id: `r-${id}`, licence: PARENT, copy: chosen.id, anchor: ANCHOR }
    await log.keeper.giveBack(order, () => log.records())
  }
}

function withoutStamp(record: StoredRecord): AuditRecord {
  const { seq: _seq, at: _at, ...rest } = record
  return rest as AuditRecord
}

interface Told {
  readonly counters: readonly { readonly licence: string; readonly limit: number }[]
  readonly commitAt: number
  readonly onAbort: string
  state: string
}

/** Counts the copies in a log by itself, in the plainest way, and holds each record against the rules. */
function audit(records: readonly StoredRecord[]): ReadonlyMap<string, Told> {
  const copies = new Map<string, Told>()
  const refunds = new Set<string>()
  const begun = new Set<string>()
  const ended = new Map<string, Extract<StoredRecord, { readonly kind: 'job-closed' }>>()
  for (const record of records) {
    if (record.kind === 'job-opened') {
      begun.add(record.job)
      expect(copies.get(record.job)?.state, 'reserved before it is opened').toBe('reserved')
    }
    if (record.kind === 'job-closed') ended.set(record.job, record)
    if (record.kind !== 'copy') continue
    if (record.state === 'reserved') {
      expect(copies.has(record.copy), 'reserved once').toBe(false)
      copies.set(record.copy, { ...record.terms!, state: 'reserved' })
    }
    const copy = copies.get(record.copy)!
    copy.state = record.state
    if (record.refund !== null) {
      expect(refunds.has(record.refund.id), 'a refund is used once').toBe(false)
      refunds.add(record.refund.id)
    } else if (record.state === 'returned' && begun.has(record.copy)) {
      const end = ended.get(record.copy)
      expect(end?.outcome).not.toBe('printed')
      expect(end?.commandsSent).toBeLessThan(copy.commitAt)
      expect(copy.onAbort).toBe('return')
    }
    for (const [licence, limit] of Object.entries(LIMITS))
      expect(usedOf(copies, licence)).toBeLessThanOrEqual(limit)
  }
  return copies
}

function usedOf(copies: ReadonlyMap<string, Told>, licence: string): number {
  const counts = [...copies.values()].filter(({ counters }) =>
    counters.some((one) => one.licence === licence),
  )
  return counts.filter(({ state }) => state !== 'returned').length
}

function expectSameBook(records: readonly StoredRecord[], cut: number): CopyBook {
  const whole = bookOfRecords(records)
  const snapshot: unknown = JSON.parse(JSON.stringify(writeBook(bookOfRecords(records.slice(0, cut)))))
  const resumed = records.reduce(
    (book, record, index) => (index < cut ? book : bookAfter(book, record, index)),
    readBook(snapshot)!,
  )
  expect(resumed).toEqual(whole)
  return whole
}

const FINAL: Life = { steps: [], fault: undefined, isDrained: true, crash: { kind: 'process' } }

test('no licence is used more often than it says, and no copy that was promised is lost', {
  timeout: 120_000,
}, async () => {
  let denials = 0
  let mostUsed = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(life, { minLength: 1, maxLength: 5, size: 'max' }),
      fc.nat(),
      async (lives, at) => {
        const world = new World()
        const promised = new Set<string>()
        for (const one of [...lives, FINAL]) {
          await world.live(one)
          for (const { id, stage } of world.current) if (stage !== 'asked') promised.add(id)
        }
        expect(world.errors).toEqual([])
        const records = await recordsOf(DIR, world.disk)
        const copies = audit(records)
        const book = expectSameBook(records, at % (records.length + 1))
        for (const licence of Object.keys(LIMITS)) {
          expect(useOf(book, licence, 0)?.used ?? 0).toBe(usedOf(copies, licence))
          mostUsed = Math.max(mostUsed, usedOf(copies, licence))
        }
        for (const record of records) {
          if (record.kind !== 'decision') continue
          if (record.outcome === 'deny') denials++
          promised.delete(record.outcome === 'deny' ? record.id : '')
        }
        // Whoever was told that a copy is theirs has it on record.
        for (const id of promised) expect([...copies.keys()]).toContain(id)
        // Nobody is at work any more: nothing is left between the states.
        expect(
          [...copies.values()].filter(({ state }) => state === 'reserved' || state === 'printing'),
        ).toEqual([])
        const { findings } = await verifyOn(world.disk)
        expect(findings.filter(({ severity }) => severity === 'damage')).toEqual([])
      },
    ),
    // A seed that comes to every limit, which the last lines ask for.
    { numRuns: 150, seed: 2026 },
  )
  // The limits were come to, or nothing was shown.
  expect(denials).toBeGreaterThan(50)
  expect(mostUsed).toBe(LIMITS[PARENT])
})
