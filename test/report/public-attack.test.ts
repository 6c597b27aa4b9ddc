// Whoever collects every public report of a log, of adjacent and of overlapping periods and of the log as it grew, and who
// knows this program, must not find out a count that was withheld: for each there is another log with another count of which
// every one of those reports would be the same.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parsePeriod } from '../../agent/report/calendar.ts'
import { CELL_NAMES } from '../../agent/report/decision-index.ts'
import type { PublicReport } from '../../agent/report/public-report.ts'
import { makeReport } from '../../agent/report/report.ts'
import { LogMaker, reason, stream } from './log-maker.ts'

const MONTHS = ['2026-01', '2026-02', '2026-03', '2026-04'] as const
/** Common codes and two that are rare. */
const CODES = ['build-volume', 'nozzle-temperature', 'homing-first', 'layer-height.too-thin'] as const
/** Codes that no world uses: what is moved to hide something can be given one of them. */
const SPARE_CODES = [
  'feedrate',
  'feedrate.z',
  'material',
  'material.unclaimed',
  'part-size.too-small',
] as const

interface Decided {
  readonly cell: number
  readonly codes: readonly string[]
}

/** What was decided in each month, and how many other records there are in it. */
interface World {
  readonly months: readonly { readonly decisions: readonly Decided[]; readonly others: number }[]
}

/** Who was let print is told by no code. */
const isStopped = (cell: number): boolean => ['hold', 'deny'].includes(CELL_NAMES[cell]!.outcome)

const world: fc.Arbitrary<World> = fc.record({
  months: fc.array(
    fc.record({
      decisions: fc
        .array(fc.constantFrom(0, 0, 0, 0, 0, 1, 3, 9, 10, 11), { minLength: 16, maxLength: 16 })
        .chain((counts) =>
          fc.tuple(
            ...counts.map((count, cell) =>
              fc.array(
                fc.record({
                  cell: fc.constant(cell),
                  codes: isStopped(cell)
                    ? fc.subarray([...CODES], { minLength: 1, maxLength: 2 })
                    : fc.constant([]),
                }),
                { minLength: count, maxLength: count },
              ),
            ),
          ),
        )
        .map((cells) => cells.flat()),
      others: fc.constant(30),
    }),
    { minLength: MONTHS.length, maxLength: MONTHS.length },
  ),
})

interface Release {
  readonly from?: string
  readonly to?: string
  /** The log as it was when so many months had ended. */
  readonly monthsWritten: number
}

const RELEASES: readonly Release[] = [
  { monthsWritten: 4 },
  { to: '2026-02', monthsWritten: 4 },
  { from: '2026-03', monthsWritten: 4 },
  { from: '2026-02', to: '2026-03', monthsWritten: 4 },
  { monthsWritten: 2 },
  { monthsWritten: 3 },
]

function logOf(world: World, monthsWritten: number): LogMaker {
  const maker = new LogMaker()
  for (const [i, { decisions, others }] of world.months.slice(0, monthsWritten).entries()) {
    maker.to(`${MONTHS[i]!}-10T12:00:00.000Z`)
    for (const { cell, codes } of decisions) {
      const { outcome, tier } = CELL_NAMES[cell]!
      const reasons = codes.map((code) => reason(code, outcome === 'hold' ? 'hold' : 'deny'))
      maker.decide({ outcome, tier, reasons, decidedInMs: 900 })
    }
    for (let n = 0; n < others; n++) maker.tick()
  }
  maker.to(`2026-0${monthsWritten + 1}-01T08:00:00.000Z`).tick()
  return maker
}

async function release(world: World, { from, to, monthsWritten }: Release): Promise<PublicReport> {
  const log = logOf(world, monthsWritten)
  const report = await makeReport(stream(log.items), {
    audience: 'public',
    head: log.head,
    period: parsePeriod(from, to),
    licence: null,
    deadlines: { holdHours: null, appealAnswerDays: null },
    timeZone: 'UTC',
    nowMs: Date.parse('2026-06-01T00:00:00.000Z'),
  })
  if (report.audience !== 'public') throw new Error('not a public report')
  return report
}

/** What each release says of a world. */
async function published(world: World): Promise<readonly string[]> {
  return Promise.all(RELEASES.map(async (one) => JSON.stringify(await release(world, one))))
}

async function isPublishedAs(truth: readonly string[], world: World): Promise<boolean> {
  for (const [i, one] of RELEASES.entries())
    if (JSON.stringify(await release(world, one)) !== truth[i]) return false
  return true
}

const countIn = ({ months }: World, month: number, cell: number): number =>
  months[month]!.decisions.filter((decided) => decided.cell === cell).length

/** Worlds that differ by one decision of the month: there is one less or one more in the cell. */
function* worldsBeside(world: World, month: number, cell: number): Generator<World> {
  const { decisions, others } = world.months[month]!
  const withMonth = (changed: readonly Decided[], othersNow = others): World => ({
    months: world.months.map((one, i) => (i === month ? { decisions: changed, others: othersNow } : one)),
  })
  // What is nearest in the tree of halves hides it most easily.
  const cells = [...CELL_NAMES.keys()].filter((i) => i !== cell).sort((a, b) => (a ^ cell) - (b ^ cell))
  for (const other of cells) {
    for (const [from, to] of [
      [cell, other],
      [other, cell],
    ] as const) {
      const moved = decisions.find((decided) => decided.cell === from)
      if (moved === undefined) continue
      const rest = decisions.filter((decided) => decided !== moved)
      if (!isStopped(from) || isStopped(to)) {
        for (const spare of isStopped(to) && !isStopped(from) ? SPARE_CODES : [undefined])
          yield withMonth([...rest, { cell: to, codes: spare === undefined ? moved.codes : [spare] }])
      } else {
        // Its reasons are given to others that were stopped: as often as before.
        const heirs = rest.filter(({ cell: at }) => isStopped(at))
        const codes = moved.codes.map((code) => ({
          code,
          heir: heirs.find((one) => !one.codes.includes(code)),
        }))
        const inherited = rest.map((one) => ({
          ...one,
          codes: [...one.codes, ...codes.filter(({ heir }) => heir === one).map(({ code }) => code)],
        }))
        yield withMonth([...inherited, { cell: to, codes: [] }])
        yield withMonth([...rest, { cell: to, codes: [] }])
      }
    }
  }
  // Where a whole month is withheld, another record may have been a decision, or the other way round.
  const mine = decisions.find((decided) => decided.cell === cell)
  const codes = isStopped(cell) ? [SPARE_CODES[0]] : []
  yield withMonth([...decisions, { cell, codes }], others - 1)
  if (mine !== undefined)
    yield withMonth(
      decisions.filter((decided) => decided !== mine),
      others + 1,
    )
}

/** Whether the count of a cell stands in a report, by itself or in a group of which there is none. */
function isTold({ decisions }: PublicReport, month: string, cell: number): boolean {
  const { outcome, tier } = CELL_NAMES[cell]!
  return decisions.some(
    (row) =>
      row.month === month &&
      row.count !== null &&
      row.outcomes.includes(outcome) &&
      row.tiers.includes(tier) &&
      (row.count === 0 || (row.outcomes.length === 1 && row.tiers.length === 1)),
  )
}

describe('all public reports of a log together', () => {
  test('leave at least two values for each count that is withheld', async () => {
    let withheld = 0
    await fc.assert(
      fc.asyncProperty(world, async (world) => {
        const truth = await published(world)
        const report = await release(world, RELEASES[0]!)
        for (const [month, name] of MONTHS.entries())
          for (const cell of CELL_NAMES.keys()) {
            if (isTold(report, name, cell)) continue
            withheld += 1
            expect(
              await hasDouble(world, truth, month, cell),
              `${name} ${JSON.stringify(CELL_NAMES[cell])}`,
            ).toBe(true)
          }
      }),
      { numRuns: 3, endOnFailure: true },
    )
    expect(withheld).toBeGreaterThan(50)
  }, 120_000)
})

async function hasDouble(
  world: World,
  truth: readonly string[],
  month: number,
  cell: number,
): Promise<boolean> {
  for (const other of worldsBeside(world, month, cell))
    if (countIn(other, month, cell) !== countIn(world, month, cell) && (await isPublishedAs(truth, other)))
      return true
  return false
}
