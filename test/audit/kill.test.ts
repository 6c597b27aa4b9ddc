// A real process on a real disk, killed at any moment.
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readLog } from '../../agent/audit/index.ts'
import { verifyLog } from '../../agent/verify/index.ts'
import { buildProgram, type KilledProgram } from '../killed-program.ts'
import { seeded } from './memory-disk.ts'
import { numberOf, openIn } from './records.ts'

const KILLS = process.env['FAULTS'] === 'all' ? 50 : 25
/** Longer than a life takes to open its log and append its first records. */
const LIFE_MS_MAX = 400

let program: KilledProgram

beforeAll(async () => {
  program = await buildProgram(resolve(import.meta.dirname, 'kill-child.ts'))
})
afterAll(() => program.remove(), 60_000)

/** Where each number stands, and that none stands twice. */
async function placesIn(dir: string): Promise<Map<number, number>> {
  const places = new Map<number, number>()
  for await (const { index, record } of readLog(dir)) {
    const number = numberOf(record)
    if (number === undefined) continue
    expect(places.has(number), `${number} stands once`).toBe(false)
    places.set(number, index)
  }
  return places
}

/** Not more than two at a time: there may be no more processors. `FAULTS=all` kills three times as often. */
describe.each(
  process.env['FAULTS'] === 'all'
    ? [
        [1, 2],
        [3, 4],
        [5, 6],
      ]
    : [[1, 2]],
)('an agent killed at any moment', { timeout: 300_000 }, (...seeds) => {
  test.concurrent.each(seeds)(
    `${KILLS} times, has every record that it called durable: seed %i`,
    async (seed) => {
      const random = seeded(seed)
      const dir = join(program.folder, `log-${seed}`)
      const acknowledged = new Map<number, number>()
      let hasBegun = false
      for (let kill = 0; kill < KILLS; kill++) {
        // Some in the midst of opening, some in the midst of appending.
        const isEarly = kill % 4 === 3
        const lines = isEarly ? 1 : Math.floor(random() * 400)
        const afterMs = isEarly ? random() * LIFE_MS_MAX : LIFE_MS_MAX * 25
        const said = await program.liveUntil(
          { lines, afterMs },
          dir,
          String(kill),
          hasBegun ? 'go on' : 'begin',
        )
        if (said.includes('open')) hasBegun = true
        for (const line of said.filter((line) => line !== 'open')) {
          const [index, number] = line.split(' ').map(Number)
          acknowledged.set(number!, index!)
        }
        if (kill % 10 !== 9) continue
        // As the kill left it, before anybody mends it.
        const { findings } = await verifyLog(dir)
        expect(findings.filter(({ severity }) => severity === 'damage')).toEqual([])
      }
      const left = await placesIn(dir)
      expect([...acknowledged].filter(([number, index]) => left.get(number) !== index)).toEqual([])
      const log = await openIn(dir, { mayBegin: false })
      await log.close()
      const { ok, findings, origin } = await verifyLog(dir)
      expect({ ok, findings, origin }).toEqual({ ok: true, findings: [], origin: log.origin })
      expect(await placesIn(dir)).toEqual(left)
      // Some bundles were filled, settled and left behind.
      expect(log.size).toBeGreaterThan(256 * 4)
      expect(acknowledged.size).toBeGreaterThan(KILLS * 50)
    },
  )
})
