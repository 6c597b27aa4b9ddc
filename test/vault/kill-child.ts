/**
 * Appends records with hidden members for ever, some at a time, and says which are durable. For `kill.test.ts`, which kills
 * it. Arguments: the state folder, and the first number that it may use.
 */
import { writeSync } from 'node:fs'
import { openLedger } from '../../agent/ledger.ts'
import { openStateFolder } from '../../agent/state-folder.ts'
import { recordOf } from './kill-records.ts'

const [folder = '', first = ''] = process.argv.slice(2)
const ledger = await openLedger(await openStateFolder(folder))
writeSync(1, 'open\n')

let number = Number(first)
for (;;) {
  const appends = Array.from({ length: 1 + Math.floor(Math.random() * 40) }, async () => {
    const mine = number++
    const { index } = await ledger.append(recordOf(mine))
    writeSync(1, `${index} ${mine}\n`)
  })
  await Promise.all(appends)
}
