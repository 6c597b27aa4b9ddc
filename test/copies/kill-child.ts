/**
 * Takes copies and prints them for ever, some jobs at a time, and says what it was promised. For `kill.test.ts`, which kills
 * it. Arguments: the state folder, and the number of its life. Says `open`, then `+ JOB` for a copy that it was given,
 * `- JOB` where none was left, `c JOB` for one whose job was printed and is on record as ended.
 */
import { randomUUID } from 'node:crypto'
import { writeSync } from 'node:fs'
import { openLedger } from '../../agent/ledger.ts'
import { openStateFolder } from '../../agent/state-folder.ts'
import { counterOf, licenceFor, orderFor } from './admission-order.ts'

/** Jobs that are under way at one time. */
const LANES = 4
/** Lives with the same licences: some meet those that are used up. */
const LIVES_ALIKE = 10
const SHA256 = 'ab'.repeat(32)

const [path = '', life = ''] = process.argv.slice(2)
const age = Math.floor(Number(life) / LIVES_ALIKE)
const PARENT = counterOf(`https://issuer.example#parent-${age}`, 60)
const LICENCES = [12, 30, 40].map((limit, i) =>
  licenceFor({ commitAt: 3 }, counterOf(`https://issuer.example#lic-${age}-${i}`, limit), PARENT),
)
const say = (line: string): void => void writeSync(1, `${line}\n`)
const chance = (): number => Math.random()

const ledger = await openLedger(await openStateFolder(path))
say('open')

async function printOne(): Promise<void> {
  const job = randomUUID()
  const licence = LICENCES[Math.floor(chance() * LICENCES.length)]
  const { admission } = await ledger.copies.admit({ ...orderFor(job, licence), user: 'ada' })
  if (admission === undefined) return say(`- ${job}`)
  say(`+ ${job}`)
  if (chance() < 0.1) return await ledger.copies.settle(job)
  const { decision } = admission
  await ledger.append({ kind: 'job-opened', job, decision, canonicalSha256: SHA256, commands: 6 })
  const last = chance() < 0.2 ? 2 : 6
  for (let sent = 1; sent <= last; sent++) {
    ledger.copies.progress(job, sent)
    if (sent % 2 === 0) await ledger.append({ kind: 'job-sealed', job, commandsSent: sent, sha256: SHA256 })
  }
  const isWhole = last === 6
  await ledger.append({
    kind: 'job-closed',
    job,
    outcome: isWhole ? 'printed' : 'stopped',
    code: isWhole ? null : 'interrupted',
    reason: null,
    commandsSent: last,
    commandsTotal: 6,
    sha256: SHA256,
  })
  if (isWhole) say(`c ${job}`)
  await ledger.copies.settle(job)
}

async function printForEver(): Promise<never> {
  for (;;) await printOne()
}

await Promise.all(Array.from({ length: LANES }, printForEver))
