import type { KeyObject } from 'node:crypto'
import { createPublicKey } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type DiskLock, nodeDisk } from '../audit/index.ts'
import { isLoopback, readTextFile } from '../config/index.ts'
import { AgentError, EXIT, systemErrorCode, systemReason } from '../errors.ts'
import { createKey, KEYS, keyIdOf, readKey } from '../key-file.ts'
import { createLogger, LOG_LEVELS } from '../logger.ts'
import { defaultStatePath, openStateFolder } from '../state-folder.ts'
import { printNoteKey } from '../verify/index.ts'
import {
  describeLog,
  LOGS_FILE_BYTES_MAX,
  readSeen,
  readTrustedLogs,
  serveWitness,
  Witness,
  type WitnessAddress,
  witnessKey,
  witnessSigner,
} from '../witness/index.ts'
import { badUsage } from './end.ts'
import { keepOnUnheard } from './interrupt.ts'
import { bold, columns, dim, red, say, sayJson, yellow } from './output.ts'

/** Below the state folder: what the witness has seen. Its key lies in the state folder itself. */
const WITNESS_FOLDER = 'witness'
const LOCK_FILE = 'lock'

export interface WitnessOptions {
  readonly state?: string
  readonly json?: true
}

export interface WitnessServeOptions extends WitnessOptions {
  readonly listen: string
  /** Files with the keys of the logs that it knows. */
  readonly log: readonly string[]
  readonly logLevel: string
}

/** The witness of a state folder: its key, made at the first use, and the folder of what it has seen. */
interface WitnessHome {
  readonly dir: string
  readonly name: string
  readonly key: KeyObject
}

/** `portcullis witness serve`: cosigns the heads of the logs that it knows, until it is interrupted. */
export async function serve(options: WitnessServeOptions): Promise<void> {
  const address = listenAddress(options.listen)
  const level = LOG_LEVELS.find((known) => known === options.logLevel)
  if (level === undefined)
    throw badUsage(`log level \`${options.logLevel}\` is not one of ${LOG_LEVELS.join(', ')}`)
  const home = await openHome(options.state)
  const signer = witnessSigner(home.name, home.key)
  const readLogs = () => readTrustedLogs(options.log.map(readLogsFile), signer.key)
  const logs = readLogs()
  const logger = createLogger(level)
  // From before it says that it listens: whoever reads that may end it at once.
  const ended = interrupted()
  keepOnUnheard()
  const lock = await usable(home.dir, () => takeLock(home.dir))
  try {
    const witness = await Witness.open({ dir: home.dir, signer, logs, logger })
    const reread = (): void => {
      try {
        void witness
          .trust(readLogs())
          .then(() => logger.info({ files: options.log }, 'the files of logs were read again'))
      } catch (error) {
        // One typing error must not take the witness from all the others.
        const why = error instanceof AgentError ? error.message : String(error)
        logger.warn({ why }, 'the files of logs are wrong; those read before stand')
      }
    }
    process.on('SIGHUP', reread)
    const server = await serveWitness(witness, address, logger)
    const vkey = printNoteKey(signer.key)
    if (options.json)
      sayJson({ url: server.url, name: home.name, key: vkey, logs: logs.size, pid: process.pid })
    else say(...welcome(server.url, address, vkey, home, options.log, logs.size))
    await ended
    process.off('SIGHUP', reread)
    await server.close()
  } finally {
    await lock.release()
  }
}

/** `portcullis witness key`: the key by which others name this witness; made at the first use. */
export async function key(options: WitnessOptions): Promise<void> {
  const home = await openHome(options.state)
  const vkey = printNoteKey(witnessKey(home.name, createPublicKey(home.key)))
  if (options.json) sayJson({ name: home.name, key: vkey })
  else say(vkey)
}

/** `portcullis witness show`: which logs it has seen and what it refused. Exit status 6 where what it knew is damaged. */
export async function show(options: WitnessOptions): Promise<void> {
  const home = await readHome(options.state)
  const own = witnessKey(home.name, createPublicKey(home.key))
  const { logs, evidence } = await usable(home.dir, () => readSeen(home.dir, own))
  if (logs.some(({ problem }) => problem !== null)) process.exitCode = EXIT.evidenceFailed
  if (options.json) {
    sayJson({ name: home.name, key: printNoteKey(own), logs, evidence })
    return
  }
  say(`${bold('witness')} ${home.name}`)
  if (logs.length === 0) say(dim('  it has seen no log yet'))
  for (const log of logs) say(`  ${log.problem === null ? describeLog(log) : red(describeLog(log))}`)
  for (const file of evidence) say(`  ${yellow('!')} a head that was refused: ${file}`)
}

/** One key of a log in each line. */
function readLogsFile(path: string): { readonly path: string; readonly text: string } {
  const kind = { what: 'file of logs', bytesMax: LOGS_FILE_BYTES_MAX, code: 'CONFIG_INVALID' } as const
  return { path, text: readTextFile(path, kind).text }
}

async function openHome(statePath: string | undefined): Promise<WitnessHome> {
  const { path } = await openStateFolder(statePath)
  return await usable(path, async () =>
    homeOf(path, (await readKey(path, 'witness')) ?? (await firstKey(path))),
  )
}

/** Without making anything. */
async function readHome(statePath: string | undefined): Promise<WitnessHome> {
  const path = resolve(statePath ?? defaultStatePath(process.env))
  const found = await usable(path, () => readKey(path, 'witness'))
  if (found !== undefined) return homeOf(path, found)
  throw badUsage(`there is no witness in \`${path}\`; name its folder with \`--state\``)
}

function homeOf(path: string, found: KeyObject): WitnessHome {
  return { dir: join(path, WITNESS_FOLDER), name: `portcullis/${keyIdOf('witness', found)}`, key: found }
}

/** Says of every failure of the system which state folder it was. */
async function usable<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof AgentError || systemErrorCode(error) === undefined) throw error
    const message = `state folder \`${path}\` cannot be used: ${systemReason(error)}`
    throw new AgentError('STATE_UNUSABLE', message, { cause: error })
  }
}

/** What was seen without a key is a loss, not a first use: with another key it would be another witness. */
async function firstKey(path: string): Promise<KeyObject> {
  const names = await readdir(join(path, WITNESS_FOLDER)).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return []
    throw error
  })
  if (names.length === 0) return await createKey(path, 'witness')
  const file = join(path, KEYS.witness.file)
  const message = `the witness key \`${file}\` is gone; put it back from a backup`
  throw new AgentError('STATE_UNUSABLE', message)
}

async function takeLock(dir: string): Promise<DiskLock> {
  await nodeDisk.makeFolder(dir)
  const lock = await nodeDisk.lock(join(dir, LOCK_FILE))
  if (!('heldBy' in lock)) return lock
  const { process: pid } = lock.heldBy
  const who = pid === undefined ? '' : ` (process ${pid})`
  throw new AgentError(
    'STATE_UNUSABLE',
    `another witness${who} runs in \`${dir}\`; end it, or name another \`--state\``,
  )
}

function listenAddress(text: string): WitnessAddress {
  const [, ipv6, name, digits] = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([\w.-]{1,253})):(\d{1,5})$/.exec(text) ?? []
  const host = ipv6 ?? name
  const port = Number(digits)
  if (host === undefined || port > 65_535)
    throw badUsage(`option \`--listen\` wants HOST:PORT, not \`${text}\``)
  return { host, port }
}

function welcome(
  url: string,
  { host }: WitnessAddress,
  vkey: string,
  { dir }: WitnessHome,
  files: readonly string[],
  count: number,
): readonly string[] {
  return [
    `${bold('witness')} listens at ${url}`,
    ...columns([
      ['key', vkey],
      ['logs', `${count}, from ${files.join(' and ')}`],
      ['state', dir],
    ]),
    ...(isLoopback(host)
      ? [yellow('  only programs on this machine reach it, and for those it counts for nothing')]
      : []),
    dim('SIGHUP reads the files of logs again, Ctrl-C ends it'),
  ]
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}
