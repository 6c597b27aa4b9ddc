// What a bundle tells the others of its records: no more than they need, and nothing less.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { BundleReport } from '../../agent/verify/bundle.ts'
import { addFact, type Fact } from '../../agent/verify/facts.ts'
import type { Finding } from '../../agent/verify/finding.ts'
import { OrderCheck } from '../../agent/verify/order.ts'

const WIDTH = 24

const reportOf = (facts: readonly Fact[]): BundleReport => ({
  root: null,
  tileRoot: null,
  count: WIDTH,
  unread: [],
  times: null,
  shifts: [],
  facts,
  findings: [],
  omitted: 0,
})

/** Few jobs and small counts, so that runs, ends, new beginnings and steps back are frequent. */
const record = fc.oneof(
  fc.record({
    job: fc.constantFrom('a', 'b'),
    commandsSent: fc.nat(6),
    stage: fc.constantFrom('begins' as const, 'goes on' as const, 'goes on' as const, 'ends' as const),
  }),
  fc.constant(null),
)

function factAt(
  index: number,
  told: { job: string; commandsSent: number; stage: 'begins' | 'goes on' | 'ends' } | null,
): Fact {
  if (told === null) return { fact: 'target', index, kind: 'decision', isAllowed: true }
  return { fact: 'progress', index, ...told, commandsSent: told.stage === 'begins' ? 0 : told.commandsSent }
}

test('what is left out of a bundle changes no finding, whatever comes before and after it', () => {
  const bundle = fc.array(record, { minLength: WIDTH, maxLength: WIDTH })
  fc.assert(
    fc.property(fc.array(bundle, { minLength: 1, maxLength: 4 }), (bundles) => {
      const whole = new OrderCheck()
      const condensed = new OrderCheck()
      for (const [i, records] of bundles.entries()) {
        const facts = records.map((told, at) => factAt(i * WIDTH + at, told))
        const kept: Fact[] = []
        for (const fact of facts) addFact(kept, fact)
        const found = (order: OrderCheck, some: readonly Fact[]): readonly Finding[] =>
          order.take(reportOf(some), i * WIDTH, WIDTH)
        expect(found(condensed, kept)).toEqual(found(whole, facts))
      }
    }),
    { numRuns: 1000 },
  )
})

test('a job that goes on as it should takes two facts of a bundle, however often it was sealed', () => {
  const kept: Fact[] = []
  for (let index = 0; index < 256; index++)
    addFact(kept, { fact: 'progress', index, job: 'a', commandsSent: index * 1000, stage: 'goes on' })
  expect(kept.map(({ index }) => index)).toEqual([0, 255])
})
