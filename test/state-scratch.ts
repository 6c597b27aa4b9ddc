/** State folders for tests of what joins the log and its side table. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Ledger, openLedger, readLedger } from '../agent/ledger.ts'
import type { AuditRecord, StoredRecord } from '../agent/log-format/index.ts'
import { openStateFolder, type StateFolder } from '../agent/state-folder.ts'

/** A state folder of its own, gone when the test is. */
export async function scratchState(): Promise<StateFolder> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-state-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return await openStateFolder(folder)
}

/** An open ledger of a new state folder, closed with the test if it is still open. */
export async function scratchLedger(
  nowMs: () => number = Date.now,
): Promise<{ state: StateFolder; ledger: Ledger }> {
  const state = await scratchState()
  const ledger = await openLedger(state, nowMs)
  onTestFinished(() => ledger.close().catch(() => undefined))
  return { state, ledger }
}

/** All records, without the log's own stamp and seals. */
export async function recordsOf(state: StateFolder): Promise<readonly object[]> {
  const records: object[] = []
  for await (const { record } of readLedger(state)) records.push(bare(record))
  return records
}

function bare(record: StoredRecord): object {
  const { seq: _seq, at: _at, sealed: _sealed, ...rest } = record
  return rest
}

/** Every file below a folder, by its path from there. */
export function filesOf(root: string): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Buffer>()
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile()) files.set(path.slice(root.length + 1), readFileSync(path))
  }
  return files
}

const SHA256 = 'ab'.repeat(32)

/** A decision of somebody, as the log keeps it. */
export function decisionOf(id: string, user: string | null, document: object = {}): AuditRecord {
  return {
    kind: 'decision',
    id,
    outcome: 'deny',
    tier: 'open',
    job: { bytes: 1, lines: 1, commands: 1, sha256: SHA256, canonicalSha256: SHA256 },
    policy: { name: 'maker-space', version: 1, sha256: SHA256 },
    licence: null,
    reasons: [],
    decidedInMs: 3,
    decision: document,
    user,
  }
}
