import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { type Ledger, openLedger } from '../../agent/ledger.ts'
import { openStateFolder } from '../../agent/state-folder.ts'
import { verifyLog } from '../../agent/verify/index.ts'
import type { Appends, Hashed, Made, Mark, Opened, Verified } from './log-figures.ts'
import { Year } from './log-mix.ts'

/**
 * What the benchmark of the log measures in a process of its own: `log-child.mjs WHAT STATE ...`. Answers with one JSON
 * document. Bundled as the command is, so that time and memory are those of our code and not of a compiler.
 */

/** Visits whose records may wait for the disk together. */
const VISITS_AHEAD = 8
/** Where memory is looked at. */
const MARKS = [100_000, 250_000, 500_000, 750_000, 1_000_000]
/** What a frame of one record has besides its text. */
const FRAME_BYTES = 116
const WARM_UP = 200
const AT_ONCE = 10_000

/** Makes a log of a year, through the writer that everybody uses. */
async function make(path: string, records: number, seed: number): Promise<Made> {
  const state = await openStateFolder(path)
  const year = new Year(seed)
  const startedMs = performance.now()
  const ledger = await openLedger(state, () => year.nowMs())
  const marks: Mark[] = []
  const ahead: Promise<unknown>[] = []
  while (ledger.log.size < records) {
    ahead.push(Promise.all(await year.visit((record) => ledger.append(record))))
    if (ahead.length >= VISITS_AHEAD) await ahead.shift()
    if (ledger.log.size >= (MARKS[marks.length] ?? Number.POSITIVE_INFINITY)) marks.push(mark(ledger))
  }
  await Promise.all(ahead)
  await ledger.close()
  return { records: ledger.log.size, seconds: (performance.now() - startedMs) / 1000, marks }
}

function mark({ log: { size } }: Ledger): Mark {
  return {
    size,
    peakRssMb: process.resourceUsage().maxRSS / 1024,
    rssMb: process.memoryUsage.rss() / 2 ** 20,
  }
}

/** Opens a log for writing, as every command that writes does. */
async function openOnce(path: string): Promise<Opened> {
  const state = await openStateFolder(path)
  const startedMs = performance.now()
  const ledger = await openLedger(state)
  const ms = performance.now() - startedMs
  await ledger.close()
  return { ms }
}

/** `program`: that of the threads; without it there is one. */
async function verify(path: string, program: string | undefined): Promise<Verified> {
  const startedMs = performance.now()
  const { ok, records } = await verifyLog(join(path, 'log'), program === undefined ? {} : { program })
  const seconds = (performance.now() - startedMs) / 1000
  return { ok, records, seconds, peakRssMb: process.resourceUsage().maxRSS / 1024 }
}

/** The least that a check can do: read every byte and hash it. */
function hashFiles(path: string): Hashed {
  const startedMs = performance.now()
  for (const entry of readdirSync(join(path, 'log'), { recursive: true, withFileTypes: true }))
    if (entry.isFile())
      createHash('sha256')
        .update(readFileSync(join(entry.parentPath, entry.name)))
        .digest()
  return { seconds: (performance.now() - startedMs) / 1000 }
}

/** Appends one record after the other, each beside a bare write and `fdatasync` of as many bytes; then many at once. */
async function append(path: string, count: number): Promise<Appends> {
  const state = await openStateFolder(path)
  const ledger = await openLedger(state)
  const bare = await open(join(path, 'bare'), 'w')
  const ours: number[] = []
  const theirs: number[] = []
  const bytes = Buffer.alloc(FRAME_BYTES + sealedBytes(count))
  const alone = WARM_UP + count
  for (let i = 0; i < alone; i++) {
    const turns = [
      async () => void ours.push(await timed(() => appendSealed(ledger, i))),
      async () => void theirs.push(await timed(() => writeBare(bare, bytes, i))),
    ]
    if (i % 2 === 1) turns.reverse()
    for (const turn of turns) await turn()
  }
  const atOnceMs = await timed(() =>
    Promise.all(Array.from({ length: AT_ONCE }, (_, i) => appendSealed(ledger, alone + i))),
  )
  await bare.close()
  await ledger.close()
  return {
    oursMs: ours.slice(WARM_UP),
    bareMs: theirs.slice(WARM_UP),
    atOnce: AT_ONCE,
    atOnceMs,
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now()
  await work()
  return performance.now() - startedMs
}

/** What a gate appends most. */
const sealed = (commandsSent: number) =>
  ({
    kind: 'job-sealed',
    job: '01234567-89ab-cdef-0123-456789abcdef',
    commandsSent,
    sha256: 'ab'.repeat(32),
  }) as const

function appendSealed(ledger: Ledger, i: number): Promise<unknown> {
  return ledger.append(sealed(i))
}

/** About how many bytes such a record has in the log. */
function sealedBytes(i: number): number {
  return JSON.stringify({ ...sealed(i), at: new Date().toISOString(), seq: 1_000_000 }).length
}

async function writeBare(file: FileHandle, bytes: Buffer, i: number): Promise<void> {
  await file.write(bytes, 0, bytes.length, i * bytes.length)
  await file.datasync()
}

async function run(): Promise<object> {
  const [what, path = '', first, second] = process.argv.slice(2)
  switch (what) {
    case 'make':
      return await make(path, Number(first), Number(second))
    case 'open':
      return await openOnce(path)
    case 'hash':
      return hashFiles(path)
    case 'verify':
      return await verify(path, first)
    case 'append':
      return await append(path, Number(first))
    default:
      throw new Error(`\`${what}\` is nothing to measure`)
  }
}

process.stdout.write(`${JSON.stringify(await run())}\n`)
