import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { controlSocketPath } from '../../agent/control/index.ts'
import { idleGateState, idleGateWay } from './gate-way.ts'
import { closeLane, type Lane, openLane, quantile, runRound } from './latency-rig.ts'
import { median, type Row } from './measure.ts'

/**
 * What a host notices of an inspection: round trips through one gate while it is armed with a long job, beside the same
 * gate at rest. An inspector has work for a whole processor, so part of what it costs is the machine's and no gate's:
 * the same beside an unrelated process of the same priority shows how much.
 */

/** Longer than one arm takes, so that each round meets all of it: the start, the survey, the digests at the end. */
const TRIPS_A_ROUND = 100_000
/** Even: the rounds at rest are halved, and what the halves differ by is noise. */
const ROUNDS = 6
/** That of the inspector. */
const BURNER_NICENESS = 15

/** Round trips of each round, in µs. */
interface Rounds {
  readonly name: string
  readonly micros: (readonly number[])[]
}

/** `job` is the long one; see `latencyRows` for the others. */
export async function inspectionRows(folder: string, command: string, job: string): Promise<readonly Row[]> {
  const lane = await openLane(idleGateWay(folder, command))
  try {
    const rest: Rounds = { name: 'at rest', micros: [] }
    const burner: Rounds = { name: 'beside an unrelated niced process', micros: [] }
    const arm: Rounds = { name: 'while it inspects 200 MB', micros: [] }
    const socket = controlSocketPath(idleGateState(folder))
    for (let round = 0; round < ROUNDS; round++) {
      rest.micros.push(roundOf(lane))
      burner.micros.push(await beside(startBurner(), 'SIGKILL', () => roundOf(lane)))
      arm.micros.push(await besideArms([socket, job], () => roundOf(lane)))
    }
    return rowsOf(rest, [arm, burner])
  } finally {
    closeLane(lane)
  }
}

function roundOf(lane: Lane): readonly number[] {
  runRound(lane, TRIPS_A_ROUND)
  return lane.rounds.at(-1) ?? []
}

function startBurner(): ChildProcess {
  const args = ['-n', String(BURNER_NICENESS), process.execPath, '-e', 'for(;;);']
  return spawn('nice', args, { stdio: 'ignore' })
}

/** Ends the other process, by its own lights where `signal` lets it, before the next round. */
async function beside<T>(child: ChildProcess, signal: NodeJS.Signals, run: () => T): Promise<T> {
  const ended = once(child, 'exit')
  try {
    return run()
  } finally {
    child.kill(signal)
    await ended
  }
}

/** Throws where an arm failed: then nothing was inspected meanwhile. */
async function besideArms<T>(args: readonly string[], run: () => T): Promise<T> {
  const program = fileURLToPath(new URL('./arm-again.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
  const result = await beside(child, 'SIGTERM', run)
  if (child.exitCode !== 0) throw new Error(`arming ended with ${child.exitCode ?? child.signalCode}`)
  return result
}

function rowsOf(rest: Rounds, others: readonly Rounds[]): readonly Row[] {
  const half = (which: number): Rounds => ({
    name: '',
    micros: rest.micros.filter((_, round) => round % 2 === which),
  })
  const quantiles: readonly (readonly [string, number])[] = [
    ['p50', 0.5],
    ['p99', 0.99],
    ['p99.9', 0.999],
  ]
  return quantiles.flatMap(([name, share]) => {
    const row = (what: string, value: number, reference: string, referenceValue: number): Row => ({
      name: `round trip, ${name}, ${what}`,
      unit: 'µs',
      value,
      reference,
      referenceValue,
      ratio: value / referenceValue,
    })
    const atRest = typical(rest, share)
    const [low = 0, high = 0] = [typical(half(0), share), typical(half(1), share)].sort((a, b) => a - b)
    return [
      ...others.map((other) => row(other.name, typical(other, share), 'the same gate at rest', atRest)),
      row('noise', high, 'the other half of the rounds at rest', low),
    ]
  })
}

/** The median of the rounds, each of which has trips enough for a p99.9 of its own. */
function typical({ micros }: Rounds, share: number): number {
  return median(micros.map((round) => quantile(round, share)))
}
