import { describe, expect, test } from 'vitest'
import { drawChart, shadeBounds } from '../../agent/report/page/charts.ts'
import { axisSteps, fitting, textWidth } from '../../agent/report/page/svg.ts'
import type { Chart, ColumnChart } from '../../agent/report/section.ts'
import { timeline } from '../../agent/report/timeline.ts'

interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly className: string
}

function boxes(svg: string): readonly Box[] {
  return [
    ...svg.matchAll(/<rect x="([^"]+)" y="([^"]+)" width="([^"]+)" height="([^"]+)" class="([^"]+)"/g),
  ].map(([, x, y, width, height, className]) => ({
    x: Number(x),
    y: Number(y),
    width: Number(width),
    height: Number(height),
    className: className!,
  }))
}

function texts(
  svg: string,
): readonly { readonly x: number; readonly y: number; readonly words: string; readonly className: string }[] {
  return [...svg.matchAll(/<text x="([^"]+)" y="([^"]+)"(?: class="([^"]+)")?>([^<]*)</g)].map(
    ([, x, y, className, words]) => ({
      x: Number(x),
      y: Number(y),
      className: className ?? '',
      words: words!,
    }),
  )
}

const chart = (drawing: Chart['drawing']): Chart => ({
  title: 'A <title>',
  description: 'What it "shows"',
  drawing,
})

function months(first: string, last: string, values: (i: number) => readonly number[]): ColumnChart {
  const { categories } = timeline([first, last])
  return {
    kind: 'columns',
    series: [
      { name: 'a', tone: 'quiet' },
      { name: 'b', tone: 'loud' },
    ],
    categories,
    values: categories.map((_, i) => values(i)),
  }
}

describe('an axis', () => {
  test.each([
    [0, [0, 1]],
    [1, [0, 1]],
    [3, [0, 1, 2, 3]],
    [7, [0, 2, 4, 6, 8]],
    [10, [0, 3, 6, 9, 12]],
    [97, [0, 25, 50, 75, 100]],
    [400, [0, 100, 200, 300, 400]],
    [401, [0, 200, 400, 600]],
    [51_676, [0, 20_000, 40_000, 60_000]],
  ])('up to %d has the steps %j', (max, steps) => {
    expect(axisSteps(max)).toEqual(steps)
  })

  test('begins at 0, ends at or above the largest value, and has five steps of whole numbers at most', () => {
    for (let max = 1; max < 5000; max += 7) {
      const steps = axisSteps(max)
      expect(steps[0]).toBe(0)
      expect(steps.at(-1)).toBeGreaterThanOrEqual(max)
      expect(steps.length).toBeLessThanOrEqual(5)
      expect(steps.every(Number.isInteger)).toBe(true)
    }
  })
})

describe('columns', () => {
  const svg = drawChart(
    chart(months('2026-01', '2026-03', (i) => [[10, 30, 0][i]!, [10, 10, 0][i]!])),
    'x',
    720,
  )

  test('are as high as their values, from the same ground', () => {
    const bars = boxes(svg)
    expect(bars).toHaveLength(4)
    // A stack of 20 beside one of 40; each part is drawn less a hairline.
    const heights = bars.map(({ height }) => height + 0.75)
    expect(heights[0]! / heights[1]!).toBeCloseTo(1, 1)
    expect(heights[2]! / heights[3]!).toBeCloseTo(3, 1)
    expect((heights[2]! + heights[3]!) / (heights[0]! + heights[1]!)).toBeCloseTo(2, 1)
    expect(bars[0]!.y + bars[0]!.height).toBeCloseTo(bars[2]!.y + bars[2]!.height, 1)
    expect(bars[0]!.width).toBe(bars[2]!.width)
  })

  test('of nothing are not drawn', () => {
    expect(boxes(drawChart(chart(months('2026-01', '2026-12', () => [0, 0])), 'x', 720))).toEqual([])
  })

  test('never leave the drawing, at any width and for any number of months', () => {
    for (const width of [350, 720])
      for (const last of ['2026-01', '2026-04', '2027-12', '2031-12', '2060-01']) {
        const drawn = drawChart(chart(months('2026-01', last, (i) => [i % 7, 1])), 'x', width)
        for (const box of boxes(drawn)) {
          expect(box.x).toBeGreaterThanOrEqual(0)
          expect(box.x + box.width).toBeLessThanOrEqual(width + 0.01)
          expect(box.y).toBeGreaterThanOrEqual(0)
        }
      }
  })

  test('have names that do not run into each other, at any width and for any number of months', () => {
    for (const width of [350, 720])
      for (const last of [
        '2026-02',
        '2026-12',
        '2027-03',
        '2028-06',
        '2030-12',
        '2031-12',
        '2040-12',
        '2085-01',
      ]) {
        const drawn = texts(drawChart(chart(months('2026-01', last, () => [1, 1])), 'x', width))
        for (const row of new Set(drawn.map(({ y }) => y))) {
          const ends = drawn
            .filter(({ y, className }) => y === row && !className.includes('end'))
            .map(({ x, words, className }) => {
              const length = textWidth(words)
              const left = className.includes('middle') ? x - length / 2 : x
              return { left, right: left + length }
            })
            .sort((a, b) => a.left - b.left)
          for (const [i, { left }] of ends.entries())
            if (i > 0) expect(left).toBeGreaterThanOrEqual(ends[i - 1]!.right)
        }
      }
  })

  test('stand together at the left where they are few', () => {
    const [only] = boxes(drawChart(chart(months('2026-01', '2026-01', () => [5, 0])), 'x', 720))
    expect(only!.x).toBeLessThan(100)
  })
})

describe('ranked bars', () => {
  const rows = [
    { label: 'first', value: 200, shown: '200' },
    { label: 'x'.repeat(300), value: 50, shown: '50' },
    { label: 'none', value: 0, shown: '0' },
  ]
  const svg = drawChart(chart({ kind: 'ranked', tone: 'loud', rows }), 'x', 350)

  test('are as long as their values, each on a track of the whole', () => {
    const bars = boxes(svg).filter(({ className }) => className === 'tone-loud')
    expect(bars.map(({ width }) => width)).toEqual([350, 87.5, 0])
    expect(boxes(svg).filter(({ className }) => className === 'track')).toHaveLength(3)
  })

  test('cut off names that do not fit beside their number', () => {
    const name = texts(svg).find(({ words }) => words.startsWith('xx'))!
    expect(name.words.endsWith('…')).toBe(true)
    expect(textWidth(name.words)).toBeLessThan(350 - textWidth('50'))
    expect(fitting('short', 100)).toBe('short')
  })

  test('of what is little are still seen', () => {
    const drawn = drawChart(
      chart({
        kind: 'ranked',
        tone: 'plain',
        rows: [
          { label: 'a', value: 1e6, shown: '' },
          { label: 'b', value: 1, shown: '' },
        ],
      }),
      'x',
      350,
    )
    expect(boxes(drawn).filter(({ className }) => className === 'tone-plain')[1]!.width).toBe(1.5)
  })
})

test('parts fill their whole, and nothing is drawn of nothing', () => {
  const series = [
    { name: 'a', tone: 'quiet' },
    { name: 'b', tone: 'loud' },
  ] as const
  const rows = [
    { label: 'one', values: [30, 10], shown: '40' },
    { label: 'none', values: [0, 0], shown: '0' },
  ]
  const drawn = boxes(drawChart(chart({ kind: 'parts', series, rows }), 'x', 400))
  expect(
    drawn.filter(({ className }) => className.startsWith('tone')).map(({ x, width }) => [x, width]),
  ).toEqual([
    [0, 299.25],
    [300, 99.25],
  ])
})

describe('the week', () => {
  test('has a square for each hour, darker for more', () => {
    const counts = Array.from({ length: 168 }, (_, i) => (i === 0 ? 8 : i === 25 ? 4 : i === 167 ? 1 : 0))
    const squares = boxes(drawChart(chart({ kind: 'week', counts }), 'x', 720))
    expect(squares).toHaveLength(168)
    expect([
      squares[0]!.className,
      squares[25]!.className,
      squares[167]!.className,
      squares[1]!.className,
    ]).toEqual(['shade-4', 'shade-2', 'shade-1', 'shade-0'])
    expect(squares[25]!.y).toBeGreaterThan(squares[0]!.y)
    expect(squares[25]!.x).toBeGreaterThan(squares[0]!.x)
  })

  test('has as many shades as there are numbers to tell apart, and the most is the darkest', () => {
    expect(shadeBounds([0, 0])).toEqual([])
    expect(shadeBounds([0, 1])).toEqual([1])
    expect(shadeBounds([2, 1])).toEqual([1, 2])
    expect(shadeBounds([100])).toEqual([25, 50, 75, 100])
    const one = boxes(drawChart(chart({ kind: 'week', counts: [1, ...Array(167).fill(0)] }), 'x', 350))
    expect(one[0]!.className).toBe('shade-4')
  })
})

test('a chart says what it shows to those who do not see it, and nothing in it is taken for markup', () => {
  const rows = [{ label: '<script>alert(1)</script>', value: 1, shown: '"&' }]
  const svg = drawChart(chart({ kind: 'ranked', tone: 'loud', rows }), 'id', 350)
  expect(svg).toContain('role="img" aria-labelledby="id-title id-description"')
  expect(svg).toContain('<title id="id-title">A &lt;title&gt;</title>')
  expect(svg).toContain('<desc id="id-description">What it &quot;shows&quot;</desc>')
  expect(svg).not.toContain('<script')
  expect(svg).toContain('&quot;&amp;')
})
