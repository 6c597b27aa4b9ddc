/**
 * What a witness keeps of a log that it refused: the head that it knew and the head that it was shown. Two heads of one
 * size with two roots, both signed by the log, are proof that the log lied, for anybody who has the log's key.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { originHash } from './origin-store.ts'
import { replaceFile, type WitnessDisk } from './witness-disk.ts'

/** The folder of the files, below that of the witness. */
export const EVIDENCE_FOLDER = 'evidence'

/**
 * `fork`: two roots for one size, which only a holder of the log's key can make. `inconsistent`: a head without a proof
 * that it follows; anybody who has two heads of the log can send that, so it is a reason to look and no proof.
 */
export type EvidenceKind = 'fork' | 'inconsistent'

/** Of each kind and log: the first ones tell the most, and strangers' kind must not crowd out the other. */
const FILES_MAX: Readonly<Record<EvidenceKind, number>> = { fork: 32, inconsistent: 8 }

export interface Evidence {
  readonly kind: EvidenceKind
  readonly origin: string
  /** The latest checkpoint that the witness cosigned, with both signatures. */
  readonly cosigned: string
  /** The checkpoint that was refused, with the log's signature. */
  readonly submitted: string
  /** What the sender took for the witness's size, and its proof, in base64. */
  readonly oldSize: number
  readonly proof: readonly string[]
}

export class EvidenceStore {
  readonly #folder: string
  readonly #disk: WitnessDisk

  constructor(dir: string, disk: WitnessDisk) {
    this.#folder = join(dir, EVIDENCE_FOLDER)
    this.#disk = disk
  }

  /** Keeps it unless it is known or there are enough of its kind. Says the file, or why there is none. */
  async keep(evidence: Evidence, at: string): Promise<{ readonly file: string } | 'known' | 'enough'> {
    const { kind, origin, cosigned, submitted } = evidence
    const begin = `${originHash(origin).slice(0, 16)}-${kind}-`
    const digest = createHash('sha256').update(`${textOf(cosigned)}\n${textOf(submitted)}`, 'utf8')
    const name = `${begin}${digest.digest('hex').slice(0, 16)}.json`
    const names = (await this.#disk.list(this.#folder)).filter(isEvidence)
    if (names.includes(name)) return 'known'
    if (names.filter((known) => known.startsWith(begin)).length >= FILES_MAX[kind]) return 'enough'
    const document = { version: 1, at, ...evidence }
    const file = join(this.#folder, name)
    await replaceFile(this.#disk, file, Buffer.from(`${JSON.stringify(document, null, 2)}\n`, 'utf8'))
    return { file }
  }

  /** The names of the files that there are. */
  async list(): Promise<readonly string[]> {
    return (await this.#disk.list(this.#folder)).filter(isEvidence).sort()
  }
}

/** What was signed: signatures may differ between two sendings of one head. */
function textOf(note: string): string {
  return note.slice(0, note.lastIndexOf('\n\n') + 1)
}

function isEvidence(name: string): boolean {
  return name.endsWith('.json')
}
