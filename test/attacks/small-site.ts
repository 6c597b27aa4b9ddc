/**
 * A small log with its side table: as few records as show everything. It is held in memory, so that it can be put back as
 * it was after each of many changes.
 */
import type { KeyObject } from 'node:crypto'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { vi } from 'vitest'
import { openLog, readLog } from '../../agent/audit/index.ts'
import { AgentError } from '../../agent/errors.ts'
import { type Ledger, openLedger } from '../../agent/ledger.ts'
import type { AuditRecord, SealedRef } from '../../agent/log-format/index.ts'
import { openStateFolder, type StateFolder } from '../../agent/state-folder.ts'
import type { Vault } from '../../agent/vault/index.ts'
import { verifyLog } from '../../agent/verify/index.ts'
import type { Observation, Saying } from './attack.ts'
import { Neighbour, PATIENCE_MS, readKey } from './neighbour.ts'
import { orRefusal } from './observe.ts'
import type { Scene } from './scene.ts'
import { timeOf } from './workshop.ts'

const DIGEST = 'ab'.repeat(32)

/** What is under the anchor; what comes between it and the published head; what is not published. */
const FIRST: readonly AuditRecord[] = [
  { kind: 'agent-started', version: '1', machine: 'm-0' },
  { kind: 'line-refused', job: null, line: 7, code: 'heat', rule: null, message: 'M104 S300' },
]
const AFTER_ANCHOR: readonly AuditRecord[] = [{ kind: 'cleared', by: 'Ada Lovelace' }]
const UNPUBLISHED: readonly AuditRecord[] = [
  { kind: 'job-sealed', job: 'd-1', commandsSent: 4, sha256: DIGEST },
  { kind: 'cleared', by: 'Grace Hopper' },
]

/** A small log in memory, written down again where somebody changed it. */
export class SmallSite {
  static #only: Promise<SmallSite> | undefined
  readonly root: string
  readonly state: StateFolder
  readonly files: ReadonlyMap<string, Buffer>
  readonly records: readonly string[]
  readonly hidden: ReadonlyMap<number, { readonly sealed: SealedRef; readonly fields: string }>
  /** Whom subjects stand for. */
  readonly names: ReadonlyMap<string, string | null>
  readonly kept: string
  readonly published: number
  readonly anchor: number

  private constructor(from: Omit<SmallSite, 'observe' | 'paths' | 'restore'>) {
    this.root = from.root
    this.state = from.state
    this.files = from.files
    this.records = from.records
    this.hidden = from.hidden
    this.names = from.names
    this.kept = from.kept
    this.published = from.published
    this.anchor = from.anchor
  }

  /** One for all attacks: it goes when the large one does. */
  static of(scene: Scene): Promise<SmallSite> {
    SmallSite.#only ??= SmallSite.#make(scene)
    return SmallSite.#only
  }

  static async #make({ site }: Scene): Promise<SmallSite> {
    const [made, root] = [`${site.folders.end}-small-made`, `${site.folders.end}-small`]
    vi.setSystemTime(timeOf(0))
    const state = await openStateFolder(made)
    const ledger = await openLedger(state)
    try {
      for (const record of FIRST) await ledger.append(record)
      const kept = await ledger.log.publish()
      const anchor = ledger.log.size
      await cosign(ledger, state, `${made}-witness`, site.witnessKey)
      for (const record of AFTER_ANCHOR) await ledger.append(record)
      await ledger.log.publish()
      const published = ledger.log.size
      for (const record of UNPUBLISHED) await ledger.append(record)
      cpSync(made, root, { recursive: true })
      // Of the same length whoever wrote it.
      writeFileSync(join(root, 'log/lock'), '4711\n')
      const truth = await truthOf(state, ledger.vault)
      return new SmallSite({ root, state, files: filesOf(root), ...truth, kept, published, anchor })
    } finally {
      await ledger.close()
      rmSync(made, { recursive: true })
    }
  }

  /** The files whose paths match, in order. */
  paths(pattern: RegExp): readonly string[] {
    return [...this.files.keys()].filter((name) => pattern.test(name)).sort()
  }

  restore(): void {
    rmSync(this.root, { recursive: true, force: true })
    for (const [name, bytes] of this.files) {
      mkdirSync(dirname(join(this.root, name)), { recursive: true, mode: 0o700 })
      writeFileSync(join(this.root, name), bytes, { mode: 0o600 })
    }
  }

  /** What comes of one file that holds something else. */
  async observe(name: string, bytes: Uint8Array): Promise<Observation> {
    writeFileSync(join(this.root, name), bytes)
    const logDir = join(this.root, 'log')
    const said: Saying[] = []
    await this.#requireTrue(logDir)
    const opened = await orRefusal(() => this.#open(name, said))
    if (opened instanceof AgentError) said.push({ by: 'opening', place: null, text: opened.message })
    const size = await this.#requireTrue(logDir)
    let harmedFrom: number | null = size
    if (!(opened instanceof AgentError)) {
      const note = Buffer.from(this.kept)
      const { findings } = await verifyLog(logDir, { earlier: [{ name: 'kept', note }] })
      for (const { severity, message } of findings)
        if (severity === 'damage') said.push({ by: 'verify', place: null, text: message })
      harmedFrom = Math.min(size < this.records.length ? size : Number.POSITIVE_INFINITY, opened)
      if (!Number.isFinite(harmedFrom)) harmedFrom = null
    }
    if (opened instanceof AgentError && name.startsWith('log/')) this.#putBack(name)
    else this.restore()
    return {
      harmedFrom,
      noted: [],
      said: { none: said, kept: [], witness: [] },
      vouchedFor: this.#vouchedFor(name),
    }
  }

  /** No head vouches for what lies in the side table, nor a checkpoint for itself. */
  #vouchedFor(changed: string): Observation['vouchedFor'] {
    if (!changed.startsWith('log/')) return { none: null, kept: null, witness: null }
    const none = changed === 'log/checkpoint' ? null : this.published
    return { none, kept: this.anchor, witness: this.anchor }
  }

  /** Opens what the change can matter to: the log, or all of it. Answers the first record that hides what is gone. */
  async #open(name: string, said: Saying[]): Promise<number> {
    if (name.startsWith('log/')) {
      const keys = { machine: this.state.machineKey, log: this.state.logKey }
      const log = await openLog(join(this.root, 'log'), { keys, mayBegin: false })
      await log.close()
      return Number.POSITIVE_INFINITY
    }
    const ledger = await openLedger(await openStateFolder(this.root))
    try {
      return await this.#harmedHidden(ledger.vault, said)
    } finally {
      await ledger.close()
    }
  }

  /** A log that was refused is as it was, but for what was changed and for the lock. */
  #putBack(name: string): void {
    writeFileSync(join(this.root, name), this.files.get(name) ?? '')
    const now = filesOf(this.root)
    const changed = [...new Set([...now.keys(), ...this.files.keys()])].filter(
      (path) =>
        path !== 'log/lock' && now.get(path)?.equals(this.files.get(path) ?? Buffer.alloc(0)) !== true,
    )
    if (changed.length > 0) throw new Error(`what was refused was changed: ${changed.join(', ')}`)
  }

  /** What is read is what was written, as far as it can be read: answers how far. */
  async #requireTrue(logDir: string): Promise<number> {
    let size = 0
    await orRefusal(async () => {
      for await (const { index, record } of readLog(logDir)) {
        if (record.kind === 'tail-truncated') return
        if (JSON.stringify(record) !== this.records[index])
          throw new Error(`record ${index} is read as another`)
        size = index + 1
      }
    })
    return size
  }

  async #harmedHidden(vault: Vault, said: Saying[]): Promise<number> {
    let first = Number.POSITIVE_INFINITY
    const names = await namesOf(vault)
    for (const [index, { sealed, fields }] of this.hidden) {
      const [name, was] = [names.get(sealed.subject) ?? null, this.names.get(sealed.subject) ?? null]
      if (name !== null && name !== was) throw new Error('somebody has another’s name')
      if (name !== was) first = Math.min(first, index)
      const row = await vault.open(sealed)
      if ('fields' in row) {
        if (JSON.stringify(row.fields) !== fields) throw new Error(`record ${index} hides something else`)
        continue
      }
      said.push({ by: 'reading', place: `record ${index}`, text: `what it hides is ${row.gone}` })
      first = Math.min(first, index)
    }
    return first
  }
}

async function truthOf(
  { logDir }: StateFolder,
  vault: Vault,
): Promise<Pick<SmallSite, 'records' | 'hidden' | 'names'>> {
  const records: string[] = []
  const hidden = new Map<number, { sealed: SealedRef; fields: string }>()
  for await (const { index, record } of readLog(logDir)) {
    records.push(JSON.stringify(record))
    const row = record.sealed === undefined ? undefined : await vault.open(record.sealed)
    if (record.sealed !== undefined && row !== undefined && 'fields' in row)
      hidden.set(index, { sealed: record.sealed, fields: JSON.stringify(row.fields) })
  }
  return { records, hidden, names: await namesOf(vault) }
}

async function namesOf(vault: Vault): Promise<ReadonlyMap<string, string | null>> {
  return new Map((await vault.subjects()).map(({ subject, name }) => [subject, name]))
}

function filesOf(root: string): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Buffer>()
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile()) files.set(path.slice(root.length + 1), readFileSync(path))
  }
  return files
}

/** A witness cosigns the newest head, which goes on record. */
async function cosign(ledger: Ledger, state: StateFolder, dir: string, privateKey: KeyObject): Promise<void> {
  const { log } = ledger
  const logKey = readKey(log.verifierKey)
  const neighbour = await Neighbour.serve({ dir, privateKey, logKey, nowMs: () => timeOf(0) })
  const client = neighbour.client({ log, logDir: state.logDir, record: (record) => ledger.append(record) })
  client.start()
  await client.waitFor(log.size, PATIENCE_MS)
  await client.close()
  await neighbour.close()
}
