import type { BoundsMm, Claims, Facts, Xyz } from '../../gcode/index.ts'
import { bold, columns, dim, duration } from './output.ts'

/** Facts and claims in words. Facts are measured, claims are what comments say: the page keeps them apart. */

const NONE = '—'

export function factLines(facts: Facts): readonly string[] {
  const { layers } = facts
  const heights =
    layers.minHeightMm === null ? '' : `, ${mm(layers.minHeightMm)} to ${mm(layers.maxHeightMm)} high`
  return [
    bold('Facts') + dim('  measured from the commands'),
    ...columns([
      ['lines, commands', `${facts.lines}, ${facts.commands}`],
      ['printed area', bounds(facts.extrusionBoundsMm)],
      ['part size', facts.sizeMm === null ? NONE : `${xyz(facts.sizeMm)} mm`],
      ['toolhead travel', bounds(facts.travelBoundsMm)],
      ['layers', `${layers.count}${heights}`],
      ['filament', `${(facts.filamentMm / 1000).toFixed(2)} m, ${(facts.filamentMm3 / 1000).toFixed(2)} cm³`],
      ['nozzle', celsius(facts.nozzleMaxCelsius)],
      ['bed', celsius(facts.bedMaxCelsius)],
      [
        'fastest move',
        facts.feedrateMaxMmPerMin === null ? NONE : `${round(facts.feedrateMaxMmPerMin / 60)} mm/s`,
      ],
      ['highest flow', facts.flowMaxMm3PerS === null ? NONE : `${round(facts.flowMaxMm3PerS)} mm³/s`],
      ['time', `about ${duration(facts.estimatedSeconds)}, heating not counted`],
      [
        'tools',
        facts.tools.length === 0 ? 'the one that is selected' : facts.tools.map((t) => `T${t}`).join(' '),
      ],
      [
        'classes',
        Object.entries(facts.classes)
          .map(([name, count]) => `${name} ${count}`)
          .join(', '),
      ],
    ]),
    ...facts.unknownCommands.map(({ name, line }) => `  unknown command ${name}, first on line ${line}`),
  ]
}

export function claimLines(claims: Claims): readonly string[] {
  const rows = Object.entries(claims).map(
    ([name, value]) => [words(name), Array.isArray(value) ? value.join(', ') : String(value)] as const,
  )
  const title = bold('Claims') + dim('  what the comments say; nothing relies on them')
  return rows.length === 0 ? [title, '  none'] : [title, ...columns(rows)]
}

/** `layerHeightMm` becomes `layer height, mm`. */
function words(name: string): string {
  const unit = /(Mm3|Mm|Celsius|Seconds|Grams)$/.exec(name)?.[1]
  const stem = unit === undefined ? name : name.slice(0, -unit.length)
  const text = stem.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  const units: Record<string, string> = { Mm3: 'mm³', Mm: 'mm', Celsius: '°C', Seconds: 's', Grams: 'g' }
  return unit === undefined ? text : `${text}, ${units[unit]}`
}

function bounds(box: BoundsMm | null): string {
  return box === null ? NONE : `${xyz(box.min)} to ${xyz(box.max)} mm`
}

function xyz({ x, y, z }: Xyz): string {
  return `${round(x)} × ${round(y)} × ${round(z)}`
}

function mm(value: number | null): string {
  return value === null ? NONE : `${round(value)} mm`
}

function celsius(value: number | null): string {
  return value === null ? 'not set' : `${round(value)} °C`
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100)
}
