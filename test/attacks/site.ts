/**
 * A machine whose log is attacked: its state folder as a killed gate leaves it, copies of it from before, and what others
 * hold of it elsewhere. The real ledger makes it, once; every attack gets copies.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import { proveInclusion, readEntry, readLog } from '../../agent/audit/index.ts'
import { type Ledger, openLedger } from '../../agent/ledger.ts'
import type { SealedRef } from '../../agent/log-format/index.ts'
import { findReceiptRecords, makeReceipt, type ProvenRecord } from '../../agent/receipt/index.ts'
import { openStateFolder, type StateFolder } from '../../agent/state-folder.ts'
import { isProblem, type NoteKey, parseTlogPolicy, type TlogPolicy } from '../../agent/verify/index.ts'
import { Neighbour, PATIENCE_MS, readKey } from './neighbour.ts'
import { timeOf, workUntil } from './workshop.ts'

/** How many records there were at the moments that matter. */
export const SIZES = {
  /** When a copy of the state folder was put in a drawer. */
  old: 300,
  /** Under the head that is kept elsewhere and that the witness cosigned. The next record says so. */
  anchor: 525,
  /** When another copy was made. */
  recent: 560,
  /** Under the head that the gate published last. */
  published: 600,
  /** When it was killed. */
  end: 645,
} as const

/** Records to strike at, the progress of jobs: in tiles alone, in tiles and journal, in the journal and after the anchor. */
export const AT = { tiles: 117, both: 317, late: 557 } as const

/** What a changed record says was sent. */
export const FALSE_DIGEST = 'ef'.repeat(32)

/** In memory where the system has a place for that: nothing here depends on what survives a power cut. */
export const PLACE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** A decision that allowed a job that was printed, before the old copy was made: who printed it has a receipt. */
const RECEIPT_OF = 220

/** What was written, whatever becomes of the folder. */
export interface Truth {
  /** The records, as they are read back, by index. */
  readonly records: readonly string[]
  /** What records hide, by index; nothing for those that hide nothing. */
  readonly hidden: ReadonlyMap<number, { readonly sealed: SealedRef; readonly fields: string }>
}

/** What there was, to copy from: four state folders, and that of the witness. */
export type SiteFolder = 'end' | 'old' | 'recent' | 'other' | 'witness'

export interface Site {
  readonly logKey: NoteKey
  readonly folders: Readonly<Record<SiteFolder, string>>
  readonly truth: Truth
  readonly state: StateFolder
  /** Heads that were published, by size: they stand in receipts and proofs, for anybody to have. */
  readonly heads: ReadonlyMap<number, string>
  /** What others trust: the log, and a witness whose word is enough. */
  readonly policy: TlogPolicy
  readonly witnessKey: KeyObject
  /** Made under the head that the witness cosigned. */
  readonly proof: string
  readonly receipt: string
  remove(): void
}

/** Makes one. Takes the place of the clock that everything tells the time by. */
export async function makeSite(): Promise<Site> {
  const base = mkdtempSync(join(PLACE, 'portcullis-attacks-'))
  const at = (name: string): string => join(base, name)
  vi.useFakeTimers({ toFake: ['Date'], now: timeOf(0) })
  const witnessKey = generateKeyPairSync('ed25519').privateKey
  const heads = new Map<number, string>()
  await makeOther(at('other'))
  vi.setSystemTime(timeOf(0))
  const state = await openStateFolder(at('state'))
  let ledger = await openLedger(state)
  const publish = async (): Promise<void> => {
    heads.set(ledger.log.size, await ledger.log.publish())
  }
  const keepCopy = (name: SiteFolder): void => cpSync(state.path, at(name), { recursive: true })
  try {
    await workUntil(ledger, SIZES.old)
    await publish()
    await ledger.close()
    keepCopy('old')
    ledger = await openLedger(state)
    await workUntil(ledger, SIZES.anchor)
    await publish()
    const logKey = readKey(ledger.log.verifierKey)
    const policyLines = await witness(ledger, state, { dir: at('witness'), privateKey: witnessKey, logKey })
    const policy = parseTlogPolicy(Buffer.from(policyLines))
    if (isProblem(policy)) throw new Error(policy.problem)
    const proof = await proveInclusion(state.logDir, RECEIPT_OF, {
      extra: await readEntry(state.logDir, RECEIPT_OF),
    })
    const receipt = await receiptOf(ledger, state)
    await workUntil(ledger, SIZES.recent)
    await publish()
    keepCopy('recent')
    await workUntil(ledger, SIZES.published)
    await publish()
    await workUntil(ledger, SIZES.end)
    keepCopy('end')
    const truth = await truthOf(ledger, state)
    const folders = {
      end: at('end'),
      old: at('old'),
      recent: at('recent'),
      other: at('other'),
      witness: at('witness'),
    }
    const remove = (): void => rmSync(base, { recursive: true, force: true })
    return { logKey, folders, truth, state, heads, policy, witnessKey, proof, receipt, remove }
  } finally {
    await ledger.close()
  }
}

/** The witness cosigns the newest head, which goes on record. Answers the policy that names it. */
async function witness(
  ledger: Ledger,
  { logDir }: StateFolder,
  place: { readonly dir: string; readonly privateKey: KeyObject; readonly logKey: NoteKey },
): Promise<string> {
  const neighbour = await Neighbour.serve({ ...place, nowMs: () => Date.now() })
  const client = neighbour.client({ log: ledger.log, logDir, record: (record) => ledger.append(record) })
  try {
    client.start()
    if (!(await client.waitFor(SIZES.anchor, PATIENCE_MS))) throw new Error('the witness did not cosign')
  } finally {
    await client.close()
    await neighbour.close()
  }
  return neighbour.policyLines(place.logKey)
}

/** Another machine of the workshop. */
async function makeOther(root: string): Promise<void> {
  const ledger = await openLedger(await openStateFolder(root))
  await workUntil(ledger, 40)
  await ledger.close()
}

async function receiptOf({ vault }: Ledger, { logDir, logKey }: StateFolder): Promise<string> {
  const prove = async (index: number): Promise<ProvenRecord> => ({
    leaf: await readEntry(logDir, index),
    proof: await proveInclusion(logDir, index),
  })
  const proveAny = async (index: number | null) => (index === null ? null : await prove(index))
  const found = await findReceiptRecords(readLog(logDir), RECEIPT_OF)
  if (isProblem(found)) throw new Error(found.problem)
  const decision = await prove(found.decision)
  const { sealed } = JSON.parse(Buffer.from(decision.leaf).toString('utf8')) as { sealed: SealedRef }
  const row = await vault.open(sealed)
  if ('gone' in row) throw new Error(`what the decision hides is ${row.gone}`)
  const receipt = makeReceipt({
    records: {
      log: await prove(0),
      decision,
      release: await proveAny(found.release),
      opened: await proveAny(found.opened),
      copy: await proveAny(found.copy),
      closed: await proveAny(found.closed),
    },
    hidden: { fields: row.fields, salt: Buffer.from(row.salt, 'hex') },
    key: logKey,
    namesOperator: true,
    appealDays: null,
  })
  if (typeof receipt !== 'string') throw new Error(receipt.problem)
  return receipt
}

async function truthOf({ vault }: Ledger, { logDir }: StateFolder): Promise<Truth> {
  const records: string[] = []
  const hidden = new Map<number, { sealed: SealedRef; fields: string }>()
  for await (const { index, record } of readLog(logDir)) {
    records.push(JSON.stringify(record))
    const { sealed } = record
    if (sealed === undefined) continue
    const row = await vault.open(sealed)
    if ('gone' in row) throw new Error(`what record ${index} hides is ${row.gone}`)
    hidden.set(index, { sealed, fields: JSON.stringify(row.fields) })
  }
  return { records, hidden }
}
