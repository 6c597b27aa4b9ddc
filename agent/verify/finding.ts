/** What a check of a log finds, and where. The codes are stable: scripts compare them. */

/** After so many a log is beyond naming each; `ok` says what matters. */
export const FINDINGS_MAX = 100

/** What no honest crash leaves: somebody or something changed the log, or it was never right. */
export type DamageCode =
  /** A file cannot be read, or is none. */
  | 'unreadable-file'
  /** A bundle, tile or segment that must be there is not. */
  | 'missing-file'
  /** A bundle is not so many entries, each behind its length. */
  | 'malformed-bundle'
  /** A record does not have the hash that the tree holds for it. */
  | 'changed-record'
  /** A tile does not fit the one below it. */
  | 'changed-tile'
  /** A segment does not follow on the one before, or is not frames. */
  | 'broken-journal'
  /** The journal is gone: what was written after the last checkpoint is with it. */
  | 'no-journal'
  /** A signed head in the journal, or one that a record tells of, is of other records than these. */
  | 'other-records'
  /** There is no checkpoint, and there must be one. */
  | 'no-checkpoint'
  /** A checkpoint cannot be read. */
  | 'malformed-checkpoint'
  /** Who should have signed did not. */
  | 'bad-signature'
  /** A signed head is of more records than there are. */
  | 'records-missing'
  /** A signed head from elsewhere is of other records: there are two logs of this name. */
  | 'forked'
  /** It is not the log that was asked for. */
  | 'other-log'
  /** There are tiles of more records than the log has. */
  | 'beyond-end'
  | 'not-json'
  | 'not-canonical'
  | 'unknown-record'
  | 'wrong-sequence'
  | 'wrong-first-record'
  /** A record names another that is not of the kind it should be, or not before it. */
  | 'wrong-reference'
  /** Counts of a job run backwards, or a copy of a licence goes a way that none can go. */
  | 'wrong-count'

/** Something to know that an honest crash, clock or network leaves too. */
export type NoticeCode =
  /** The end of the journal is a piece of a commit that was never acknowledged, or is being written now. */
  | 'unfinished-commit'
  /** A tile is not there yet or not whole; it is made again from the journal. */
  | 'unsettled-tile'
  | 'no-checkpoint-yet'
  /** Files that are no part of the log, or that a crash left. */
  | 'stray-file'
  | 'clock-stepped-back'
  /** A witness's clock and the agent's are far apart. */
  | 'clock-differs'
  /** A witness said that it knows another log under this name. */
  | 'witness-refused'
  /** The checkpoint is not cosigned as the policy asks. */
  | 'not-witnessed'

export type FindingCode = DamageCode | NoticeCode

/** Where: the place of a record counted from 0, a file of the log's folder, a byte of that file. */
export interface Place {
  readonly index?: number
  readonly file?: string
  readonly offset?: number
}

export interface Finding {
  readonly severity: 'damage' | 'notice'
  readonly code: FindingCode
  readonly index: number | null
  readonly file: string | null
  readonly offset: number | null
  readonly message: string
}

export function damage(code: DamageCode, place: Place, message: string): Finding {
  return { severity: 'damage', code, ...placed(place), message: printable(message) }
}

export function notice(code: NoticeCode, place: Place, message: string): Finding {
  return { severity: 'notice', code, ...placed(place), message: printable(message) }
}

function placed({ index, file, offset }: Place): Pick<Finding, 'index' | 'file' | 'offset'> {
  return { index: index ?? null, file: file === undefined ? null : printable(file), offset: offset ?? null }
}

/** Names come from the disk and from records: what would move a terminal's cursor, or hide, is shown as what it is. */
function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\ufffd')
}

/** Keeps the first hundred, damage before notices: a thousand steps of a clock must not hide one changed record. */
export class Findings {
  readonly #damage: Finding[] = []
  readonly #notices: Finding[] = []
  #count = 0

  add(...findings: readonly Finding[]): void {
    for (const finding of findings) {
      const list = finding.severity === 'damage' ? this.#damage : this.#notices
      if (list.length < FINDINGS_MAX) list.push(finding)
      this.#count++
    }
  }

  /** Counts findings that somebody else had no room for. */
  addOmitted(count: number): void {
    this.#count += count
  }

  get isDamaged(): boolean {
    return this.#damage.length > 0
  }

  /** In the order of the log as far as they have a record; what has none comes last. */
  list(): readonly Finding[] {
    const kept = [...this.#damage, ...this.#notices].slice(0, FINDINGS_MAX)
    const at = ({ index }: Finding): number => index ?? Number.POSITIVE_INFINITY
    return kept.sort((a, b) => (at(a) === at(b) ? 0 : at(a) - at(b)))
  }

  /** How many more there were. */
  get omitted(): number {
    return this.#count - Math.min(FINDINGS_MAX, this.#damage.length + this.#notices.length)
  }
}
