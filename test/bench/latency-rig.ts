import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import koffi from 'koffi'
import { makeRaw, openMaster, openTerminal } from '../../agent/serial/terminal.ts'
import { median } from './measure.ts'

/**
 * Round trips of a line from a host to a printer and its `ok` back, over real ptys. Each way from one to the other has a
 * printer of its own; the ways take turns, so that what else the machine does falls on all alike. Host and printer are
 * processes that block in `read`, which adds the least of their own.
 */

/** One way from a host to a printer. */
export interface Way {
  readonly name: string
  /**
   * Makes the way to the printer at this path. Resolves when a host can open `path`; `processes` are those whose
   * time is counted.
   */
  start(printer: string): Promise<RunningWay>
  /** Lines that the host sends before the trips, numbered: heat, home. */
  readonly preamble?: readonly string[]
  /** The trips lay down no filament: to a gate they are no job, so one can be armed meanwhile. */
  readonly travels?: true
}

export interface RunningWay {
  readonly path: string
  readonly processes: readonly ChildProcess[]
}

export interface Trips {
  readonly name: string
  readonly trips: number
  /** The median of the rounds, as for the next: a round in which the machine did something else does not count. */
  readonly p50Us: number
  readonly p99Us: number
  /** Over all trips: a round has too few. */
  readonly p999Us: number
  /** Time of all processors that the way's processes took for each trip. */
  readonly cpuUs: number
}

export interface TripsOptions {
  readonly ways: readonly Way[]
  /** Of each way, over all rounds; at least 20,000 for a p99.9 that means something. */
  readonly trips: number
  readonly rounds: number
}

/** Trips before those that count, in each round: the first ones find cold caches and code not yet compiled. */
const WARM_TRIPS = 1000

/** A round of trips takes a second or two; a way that has lost a line would hang for ever. */
const ROUND_MS = 120_000

/** What the kernel counts processor time in: 100 a second on every Linux that Node runs on. */
const TICK_US = 10_000

const SOCAT = 'socat'

const O_NONBLOCK = 0o4000
const F_GETFL = 3
const F_SETFL = 4
const fcntl: (fd: number, command: number, argument: number) => number = koffi
  .load(null)
  .func('int fcntl(int fd, int command, int argument)')

/** Measures all ways in turns. Throws where one does not work: a time of something broken means nothing. */
export async function measureTrips(options: TripsOptions): Promise<readonly Trips[]> {
  const lanes: Lane[] = []
  try {
    for (const way of options.ways) lanes.push(await openLane(way))
    const tripsARound = Math.ceil(options.trips / options.rounds)
    for (let round = 0; round < options.rounds; round++) {
      for (const lane of lanes) runRound(lane, tripsARound)
    }
    return lanes.map(sumUp)
  } finally {
    for (const lane of lanes) closeLane(lane)
  }
}

/** Straight to the printer: what host, printer and kernel take by themselves. */
export const DIRECT: Way = {
  name: 'no proxy',
  start: async (printer) => ({ path: printer, processes: [] }),
}

/** The usual program that joins two ptys, written in C; undefined where it is not installed. */
export function socatWay(folder: string): Way | undefined {
  if (spawnSync(SOCAT, ['-V'], { stdio: 'ignore' }).status !== 0) return undefined
  return {
    name: 'socat',
    start: async (printer) => {
      const path = join(folder, 'socat')
      const child = spawn(SOCAT, [`PTY,link=${path},raw,echo=0`, `OPEN:${printer},raw,echo=0,nonblock`], {
        stdio: ['ignore', 'ignore', 'inherit'],
      })
      await waitUntil(() => existsSync(path))
      return { path, processes: [child] }
    },
  }
}

/** A gate without its middle: the links alone. */
export function bareWay(folder: string): Way {
  return {
    name: 'bare links',
    start: async (printer) => {
      const path = join(folder, 'bare')
      const program = fileURLToPath(new URL('./bare-proxy.ts', import.meta.url))
      const child = spawn(process.execPath, ['--import', 'tsx', program, path, printer], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await once(child.stdout, 'data')
      return { path, processes: [child] }
    },
  }
}

/** A way with its printer, and what was measured on it. */
export interface Lane {
  readonly way: Way
  readonly printer: ChildProcess
  /** Held open, so that the printer has no hang-up to see between two hosts. */
  readonly terminal: number
  readonly running: RunningWay
  readonly rounds: number[][]
  ticks: number
  counted: number
}

export async function openLane(way: Way): Promise<Lane> {
  const { master, path } = openMaster()
  const terminal = openTerminal(path)
  makeRaw(terminal)
  // On the master itself, which the printer's process inherits: it blocks in `read` from now on.
  fcntl(master, F_SETFL, fcntl(master, F_GETFL, 0) & ~O_NONBLOCK)
  const program = join(import.meta.dirname, 'latency-printer.mjs')
  const printer = spawn(process.execPath, [program], { stdio: ['ignore', 'ignore', 'ignore', master] })
  closeSync(master)
  const running = await way.start(path)
  return { way, printer, terminal, running, rounds: [], ticks: 0, counted: 0 }
}

export function closeLane(lane: Lane): void {
  for (const child of [...lane.running.processes, lane.printer]) child.kill('SIGKILL')
  closeSync(lane.terminal)
}

/** Blocks until the round is over. */
export function runRound(lane: Lane, trips: number): void {
  const { path, processes } = lane.running
  const before = processes.reduce((sum, child) => sum + ticksOf(child), 0)
  const preamble = JSON.stringify(lane.way.preamble ?? [])
  const program = join(import.meta.dirname, 'latency-client.mjs')
  const moves = lane.way.travels === true ? 'travels' : 'prints'
  const args = [program, path, String(trips), String(WARM_TRIPS), preamble, moves]
  const run = spawnSync(process.execPath, args, {
    timeout: ROUND_MS,
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (run.status !== 0) throw new Error(`${lane.way.name}: the host ended with ${run.status ?? run.signal}`)
  const micros: unknown = JSON.parse(String(run.stdout))
  if (!Array.isArray(micros)) throw new Error(`${lane.way.name}: the host told no times`)
  lane.rounds.push(micros.map(Number))
  lane.ticks += processes.reduce((sum, child) => sum + ticksOf(child), 0) - before
  lane.counted += trips + WARM_TRIPS
}

/** Time in user and kernel code, fields 14 and 15; the name before them may hold anything, but ends with the last `)`. */
function ticksOf(child: ChildProcess): number {
  const stat = readFileSync(`/proc/${child.pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

function sumUp(lane: Lane): Trips {
  const all = lane.rounds.flat()
  return {
    name: lane.way.name,
    trips: all.length,
    p50Us: median(lane.rounds.map((micros) => quantile(micros, 0.5))),
    p99Us: median(lane.rounds.map((micros) => quantile(micros, 0.99))),
    p999Us: quantile(all, 0.999),
    cpuUs: (lane.ticks * TICK_US) / lane.counted,
  }
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN
}

async function waitUntil(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10))
}
