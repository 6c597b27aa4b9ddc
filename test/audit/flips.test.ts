// Every byte of every file of a log, with one of its bits changed: who says so, and that nobody is taken in.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseTlogPolicy, type TlogPolicy } from '../../agent/verify/index.ts'
import { testSigner } from '../verify/signing.ts'
import { MemoryDisk, seeded } from './memory-disk.ts'
import { appendNumbers, DIR, openOn } from './records.ts'
import { flipBit, type Judgement, Specimen } from './tampered.ts'

const WITNESS = testSigner('witness.example', 4)

function policyOf(verifierKey: string): TlogPolicy {
  const text = `log ${verifierKey}\nwitness w ${WITNESS.vkey}\nquorum none\n`
  const policy = parseTlogPolicy(Buffer.from(text))
  if ('problem' in policy) throw new Error(policy.problem)
  return policy
}

/** A log with a cosigned head, a later one, and `tail` records after that; its agent was killed. */
async function specimenOf(groups: readonly number[], tail: number): Promise<Specimen> {
  const disk = new MemoryDisk()
  const log = await openOn(disk)
  let number = 0
  for (const group of groups) {
    await appendNumbers(log, number, group)
    number += group
  }
  const note = await log.publish()
  await log.keepWitnessed(`${note}${WITNESS.line(note.slice(0, note.indexOf('\n\n') + 1), 1_800_000_000)}`)
  await appendNumbers(log, number, 1)
  await log.publish()
  await appendNumbers(log, number + 1, tail)
  disk.crash({ kind: 'process' })
  return await Specimen.of(disk, policyOf(log.verifierKey))
}

/** What must come of a changed byte. */
type Expected = Partial<Judgement>

const REFUSED: Expected = { opening: 'refused', reading: 'refused', verifying: 'damage' }
/** Made again from the journal; whoever reads records does not look there. */
const MADE_AGAIN: Expected = { opening: 'mended', reading: 'whole', afterwards: 'silent' }
/** A commit that no published head covers is taken for one that a crash cut short: FORMAT.md, "Opening", 4. */
const CUT: Expected = { opening: 'cut', reading: 'short', verifying: 'notices', afterwards: 'silent' }
const NOTHING: Expected = {
  opening: 'mended',
  reading: 'whole',
  verifying: 'silent',
  proving: 'right',
  afterwards: 'silent',
}

/** The verifier is asked about one of so many changed bytes. */
const VERIFIED_EVERY = 4

const random = seeded(17)

/**
 * Changes one bit of some bytes of a file, and holds what comes of it against what must. `isForeign`: it may spoil a proof
 * for whoever knows the witness.
 */
async function flip(
  specimen: Specimen,
  name: string,
  bytes: Iterable<number>,
  expected: Expected,
  isForeign = false,
): Promise<readonly Judgement[]> {
  const judgements: Judgement[] = []
  for (const byte of bytes) {
    const bit = Math.floor(random() * 8)
    const isVerified = judgements.length % VERIFIED_EVERY === 0
    const judgement = await specimen.judge((disk) => flipBit(disk, name, byte, bit), isVerified)
    const words = `bit ${bit} of byte ${byte} of ${name}: ${judgement.words.join('; ')}`
    const { verifying: _, afterwards: __, ...unasked } = expected
    expect(judgement, words).toMatchObject(isVerified ? expected : unasked)
    if (!isForeign) expect(judgement.proving, words).not.toBe('invalid')
    judgements.push(judgement)
  }
  expect(judgements.length).toBeGreaterThan(0)
  return judgements
}

const contentOf = (specimen: Specimen, name: string): Buffer => specimen.disk.filesBelow(DIR).get(name)!

function* range(from: number, to: number, step = 1): Generator<number, void> {
  for (let i = from; i < to; i += step) yield i
}

describe('in a small log, any byte', { timeout: 180_000 }, () => {
  const journal = 'journal/00000000000000'
  let specimen: Specimen
  let lastFrame = 0
  let cosignature = 0

  beforeAll(async () => {
    specimen = await specimenOf([1], 1)
    lastFrame = contentOf(specimen, journal).lastIndexOf('PCF1')
    cosignature = contentOf(specimen, 'witnessed').lastIndexOf('\u2014')
  })
  afterAll(() => specimen.dispose())

  test('of the commits of the journal that are published is damage', async () => {
    await flip(specimen, journal, range(0, lastFrame), REFUSED)
  })

  test('of its last commit, which is not, is a commit that was never finished', async () => {
    await flip(specimen, journal, range(lastFrame, contentOf(specimen, journal).length), CUT)
  })

  test('of the checkpoint is damage', async () => {
    const bytes = range(0, contentOf(specimen, 'checkpoint').length)
    const judgements = await flip(specimen, 'checkpoint', bytes, REFUSED)
    expect(judgements.filter(({ words }) => !words[0]?.includes('`checkpoint`'))).toEqual([])
  })

  test('of the head that witnesses cosigned is damage, as far as the log signed it', async () => {
    await flip(specimen, 'witnessed', range(0, cosignature), REFUSED)
  })

  test('of a cosignature is for whoever knows the witness, if it is still a cosignature', async () => {
    const bytes = range(cosignature, contentOf(specimen, 'witnessed').length)
    const judgements = await flip(specimen, 'witnessed', bytes, {}, true)
    for (const { opening, reading, verifying, words } of judgements) {
      if (verifying === 'unasked') expect(opening === 'refused', words.join()).toBe(reading === 'refused')
      else if (opening === 'refused')
        expect({ reading, verifying }, words.join()).toEqual({ reading: 'refused', verifying: 'damage' })
      else expect({ opening, reading }, words.join()).toEqual({ opening: 'mended', reading: 'whole' })
    }
    const told = judgements.filter(({ opening, verifying }) => opening === 'mended' && verifying === 'damage')
    expect(told.length).toBeGreaterThan(10)
  })

  test('of a partial tile or bundle is made again from the journal', async () => {
    for (const [name, step] of [
      ['tile/0/000.p/3', 1],
      ['tile/entries/000.p/3', 3],
    ] as const) {
      const bytes = range(0, contentOf(specimen, name).length, step)
      await flip(specimen, name, bytes, { ...MADE_AGAIN, verifying: 'notices' })
    }
  })

  test('of the lock is nothing', async () => {
    await flip(specimen, 'lock', range(0, contentOf(specimen, 'lock').length), NOTHING)
  })
})

describe('in a log of several bundles, a byte', { timeout: 180_000 }, () => {
  let specimen: Specimen
  beforeAll(async () => {
    specimen = await specimenOf([200, 200, 200], 2)
  })
  afterAll(() => specimen.dispose())

  /** The first and last byte of a file, and some between. */
  function* some(name: string): Generator<number, void> {
    const { length } = contentOf(specimen, name)
    yield 0
    yield length - 1
    for (let i = 0; i < 10; i++) yield Math.floor(random() * length)
  }

  test.each(['tile/entries/000', 'tile/0/000', 'journal/00000000000001'])(
    'of what is settled is damage: %s',
    async (name) => {
      await flip(specimen, name, some(name), REFUSED)
    },
  )

  test.each(['tile/entries/001', 'tile/0/001'])(
    'of what the journal has still is made again: %s',
    async (name) => {
      await flip(specimen, name, some(name), { ...MADE_AGAIN, verifying: 'damage' })
    },
  )

  test.each(['tile/entries/002.p/90', 'tile/0/002.p/90', 'tile/1/000.p/2'])(
    'of what only the published head needs is made again: %s',
    async (name) => {
      await flip(specimen, name, some(name), { ...MADE_AGAIN, verifying: 'notices' })
    },
  )

  test('of its last segment is damage as far as it was published', async () => {
    const name = 'journal/00000000000002'
    const end = contentOf(specimen, name).lastIndexOf('PCF1')
    await flip(
      specimen,
      name,
      [...some(name)].filter((byte) => byte < end),
      REFUSED,
    )
  })

  test('of a record is told with the record that it is in', async () => {
    const name = 'tile/entries/000'
    const at = contentOf(specimen, name).indexOf('number-123')
    const [judgement] = await flip(specimen, name, [at + 7], REFUSED)
    const what = 'record 124: it does not have the hash that the tree holds for it'
    expect(judgement?.words.slice(0, 2)).toEqual(Array(2).fill(`log \`/log\` is damaged at ${what}`))
  })
})
