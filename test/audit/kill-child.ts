/**
 * Appends for ever, some records at a time, publishes now and then, and says which records are durable. For
 * `kill.test.ts`, which kills it. Arguments: the folder, the number of its life, and `begin` where a log may begin.
 */
import { writeSync } from 'node:fs'
import { openLog } from '../../agent/audit/index.ts'
import { KEYS } from './keys.ts'

/** The numbers of two lives are this far apart. */
const LIFE_NUMBERS = 1_000_000

const [dir = '', life = '', mayBegin] = process.argv.slice(2)
const log = await openLog(dir, { keys: KEYS, mayBegin: mayBegin === 'begin' })
writeSync(1, 'open\n')

let number = Number(life) * LIFE_NUMBERS
for (let group = 0; ; group++) {
  const appends = Array.from({ length: 1 + Math.floor(Math.random() * 60) }, async () => {
    const mine = number++
    const version = `number-${mine}`
    const machine = 'm'.repeat(1 + ((mine * 37) % 400))
    const { index } = await log.append({ kind: 'agent-started', version, machine })
    writeSync(1, `${index} ${mine}\n`)
  })
  if (group % 3 === 2) appends.push(log.publish().then(() => undefined))
  await Promise.all(appends)
}
