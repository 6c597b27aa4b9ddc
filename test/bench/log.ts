import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import type { Appends, Hashed, Made, Opened, Verified } from './log-figures.ts'
import { runChild, untilFirstLine } from './log-processes.ts'
import { costOf, median, type Row } from './measure.ts'
import { dropCaches } from './page-cache.ts'

/**
 * The log at a million records: how long until it can be written, read and checked, what an append waits for beside a
 * bare `fdatasync`, and whether memory grows. The log is made once, from a seed, and kept among the temporary files:
 * `npm run bench -- log --fresh` makes it anew.
 */

const RECORDS = 1_000_000
const SEED = 7
/** Beside which the large one is measured. */
const SMALL_RECORDS = 1000
const APPENDS = 3000
const WARM_ROUNDS = 7
const COLD_ROUNDS = 3
const VERIFY_ROUNDS = 3

const root = dirname(dirname(import.meta.dirname))

/** `command` is the built program; `folder` is for what is measured, and is the caller's to remove. */
export async function logRows(folder: string, command: string): Promise<readonly Row[]> {
  const child = await buildChild()
  try {
    const large = makeLog(child, RECORDS)
    const small = makeLog(child, SMALL_RECORDS)
    const places = { large: join(folder, 'large'), small: join(folder, 'small') }
    cpSync(large.path, places.large, { recursive: true })
    cpSync(small.path, places.small, { recursive: true })
    const appends = appendRows(child, places.large)
    // They left the snapshots that are due since the log was made, by a program that may have kept others.
    const starts = await startRows(child, command, folder, places)
    return [...verifyRows(child, command, places), ...starts, ...appends, ...memoryRows(large.made)]
  } finally {
    rmSync(child, { force: true })
  }
}

interface Places {
  readonly large: string
  readonly small: string
}

/** What the measured processes run: one file, built as the command is. It lies where its packages are found. */
async function buildChild(): Promise<string> {
  const outfile = join(root, 'node_modules', '.cache', `log-child-${process.pid}.mjs`)
  await build({
    absWorkingDir: root,
    entryPoints: ['test/bench/log-child.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    external: ['koffi'],
    banner: { js: "import { createRequire as r } from 'node:module'; const require = r(import.meta.url);" },
    logLevel: 'warning',
  })
  return outfile
}

interface Log {
  readonly path: string
  readonly made: Made
}

/** A state folder with a log of so many records, the same each time. */
function makeLog(child: string, records: number): Log {
  const mix = createHash('sha256')
    .update(readFileSync(join(import.meta.dirname, 'log-mix.ts')))
    .digest('hex')
  const path = join(tmpdir(), `portcullis-bench-log-${records}-${SEED}-${mix.slice(0, 8)}`)
  // Written last: without it the making was interrupted.
  const note = join(path, 'made.json')
  if (process.argv.includes('--fresh') || !existsSync(note)) {
    process.stderr.write(`making a log of ${records} records in \`${path}\`\n`)
    rmSync(path, { recursive: true, force: true })
    mkdirSync(path, { mode: 0o700 })
    const made = runChild<Made>(child, ['make', path, String(records), String(SEED)])
    writeFileSync(note, JSON.stringify(made))
  }
  return { path, made: JSON.parse(readFileSync(note, 'utf8')) as Made }
}

function verifyRows(child: string, command: string, { large, small }: Places): readonly Row[] {
  const program = join(dirname(command), 'checker.mjs')
  const runs = {
    threads: [] as Verified[],
    one: [] as Verified[],
    hash: [] as number[],
    whole: [] as number[],
  }
  for (let round = 0; round < VERIFY_ROUNDS; round++) {
    runs.one.push(runChild<Verified>(child, ['verify', large]))
    runs.hash.push(runChild<Hashed>(child, ['hash', large]).seconds)
    runs.threads.push(runChild<Verified>(child, ['verify', large, program]))
    runs.whole.push(costOf([command, 'audit', 'verify', large, '--json']).wallMs / 1000)
  }
  const [first] = runs.one
  if (first?.ok !== true) throw new Error('the log that was made does not verify')
  const speed = (seconds: readonly number[]): number => median(seconds.map((one) => first.records / one))
  const [hash, log] = [speed(runs.hash), speed(runs.threads.map(({ seconds }) => seconds))]
  const row = (name: string, value: number, reference: string, referenceValue: number): Row => ({
    name,
    unit: 'records/s',
    value,
    reference,
    referenceValue,
    ratio: value / referenceValue,
  })
  const [threads, one] = [runs.threads, runs.one].map((some) =>
    median(some.map(({ peakRssMb }) => peakRssMb)),
  )
  const few = runChild<Verified>(child, ['verify', small]).peakRssMb
  const peak = (name: string, value = Number.NaN): Row => ({
    name: `peak memory of ${name}`,
    unit: 'MB',
    value,
    reference: 'the same for 1000 records',
    referenceValue: few,
    ratio: value / few,
  })
  return [
    row('check of 1,000,000 records', log, 'SHA-256 of the same files', hash),
    row(
      'check in one thread',
      speed(runs.one.map(({ seconds }) => seconds)),
      'SHA-256 of the same files',
      hash,
    ),
    row('`audit verify`, with the side table', speed(runs.whole), 'check of the log alone', log),
    peak(`the check, with ${availableParallelism()} threads`, threads),
    peak('the check in one thread', one),
  ]
}

/** Each start with pages in memory and without, beside the same start on a small log. */
async function startRows(
  child: string,
  command: string,
  folder: string,
  places: Places,
): Promise<readonly Row[]> {
  const open = async (place: string): Promise<number> => runChild<Opened>(child, ['open', place]).ms
  const config = (place: string): string => {
    const path = `${place}.yaml`
    const lines = [
      'printer: { port: sim }',
      `host: { link: ${join(folder, 'host')} }`,
      'policy: open-bench',
      `state: ${place}`,
      'log: error',
    ]
    writeFileSync(path, `${lines.join('\n')}\n`)
    return path
  }
  const serve = (place: string): Promise<number> =>
    untilFirstLine([command, 'serve', '--config', config(place), '--json'])
  const last = { [places.large]: String(RECORDS - 1), [places.small]: String(SMALL_RECORDS - 1) }
  const show = (place: string): Promise<number> =>
    untilFirstLine([command, 'audit', 'show', place, '--from', last[place] ?? '0'])
  const rows: Row[] = []
  for (const [name, start] of [
    ['opening the log to write', open],
    ['`serve` until hosts can connect', serve],
    ['`audit show --from` the last record', show],
  ] as const) {
    for (const isCold of [false, true]) rows.push(await startRow(name, start, places, isCold))
  }
  return rows
}

async function startRow(
  name: string,
  start: (place: string) => Promise<number>,
  { large, small }: Places,
  isCold: boolean,
): Promise<Row> {
  const times = { large: [] as number[], small: [] as number[] }
  for (let round = 0; round < (isCold ? COLD_ROUNDS : WARM_ROUNDS); round++) {
    if (isCold) await dropCaches(small)
    times.small.push(await start(small))
    if (isCold) await dropCaches(large)
    times.large.push(await start(large))
  }
  const [value, referenceValue] = [median(times.large), median(times.small)]
  return {
    name: `${name}, ${isCold ? 'nothing cached' : 'cached'}`,
    unit: 'ms',
    value,
    reference: 'the same for 1000 records',
    referenceValue,
    ratio: value / referenceValue,
  }
}

function appendRows(child: string, place: string): readonly Row[] {
  const { oursMs, bareMs, atOnce, atOnceMs } = runChild<Appends>(child, ['append', place, String(APPENDS)])
  const row = (name: string, share: number): Row => {
    const [value, referenceValue] = [quantileUs(oursMs, share), quantileUs(bareMs, share)]
    return {
      name: `append, ${name}`,
      unit: 'µs',
      value,
      reference: 'write and `fdatasync` of as many bytes',
      referenceValue,
      ratio: value / referenceValue,
    }
  }
  const [value, referenceValue] = [atOnce / (atOnceMs / 1000), 1e6 / quantileUs(bareMs, 0.5)]
  return [
    row('p50', 0.5),
    row('p99', 0.99),
    row('longest of 3000', 1),
    {
      name: `${atOnce} appends at once`,
      unit: 'records/s',
      value,
      reference: 'one `fdatasync` for each',
      referenceValue,
      ratio: value / referenceValue,
    },
  ]
}

function quantileUs(timesMs: readonly number[], share: number): number {
  const sorted = [...timesMs].sort((a, b) => a - b)
  return (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN) * 1000
}

/** Of the process that made the log. */
function memoryRows({ marks }: Made): readonly Row[] {
  const [first, last] = [marks[0], marks.at(-1)]
  if (first === undefined || last === undefined)
    throw new Error('the log is too small to tell whether memory grows')
  return [
    {
      name: `peak memory of the writer after ${last.size} records`,
      unit: 'MB',
      value: last.peakRssMb,
      reference: `after ${first.size}`,
      referenceValue: first.peakRssMb,
      ratio: last.peakRssMb / first.peakRssMb,
    },
  ]
}
