/**
 * An issuer at work: its folder locked, its ledger read. What it signs is prepared first, so that the caller can lay the
 * token ready; it may leave this process once `record` has put it in the ledger.
 */
import { createHash, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { AgentError } from '../errors.ts'
import { copyTerms, type Licence, openBundle, readLicence } from '../licence/index.ts'
import { makeStatusList } from '../status/index.ts'
import { formatTime, quoteInput } from '../token/index.ts'
import { type IssuerPart, type RenewalRequest, renewIssuer } from './authority.ts'
import { type FolderLock, lockFolder } from './folder-lock.ts'
import { makeLicence } from './issuer.ts'
import {
  finishRenewal,
  type IssuerRoot,
  issuerRoots,
  loadCertificates,
  loadIssuer,
  loadKey,
  type Passphrase,
  pendingRenewals,
  saveRenewal,
} from './issuer-store.ts'
import { Ledger } from './ledger.ts'
import type { LedgerEntry } from './ledger-entry.ts'
import { LEDGER_FILE, openLedgerFile } from './ledger-file.ts'
import type { LedgerState, LicenceState } from './ledger-state.ts'
import { type LicenceOrder, statusUri } from './order.ts'
import { type Signer, signClaims } from './signer.ts'
import { allocationPayload, refundPayload } from './tokens.ts'

/** A clock may be set right by a little; one further behind the ledger is wrong, or the ledger is. */
const CLOCK_TOLERANCE_MS = 5 * 60_000

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** In the order of the status list's two bits. */
const STATUS_VALUES = { valid: 0, revoked: 1, suspended: 2 } as const

/** A token that may leave once it is on record. */
export interface Prepared {
  readonly token: string
  readonly id: string
  /** Resolves once the ledger holds it; at once where it held it before. */
  record(): Promise<void>
}

export interface AllocationOrder {
  readonly licence: string
  readonly machine: string
  readonly copies: number
  /** Given again, it makes the same allocation again. Left out: a random one. */
  readonly id?: string | undefined
}

export interface RefundOrder {
  readonly licence: string
  readonly machine: string
  /** The copy's id, as its machine's log has it. */
  readonly copy: string
}

/** What an authority states, ready to be signed. */
export interface Statement {
  readonly payload: Buffer
  readonly id: string
  readonly expiresAtMs: number
}

export class IssuerFolder {
  readonly dir: string
  readonly #lock: FolderLock
  readonly #ledger: Ledger
  readonly #now: () => number

  private constructor(dir: string, lock: FolderLock, ledger: Ledger, now: () => number) {
    this.dir = dir
    this.#lock = lock
    this.#ledger = ledger
    this.#now = now
  }

  /** Locks the folder, ends what a crash has left half done, and reads the ledger. */
  static async open(dir: string, now: () => number): Promise<IssuerFolder> {
    // Said first where there is no issuer at all.
    await loadCertificates(dir).catch(async (error: unknown) => {
      await finishableRenewal(dir, error)
    })
    const lock = await lockFolder(dir)
    try {
      await finishRenewal(dir)
      const file = await openLedgerFile(dir)
      const ledger = await Ledger.open(join(dir, LEDGER_FILE), file).catch(async (error: unknown) => {
        await file.close()
        throw error
      })
      return new IssuerFolder(dir, lock, ledger, now)
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#ledger.close().finally(() => this.#lock.release())
  }

  get state(): LedgerState {
    return this.#ledger.state
  }

  /** The roots of this issuer, the oldest first. Each has status lists of its own. */
  roots(): Promise<readonly IssuerRoot[]> {
    return issuerRoots(this.dir)
  }

  /**
   * The id of one of this issuer's licences: given itself, or as the text of its file, whose outermost licence must be the
   * very token that was issued.
   */
  licenceId(text: string): string {
    if (UUID.test(text)) {
      this.#licence(text)
      return text
    }
    const opened = openBundle(text)
    if (!opened.ok) throw new AgentError('LICENCE_UNREADABLE', opened.refusal.message)
    const token = opened.bundle.licences.at(-1) ?? ''
    const reading = readLicence(token)
    if (!reading.ok) throw new AgentError('LICENCE_UNREADABLE', reading.refusal.message)
    const { id } = reading.unverified
    if (this.#licence(id).issued.sha256 === sha256Hex(token)) return id
    throw new AgentError('USAGE', `this is not the licence \`${id}\` that was issued here: it was altered`)
  }

  async prepareLicence(
    passphrase: Passphrase,
    order: LicenceOrder,
  ): Promise<Prepared & { readonly licence: Licence }> {
    const nowMs = this.#nowMs()
    const { signer, root, statusUri: uri } = await this.#signerUnder(passphrase)
    const index = order.status === undefined ? null : this.state.nextStatus
    const status = index === null ? undefined : { uri, index }
    const { token, licence } = await makeLicence(signer, order, nowMs, status)
    const entry: LedgerEntry = {
      kind: 'issued',
      licence: licence.id,
      sha256: sha256Hex(token),
      root,
      licensee: licence.licensee,
      design: licence.design.id,
      copies: licence.grant.copies,
      machines: licence.machines.map(({ id }) => ({ id, share: ownShare(licence, id) })),
      expires: licence.expiresAtMs / 1000,
      status: index,
    }
    return { ...this.#prepared(token, licence.id, entry, nowMs), licence }
  }

  /** Gives a machine copies that no other has. Refused where the licence has not so many left to give. */
  async prepareAllocation(passphrase: Passphrase, order: AllocationOrder): Promise<Prepared> {
    const nowMs = this.#nowMs()
    const { licence, machine, copies } = order
    const row = this.#licence(licence)
    const id = order.id ?? randomUUID()
    if (!UUID.test(id)) throw new AgentError('USAGE', `id ${quoteInput(id)} is not a lower-case UUID`)
    const made = row.allocations.get(id)
    if (made !== undefined && (made.machine !== machine || made.copies !== copies)) {
      const what = `allocation \`${id}\` gives ${made.copies} copies to \`${made.machine}\``
      throw new AgentError('USAGE', `${what}; another allocation needs another id`)
    }
    assertCurrent(row, nowMs)
    const entry: LedgerEntry = { kind: 'allocated', licence, id, machine, copies }
    if (made === undefined) this.#assertFollows(entry)
    const { signer } = await this.#signerUnder(passphrase, row.issued.root)
    const payload = allocationPayload({ issuerUri: signer.uri, nowMs, id, licence, machine }, copies)
    const token = await signClaims(signer, 'allocation', payload, { nowMs })
    return this.#prepared(token, id, made === undefined ? entry : undefined, nowMs)
  }

  /** Gives a copy back to its machine. The same copy again makes the same refund again, which counts once. */
  async prepareRefund(passphrase: Passphrase, { licence, machine, copy }: RefundOrder): Promise<Prepared> {
    const nowMs = this.#nowMs()
    const row = this.#licence(licence)
    const made = row.refunds.get(copy)
    if (!UUID.test(copy)) throw new AgentError('USAGE', `copy ${quoteInput(copy)} is not a lower-case UUID`)
    if (made !== undefined && made.machine !== machine) {
      throw new AgentError(
        'USAGE',
        `copy \`${copy}\` was refunded to the machine \`${made.machine}\` already`,
      )
    }
    const id = made?.id ?? randomUUID()
    const entry: LedgerEntry = { kind: 'refunded', licence, id, machine, copy }
    if (made === undefined) this.#assertFollows(entry)
    const { signer } = await this.#signerUnder(passphrase, row.issued.root)
    const payload = refundPayload({ issuerUri: signer.uri, nowMs, id, licence, machine }, copy)
    const token = await signClaims(signer, 'refund', payload, { nowMs })
    return this.#prepared(token, id, made === undefined ? entry : undefined, nowMs)
  }

  /** Calls a licence back, or no longer. Sites learn of it from the next status list. */
  async mark(
    kind: 'revoked' | 'suspended' | 'resumed',
    licence: string,
    reason: string | undefined,
  ): Promise<LicenceState> {
    const row = this.#licence(licence)
    if (row.issued.status === null) {
      const until = formatTime(row.issued.expires * 1000)
      const message = `licence \`${licence}\` was issued without a status list: no site would learn of it, and it is good until ${until}`
      throw new AgentError('USAGE', message)
    }
    await this.#append({ kind, licence, reason: reason ?? null }, this.#nowMs())
    return this.#licence(licence)
  }

  /**
   * A status list with every licence that has a place in it, under the root in force or, by its number from 1, an older
   * one, which the licences of that root need. Its time is later than that of the list before.
   */
  async prepareStatusList(
    passphrase: Passphrase,
    { days, rootNumber }: { readonly days?: number | undefined; readonly rootNumber?: number | undefined },
  ): Promise<Prepared> {
    const nowMs = this.#nowMs()
    const issued = Math.floor(nowMs / 1000)
    const wanted = rootNumber === undefined ? undefined : (await this.roots())[rootNumber - 1]?.sha256
    if (rootNumber !== undefined && wanted === undefined)
      throw new AgentError('USAGE', `this issuer has no root number ${rootNumber}`)
    const { signer, root, statusUri: uri } = await this.#signerUnder(passphrase, wanted)
    const last = this.state.published.get(root)?.issued ?? -1
    if (issued <= last) {
      const message = `the last status list is of ${formatTime(last * 1000)}; make the next one after that`
      throw new AgentError('USAGE', message)
    }
    const expires = days === undefined ? null : issued + days * 86_400
    const payload = makeStatusList({
      issuer: signer.uri,
      uri,
      issuedAtMs: issued * 1000,
      ...(expires !== null && { expiresAtMs: expires * 1000 }),
      statuses: this.#statuses(),
    })
    const token = await signClaims(signer, 'statusList', payload, { nowMs })
    const entry: LedgerEntry = { kind: 'published', sha256: sha256Hex(token), root, issued, expires }
    return this.#prepared(token, uri, entry, nowMs)
  }

  /** A recognition or a screening list, whose payload the caller makes once it knows who signs it, and when. */
  async prepareStatement(
    passphrase: Passphrase,
    kind: 'recognition' | 'screeningList',
    make: (issuerUri: string, nowMs: number) => Statement,
  ): Promise<Prepared> {
    const nowMs = this.#nowMs()
    const { signer } = await this.#signerUnder(passphrase)
    const { payload, id, expiresAtMs } = make(signer.uri, nowMs)
    const token = await signClaims(signer, kind, payload, { nowMs, expiresAtMs })
    return this.#prepared(token, id, { kind: 'stated', what: kind, id, sha256: sha256Hex(token) }, nowMs)
  }

  /** New certificates and keys from a part on; the old ones are put away. */
  async renew(
    from: IssuerPart,
    passphrase: Passphrase,
    request: Omit<RenewalRequest, 'nowMs'>,
  ): Promise<void> {
    const nowMs = this.#nowMs()
    const old = await loadCertificates(this.dir)
    // A new root needs no key above it; the signer's is opened all the same, so that no slip of the fingers becomes the
    // passphrase of the new keys.
    const opened = ({ root: 'signer', intermediate: 'root', signer: 'intermediate' } as const)[from]
    const key = await loadKey(this.dir, opened, passphrase)
    const issuerKey = from === 'root' ? undefined : key
    await saveRenewal(this.dir, await renewIssuer(from, old, issuerKey, { ...request, nowMs }), nowMs)
  }

  /** The signer under one of this issuer's roots, or under the one in force. */
  async #signerUnder(
    passphrase: Passphrase,
    rootSha256?: string,
  ): Promise<{ readonly signer: Signer; readonly root: string; readonly statusUri: string }> {
    const roots = await this.roots()
    const at =
      rootSha256 === undefined ? roots.length - 1 : roots.findIndex(({ sha256 }) => sha256 === rootSha256)
    const found = roots[at]
    if (found === undefined) {
      const message = `the root under which it was issued is no longer in \`${this.dir}\`: put back its folder under retired`
      throw new AgentError('USAGE', message)
    }
    const signer = await loadIssuer(found.dir, passphrase)
    return { signer, root: found.sha256, statusUri: statusUri(signer.uri, at + 1) }
  }

  #assertFollows(entry: LedgerEntry): void {
    const problem = this.state.problemWith(entry)
    if (problem !== undefined) throw new AgentError('USAGE', problem)
  }

  #prepared(token: string, id: string, entry: LedgerEntry | undefined, nowMs: number): Prepared {
    if (entry !== undefined) this.#assertFollows(entry)
    const record = async () => {
      if (entry !== undefined) await this.#append(entry, nowMs)
    }
    return { token, id, record }
  }

  #append(entry: LedgerEntry, nowMs: number): Promise<void> {
    return this.#ledger.append(entry, nowMs)
  }

  #licence(id: string): LicenceState {
    const row = this.state.licences.get(id)
    if (row === undefined) throw new AgentError('USAGE', `licence ${quoteInput(id)} was never issued here`)
    return row
  }

  #statuses(): Uint8Array {
    const statuses = new Uint8Array(this.state.nextStatus)
    for (const { issued, standing } of this.state.licences.values()) {
      if (issued.status !== null) statuses[issued.status] = STATUS_VALUES[standing]
    }
    return statuses
  }

  /** A clock that was set back would sign what seems older than what it follows. */
  #nowMs(): number {
    const nowMs = this.#now()
    const { lastAtMs } = this.state
    if (nowMs >= lastAtMs - CLOCK_TOLERANCE_MS) return nowMs
    const message = `this machine's clock says ${formatTime(nowMs)}, the ledger's last entry is of ${formatTime(lastAtMs)}; set the clock`
    throw new AgentError('STATE_UNUSABLE', message)
  }
}

/** A renewal that a crash interrupted may have left a certificate on its way. */
async function finishableRenewal(dir: string, error: unknown): Promise<void> {
  const pending = await pendingRenewals(dir).catch(() => [])
  if (pending.length === 0) throw error
}

function ownShare(licence: Licence, machine: string): number {
  return copyTerms([licence], machine)?.counters[0]?.limit ?? 0
}

function assertCurrent(row: LicenceState, nowMs: number): void {
  const expiresAtMs = row.issued.expires * 1000
  if (nowMs < expiresAtMs) return
  throw new AgentError('USAGE', `licence \`${row.issued.licence}\` ended at ${formatTime(expiresAtMs)}`)
}

function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
