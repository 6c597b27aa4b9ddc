/** Appends for ever, several records at a time, and says which are durable. For `kill.test.ts`, which kills it. */
import { writeSync } from 'node:fs'
import { openLog } from '../../agent/audit/index.ts'

/** What is said of a durable record: its index, its hash, its id. */
export type Acknowledgement = `${number} ${string} ${string}`

const IN_FLIGHT = 5

const log = await openLog(String(process.argv[2]))
const firstNumber = log.size
for (let number = firstNumber; ; number += IN_FLIGHT) {
  const appends = Array.from({ length: IN_FLIGHT }, async (_, i) => {
    const decision = { id: `decision-${number + i}`, filler: 'x'.repeat(((number + i) * 37) % 3000) }
    const { index, hash } = await log.append({ kind: 'decision', decision })
    const line: Acknowledgement = `${index} ${hash} ${decision.id}`
    writeSync(1, `${line}\n`)
  })
  await Promise.all(appends)
}
