import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { exportReceipt } from '../agent/cli/audit-receipt.ts'
import { decisionRecord } from '../agent/decision-record.ts'
import { decisionSchema } from '../agent/decision-schema.ts'
import { canonicalJson, RECORD_BYTES_MAX, splitRecord } from '../agent/log-format/index.ts'
import { verifyReceipt } from '../agent/receipt/index.ts'
import { FIELDS_BYTES_MAX } from '../agent/vault/index.ts'
import type { Decision, DecisionReason } from '../policies/index.ts'
import { capture } from './cli/captured.ts'
import { recordsOf, scratchLedger } from './state-scratch.ts'

capture()

type DecisionRecord = Extract<ReturnType<typeof decisionRecord>, { readonly kind: 'decision' }>

const SHA256 = 'ab'.repeat(32)

const REASON: DecisionReason = {
  code: 'nozzle-temperature',
  rule: 'nozzle-temperature',
  outcome: 'deny',
  message: '`M104 S300`: 300 °C is above the limit of 260 °C',
  line: 7,
  count: 3,
  value: '300 °C',
  limit: '260 °C',
  remedy: 'choose a cooler material',
  appeal: 'ask at the front desk',
}

const DENIAL: Decision = {
  id: '8d0f6f9e-5c0b-4a53-9f0c-5f5c3a0c9b11',
  at: '2026-11-23T04:00:00.000Z',
  outcome: 'deny',
  job: {
    name: 'bracket.gcode',
    bytes: 900,
    lines: 30,
    commands: 25,
    sha256: SHA256,
    canonicalSha256: SHA256,
  },
  facts: {
    extrusionBoundsMm: null,
    travelBoundsMm: null,
    sizeMm: null,
    filamentMm: 12.5,
    filamentMm3: 30,
    layers: { count: 4, minHeightMm: 0.2, maxHeightMm: 0.2 },
    nozzleMaxCelsius: 300,
    bedMaxCelsius: null,
    chamberMaxCelsius: null,
    nozzlePrintingMaxCelsius: 300,
    feedrateMaxMmPerMin: 3000,
    flowMaxMm3PerS: 9,
    estimatedSeconds: 60,
    tools: [0],
    classes: {},
    unknownCommands: [],
  },
  claims: { slicer: 'PrusaSlicer', objects: ['bracket'] },
  policy: { name: 'maker-space', version: 3, sha256: SHA256 },
  licence: null,
  reasons: [REASON],
  unlistedObjections: 2,
  log: null,
}

const recordOf = (decision: Decision, user?: string): DecisionRecord =>
  decisionRecord(decision, user, 12) as DecisionRecord
const documentOf = (decision: Decision): Decision => recordOf(decision).decision as Decision
const reasonsOf = (count: number, change: Partial<DecisionReason>): DecisionReason[] =>
  Array.from({ length: count }, (_, i) => ({ ...REASON, line: i + 1, count: i + 1, ...change }))
const objections = ({ reasons, unlistedObjections }: Decision): number =>
  reasons.reduce((sum, { count }) => sum + count, unlistedObjections)

/** Both halves, as large as they come to the log and to its side table. */
function sizesOf(record: DecisionRecord): { open: number; hidden: number } {
  const split = splitRecord(record)
  if ('problem' in split) throw new Error(split.problem)
  const bytes = (value: unknown): number => Buffer.byteLength(canonicalJson(value), 'utf8')
  const stamp = { seq: 1e15, at: DENIAL.at, sealed: { subject: 's'.repeat(18), commitment: SHA256 } }
  return { open: bytes({ ...split.open, ...stamp }), hidden: bytes(split.hidden) }
}

function expectFit(record: DecisionRecord): void {
  const { open, hidden } = sizesOf(record)
  expect(open).toBeLessThanOrEqual(RECORD_BYTES_MAX)
  expect(hidden).toBeLessThanOrEqual(FIELDS_BYTES_MAX)
}

/** A receipt is refused where the two halves count different reasons. */
function expectOneStory(record: DecisionRecord): void {
  const { reasons } = record.decision as Decision
  expect(record.reasons).toEqual(
    reasons.map(({ code, rule, outcome, line, count }) => ({ code, rule, outcome, line, count })),
  )
}

test('a decision stands whole in its record, what can be counted of it in the open', () => {
  const record = recordOf(DENIAL, 'Ada Lovelace')
  expect(record.decision).toEqual(DENIAL)
  expect(record).toMatchObject({
    outcome: 'deny',
    decidedInMs: 12,
    user: 'Ada Lovelace',
    licence: null,
    reasons: [{ code: 'nozzle-temperature', line: 7, count: 3 }],
  })
  expectOneStory(record)
})

test('fifty reasons as long as a policy may make them stand whole', () => {
  const long = { message: 'ü'.repeat(300), remedy: 'x'.repeat(500), appeal: 'x'.repeat(500) }
  const decision = { ...DENIAL, reasons: reasonsOf(50, long) }
  expect(documentOf(decision)).toEqual(decision)
})

test('of reasons that do not fit the first stay whole, and the objections of the others are counted', () => {
  const decision = { ...DENIAL, reasons: reasonsOf(50, { remedy: '\0'.repeat(4096) }) }
  const record = recordOf(decision)
  const document = record.decision as Decision
  const kept = document.reasons.length
  // 24 KiB each.
  expect(kept).toBe(10)
  expect(document.reasons).toEqual(decision.reasons.slice(0, kept))
  expect(objections(document)).toBe(objections(decision))
  expectOneStory(record)
  expectFit(record)
})

test('where not even the first reason fits, texts are cut, and it is there', () => {
  const huge = { message: 'a'.repeat(300_000), remedy: `${'b'.repeat(998)}😀${'b'.repeat(9000)}` }
  const document = documentOf({ ...DENIAL, reasons: reasonsOf(3, huge) })
  expect(document.reasons).toHaveLength(3)
  expect(document.reasons[0]?.message).toBe(`${'a'.repeat(999)}…`)
  // In the midst of a pair of surrogates.
  expect(document.reasons[0]?.remedy).toBe(`${'b'.repeat(998)}\ufffd…`)
  expect(document.unlistedObjections).toBe(2)
})

test('where all else of a decision is too large, it is cut too, and ids and digests are not', () => {
  const text = 'ü'.repeat(200_000)
  const decision: Decision = {
    ...DENIAL,
    job: { ...DENIAL.job, name: text },
    facts: {
      ...DENIAL.facts,
      tools: Array.from({ length: 50_000 }, (_, i) => i),
      unknownCommands: [{ name: text, line: 1 }],
    },
    claims: { slicer: text, layerCount: 4, objects: Array.from({ length: 500 }, () => text) },
    licence: { id: 'lic-7', issuer: text, licensee: text, expiresAt: DENIAL.at, copiesLeft: 1 },
    reasons: reasonsOf(50, { value: text, limit: null }),
  }
  const record = recordOf(decision)
  expectFit(record)
  expectOneStory(record)
  const { id, job, policy, claims, facts, licence, reasons } = record.decision as Decision
  expect({ id, policy }).toEqual({ id: DENIAL.id, policy: DENIAL.policy })
  expect({ ...job, name: '' }).toEqual({ ...DENIAL.job, name: '' })
  expect(job.name).toMatch(/^ü+…$/)
  expect(claims).toMatchObject({ layerCount: 4, slicer: job.name, objects: { length: 64 } })
  expect(facts).toMatchObject({ filamentMm: 12.5, tools: { length: 64 }, unknownCommands: [{ line: 1 }] })
  expect(licence).toMatchObject({ id: 'lic-7', copiesLeft: 1, issuer: job.name })
  expect(reasons).toHaveLength(50)
})

test('halves of characters and numbers that are none do not keep a decision out of the log', () => {
  const record = recordOf(
    {
      ...DENIAL,
      job: { ...DENIAL.job, name: 'a\ud800.gcode' },
      facts: { ...DENIAL.facts, filamentMm: Number.NaN, estimatedSeconds: Number.POSITIVE_INFINITY },
    },
    '\udfff Ada',
  )
  expect(record.user).toBe('\ufffd Ada')
  expect(record.decision).toMatchObject({
    job: { name: 'a\ufffd.gcode' },
    facts: { filamentMm: null, estimatedSeconds: null },
  })
  expectFit(record)
})

test.each([
  [undefined, null],
  ['', null],
  [' \t', null],
  ['x'.repeat(5000), 'x'.repeat(200)],
  [`${'x'.repeat(199)}😀`, `${'x'.repeat(199)}\ufffd`],
])('whoever asked is somebody, nobody, or cut: %j', (user, expected) => {
  expect(recordOf(DENIAL, user).user).toBe(expected)
})

/** Whatever may be said of a job by a process that its job has taken over. */
const texts = fc.oneof(
  fc.constant('\0'.repeat(4096)),
  fc.constant('\ud800'.repeat(4096)),
  fc.constant('用'.repeat(4096)),
  fc.constant('x'),
)
const told = fc.record({ message: texts, remedy: texts, appeal: texts, value: texts, limit: texts })
const longCode = fc.constantFrom('a', 'a'.repeat(100))

test('of any decision that another process may tell there is a record, and the ledger takes it', async () => {
  const { state, ledger } = await scratchLedger()
  let taken = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(told, longCode), { minLength: 1, maxLength: 50, size: 'max' }),
      texts,
      fc.boolean(),
      async (said, text, hasTools) => {
        const decision: Decision = {
          ...DENIAL,
          job: { ...DENIAL.job, name: text },
          facts: {
            ...DENIAL.facts,
            tools: Array.from({ length: hasTools ? 10_000 : 1 }, () => Number.MAX_SAFE_INTEGER),
            unknownCommands: Array.from({ length: 20 }, () => ({ name: text, line: 1 })),
          },
          claims: { objects: Array.from({ length: 64 }, () => text) },
          reasons: said.map(([change, code]) => ({ ...REASON, ...change, code, rule: code })),
        }
        expect(decisionSchema.safeParse(decision).success).toBe(true)
        const record = recordOf(decision, text)
        expectFit(record)
        expectOneStory(record)
        expect((record.decision as Decision).reasons.length).toBeGreaterThan(0)
        expect(objections(record.decision as Decision)).toBe(objections(decision))
        await ledger.append(record)
        taken++
      },
    ),
    { numRuns: 15 },
  )
  expect((await recordsOf(state)).filter((record) => 'decision' in record)).toHaveLength(taken)
})

test('the largest denial that there is has a receipt, with each of its reasons', async () => {
  const { state, ledger } = await scratchLedger()
  // Just below the limit, so that none is left out.
  const decision = { ...DENIAL, reasons: reasonsOf(50, { remedy: '\0'.repeat(800) }) }
  const { index } = await ledger.append(recordOf(decision))
  await ledger.close()
  const out = join(state.path, 'denied.json')
  await exportReceipt(String(index), undefined, { state: state.path, out, appealDays: '7', json: true })
  const { ok, statement } = verifyReceipt(readFileSync(out, 'utf8'))
  expect(ok).toBe(true)
  expect(statement?.predicate.decision.reasons).toHaveLength(50)
  expect(sizesOf(recordOf(decision)).hidden).toBeGreaterThan(250_000)
})
