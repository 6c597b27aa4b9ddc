/** Whose log it is: what its first record says, against what the caller knows. */
import { BUNDLE_BYTES_MAX, segmentPath, TILE_WIDTH, tilePath } from '../log-format/index.ts'
import { endOf, splitBundle } from './bundle.ts'
import { damage, type Finding } from './finding.ts'
import type { LogFolder } from './folder.ts'
import { readGenesis } from './genesis.ts'
import { readSegments } from './journal-files.ts'
import { type NoteKey, printNoteKey } from './note-key.ts'
import { isProblem } from './problem.ts'
import type { PublishedFiles } from './published.ts'
import { readFrame } from './segment.ts'

export interface Owner {
  /** Null where neither the log nor the caller says. */
  readonly origin: string | null
  readonly key: NoteKey | null
  readonly machineKey: Buffer | null
}

/** What the caller knows of the log from elsewhere. */
export interface Expected {
  readonly origin?: string
  readonly key?: NoteKey
}

export function findOwner(
  folder: LogFolder,
  published: PublishedFiles,
  expected: Expected,
): { readonly owner: Owner; readonly findings: readonly Finding[] } {
  const record = firstRecord(folder, published)
  const genesis = record === null ? null : readGenesis(record)
  const known: Owner = {
    origin: expected.origin ?? expected.key?.name ?? null,
    key: expected.key ?? null,
    machineKey: null,
  }
  if (genesis === null || isProblem(genesis)) {
    if (known.key !== null) return { owner: known, findings: [] }
    const message =
      'nothing that the log signed can be checked, because its first record does not tell its key'
    return { owner: known, findings: [damage('bad-signature', { index: 0 }, message)] }
  }
  const findings: Finding[] = []
  if (genesis.wrong !== null)
    findings.push(damage('bad-signature', { index: 0 }, `record 0: ${genesis.wrong}`))
  const { origin, key } = { origin: known.origin ?? genesis.origin, key: known.key ?? genesis.logKey }
  if (origin !== genesis.origin || !key.publicKey.equals(genesis.logKey.publicKey)) {
    const message = `it is log \`${genesis.origin}\` with a key of its own, and not the \`${origin}\` that was asked for`
    findings.push(damage('other-log', { index: 0 }, message))
  }
  return { owner: { origin, key, machineKey: genesis.machineKey }, findings }
}

/** Whether it is one of the logs that somebody trusts. */
export function requireTrusted({ key }: Owner, trusted: readonly NoteKey[]): readonly Finding[] {
  if (key === null || trusted.some((one) => one.name === key.name && one.publicKey.equals(key.publicKey)))
    return []
  const message = `its key is none that the policy names; add \`log ${printNoteKey(key)}\` to the policy if it is to be trusted`
  return [damage('other-log', { index: 0 }, message)]
}

/** Record 0, from the bundle, from the journal, or from the bundle that a small checkpoint needs. */
function firstRecord(folder: LogFolder, { partials }: PublishedFiles): Buffer | null {
  const bundle = folder.read(tilePath('entries', 0), BUNDLE_BYTES_MAX)
  if (Buffer.isBuffer(bundle)) return firstEntry(bundle)
  const first = readSegments(folder).segments.find(({ file }) => file === segmentPath(0))
  const frame = first === undefined ? null : readFrame(first.bytes, 0, 0)
  if (frame !== null) return firstEntry(frame.entries)
  const partial = [...partials].find(([file]) => file.startsWith(`${tilePath('entries', 0)}.p/`))?.[1]
  return Buffer.isBuffer(partial) ? firstEntry(partial) : null
}

function firstEntry(entries: Buffer): Buffer | null {
  const [start] = splitBundle(entries, TILE_WIDTH).starts
  return start === undefined ? null : entries.subarray(start, endOf(entries, start))
}
