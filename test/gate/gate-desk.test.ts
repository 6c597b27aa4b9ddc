import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { readLog } from '../../agent/audit/index.ts'
import type { ArmRequest, ControlAnswer } from '../../agent/control/index.ts'
import { useOf } from '../../agent/copies/index.ts'
import { COPY_BOOK } from '../../agent/copy-fold.ts'
import { applyRefund } from '../../agent/copy-refund.ts'
import { eraseSubject } from '../../agent/erase-subject.ts'
import { ArmedJobs } from '../../agent/gate/armed-jobs.ts'
import { GateDesk } from '../../agent/gate/gate-desk.ts'
import { type LastEnd, readLastEnd } from '../../agent/gate/last-end.ts'
import type { InspectedJob } from '../../agent/inspect-job.ts'
import { type Ledger, openLedger, readLedger } from '../../agent/ledger.ts'
import { loadPolicy } from '../../agent/load-policy.ts'
import type { AuditRecord } from '../../agent/log-format/index.ts'
import { openStateFolder, type StateFolder } from '../../agent/state-folder.ts'
import { licenceFor, orderFor } from '../copies/admission-order.ts'
import { KEY } from '../copies/book.ts'
import { GateBench, readyBench, streamBench } from '../core/gate/gate-bench.ts'
import { placeOf } from '../licence/fixture.ts'
import { decisionOf, recordsOf } from '../state-scratch.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const REQUIRE = `import { createRequire as r } from 'node:module'; const require = r(import.meta.url);`
const HOUR_MS = 3_600_000

const programs = fs.mkdtempSync(join(tmpdir(), 'portcullis-desk-'))
const inspectorProgram = join(programs, 'inspector.mjs')
beforeAll(async () => {
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['agent/inspector-main.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: { js: REQUIRE },
    outfile: inspectorProgram,
  })
})
afterAll(() => fs.rmSync(programs, { recursive: true, force: true }))

interface Scene {
  readonly desk: GateDesk
  readonly jobs: ArmedJobs
  readonly spool: string
  readonly signal: AbortController
  arm(more?: Partial<ArmRequest>): Promise<ControlAnswer>
  /** Kinds of the records that the desk has made. */
  kinds(): Promise<readonly string[]>
  /** How it ended, as far as the log tells. */
  end(): LastEnd
  state: StateFolder
  ledger: Ledger
}

/** A desk in front of the gate of a bench. `meanwhile` happens while a record of this kind is written. */
async function scene(
  bench: GateBench,
  meanwhile: { readonly during?: AuditRecord['kind']; readonly act?: () => void } = {},
): Promise<Scene> {
  const folder = fs.mkdtempSync(join(tmpdir(), 'portcullis-test-'))
  onTestFinished(() => fs.rmSync(folder, { recursive: true, force: true }))
  const job = join(folder, 'job.gcode')
  const state = await openStateFolder(join(folder, 'state'))
  const { spoolDir: spool, logDir } = state
  fs.writeFileSync(job, 'G28\nG1 X50 Y50 Z1 F3000\n')
  const ledger = await openLedger(state)
  onTestFinished(() => ledger.close())
  const append = ledger.append.bind(ledger)
  ledger.append = (record) => {
    const written = append(record)
    if (record.kind === meanwhile.during) meanwhile.act?.()
    return written
  }
  const nowMs = (): number => bench.nowMs
  const jobs = new ArmedJobs(() => bench.gate, nowMs)
  const signal = new AbortController()
  const writing: Promise<unknown>[] = []
  const desk = new GateDesk({
    gate: bench.gate,
    jobs,
    jobsMode: 'armed',
    printer: 'sim',
    host: () => null,
    loaded: loadPolicy(join(ROOT, 'policies', 'library', 'maker-space.yaml')),
    state,
    log: ledger,
    place: async () => placeOf([], state.machineId),
    identify: async () => null,
    inspectorProgram,
    record: (record) => void writing.push(ledger.append(record)),
    refund: (token) => applyRefund(ledger, state, token),
    erase: (subject, by, isForced) =>
      eraseSubject(ledger, { keepDays: null, mustKeepDays: 0 }, { subject, by, isForced, nowMs: Date.now() }),
    nowMs,
  })
  return {
    desk,
    jobs,
    spool,
    signal,
    state,
    ledger,
    arm: (more) => desk.arm({ do: 'arm', path: job, ...more }, () => {}, signal.signal),
    kinds: async () => {
      await Promise.all(writing)
      const kinds: string[] = []
      for await (const { record } of readLog(logDir)) kinds.push(record.kind)
      return kinds.slice(1)
    },
    end: () => readLastEnd(ledger),
  }
}

const stop = (bench: GateBench): GateBench =>
  bench.does((gate, nowMs) => gate.stop('interrupted', 'the second', nowMs))

describe('a job that is to be armed', () => {
  test('is, and says for how long', async () => {
    const bench = readyBench()
    const { arm, desk, kinds } = await scene(bench)
    const answer = await arm()
    expect(answer).toMatchObject({ ok: true, message: expect.stringContaining('for 60 minutes') })
    expect(await kinds()).toEqual(['decision', 'job-armed'])
    const { armed } = desk.status()
    expect(armed).toMatchObject({ id: bench.gate.armedJob?.id, name: 'job.gcode', commands: 2 })
    const leftMs = Date.parse(armed?.until ?? '') - Date.now()
    expect(leftMs).toBeGreaterThan(HOUR_MS - 60_000)
    expect(leftMs).toBeLessThanOrEqual(HOUR_MS)
  })

  test('has in its decision what was declared of it', async () => {
    const { arm, state } = await scene(readyBench())
    const declared = { material: { type: 'PLA' }, endUser: 'Lise M' }
    expect(await arm({ declared })).toMatchObject({ ok: true, decision: { declared } })
    expect((await recordsOf(state))[1]).toMatchObject({ kind: 'decision', decision: { declared } })
  })

  test('is given up when no host has begun it for an hour', async () => {
    const bench = readyBench()
    const { arm, jobs } = await scene(bench)
    await arm()
    const id = bench.gate.armedJob?.id
    bench.nowMs += HOUR_MS - 1
    expect(jobs.lapse()).toBeUndefined()
    bench.nowMs += 1
    expect(jobs.lapse()).toBe(id)
    expect(bench.gate.armedJob).toBeNull()
    expect(jobs.lapse()).toBeUndefined()
  })

  test.each(['decision', 'job-armed'] as const)(
    'is not when a host begins another while the record of kind %s is written, and that one is not disturbed',
    async (during) => {
      const bench = readyBench()
      const { arm, kinds, spool } = await scene(bench, { during, act: () => void bench.host('G28') })
      bench.arm()
      expect(await arm()).toMatchObject({ ok: false, message: expect.stringContaining('is being printed') })
      expect(bench.gate.openJob).toMatchObject({ id: 'job-1' })
      expect(bench.gate.armedJob).toBeNull()
      const armed = during === 'job-armed' ? ['job-armed', 'job-disarmed'] : []
      expect(await kinds()).toEqual(['decision', ...armed])
      expect(fs.readdirSync(spool)).toEqual([])
    },
  )

  test.each(['decision', 'job-armed'] as const)(
    'is not when whoever asked goes while the record of kind %s is written',
    async (during) => {
      const bench = readyBench()
      const { arm, signal, spool } = await scene(bench, { during, act: () => signal.abort() })
      expect(await arm()).toMatchObject({ ok: false, message: expect.stringContaining('has gone') })
      expect(bench.gate.armedJob).toBeNull()
      expect(fs.readdirSync(spool)).toEqual([])
    },
  )
})

describe('the latch', () => {
  test('that stood when the job was asked for falls with it', async () => {
    const bench = stop(streamBench(3)).pass(5_000)
    const { arm } = await scene(bench)
    expect(await arm()).toMatchObject({ ok: true })
    expect(bench.latch).toBeNull()
  })

  test.each([
    ['none', readyBench],
    ['an older one', () => stop(streamBench(3)).pass(5_000)],
  ])('that fell while the job was inspected, behind %s, stays', async (_which, newBench) => {
    const bench = newBench()
    const { arm, kinds } = await scene(bench, { during: 'decision', act: () => void stop(bench) })
    expect(await arm()).toMatchObject({
      ok: false,
      message: expect.stringContaining('blocked while the job'),
    })
    expect(bench.latch).toBe('interrupted')
    expect(await kinds()).toEqual(['decision'])
  })

  test('that falls while the arming is written stays, here and for the next gate', async () => {
    const bench = stop(streamBench(3)).pass(5_000)
    const { arm, kinds, end } = await scene(bench, { during: 'job-armed', act: () => void stop(bench) })
    expect(await arm()).toMatchObject({ ok: false })
    expect(bench.latch).toBe('interrupted')
    expect(await kinds()).toEqual(['decision', 'job-armed', 'job-disarmed', 'latched'])
    expect(end().reason?.message).toContain('interrupted')
  })
})

test('a job that is disarmed has given its copy back when that is answered: the next may be armed at once', async () => {
  const { desk, jobs, ledger } = await scene(readyBench())
  const { decision, admission } = await ledger.copies.admit(orderFor('a', licenceFor()))
  if (admission === undefined) throw new Error('it was denied')
  const inspected: InspectedJob = {
    decision,
    licence: undefined,
    lists: [],
    spooledPath: '',
    blockDigests: { bytes: 1, sha256s: Buffer.alloc(32) },
    isSealed: false,
    read: async function* () {},
    canonicalSha256: 'ab'.repeat(32),
    commands: 1,
    tools: [],
    remove: async () => {},
  }
  jobs.arm(inspected, admission)
  const used = () => useOf(ledger.stateOf(COPY_BOOK), KEY, Date.now())?.used
  expect(used()).toBe(1)
  expect(await desk.disarm('ada')).toMatchObject({ ok: true })
  expect(used()).toBe(0)
})

describe('people who add to the log through the gate', () => {
  const appealOf = (by: string) =>
    ({ kind: 'appeal-filed', decision: 1, by, text: 'it fits' }) as { readonly kind: string }

  test('is no list that is not kept here: it would tell the gate another time', async () => {
    const { desk, kinds } = await scene(readyBench())
    const list = {
      type: 'status-list',
      uri: 'https://lists.example/1',
      issuedAt: 1e10,
      sha256: 'ab'.repeat(32),
    }
    expect(await desk.record({ kind: 'list-seen', ...list } as { kind: string })).toEqual({
      ok: false,
      code: 'USAGE',
      message: 'not recorded: no list of this name is kept here',
    })
    expect(await kinds()).toEqual([])
  })

  test('can file an appeal, and are told where it stands', async () => {
    const { desk, ledger, kinds } = await scene(readyBench())
    await ledger.append(decisionOf('d-1', null))
    expect(await desk.record(appealOf('ada'))).toEqual({ ok: true, message: 'recorded as 2', index: 2 })
    expect(await kinds()).toEqual(['decision', 'appeal-filed'])
  })

  test('cannot add what does not fit what is in the log, which would never verify again', async () => {
    const { desk, kinds } = await scene(readyBench())
    const decided = { kind: 'appeal-decided', appeal: 9e14, outcome: 'upheld', by: 'ada', reason: 'x' }
    for (const record of [appealOf('ada'), decided, { kind: 'case-approved', decision: 0, by: 'ada' }])
      expect(await desk.record(record)).toMatchObject({ ok: false, code: 'USAGE' })
    expect(await kinds()).toEqual([])
  })

  test('who come together come in turn: of two that say the same one is taken', async () => {
    const { desk, ledger, kinds } = await scene(readyBench())
    await ledger.append(decisionOf('d-1', null))
    const answers = await Promise.all(['ada', 'bob', 'ada'].map((by) => desk.record(appealOf(by))))
    expect(answers.map(({ ok }) => ok)).toEqual([true, false, false])
    expect(await kinds()).toEqual(['decision', 'appeal-filed'])
  })

  test.each([
    [{ kind: 'cleared', by: 'ada' }, "a `cleared` record is the agent's to make"],
    [
      { kind: 'copy', licence: 'l', copy: 'c', job: null, state: 'returned', terms: null, refund: null },
      "a `copy` record is the agent's",
    ],
    [{ kind: 'appeal-filed', decision: -1, by: 'ada', text: 'x' }, 'it is not a whole `appeal-filed` record'],
    [{ kind: 'toString' }, 'it is not a record of a known kind'],
  ])('cannot add %o', async (record, why) => {
    const { desk, kinds } = await scene(readyBench())
    const answer = await desk.record(record)
    expect(answer).toMatchObject({ ok: false, code: 'USAGE', message: expect.stringContaining(why) })
    expect(await kinds()).toEqual([])
  })

  test('can have a person erased, and that is on record', async () => {
    const { desk, ledger, state, kinds } = await scene(readyBench())
    await ledger.append(decisionOf('d-1', null))
    await desk.record(appealOf('Grace Hopper'))
    await expect(desk.erase('Grace Hopper', 'ada', false)).rejects.toThrow(/appeal of record 2 waits/)
    expect(await desk.erase('Grace Hopper', 'ada', true)).toMatchObject({ ok: true, index: 3 })
    expect(await kinds()).toEqual(['decision', 'appeal-filed', 'erasure'])
    const told: string[] = []
    for await (const { record } of readLedger(state)) told.push(JSON.stringify(record))
    expect(told.join()).not.toContain('Grace')
    expect(told.join()).toContain('"by":"ada"')
    await expect(desk.erase('Grace Hopper', 'ada', false)).rejects.toThrow(/nothing is known/)
  })
})

describe('a stop', () => {
  test('names nobody in the records of the place: who asked for it, and why, stands under that person', async () => {
    const { desk, kinds, state } = await scene(streamBench(3))
    await desk.stop('Bob Kahn', 'smoke')
    expect(desk.status().latch?.message).toBe('Bob Kahn stopped it: smoke')
    expect(await kinds()).toEqual(['stop-asked'])
    expect((await recordsOf(state)).at(-1)).toEqual({ kind: 'stop-asked', by: 'Bob Kahn', reason: 'smoke' })
    await desk.erase('Bob Kahn', 'ada', false)
    expect(JSON.stringify(await recordsOf(state))).not.toMatch(/Bob|smoke/)
  })

  test('of which nobody else was told is told again as one of somebody', async () => {
    const bench = streamBench(3)
    const { desk } = await scene(bench)
    bench.does((gate, nowMs) => gate.stop('interrupted', 'Ctrl-C', nowMs))
    expect(desk.status().latch?.message).toBe('Ctrl-C')
  })
})

describe('a stop says what is done', () => {
  test.each<[string, () => GateBench, string]>([
    ['runs', () => streamBench(3), 'is being brought to rest'],
    ['is not there', () => new GateBench(), 'no printer is there'],
    ['was killed', () => streamBench(3).host('M112'), 'has halted already'],
    [
      'does not answer',
      () => {
        const bench = new GateBench()
        bench.isAnswering = false
        bench.does((gate, nowMs) => gate.printerOpened(false, nowMs))
        for (let i = 0; i < 600 && bench.gate.printerState !== 'silent'; i++) bench.pass(100)
        return bench
      },
      'does not answer',
    ],
  ])('to a printer that %s', async (_how, newBench, words) => {
    const bench = newBench()
    bench.isAnswering = false
    const { desk } = await scene(bench)
    expect((await desk.stop('ada')).message).toContain(words)
    expect(bench.latch).not.toBeNull()
  })
})
