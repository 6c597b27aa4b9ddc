import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { EVIDENCE_DEFAULTS, type EvidenceConfig, loadGateConfig } from '../config/index.ts'
import { AgentError, systemErrorCode } from '../errors.ts'
import { readKey, wrappingKeyOf } from '../key-file.ts'
import type { LedgerPlace } from '../ledger.ts'
import { defaultStatePath, hasBegunLog } from '../state-folder.ts'

export interface PlaceOptions {
  readonly state?: string
  /** Configuration of the gate: its state folder, its deadlines, its privacy, its witnesses. */
  readonly config?: string
}

/** What the site has set, as far as it was named. */
export interface SiteSettings {
  readonly state: string | undefined
  readonly evidence: EvidenceConfig
}

/** Throws CONFIG_INVALID. */
export function readSettings({ state, config }: PlaceOptions): SiteSettings {
  if (config === undefined) return { state, evidence: EVIDENCE_DEFAULTS }
  const { state: configured, evidence } = loadGateConfig(config)
  return { state: state ?? configured, evidence }
}

/**
 * The log that is meant: a log's folder, a whole state folder, or by default that of `--state` or `--config`. With a state
 * folder the side table can be read too, where its key is this user's to read.
 */
export async function findLog(dir: string | undefined, options: PlaceOptions): Promise<LedgerPlace> {
  const root = resolve(dir ?? readSettings(options).state ?? defaultStatePath(process.env))
  const isState = dir === undefined || (await isStateFolder(root))
  const vaultDir = join(root, 'vault')
  if (!isState) return { logDir: root, vaultDir, wrappingKey: undefined }
  await requireLog(root)
  const key = await readKey(root, 'vault')
  return { logDir: join(root, 'log'), vaultDir, wrappingKey: key && wrappingKeyOf(key) }
}

/** A log's folder has no folder `log` in it, and no keys beside it. */
async function isStateFolder(root: string): Promise<boolean> {
  const names = await namesIn(root)
  // What is wrong with it is told when the log is looked for.
  if (names === undefined) return false
  return names.includes('log') || (await hasBegunLog(root))
}

/** That a log is gone is no mistake of whoever asks. */
async function requireLog(root: string): Promise<void> {
  const logDir = join(root, 'log')
  const names = await namesIn(logDir)
  if (names === undefined || names.length > 0 || !(await hasBegunLog(root))) return
  const message = `log \`${logDir}\` is gone, and this machine had one; put it back from a backup`
  throw new AgentError('AUDIT_DAMAGED', message)
}

/** None where there is no such folder; undefined where it cannot be read. */
async function namesIn(folder: string): Promise<readonly string[] | undefined> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return []
    if (systemErrorCode(error) !== undefined) return undefined
    throw error
  }
}
