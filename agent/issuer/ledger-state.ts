/** Where each licence stands, as the ledger's entries tell it one after the other. */
import type { EntryOf, LedgerEntry } from './ledger-entry.ts'

export type Standing = 'valid' | 'suspended' | 'revoked'

export interface LicenceState {
  readonly issued: EntryOf<'issued'>
  readonly standing: Standing
  /** By the allocation's id. */
  readonly allocations: ReadonlyMap<string, EntryOf<'allocated'>>
  /** By the copy's id. */
  readonly refunds: ReadonlyMap<string, EntryOf<'refunded'>>
}

interface Row extends LicenceState {
  standing: Standing
  readonly allocations: Map<string, EntryOf<'allocated'>>
  readonly refunds: Map<string, EntryOf<'refunded'>>
}

/** A replay of the ledger. An entry that breaks a rule is refused by `problemWith` and never applied. */
export class LedgerState {
  readonly #licences = new Map<string, Row>()
  readonly #ids = new Set<string>()
  #nextStatus = 0
  /** By the root that it was signed under. */
  readonly #published = new Map<string, EntryOf<'published'>>()
  #lastAtMs = 0

  get licences(): ReadonlyMap<string, LicenceState> {
    return this.#licences
  }

  /** The first place of the status list that no licence has. */
  get nextStatus(): number {
    return this.#nextStatus
  }

  /** The latest status list that was signed under each root. */
  get published(): ReadonlyMap<string, EntryOf<'published'>> {
    return this.#published
  }

  /** When the latest entry was written, in ms since 1970; 0 in an empty ledger. */
  get lastAtMs(): number {
    return this.#lastAtMs
  }

  /** Copies that no machine has: neither by the licence itself nor by an allocation. */
  copiesFree(id: string): number {
    const row = this.#licences.get(id)
    if (row === undefined) return 0
    const own = row.issued.machines.reduce((sum, { share }) => sum + share, 0)
    let allocated = 0
    for (const { copies } of row.allocations.values()) allocated += copies
    return row.issued.copies - own - allocated
  }

  /** Why an entry cannot follow, in a clause; undefined where it can. */
  problemWith(entry: LedgerEntry): string | undefined {
    if (entry.kind === 'published') {
      const last = this.#published.get(entry.root)?.issued ?? -1
      return entry.issued > last ? undefined : 'a status list must be later than the one before it'
    }
    if (entry.kind === 'stated') return this.#usedId(entry.id)
    const row = this.#licences.get(entry.licence)
    if (entry.kind === 'issued') return this.#problemWithIssued(entry)
    if (row === undefined) return `licence \`${entry.licence}\` was never issued here`
    switch (entry.kind) {
      case 'allocated':
        return this.#problemWithAllocated(entry, row)
      case 'refunded':
        if (row.refunds.has(entry.copy)) return `copy \`${entry.copy}\` was refunded already`
        return this.#usedId(entry.id) ?? unnamed(row, entry.machine)
      case 'revoked':
        return row.standing === 'revoked' ? 'the licence was revoked already' : undefined
      case 'suspended':
        if (row.standing === 'valid') return undefined
        return row.standing === 'revoked'
          ? 'the licence was revoked, which is final'
          : 'the licence is suspended already'
      case 'resumed':
        if (row.standing === 'suspended') return undefined
        return row.standing === 'revoked'
          ? 'the licence was revoked, which is final'
          : 'the licence is not suspended'
    }
  }

  apply(entry: LedgerEntry, atMs: number): void {
    this.#lastAtMs = Math.max(this.#lastAtMs, atMs)
    switch (entry.kind) {
      case 'issued':
        this.#licences.set(entry.licence, {
          issued: entry,
          standing: 'valid',
          allocations: new Map(),
          refunds: new Map(),
        })
        if (entry.status !== null) this.#nextStatus = entry.status + 1
        return
      case 'published':
        this.#published.set(entry.root, entry)
        return
      case 'stated':
        this.#ids.add(entry.id)
        return
    }
    const row = this.#licences.get(entry.licence)
    if (row === undefined) return
    if (entry.kind === 'allocated') {
      row.allocations.set(entry.id, entry)
      this.#ids.add(entry.id)
    } else if (entry.kind === 'refunded') {
      row.refunds.set(entry.copy, entry)
      this.#ids.add(entry.id)
    } else {
      row.standing = STANDINGS[entry.kind]
    }
  }

  #problemWithIssued(entry: EntryOf<'issued'>): string | undefined {
    if (this.#licences.has(entry.licence)) return `licence \`${entry.licence}\` was issued already`
    const own = entry.machines.reduce((sum, { share }) => sum + share, 0)
    if (own > entry.copies) return `its machines' shares, ${own} copies, are more than its ${entry.copies}`
    if (entry.status !== null && entry.status !== this.#nextStatus)
      return 'its place in the status list is taken'
    return undefined
  }

  #problemWithAllocated(entry: EntryOf<'allocated'>, row: Row): string | undefined {
    if (row.standing !== 'valid') return `the licence is ${row.standing}`
    const stranger = unnamed(row, entry.machine)
    if (stranger !== undefined) return stranger
    const share = row.issued.machines.find(({ id }) => id === entry.machine)?.share ?? 0
    // The gate reads an allocation only where the licence itself gives the machine nothing.
    if (share > 0)
      return `the licence gives \`${entry.machine}\` ${share} copies itself, which no allocation can change`
    const free = this.copiesFree(entry.licence)
    if (entry.copies > free) {
      return `${entry.copies} copies are more than the ${free} of ${row.issued.copies} that no machine has yet`
    }
    return this.#usedId(entry.id)
  }

  #usedId(id: string): string | undefined {
    return this.#ids.has(id) ? `the id \`${id}\` is taken` : undefined
  }
}

const STANDINGS = { revoked: 'revoked', suspended: 'suspended', resumed: 'valid' } as const

function unnamed(row: Row, machine: string): string | undefined {
  if (row.issued.machines.some(({ id }) => id === machine)) return undefined
  return `the licence does not name the machine \`${machine}\``
}
