import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { measureAllocation } from './allocation.ts'
import { inspectionRows } from './inspection.ts'
import { latencyRows } from './latency.ts'
import { licenceRows } from './licence.ts'
import { logRows } from './log.ts'
import { costOf, median, type ProcessCost, type Row, wallMs } from './measure.ts'

/**
 * The budgets, measured beside a reference in the same run: on a busy machine ratios keep, absolute figures do not.
 * `npm run bench`, or `npm run bench -- --json`; `npm run bench -- latency` for the round trips alone, `inspection` for
 * those through a gate that inspects a job, `log` for the log at a million records, and `licence` for a check of one.
 */

const root = dirname(dirname(import.meta.dirname))
const command = join(root, 'dist', 'portcullis.mjs')
const cube = join(root, 'fixtures', 'demo', 'cube.gcode')
const makerSpace = join(root, 'policies', 'library', 'maker-space.yaml')

/** Long enough that warming up, which compiles for about 0.1 s, is a small part. */
const SPEED_BYTES = 120_000_000
const LARGE_BYTES = 200_000_000
const ROUNDS = 5
const STARTS = 15

const folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-'))
try {
  show(await chosenRows())
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function chosenRows(): Promise<readonly Row[]> {
  const inspection = () => inspectionRows(folder, command, grow('large.gcode', LARGE_BYTES))
  if (process.argv.includes('latency')) return await latencyRows(folder, command)
  if (process.argv.includes('inspection')) return await inspection()
  if (process.argv.includes('log')) return await logRows(folder, command)
  if (process.argv.includes('licence')) return await licenceRows(folder)
  return [
    ...measure(),
    ...(await latencyRows(folder, command)),
    ...(await inspection()),
    ...(await logRows(folder, command)),
    ...(await licenceRows(folder)),
  ]
}

function measure(): readonly Row[] {
  const small = grow('small.gcode', 1)
  const job = grow('job.gcode', SPEED_BYTES)
  const state = join(folder, 'state')
  const scan = [join(import.meta.dirname, 'newline-scan.mjs')]
  const inspect = [command, 'inspect', '--json']
  const untimed = [...inspect, '--no-time']
  const check = [command, 'check', '--json', '--policy', makerSpace, '--state', state]
  const speeds = {
    scan: [] as number[],
    inspect: [] as number[],
    untimed: [] as number[],
    check: [] as number[],
  }
  const ratios = { untimed: [] as number[], inspect: [] as number[], check: [] as number[] }
  for (let round = 0; round < ROUNDS; round++) {
    const ofScan = speed(scan, small, job)
    const ofUntimed = speed(untimed, small, job)
    const ofInspect = speed(inspect, small, job)
    const ofCheck = speed(check, small, job)
    speeds.scan.push(ofScan)
    speeds.untimed.push(ofUntimed)
    speeds.inspect.push(ofInspect)
    speeds.check.push(ofCheck)
    ratios.untimed.push(ofUntimed / ofScan)
    ratios.inspect.push(ofInspect / ofScan)
    ratios.check.push(ofCheck / ofInspect)
  }
  const row = (name: string, of: 'untimed' | 'inspect' | 'check', against: 'scan' | 'inspect'): Row => ({
    name,
    unit: 'MB per CPU second',
    value: median(speeds[of]),
    reference: against === 'scan' ? 'newline scan of the same file' : 'inspect',
    referenceValue: median(speeds[against]),
    ratio: median(ratios[of]),
  })
  return [
    row('inspect without the time estimate', 'untimed', 'scan'),
    row('inspect', 'inspect', 'scan'),
    row('check with maker-space', 'check', 'inspect'),
    memoryRow(small),
    ...allocationRows(),
    startRow(),
  ]
}

/** Megabytes a CPU second, with what the same command takes for a file of a few lines subtracted. */
function speed(args: readonly string[], small: string, job: string): number {
  const started = cost([...args, small])
  const whole = cost([...args, job])
  return statSync(job).size / 1e6 / ((whole.cpuMs - started.cpuMs) / 1000)
}

function cost(args: readonly string[]): ProcessCost {
  // The repeated job is judged like any other; whether it is allowed does not matter here.
  return costOf(args, [0, 3])
}

function memoryRow(small: string): Row {
  const large = grow('large.gcode', LARGE_BYTES)
  const value = cost([command, 'inspect', '--json', large]).peakRssMb
  const referenceValue = cost([command, 'inspect', '--json', small]).peakRssMb
  const name = `peak memory of inspect, ${LARGE_BYTES / 1e6} MB`
  return {
    name,
    unit: 'MB',
    value,
    reference: 'the same for 84 kB',
    referenceValue,
    ratio: value / referenceValue,
  }
}

function allocationRows(): readonly Row[] {
  const { survey, judged, lines } = measureAllocation(cube, makerSpace)
  const row = (name: string, value: number): Row => ({
    name,
    unit: 'bytes a line',
    value,
    reference: `one object a line, over ${lines} lines`,
    referenceValue: 16,
    ratio: value / 16,
  })
  return [row('heap of a survey with policy', survey), row('heap of the line path with policy', judged)]
}

function startRow(): Row {
  const value = wallMs([command, '--version'], STARTS)
  const referenceValue = wallMs(['-e', '0'], STARTS)
  return {
    name: '--version',
    unit: 'ms',
    value,
    reference: 'node -e 0',
    referenceValue,
    ratio: value / referenceValue,
  }
}

/** A file of at least so many bytes, made of whole copies of a real job; the same each time it is asked for. */
function grow(name: string, bytes: number): string {
  const path = join(folder, name)
  if (existsSync(path)) return path
  const part = readFileSync(cube)
  for (let size = 0; size < bytes; size += part.length) appendFileSync(path, part)
  return path
}

function show(rows: readonly Row[]): void {
  if (process.argv.includes('--json')) {
    process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`)
    return
  }
  const cells = rows.map((row) => [
    row.name,
    `${digits(row.value)} ${row.unit}`,
    `${row.reference}: ${digits(row.referenceValue)}`,
    `${row.ratio.toFixed(2)} ×`,
  ])
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((line) => line[column]!.length)))
  for (const line of cells)
    process.stdout.write(
      `${line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd()}\n`,
    )
}

function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1)
}
