import { playHours } from '../simulation/gate-day.ts'
import { isSteady } from './growth.ts'
import { soakGate } from './real-gate.ts'

/**
 * Does the gate keep what it should have let go? `npm run soak -- --minutes 60` runs the built gate over real ptys, in
 * real time; `npm run soak -- --virtual` plays 24 hours of mixed traffic under the virtual clock, in a minute or two.
 * `--hours` and `--seed` change the latter. Ends with status 1 where memory or descriptors grew.
 */

const MINUTES = 10
const HOURS = 24
/** Until then tables fill, code is compiled and buffers find their size. */
const WARM_HOURS = 2
/** Growth of the heap from then on that a day may show: less than 100 bytes a print. */
const HEAP_GROWTH_BYTES_MAX = 1_500_000

function option(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`)
  const value = at === -1 ? fallback : Number(process.argv[at + 1])
  if (!(value > 0)) throw new Error(`--${name} takes a number above 0`)
  return value
}

function collectedHeapBytes(): number {
  if (globalThis.gc === undefined) throw new Error('run with `node --expose-gc`')
  globalThis.gc()
  globalThis.gc()
  return process.memoryUsage().heapUsed
}

async function playDay(): Promise<boolean> {
  const heaps: number[] = []
  await playHours(
    option('hours', HOURS),
    option('seed', 1),
    collectedHeapBytes,
    ({ hour, prints, heapBytes }) => {
      heaps.push(heapBytes)
      console.log(`hour ${hour}: ${prints} prints, heap ${(heapBytes / 1e6).toFixed(2)} MB`)
    },
  )
  return isSteady('heap', heaps.slice(WARM_HOURS - 1), HEAP_GROWTH_BYTES_MAX)
}

const isGood = process.argv.includes('--virtual')
  ? await playDay()
  : await soakGate(option('minutes', MINUTES))
process.exitCode = isGood ? 0 : 1
