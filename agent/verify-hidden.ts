import { setTimeout as pause } from 'node:timers/promises'
import { logSize, readLog } from './audit/index.ts'
import { AgentError } from './errors.ts'
import { HIDING_KINDS } from './log-format/index.ts'
import { openVault, type Vault } from './vault/index.ts'

/**
 * Compares a log with its side table: whatever a record hides opens and is what the record commits to, or a later record
 * says that it was erased. Anything else was taken away, or changed, by somebody who is not on record.
 */

/** References that are held at once, some 60 MB: of a log with more of them a part is compared at a time. */
const HELD_MAX = 200_000
/** Subjects that are read at the same time. */
const AT_ONCE = 16
/** As many findings as the check of the log itself names. */
const FINDINGS_MAX = 100
/** An erasure under way is on record a moment after it is done: how often, and how long, one waits for that. */
const LOOKS = 10
const LOOK_PAUSE_MS = 100

/** The codes are stable: scripts compare them. All of them are damage. */
export interface HiddenFinding {
  readonly code: /** What a record hides is not there, and no record of an erasure accounts for that. */
    | 'hidden-missing'
    /** It was erased in the side table, and no record says so. */
    | 'hidden-erased'
    /** Something is there that does not open, or is not what the record commits to. */
    | 'hidden-changed'
    /** The side table cannot be read at all. */
    | 'hidden-unreadable'
  /** The first record of which it is true; null where it is not of one. */
  readonly index: number | null
  readonly subject: string | null
  /** Of how many records of this subject. */
  readonly count: number
  readonly message: string
}

export interface HiddenVerification {
  readonly ok: boolean
  /** Records that hide something; those of which it opens; and those of which it was erased, as records say. */
  readonly records: number
  readonly opened: number
  readonly erased: number
  /** One a subject and code, in the order of the log, at most a hundred. */
  readonly findings: readonly HiddenFinding[]
  /** How many more there were. */
  readonly omitted: number
}

interface Place {
  readonly logDir: string
  readonly vaultDir: string
  /** Undefined where it is gone: then everything is. */
  readonly wrappingKey: Buffer | undefined
}

/** The side table beside a log that is whole. Throws as `readLog` does, and where the side table may not be read. */
export async function verifyHidden(place: Place): Promise<HiddenVerification> {
  const { logDir, vaultDir, wrappingKey } = place
  if (wrappingKey === undefined) return unreadable('the key of the side table is gone: nothing in it opens')
  try {
    const vault = await openVault(vaultDir, { wrappingKey, isReader: true })
    try {
      return await new HiddenCheck(logDir, vault).run()
    } finally {
      await vault.close()
    }
  } catch (error) {
    // A log that is damaged is not for this check to tell.
    if (!(error instanceof AgentError) || error.code !== 'AUDIT_DAMAGED') throw error
    return unreadable(error.message)
  }
}

function unreadable(message: string): HiddenVerification {
  const finding: HiddenFinding = { code: 'hidden-unreadable', index: null, subject: null, count: 0, message }
  return { ok: false, records: 0, opened: 0, erased: 0, findings: [finding], omitted: 0 }
}

/** Where the records stand that commit to something of these subjects, by their commitments. */
type References = Map<string, Map<string, number>>

/** Some records, by their place in the log. */
interface Some {
  count: number
  first: number
  last: number
}

/** What is known of a subject of which anything was erased, or is not as it should be. */
class Account {
  /** Rows that records say were erased, and the place of the last of those records. */
  erasedRows = 0
  erasedAt = -1
  /** Whether the side table itself says that something of it was erased. */
  isNoted = false
  readonly gone: Some = { count: 0, first: 0, last: 0 }
  readonly changed: Some = { count: 0, first: 0, last: 0 }
  /** Those that are gone, and stand behind every record of an erasure. */
  readonly beyond: Some = { count: 0, first: 0, last: 0 }

  /**
   * At most so many rows, and never fewer: what is asked for twice counts what went before once more, and an erasure that
   * a crash broke off may be recorded twice.
   */
  addErasure(index: number, rows: number): void {
    this.erasedRows += rows
    this.erasedAt = index
  }

  addGone(index: number): void {
    add(this.gone, index)
    if (index > this.erasedAt) add(this.beyond, index)
  }

  /** A row that was erased is one of a record that stands before the record of that. */
  get isAccountedFor(): boolean {
    return this.gone.count === 0 || (this.gone.last < this.erasedAt && this.gone.count <= this.erasedRows)
  }
}

function add(some: Some, index: number): void {
  some.first = some.count === 0 ? index : Math.min(some.first, index)
  some.last = Math.max(some.last, index)
  some.count++
}

class HiddenCheck {
  readonly #logDir: string
  readonly #vault: Vault
  readonly #accounts = new Map<string, Account>()
  #records = 0

  constructor(logDir: string, vault: Vault) {
    this.#logDir = logDir
    this.#vault = vault
  }

  async run(): Promise<HiddenVerification> {
    const size = await logSize(this.#logDir)
    await this.#takeErasures(size)
    let references: References = new Map()
    let held = 0
    for await (const { index, record } of readLog(this.#logDir, { kinds: HIDING_KINDS })) {
      if (index >= size) break
      if (record.sealed === undefined) continue
      const { subject, commitment } = record.sealed
      const ofSubject = references.get(subject) ?? new Map<string, number>()
      references.set(subject, ofSubject.set(commitment, index))
      if (++held % HELD_MAX > 0) continue
      await this.#check(references)
      references = new Map()
    }
    await this.#check(references)
    this.#records = held
    await this.#readOn(size)
    return this.#result()
  }

  /** All of them first: what is gone is judged by those that stand behind it. */
  async #takeErasures(size: number): Promise<void> {
    for await (const { index, record } of readLog(this.#logDir, { kinds: ['erasure'] })) {
      if (index < size && record.kind === 'erasure')
        this.#account(record.subject).addErasure(index, record.rows)
    }
  }

  async #check(references: References): Promise<void> {
    const next = references.entries()
    const workOn = async (): Promise<void> => {
      for (const [subject, ofSubject] of next) await this.#checkSubject(subject, ofSubject)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, workOn))
  }

  async #checkSubject(subject: string, references: ReadonlyMap<string, number>): Promise<void> {
    for (const [commitment, why] of await this.#vault.check(subject, references.keys())) {
      const index = references.get(commitment) ?? 0
      const account = this.#account(subject)
      if (why === 'damaged') add(account.changed, index)
      else account.addGone(index)
      if (why === 'erased') account.isNoted = true
    }
  }

  #account(subject: string): Account {
    const account = this.#accounts.get(subject) ?? new Account()
    this.#accounts.set(subject, account)
    return account
  }

  /** An erasure that was under way is on record by now, or is in a moment. */
  async #readOn(size: number): Promise<void> {
    let from = size
    for (let look = 0; look < LOOKS; look++) {
      const isWaiting = [...this.#accounts.values()].some((one) => one.isNoted && !one.isAccountedFor)
      if (!isWaiting) return
      if (look > 0) await pause(LOOK_PAUSE_MS)
      for await (const { index, record } of readLog(this.#logDir, { from, kinds: ['erasure'] })) {
        from = index + 1
        if (record.kind === 'erasure') this.#account(record.subject).addErasure(index, record.rows)
      }
    }
  }

  #result(): HiddenVerification {
    const findings: HiddenFinding[] = []
    let [bad, erased] = [0, 0]
    for (const [subject, account] of this.#accounts) {
      const { gone, changed } = account
      if (account.isAccountedFor) erased += gone.count
      else findings.push(goneFinding(subject, account))
      if (changed.count > 0) findings.push(changedFinding(subject, changed))
      bad += changed.count + gone.count
    }
    findings.sort((a, b) => (a.index ?? 0) - (b.index ?? 0))
    return {
      ok: findings.length === 0,
      records: this.#records,
      opened: this.#records - bad,
      erased,
      findings: findings.slice(0, FINDINGS_MAX),
      omitted: Math.max(0, findings.length - FINDINGS_MAX),
    }
  }
}

function goneFinding(
  subject: string,
  { gone, beyond, erasedAt, erasedRows, isNoted }: Account,
): HiddenFinding {
  if (isNoted && erasedAt === -1) {
    const message = `${recordsWords(subject, gone)}: what ${hides(gone)} was erased in the side table, and no record says so`
    return { code: 'hidden-erased', index: gone.first, subject, count: gone.count, message }
  }
  const some = gone.count <= erasedRows && beyond.count > 0 ? beyond : gone
  const why =
    erasedAt === -1
      ? 'is missing, and was not erased'
      : some === beyond
        ? `is missing, and was not erased: the last erasure is record ${erasedAt}`
        : `is gone, and the erasures on record are of ${erasedRows}`
  const message = `${recordsWords(subject, some)}: what ${hides(some)} ${why}`
  return { code: 'hidden-missing', index: some.first, subject, count: some.count, message }
}

function changedFinding(subject: string, changed: Some): HiddenFinding {
  const message = `${recordsWords(subject, changed)}: the side table holds something that does not open, or is not what the log commits to`
  return { code: 'hidden-changed', index: changed.first, subject, count: changed.count, message }
}

const hides = ({ count }: Some): string => (count === 1 ? 'it hides' : 'they hide')

function recordsWords(subject: string, { count, first }: Some): string {
  return count === 1 ? `record ${first} of ${subject}` : `record ${first} and ${count - 1} more of ${subject}`
}
