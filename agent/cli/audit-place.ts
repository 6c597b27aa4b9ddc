import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { publishedHead } from '../audit/index.ts'
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

/** A gate publishes what was decided within a second. For the rest, within a minute, nobody waits here. */
const PUBLISH_LIMIT_MS = 5000
const PUBLISH_LOOK_MS = 100

/** Waits until a published head covers this record, which is in the log. Throws USAGE where nobody publishes one. */
export async function untilPublished(logDir: string, index: number): Promise<void> {
  const deadlineMs = performance.now() + PUBLISH_LIMIT_MS
  while ((await publishedSize(logDir)) <= index) {
    if (performance.now() > deadlineMs) {
      const when = 'a gate publishes one every minute, any other command when it has written'
      throw new AgentError('USAGE', `record ${index} is under no published head yet; ${when}`)
    }
    await sleep(PUBLISH_LOOK_MS)
  }
}

async function publishedSize(logDir: string): Promise<number> {
  try {
    return (await publishedHead(logDir)).size
  } catch (error) {
    if (error instanceof AgentError && error.code === 'USAGE') return 0
    throw error
  }
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
