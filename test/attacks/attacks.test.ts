// Every attack that we know of, done to a real log: what came of it is what was expected, and what is written down.
import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { verifyReceipt } from '../../agent/receipt/index.ts'
import { verifyProof } from '../../agent/verify/index.ts'
import { ANCHORS, type Family, type Observation, outcomeOf } from './attack.ts'
import { CLOCKS } from './clocks.ts'
import { CUTS } from './cuts.ts'
import { documentOf } from './document.ts'
import { FILES } from './files.ts'
import { differences, fingerprintOf } from './fingerprint.ts'
import { FLIPS } from './flips.ts'
import { FORKS } from './forks.ts'
import { HEADS } from './heads.ts'
import { observe } from './observe.ts'
import { RECORDS } from './records.ts'
import { REPLAYS } from './replays.ts'
import { Scene } from './scene.ts'
import { SIDE_TABLE } from './side-table.ts'
import { makeSite, SIZES, type Site } from './site.ts'
import { STOLEN_KEY } from './stolen-key.ts'

const DOCUMENT = resolve(import.meta.dirname, '../../agent/audit/ATTACKS.md')
const FAMILIES: readonly Family[] = [
  FLIPS,
  CUTS,
  RECORDS,
  STOLEN_KEY,
  HEADS,
  REPLAYS,
  FORKS,
  FILES,
  SIDE_TABLE,
  CLOCKS,
]
/** Some try thousands of changes, and the machine may have other things to do. */
const SLOW_MS = 240_000

let site: Site
const results = new Map<string, Observation>()

beforeAll(async () => {
  site = await makeSite()
}, SLOW_MS)

afterAll(() => {
  site.remove()
  vi.useRealTimers()
})

describe.each(FAMILIES)('$title', ({ attacks }) => {
  const cases = attacks.map((attack) => [attack.id, attack.what, attack] as const)
  test.each(cases)('%s: %s', { timeout: SLOW_MS }, async (_id, _what, attack) => {
    const scene = new Scene(site)
    try {
      const before = fingerprintOf(scene.root)
      await attack.strike(scene)
      // Else it would be prevented by not having been tried.
      if (attack.observe === undefined) expect(differences(before, fingerprintOf(scene.root))).not.toEqual([])
      const observed = await (attack.observe ?? observe)(scene)
      results.set(attack.id, observed)
      const outcomes = ANCHORS.map((anchor) => [anchor, outcomeOf(observed, anchor)])
      expect(Object.fromEntries(outcomes)).toEqual(attack.expected)
      const { none, kept, witness } = observed.said
      const said = [...none, ...kept, ...witness, ...observed.noted].map(
        ({ place, text }) => `${place}: ${text}`,
      )
      if (attack.named !== undefined) expect(said.join('\n')).toMatch(attack.named)
    } finally {
      scene.end()
    }
  })
})

describe('what others hold', () => {
  test('is under a head that the log published and the witness cosigned, and needs nothing of the log', () => {
    const { assurance, isKeyTrusted, findings } = verifyReceipt(site.receipt, { policy: site.policy })
    expect({ assurance, isKeyTrusted, findings }).toEqual({
      assurance: 'witnessed',
      isKeyTrusted: true,
      findings: [],
    })
    expect(verifyProof(Buffer.from(site.proof), site.policy)).toMatchObject({
      head: { size: SIZES.anchor },
      record: { kind: 'decision' },
    })
    // The same head that is kept elsewhere: whoever has a receipt has an anchor.
    expect(site.proof).toContain(site.heads.get(SIZES.anchor))
  })
})

test('the table is what came of them', () => {
  const ids = FAMILIES.flatMap(({ attacks }) => attacks.map(({ id }) => id))
  expect(new Set(ids).size).toBe(ids.length)
  // Run alone it has nothing to compare.
  if (ids.some((id) => !results.has(id))) return
  const text = documentOf(FAMILIES, results)
  if (process.env['UPDATE'] === '1') writeFileSync(DOCUMENT, text)
  expect(readFileSync(DOCUMENT, 'utf8'), 'made anew with UPDATE=1').toBe(text)
})
