// Samples and reviews by the commands, over a log in memory.
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { review, type SampleDesk, sample } from '../../agent/cli/audit-sample.ts'
import { checkSample, seedOfHead } from '../../agent/review/index.ts'
import { type NoteKey, parseNoteKey } from '../../agent/verify/index.ts'
import { decisionRecord } from '../receipt/jobs.ts'
import { newWitness, SmallLog, vkeyOf } from '../receipt/small-log.ts'
import { capture } from './captured.ts'

const captured = capture()
const WITNESS = newWitness('witness.example/w')

let folder: string
let policy: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-sample-'))
  policy = join(folder, 'witnesses.txt')
  writeFileSync(policy, `witness w ${vkeyOf(WITNESS, 4)}\nquorum w\n`)
})
afterAll(() => rmSync(folder, { recursive: true }))

function site(): { log: SmallLog; desk: SampleDesk; head: string } {
  const log = new SmallLog()
  for (let i = 0; i < 20; i++) {
    log.append(decisionRecord({ id: `d-${i}`, outcome: i % 2 === 0 ? 'deny' : 'allow' }))
  }
  const head = log.checkpoint([WITNESS])
  // What comes after the head that was cosigned is not drawn from.
  log.append(decisionRecord({ id: 'late' }))
  const desk = {
    entries: () => log.entries(),
    append: async (record: Parameters<SmallLog['append']>[0]) => ({ index: log.append(record) }),
    size: log.leaves.length,
    witnessedHead: head,
  }
  return { log, desk, head }
}

describe('audit sample', () => {
  test('draws from a witnessed head, puts that on record, and lists what was drawn', async () => {
    const { log, desk, head } = site()
    await sample({ policy, count: '4' }, desk)
    const record = log.leaves.at(-1)!
    if (record.kind !== 'sampled') throw new Error(record.kind)
    expect(record).toMatchObject({ size: 21, from: 0, source: 'cosignature', population: 20, tier: null })
    expect(await checkSample(log.entries(), record)).toBeNull()
    const keys = [log.vkey, vkeyOf(WITNESS, 4)].map((vkey) => parseNoteKey(vkey) as NoteKey)
    const seed = seedOfHead(Buffer.from(head), keys)
    expect(record.seed).toBe('seed' in seed ? seed.seed.toString('hex') : '')

    const lines = captured.stdout.trimEnd().split('\n')
    expect(lines[0]).toBe('drawn  4 of 20 decisions, as sample 22')
    expect(lines.slice(3, -1).map((line) => Number(line.slice(0, 7)))).toEqual(record.drawn)
    expect(lines.at(-1)).toContain('portcullis audit review 22 RECORD')
  })

  test('in JSON gives the head with its cosignature, so that others can draw again', async () => {
    const { desk, head } = site()
    await sample({ policy, json: true }, desk)
    const said = JSON.parse(captured.stdout)
    expect(said).toMatchObject({ index: 22, head, witness: 'witness.example/w' })
    expect(said.sample.drawn).toHaveLength(5)
  })

  test('draws by a beacon that was named, and says what that is worth', async () => {
    const { log, desk } = site()
    await sample({ beacon: 'round 7: c0ffee', tier: 'open', from: '5' }, desk)
    expect(log.leaves.at(-1)).toMatchObject({
      kind: 'sampled',
      source: 'beacon',
      size: 22,
      from: 5,
      tier: 'open',
      seed: createHash('sha256').update('round 7: c0ffee').digest('hex'),
    })
    expect(captured.stdout).toContain('only where beacon, round and count were named beforehand')
  })

  test.each<[string, object, RegExp]>([
    ['no seed', {}, /no witnesses are named .* a beacon/],
    ['a tier that is none', { beacon: 'x', tier: 'secret' }, /`secret` is not one of open/],
    ['too many', { beacon: 'x', count: '1001' }, /from 1 to 1000/],
    ['an empty beacon', { beacon: ' ' }, /beacon's value/],
    ['a place that is none', { beacon: 'x', from: 'y' }, /`y` is not the number of a record/],
  ])('with %s is bad usage', async (_, options, message) => {
    const { log, desk } = site()
    await expect(sample(options, desk)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(message),
    })
    expect(log.leaves).toHaveLength(22)
  })

  test('without a head that a trusted witness cosigned draws nothing', async () => {
    const { log, desk } = site()
    const asked = sample({ policy }, { ...desk, witnessedHead: null })
    await expect(asked).rejects.toMatchObject({ message: expect.stringMatching(/^no witness has cosigned/) })
    const other = sample(
      { policy },
      { ...desk, witnessedHead: log.checkpoint([newWitness('eve.example/w')]) },
    )
    await expect(other).rejects.toMatchObject({
      message: expect.stringMatching(/no witness that is trusted/),
    })
    expect(log.leaves).toHaveLength(22)
  })

  test('of nothing is refused', async () => {
    const { log, desk } = site()
    await sample({ beacon: 'x', tier: 'restricted' }, desk)
    expect(process.exitCode).toBe(3)
    expect(captured.stderr).toContain('there is no decision of tier `restricted`')
    expect(log.leaves).toHaveLength(22)
  })
})

describe('audit review', () => {
  test('puts a finding on record, once, and only about what was drawn', async () => {
    const { log, desk } = site()
    await sample({ policy, count: '4' }, desk)
    const record = log.leaves.at(-1)!
    if (record.kind !== 'sampled') throw new Error(record.kind)
    const drawn = String(record.drawn[0])
    captured.stdout = ''
    await review('22', drawn, { finding: 'wrong', lesson: 'nozzle', by: 'Grace' }, desk)
    expect(captured.stdout).toBe(`recorded  decision ${drawn} is wrong\n  as record 23\n`)
    expect(log.leaves.at(-1)).toMatchObject({ kind: 'reviewed', finding: 'wrong', lesson: 'nozzle' })
    await review('22', drawn, { finding: 'sound', by: 'Grace' }, desk)
    expect(process.exitCode).toBe(3)
    await review('22', '21', { finding: 'sound', by: 'Grace', json: true }, desk)
    expect(JSON.parse(captured.stdout.slice(captured.stdout.indexOf('{')))).toMatchObject({
      refusal: 'not-drawn',
    })
    expect(log.leaves).toHaveLength(24)
  })

  test.each([
    ['a finding that is none', '22', '1', { finding: 'fine' }],
    ['a sample that is none', '1', '1', { finding: 'sound' }],
    ['a number that is none', '-1', '1', { finding: 'sound' }],
  ])('with %s is bad usage', async (_, at, decision, options) => {
    const { desk } = site()
    await expect(review(at, decision, { by: 'Grace', ...options }, desk)).rejects.toMatchObject({
      code: 'USAGE',
    })
  })
})
