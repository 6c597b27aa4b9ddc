/**
 * The folder in which the agent keeps what must survive it: the log and its side table, the issuers it trusts, the
 * machine's keys, and the spool. Everything in it is private to one user; a folder that others could change is not used.
 */
import type { KeyObject } from 'node:crypto'
import type { Stats } from 'node:fs'
import { lstat, mkdir, open, readdir, stat, unlink } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { AgentError, systemErrorCode, systemReason } from './errors.ts'
import { createKey, KEYS, type KeyName, keyIdOf, readKey, wrappingKeyOf } from './key-file.ts'
import { syncFolder } from './private-file.ts'

const FOLDER_MODE = 0o700
const MARKER_MODE = 0o600
/** Who else could put something else in its place. */
const WRITABLE_BY_OTHERS = 0o022

/**
 * Stands in the folder from before the first key is made until the log has begun. While it does, keys and log may be
 * made; once it is gone, that one of them is missing is a loss, and nothing is put in its place.
 */
const FIRST_USE_FILE = 'first-use'

/** The keys that every state folder has, in the order in which they are made. */
const OWN_KEYS = ['machine', 'log', 'vault'] as const satisfies readonly KeyName[]

/** The agent's own files. */
export interface StateFolder {
  readonly path: string
  readonly logDir: string
  /** The issuers that the site trusts. */
  readonly trustDir: string
  readonly spoolDir: string
  /** The erasable side table of the log. */
  readonly vaultDir: string
  /** `m-` and the first 16 hexadecimal digits of the SHA-256 of the machine's public key: what licences name. */
  readonly machineId: string
  /** The machine's private Ed25519 key. */
  readonly machineKey: KeyObject
  /** The log's private Ed25519 key. */
  readonly logKey: KeyObject
  /** What the side table's keys are wrapped with: 32 bytes. */
  readonly wrappingKey: Buffer
  /** Whether this machine's log has still to begin. */
  readonly mayBeginLog: boolean
}

/**
 * Opens the state folder and makes what of it is not there yet, the machine's key too: at the first use, and never in
 * the place of one that is lost or damaged. Throws STATE_UNUSABLE.
 */
export async function openStateFolder(path = defaultStatePath(process.env)): Promise<StateFolder> {
  const root = resolve(path)
  const dirs = {
    logDir: join(root, 'log'),
    trustDir: join(root, 'trust'),
    spoolDir: join(root, 'spool'),
    vaultDir: join(root, 'vault'),
  }
  try {
    await ensureRoot(root)
    requireOurs(root, await stat(root))
    for (const dir of Object.values(dirs)) await ensureFolder(dir)
    // Looked at before the keys: whoever made a log had made them by then, so they cannot be merely on their way.
    const hasLog = (await readdir(dirs.logDir)).length > 0
    const mayBeginLog = await isFirstUse(root, hasLog)
    const [machineKey, logKey, vaultKey] = await ownKeys(root, mayBeginLog && !hasLog)
    return {
      path: root,
      ...dirs,
      machineId: keyIdOf('machine', machineKey),
      machineKey,
      logKey,
      wrappingKey: wrappingKeyOf(vaultKey),
      mayBeginLog,
    }
  } catch (error) {
    throw unusable(root, error)
  }
}

/** The log has begun: from here on nothing of this folder is made anew. */
export async function endFirstUse({ path: root, mayBeginLog }: StateFolder): Promise<void> {
  if (!mayBeginLog) return
  try {
    await unlink(join(root, FIRST_USE_FILE)).catch((error: unknown) => {
      if (systemErrorCode(error) !== 'ENOENT') throw error
    })
    await syncFolder(root)
  } catch (error) {
    throw unusable(root, error)
  }
}

/** Whether this is the state folder of a machine whose log has begun. Reads names alone, and makes nothing. */
export async function hasBegunLog(root: string): Promise<boolean> {
  const names = await readdir(root).catch((error: unknown): string[] => {
    if (systemErrorCode(error) !== undefined) return []
    throw error
  })
  return names.includes(KEYS.log.file) && !names.includes(FIRST_USE_FILE)
}

/** Nothing that lasts is there yet, or it is on its way. */
async function isFirstUse(root: string, hasLog: boolean): Promise<boolean> {
  const names = await readdir(root)
  if (names.includes(FIRST_USE_FILE)) return true
  const hasKey = OWN_KEYS.some((name) => names.includes(KEYS[name].file))
  if (hasKey || hasLog) return false
  const marker = await open(join(root, FIRST_USE_FILE), 'a', MARKER_MODE)
  await marker.close()
  await syncFolder(root)
  return true
}

async function ownKeys(root: string, mayMake: boolean): Promise<readonly [KeyObject, KeyObject, KeyObject]> {
  const [machine, log, vault] = OWN_KEYS
  return [
    await ownKey(root, machine, mayMake),
    await ownKey(root, log, mayMake),
    await ownKey(root, vault, mayMake),
  ]
}

/** A log without its keys is a loss, not a first use: with others it would be the log of another machine. */
async function ownKey(root: string, name: KeyName, mayMake: boolean): Promise<KeyObject> {
  const key = (await readKey(root, name)) ?? (mayMake ? await createKey(root, name) : undefined)
  if (key !== undefined) return key
  const { words, file } = KEYS[name]
  const message = `the ${words} \`${join(root, file)}\` is gone; put it back from a backup`
  throw new AgentError('STATE_UNUSABLE', message)
}

/** `$PORTCULLIS_STATE`, else the folder for it of the XDG base directory specification. */
export function defaultStatePath(env: Readonly<Record<string, string | undefined>>): string {
  const { PORTCULLIS_STATE: own, XDG_STATE_HOME: xdg } = env
  if (own !== undefined && own !== '') return own
  // The specification asks to ignore a relative path.
  const base = xdg !== undefined && isAbsolute(xdg) ? xdg : join(homedir(), '.local', 'state')
  return join(base, 'portcullis')
}

/** Makes the folder, and those above it, and makes its name durable: everything that is recorded lies below it. */
async function ensureRoot(root: string): Promise<void> {
  await makeFolders(root)
  try {
    await syncFolder(dirname(root))
  } catch (error) {
    // A folder that cannot be read cannot be written by us either: what is in it was not made by this process.
    if (systemErrorCode(error) !== 'EACCES') throw error
  }
}

/** Not the recursive `mkdir` of Node, which never returns where a system refuses new names as missing ones (/proc). */
async function makeFolders(path: string): Promise<void> {
  try {
    await makeFolder(path)
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT' || dirname(path) === path) throw error
    await makeFolders(dirname(path))
    await makeFolder(path)
  }
}

/** Makes one folder, durably, unless its name is taken. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: FOLDER_MODE })
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return
    throw error
  }
  await syncFolder(dirname(path))
}

async function ensureFolder(path: string): Promise<void> {
  await makeFolder(path)
  // Not through a link: what it leads to may belong to somebody else tomorrow.
  requireOurs(path, await lstat(path))
}

function requireOurs(path: string, stats: Stats): void {
  if (!stats.isDirectory()) throw new AgentError('STATE_UNUSABLE', `\`${path}\` is not a folder`)
  if (stats.uid !== process.geteuid?.()) {
    throw new AgentError('STATE_UNUSABLE', `\`${path}\` belongs to another user (${stats.uid})`)
  }
  if ((stats.mode & WRITABLE_BY_OTHERS) === 0) return
  const remedy = '`chmod go-w` it, and check what is in it'
  throw new AgentError('STATE_UNUSABLE', `\`${path}\` can be written by others; ${remedy}`)
}

/** Says of every failure which state folder it was. */
function unusable(root: string, error: unknown): unknown {
  // Neither ours nor the system's: an error in the code stays what it is.
  if (systemErrorCode(error) === undefined) return error
  const why =
    error instanceof AgentError ? error.message : systemReason(error, { ENOENT: 'it cannot be created' })
  return new AgentError('STATE_UNUSABLE', `state folder \`${root}\` cannot be used: ${why}`, { cause: error })
}
