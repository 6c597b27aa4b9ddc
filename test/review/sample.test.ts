// Samples of decisions, their seeds, and reviews, over the records of a log.
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { StoredRecord } from '../../agent/log-format/index.ts'
import {
  checkSample,
  drawSample,
  reviewDecision,
  type SampleOrder,
  seedOfBeacon,
  seedOfHead,
} from '../../agent/review/index.ts'
import { type NoteKey, parseNoteKey } from '../../agent/verify/index.ts'
import { decisionRecord } from '../receipt/jobs.ts'
import { type NoteSignerKey, newWitness, SmallLog, vkeyOf } from '../receipt/small-log.ts'

const SEED = createHash('sha256').update('seed').digest()

/** 30 decisions, each third of them controlled, with other records between. */
function site() {
  const log = new SmallLog()
  const decisions: number[] = []
  for (let i = 0; i < 30; i++) {
    const tier = i % 3 === 0 ? 'controlled' : 'open'
    decisions.push(log.append(decisionRecord({ id: `d-${i}`, tier })))
    log.append({ kind: 'interlude', job: `d-${i}`, commandsSent: 1 })
  }
  return { log, decisions }
}

const order = (log: SmallLog, more: Partial<SampleOrder> = {}): SampleOrder => ({
  tier: null,
  from: null,
  size: log.leaves.length,
  count: 5,
  source: 'beacon',
  seed: SEED,
  ...more,
})

async function drawn(log: SmallLog, more: Partial<SampleOrder> = {}) {
  const sample = await drawSample(log.entries(), order(log, more))
  if ('refusal' in sample) throw new Error(sample.message)
  return sample
}

/** The record of a sample, as the log holds it. */
async function recorded(log: SmallLog, more: Partial<SampleOrder> = {}) {
  const index = log.append(await drawn(log, more))
  const record = log.leaves[index]!
  if (record.kind !== 'sampled') throw new Error(record.kind)
  return record
}

describe('a sample', () => {
  test('draws decisions and nothing else, and says from what', async () => {
    const { log, decisions } = site()
    const sample = await drawn(log)
    expect(sample).toMatchObject({
      kind: 'sampled',
      size: 61,
      from: 0,
      tier: null,
      source: 'beacon',
      seed: SEED.toString('hex'),
      population: 30,
    })
    expect(sample.drawn).toHaveLength(5)
    for (const index of sample.drawn) expect(decisions).toContain(index)
  })

  test('of a tier draws from that tier alone', async () => {
    const { log, decisions } = site()
    const sample = await drawn(log, { tier: 'controlled', count: 100 })
    expect(sample.population).toBe(10)
    expect(sample.drawn).toEqual(decisions.filter((_, i) => i % 3 === 0))
  })

  test('of a range draws from that range alone', async () => {
    const { log } = site()
    const sample = await drawn(log, { from: 11, size: 21, count: 100 })
    expect(sample).toMatchObject({ from: 11, size: 21, population: 5, drawn: [11, 13, 15, 17, 19] })
  })

  test('goes on where the last one of its tier ended', async () => {
    const { log } = site()
    log.append(await drawn(log, { size: 21, tier: 'open' }))
    log.append(await drawn(log, { size: 31 }))
    expect((await drawn(log)).from).toBe(31)
    expect((await drawn(log, { tier: 'open' })).from).toBe(21)
    expect((await drawn(log, { tier: 'controlled' })).from).toBe(0)
    expect((await drawn(log, { from: 3 })).from).toBe(3)
  })

  test('of the same head is the same again, so that nobody draws until he likes it', async () => {
    const { log } = site()
    const size = log.leaves.length
    const first = await drawn(log, { size })
    log.append(first)
    expect(await drawn(log, { size })).toEqual(first)
  })

  test('of nothing is refused', async () => {
    const { log } = site()
    expect(await drawSample(log.entries(), order(log, { tier: 'restricted' }))).toEqual({
      refusal: 'empty',
      message: 'there is no decision of tier `restricted` from record 0 to before record 61',
    })
    expect(await drawSample(log.entries(), order(log, { from: 61 }))).toMatchObject({ refusal: 'empty' })
    expect(await drawSample(new SmallLog().entries(), order(log))).toMatchObject({ refusal: 'empty' })
  })

  test.each([0, -1, 1001])('of %d decisions is refused', async (count) => {
    const { log } = site()
    expect(await drawSample(log.entries(), order(log, { count }))).toMatchObject({ refusal: 'form' })
  })

  test('of a thousand fits into a record', async () => {
    const log = new SmallLog()
    for (let i = 0; i < 1001; i++) log.append(decisionRecord({ id: `d-${i}` }))
    const record = await recorded(log, { count: 1000 })
    expect(record.drawn).toHaveLength(1000)
  })
})

describe('a sample on record', () => {
  type Sampled = Extract<StoredRecord, { kind: 'sampled' }>

  test('is drawn again by whoever has the records', async () => {
    const { log } = site()
    expect(await checkSample(log.entries(), await recorded(log))).toBeNull()
    expect(await checkSample(log.entries(), await recorded(log, { tier: 'controlled', count: 3 }))).toBeNull()
    expect(await checkSample(log.entries(), await recorded(log, { from: 7, size: 30 }))).toBeNull()
  })

  test.each<[string, (sample: Sampled) => Partial<Sampled>, RegExp]>([
    ['another seed', () => ({ seed: 'ab'.repeat(32) }), /is not what its seed draws/],
    [
      'one decision exchanged',
      ({ drawn }) => ({ drawn: [...drawn.slice(0, -1), 59] }),
      /is not what its seed draws/,
    ],
    ['one decision left out', ({ drawn }) => ({ drawn: drawn.slice(1) }), /is not what its seed draws/],
    ['another order', ({ drawn }) => ({ drawn: [...drawn].reverse() }), /is not what its seed draws/],
    ['a smaller population', () => ({ population: 29 }), /counts 29 decisions where there are 30/],
    ['another range', () => ({ from: 2 }), /counts 30 decisions where there are 29/],
    ['another tier', () => ({ tier: 'open' as const }), /counts 30 decisions where there are 20/],
    [
      'records that came after it',
      () => ({ size: 1000 }),
      /draws from 1000 records, and not so many came before it/,
    ],
    ['what is no decision', ({ drawn }) => ({ drawn: [2, ...drawn.slice(1)] }), /is not what its seed draws/],
  ])('with %s is told', async (_, change, problem) => {
    const { log } = site()
    const sample = await recorded(log)
    expect(await checkSample(log.entries(), { ...sample, ...change(sample) })).toEqual({
      problem: expect.stringMatching(problem),
    })
  })
})

describe('a seed', () => {
  const [alice, bob] = [newWitness('alice.example/w'), newWitness('bob.example/w')]
  const { log } = site()
  const keysOf = (...witnesses: readonly NoteSignerKey[]): NoteKey[] =>
    [log.vkey, ...witnesses.map((witness) => vkeyOf(witness, 4))].map((vkey) => parseNoteKey(vkey) as NoteKey)
  const head = (...witnesses: readonly NoteSignerKey[]): Buffer => Buffer.from(log.checkpoint(witnesses))

  test('follows from the 64 bytes of a witness\u2019s signature over the head', () => {
    const line = log.checkpoint([alice]).trimEnd().split('\n').at(-1)!
    const signature = Buffer.from(line.split(' ')[2]!, 'base64').subarray(4 + 8)
    expect(signature).toHaveLength(64)
    expect(seedOfHead(head(alice), keysOf(alice))).toEqual({
      seed: createHash('sha256').update(signature).digest(),
      size: log.leaves.length,
      witness: 'alice.example/w',
      time: 1_795_000_000,
    })
  })

  test('follows from the witness whose name comes first, wherever its line stands', () => {
    const seed = seedOfHead(head(alice), keysOf(alice))
    expect(seedOfHead(head(bob, alice), keysOf(bob, alice))).toEqual(seed)
    expect(seedOfHead(head(alice, bob), keysOf(alice, bob))).toEqual(seed)
  })

  test('does not follow from a witness that nobody trusts, whatever its name', () => {
    const seed = seedOfHead(head(bob), keysOf(bob))
    expect(seedOfHead(head(newWitness('aaa.example'), bob), keysOf(bob))).toEqual(seed)
    const problem = { problem: 'no witness that is trusted has cosigned this head' }
    expect(seedOfHead(head(newWitness('bob.example/w')), keysOf(bob))).toEqual(problem)
    expect(seedOfHead(head(), keysOf(bob))).toEqual(problem)
  })

  test('does not follow from the log\u2019s own signature, nor from a head of another log', () => {
    expect(seedOfHead(head(), keysOf())).toHaveProperty('problem')
    expect(seedOfHead(Buffer.from(new SmallLog().checkpoint([bob])), keysOf(bob))).toHaveProperty('problem')
    expect(seedOfHead(Buffer.from('x'), keysOf(bob))).toHaveProperty('problem')
  })

  test('from a beacon is that of its value as text, blanks around it aside', () => {
    const sha256 = createHash('sha256').update('c0ffee 42').digest()
    expect(seedOfBeacon('c0ffee 42')).toEqual(sha256)
    expect(seedOfBeacon('  c0ffee 42\n')).toEqual(sha256)
    for (const value of ['', '  ', 'x'.repeat(1025), 'a\nb', 'a\0b', '\ud800']) {
      expect(seedOfBeacon(value)).toHaveProperty('problem')
    }
  })
})

describe('a review', () => {
  const review = (sample: number, decision: number, more: object = {}) => ({
    sample,
    decision,
    finding: 'doubtful' as const,
    lesson: 'nozzle.too-strict',
    note: 'the limit is for another nozzle',
    by: 'Grace',
    ...more,
  })

  test('of a decision that was drawn is a record, once', async () => {
    const { log } = site()
    const sample = await recorded(log)
    const [first, second] = sample.drawn
    const reviewed = await reviewDecision(log.entries(), review(sample.seq, first!))
    expect(reviewed).toEqual({
      kind: 'reviewed',
      sample: sample.seq,
      decision: first,
      finding: 'doubtful',
      lesson: 'nozzle.too-strict',
      by: 'Grace',
      note: 'the limit is for another nozzle',
    })
    if ('refusal' in reviewed) throw new Error(reviewed.message)
    const at = log.append(reviewed)
    expect(await reviewDecision(log.entries(), review(sample.seq, first!, { finding: 'sound' }))).toEqual({
      refusal: 'reviewed',
      message: `decision ${first} was reviewed in record ${at}: doubtful`,
    })
    const bare = await reviewDecision(
      log.entries(),
      review(sample.seq, second!, { lesson: null, note: null }),
    )
    expect(bare).toMatchObject({ kind: 'reviewed', lesson: null, note: null })
  })

  test('of a decision that another sample drew counts for that one', async () => {
    const { log } = site()
    const [one, two] = [await recorded(log, { count: 30 }), await recorded(log, { count: 30, from: 0 })]
    const reviewed = await reviewDecision(log.entries(), review(one.seq, one.drawn[0]!))
    if ('refusal' in reviewed) throw new Error(reviewed.message)
    log.append(reviewed)
    expect(await reviewDecision(log.entries(), review(two.seq, one.drawn[0]!))).toHaveProperty('kind')
  })

  test('of what was not drawn, or from what is no sample, is refused', async () => {
    const { log, decisions } = site()
    const sample = await recorded(log)
    const other = decisions.find((index) => !sample.drawn.includes(index))!
    expect(await reviewDecision(log.entries(), review(sample.seq, other))).toEqual({
      refusal: 'not-drawn',
      message: `sample ${sample.seq} did not draw decision ${other}`,
    })
    expect(await reviewDecision(log.entries(), review(other, other))).toMatchObject({ refusal: 'unknown' })
    expect(await reviewDecision(log.entries(), review(999, other))).toMatchObject({ refusal: 'unknown' })
  })

  test.each([
    ['a lesson that is no code', { lesson: 'Too Strict' }],
    ['an empty note', { note: ' ' }],
    ['too long a note', { note: 'x'.repeat(4097) }],
    ['half a character', { note: 'a\udc00' }],
    ['nobody', { by: '' }],
  ])('with %s is refused', async (_, more) => {
    const { log } = site()
    const sample = await recorded(log)
    expect(await reviewDecision(log.entries(), review(sample.seq, sample.drawn[0]!, more))).toMatchObject({
      refusal: 'form',
    })
  })
})
