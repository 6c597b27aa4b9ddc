/** Draws charts at a given width: the same chart for a wall and for a phone, with text of the same size. */
import type { Category, Chart, ColumnChart, PartsChart, RankedChart, WeekChart } from '../section.ts'
import { countText } from '../words.ts'
import { axisSteps, drawing, fitting, line, rect, text, textWidth, toneClass } from './svg.ts'

interface Drawn {
  readonly height: number
  readonly pieces: readonly string[]
}

/** The chart as SVG, `width` pixels wide. `id` makes the names in it its own. */
export function drawChart(chart: Chart, id: string, width: number): string {
  const { height, pieces } = draw(chart.drawing, width)
  return drawing(id, chart.title, chart.description, { width, height }, pieces)
}

function draw(shape: Chart['drawing'], width: number): Drawn {
  switch (shape.kind) {
    case 'columns':
      return drawColumns(shape, width)
    case 'ranked':
      return drawRanked(shape, width)
    case 'parts':
      return drawParts(shape, width)
    case 'week':
      return drawWeek(shape, width)
  }
}

const PLOT_HEIGHT = 208
const PLOT_TOP = 12
/** Below the plot: names of the columns, and the years below them. */
const AXIS_HEIGHT = 44
const COLUMN_WIDTH_MAX = 40
/** A few columns stand together at the left, and are not strewn over the page. */
const BAND_WIDTH_MAX = 84
/** The least distance between two names on an axis. */
const LABEL_GAP = 9

function drawColumns({ series, categories, values }: ColumnChart, width: number): Drawn {
  const totals = values.map((stack) => stack.reduce((sum, value) => sum + value, 0))
  const steps = axisSteps(Math.max(0, ...totals))
  const top = steps.at(-1) ?? 1
  const left = Math.max(...steps.map((step) => textWidth(countText(step)))) + 10
  const heightOf = (value: number): number => (value / top) * PLOT_HEIGHT
  const bottom = PLOT_TOP + PLOT_HEIGHT
  const band = Math.min(BAND_WIDTH_MAX, (width - left) / Math.max(1, categories.length))
  const columnWidth = Math.max(1, Math.min(COLUMN_WIDTH_MAX, band * 0.74))
  const grid = steps.flatMap((step) => {
    const y = bottom - heightOf(step)
    return [
      line(left, y, width, y, step === 0 ? 'base' : 'grid'),
      text(left - 8, y + 4, countText(step), 'end faint'),
    ]
  })
  const columns = values.flatMap((stack, i) => {
    let y = bottom
    return stack.map((value, s) => {
      const height = heightOf(value)
      y -= height
      // A hairline of paper between two parts tells them apart without their colours.
      const gap = value > 0 && height > 3 ? 0.75 : 0
      const box = {
        x: left + band * (i + 0.5) - columnWidth / 2,
        y: y + gap,
        width: columnWidth,
        height: height - gap,
      }
      return value === 0 ? '' : rect(box, toneClass(series[s]?.tone ?? 'plain'))
    })
  })
  const axis = axisNames(categories, left, band, bottom)
  return { height: bottom + AXIS_HEIGHT, pieces: [...grid, ...columns, ...axis] }
}

function axisNames(
  categories: readonly Category[],
  left: number,
  band: number,
  bottom: number,
): readonly string[] {
  const widest = (name: 'label' | 'short'): number =>
    Math.max(0, ...categories.map((category) => textWidth(category[name]))) + LABEL_GAP
  const name = band >= widest('label') ? 'label' : 'short'
  const hasRoom = band >= widest(name)
  let lastEnd = Number.NEGATIVE_INFINITY
  return categories.flatMap((category, i) => {
    const x = left + band * (i + 0.5)
    const pieces: string[] = []
    // Where not even initials have room, each name stands that does not run into the one before.
    const half = textWidth(category[name]) / 2
    if (hasRoom || (category.group === null && x - half > lastEnd + LABEL_GAP)) {
      pieces.push(text(x, bottom + 17, category[name], 'middle'))
      lastEnd = x + half
    }
    const isFirst = category.group !== null && category.group !== categories[i - 1]?.group
    if (isFirst && category.group !== null)
      pieces.push(...groupName(category.group, categories, i, { left, band, bottom }))
    return pieces
  })
}

function groupName(
  group: string,
  categories: readonly Category[],
  i: number,
  { left, band, bottom }: { readonly left: number; readonly band: number; readonly bottom: number },
): readonly string[] {
  const count = categories.filter((category) => category.group === group).length
  const x = left + band * i
  const tick = i === 0 ? '' : line(x, bottom, x, bottom + 36, 'grid')
  // The name of a year of which only a month or two are there would run into the next one's.
  return band * count < textWidth(group) + LABEL_GAP
    ? [tick]
    : [tick, text(x + (i === 0 ? 0 : 5), bottom + 36, group, 'faint')]
}

const RANKED_ROW = 40

function drawRanked({ tone, rows }: RankedChart, width: number): Drawn {
  const max = Math.max(1, ...rows.map(({ value }) => value))
  const pieces = rows.flatMap(({ label, value, shown }, i) => {
    const y = i * RANKED_ROW
    const valueWidth = textWidth(shown) + 12
    return [
      text(0, y + 15, fitting(label, width - valueWidth)),
      text(width, y + 15, shown, 'end strong'),
      rect({ x: 0, y: y + 23, width, height: 6 }, 'track'),
      // What is there at all is seen.
      rect(
        { x: 0, y: y + 23, width: value === 0 ? 0 : Math.max(1.5, (value / max) * width), height: 6 },
        toneClass(tone),
      ),
    ]
  })
  return { height: Math.max(1, rows.length * RANKED_ROW - 6), pieces }
}

const PARTS_ROW = 54

function drawParts({ series, rows }: PartsChart, width: number): Drawn {
  const pieces = rows.flatMap(({ label, values, shown }, i) => {
    const y = i * PARTS_ROW
    const total = values.reduce((sum, value) => sum + value, 0)
    let x = 0
    const bars = values.map((value, s) => {
      const part = total === 0 ? 0 : (value / total) * width
      const box = { x, y: y + 24, width: Math.max(0, part - 0.75), height: 16 }
      x += part
      return value === 0 ? '' : rect(box, toneClass(series[s]?.tone ?? 'plain'))
    })
    return [
      text(0, y + 15, fitting(label, width - textWidth(shown) - 12)),
      text(width, y + 15, shown, 'end strong'),
      rect({ x: 0, y: y + 24, width, height: 16 }, 'track'),
      ...bars,
    ]
  })
  return { height: Math.max(1, rows.length * PARTS_ROW - 12), pieces }
}

const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const
const SHADES = 4

/** The bounds of the shades: a number up to the first is in the first shade, and so on. None is in no shade. */
export function shadeBounds(counts: readonly number[]): readonly number[] {
  const max = Math.max(0, ...counts)
  const bounds = Array.from({ length: SHADES }, (_, i) => Math.ceil((max * (i + 1)) / SHADES))
  return [...new Set(bounds)].filter((bound) => bound > 0)
}

function drawWeek({ counts }: WeekChart, width: number): Drawn {
  const bounds = shadeBounds(counts)
  const isNarrow = width < 500
  const left = isNarrow ? 20 : 84
  const cell = (width - left) / 24
  const height = Math.min(24, Math.max(16, cell))
  const days = DAYS.map((day, i) => text(0, 20 + i * height + height * 0.68, isNarrow ? day.charAt(0) : day))
  const hours = [0, 6, 12, 18].map((hour) =>
    text(left + hour * cell, 12, isNarrow ? String(hour) : `${hour} h`, 'faint'),
  )
  const cells = counts.map((count, hour) => {
    const at = bounds.findIndex((bound) => count <= bound)
    // With fewer than four shades the darkest is still the darkest.
    const shade = count === 0 ? 0 : SHADES - bounds.length + at + 1
    const box = {
      x: left + (hour % 24) * cell,
      y: 20 + Math.floor(hour / 24) * height,
      width: cell - 1.5,
      height: height - 1.5,
    }
    return rect(box, `shade-${shade}`)
  })
  return { height: 20 + 7 * height, pieces: [...days, ...hours, ...cells] }
}
