/**
 * Knocks with every hostile input and tells what each cost: a process of its own, so that nothing but the gate's own work
 * is counted. Writes one JSON line per input.
 */

import { median } from '../bench/measure.ts'
import { plainClaims } from '../licence/fixture.ts'
import { signKind } from '../token/sign-kind.ts'
import { type HostileCase, knock } from './case.ts'
import { corpus } from './corpus.ts'

const ROUNDS = 3

/** What a busy machine adds to a check that takes a few ms. Only what takes longer is looked at again. */
const PLAINLY_FAST_MS = 50

const MEGABYTE = 1024 * 1024

/** What one knock took: CPU in ms, the median of several where it was not plainly fast, and the memory it added, in MB. */
async function costOf(hostile: HostileCase): Promise<{ readonly cpuMs: number; readonly addedMb: number }> {
  const before = process.memoryUsage()
  const peakBefore = process.resourceUsage().maxRSS
  const cpuMs = [await cpuOf(hostile)]
  const after = process.memoryUsage()
  // Garbage is counted as well: the gate holds it until it is collected.
  const held = after.heapUsed + after.external - before.heapUsed - before.external
  // The peak only ever grows, so it sees what was freed again while an input was looked at.
  const peaked = (process.resourceUsage().maxRSS - peakBefore) * 1024
  while ((cpuMs[0] ?? 0) > PLAINLY_FAST_MS && cpuMs.length < ROUNDS) cpuMs.push(await cpuOf(hostile))
  return { cpuMs: median(cpuMs), addedMb: Math.max(held, peaked) / MEGABYTE }
}

async function cpuOf(hostile: HostileCase): Promise<number> {
  const started = process.cpuUsage()
  await knock(hostile)
  const { user, system } = process.cpuUsage(started)
  return (user + system) / 1000
}

/** Loads and compiles what every check needs: that is the price of a start, not of an input. */
async function warmUp(): Promise<void> {
  const text = signKind('licence', plainClaims())
  for (let round = 0; round < ROUNDS; round++)
    await knock({ name: 'genuine', code: 'check-failed', as: 'licence', text })
}

await warmUp()
for (const hostile of corpus) {
  const { cpuMs, addedMb } = await costOf(hostile)
  process.stdout.write(`${JSON.stringify({ name: hostile.name, cpuMs, addedMb })}\n`)
}
