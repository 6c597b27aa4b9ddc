/** Rows that wait to be written. Those that wait at the same time for the same file share one write and one sync. */
import { assert } from '../errors.ts'
import type { RowPlace } from './row.ts'
import { unwritable, writeTrouble } from './trouble.ts'
import type { Turns } from './turns.ts'

/** A disk that is this far behind is not one to go on printing with; memory must not fill while it stalls. */
const WAITING_BYTES_MAX = 16 * 1024 * 1024
/** What one write holds at most, and so what a crash can leave half written. */
const BATCH_BYTES_MAX = 1024 * 1024

interface Waiting {
  readonly place: RowPlace
  readonly fields: Buffer
  readonly resolve: (commitment: string) => void
  readonly reject: (error: unknown) => void
}

/** Writes the rows of one place, durably, and answers their commitments. */
type Append = (place: RowPlace, fields: readonly Buffer[]) => Promise<string[]>

export class SealQueue {
  readonly #dir: string
  readonly #turns: Turns
  readonly #append: Append
  #waiting: Waiting[] = []
  #waitingBytes = 0

  constructor(dir: string, turns: Turns, append: Append) {
    this.#dir = dir
    this.#turns = turns
    this.#append = append
  }

  /** Resolves with the commitment once the row is durable. */
  seal(place: RowPlace, fields: Buffer): Promise<string> {
    if (this.#waitingBytes + fields.length > WAITING_BYTES_MAX) {
      throw unwritable(this.#dir, `the disk is more than ${WAITING_BYTES_MAX} bytes behind`)
    }
    this.#waitingBytes += fields.length
    return new Promise((resolve, reject) => {
      this.#waiting.push({ place, fields, resolve, reject })
      // One turn for each row: the first takes all that wait for its file, and the others then find nothing to do.
      void this.#turns.take(() => this.#writeBatch())
    })
  }

  /** Writes the oldest row that waits, and those that wait for the same file. Rejects nothing itself. */
  async #writeBatch(): Promise<void> {
    const [first] = this.#waiting
    if (first === undefined) return
    const batch = this.#takeBatch(first.place)
    try {
      const commitments = await this.#append(
        first.place,
        batch.map(({ fields }) => fields),
      )
      assert(commitments.length === batch.length, 'every row that was written has its commitment')
      for (const [i, commitment] of commitments.entries()) batch[i]?.resolve(commitment)
    } catch (error) {
      for (const { reject } of batch) reject(writeTrouble(this.#dir, error))
    }
  }

  #takeBatch({ subject, month }: RowPlace): Waiting[] {
    const batch: Waiting[] = []
    const rest: Waiting[] = []
    let bytes = 0
    for (const waiting of this.#waiting) {
      const isSame = waiting.place.subject === subject && waiting.place.month === month
      if (isSame && bytes + waiting.fields.length <= BATCH_BYTES_MAX) {
        batch.push(waiting)
        bytes += waiting.fields.length
      } else rest.push(waiting)
    }
    this.#waiting = rest
    this.#waitingBytes -= bytes
    return batch
  }
}
