/** A witness in a process of its own, for `kill.test.ts`, which kills it; or it kills itself at one step of its disk. */
import { createPrivateKey } from 'node:crypto'
import { readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { serveWitness, Witness, witnessSigner } from '../../agent/witness/index.ts'
import { type Effect, FaultyDisk } from './faulty-disk.ts'
import { keyOf, Told } from './test-log.ts'

/** Folder, key of the log, and at which step of the disk it kills itself, with what effect. */
export type ChildArguments = readonly [string, string] | readonly [string, string, string, Effect]

const [folder = '', vkey = '', at, effect] = process.argv.slice(2)

const disk = new FaultyDisk(() => {
  process.kill(process.pid, 'SIGKILL')
  throw new Error('it is not dead')
})
const signer = witnessSigner('witness.test/w', createPrivateKey(readFileSync(join(folder, 'key.pem'))))
const key = keyOf(vkey)
const logger = new Told()
const dir = join(folder, 'witness')
const witness = await Witness.open({ dir, signer, logs: new Map([[key.name, [key]]]), logger, disk })
if (at !== undefined) disk.set({ at: Number(at), effect: effect as Effect })
const { url } = await serveWitness(witness, { host: '127.0.0.1', port: 0 }, logger)
writeSync(1, `${url}\n`)
