/**
 * Opens a log. Opening is the recovery: a log that was killed and one that was closed open the same way, and what
 * recovery has to write goes through the same append as everything else.
 */
import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { AgentError } from '../errors.ts'
import { damaged, walkChain } from './chain.ts'
import { type AuditLog, ChainLog, type Held } from './chain-log.ts'
import { type Disk, type DiskFile, type DiskLock, nodeDisk } from './disk.ts'
import { diskTrouble } from './disk-trouble.ts'
import { decodeBody } from './entry.ts'
import { FORMAT_NAME, LOCK_FILE, RECORDS_FILE } from './format.ts'

/** Enough that no two logs ever share a name. */
const ORIGIN_BYTES = 16

export interface LogOptions {
  /** The disk to use; that of this machine by default. */
  readonly disk?: Disk
  /** The clock that stamps the records, in milliseconds since 1970. */
  readonly nowMs?: () => number
}

/**
 * Opens the log in a folder, which is made if it is not there, and takes it for this process alone.
 * Throws AUDIT_LOCKED, AUDIT_DAMAGED or AUDIT_UNWRITABLE.
 */
export async function openLog(dir: string, options: LogOptions = {}): Promise<AuditLog> {
  const { disk = nodeDisk, nowMs = Date.now } = options
  let lock: DiskLock | undefined
  let file: DiskFile | undefined
  try {
    await disk.makeFolder(dir)
    lock = await takeLock(disk, dir)
    file = await disk.open(join(dir, RECORDS_FILE))
    // The names of the two files. Each start makes them durable, so it does not matter which start created them.
    await disk.fsyncFolder(dir)
    return await recover(dir, { file, lock, nowMs })
  } catch (error) {
    // The first failure is the one to tell; closing what a failed disk left open may well fail too.
    await file?.close().catch(() => undefined)
    await lock?.release().catch(() => undefined)
    throw diskTrouble(dir, error)
  }
}

async function takeLock(disk: Disk, dir: string): Promise<DiskLock> {
  const lock = await disk.lock(join(dir, LOCK_FILE))
  if (!('heldBy' in lock)) return lock
  const { process: holder } = lock.heldBy
  const which = holder === undefined ? '' : ` (process ${holder})`
  throw new AgentError('AUDIT_LOCKED', `log \`${dir}\` is in use by another portcullis${which}`)
}

/** Brings the file to a state that can be appended to. A crash between any two steps leaves a file that opens again. */
async function recover(dir: string, held: Held): Promise<AuditLog> {
  const { file } = held
  // A killed process may have left records that only memory holds. They count from here on, so they are synced first.
  await file.fdatasync()
  // After a sync that failed, Linux shows pages as clean that never reached the disk. Read what is really there.
  await file.dropCache()
  let origin: string | undefined
  const walk = walkChain(dir, file)
  let step = await walk.next()
  for (; !step.done; step = await walk.next()) {
    if (step.value.index === 0) origin = readOrigin(dir, step.value.body)
  }
  const end = step.value
  if (end.tail.length > 0) {
    // Nobody was told that these bytes were a record. A crash after the cut loses the note of it, nothing else.
    await file.truncate(end.offset)
    await file.fdatasync()
  }
  const log = new ChainLog(dir, held, end, origin ?? newOrigin())
  const { tail } = end
  await Promise.all([
    origin === undefined
      ? log.appendAny({ kind: 'log-opened', format: FORMAT_NAME, origin: log.origin })
      : undefined,
    tail.length > 0
      ? log.appendAny({ kind: 'tail-truncated', bytes: tail.length, sha256: sha256(tail) })
      : undefined,
  ])
  return log
}

function readOrigin(dir: string, body: Uint8Array): string {
  const first = decodeBody(body, 0)
  if ('problem' in first) throw damaged(dir, 0, 0, first.problem)
  if (first.record.kind !== 'log-opened') throw damaged(dir, 0, 0, 'it does not name the log')
  return first.record.origin
}

const newOrigin = (): string => `portcullis/${randomBytes(ORIGIN_BYTES).toString('hex')}`

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
