/** A licence in pieces, each in a line of its own: in comments of a job, or in commands that the gate keeps to itself. */
import { LICENCE_PART } from '../../gcode/index.ts'
import { AgentError } from '../errors.ts'
import { fromBase32, toBase32 } from './base32.ts'

/** With its number and the link's wrapping, a command of it fits every firmware's line. */
const PIECE_CHARS = 60
/** As comments, which are the longer, they still stand within `HEAD_BYTES_MAX`. */
const PIECES_MAX = 640
const LICENCE_BYTES_MAX = (PIECES_MAX * PIECE_CHARS * 5) / 8

/** Where in a job pieces are looked for: a job is read once, and nothing without end is kept of it. */
export const HEAD_BYTES_MAX = 64 * 1024

export type Carrier = 'comments' | 'commands'

const STARTS = { comments: '; portcullis-licence ', commands: `${LICENCE_PART} L` } as const satisfies Record<
  Carrier,
  string
>

/** What begins like a piece is one, or it is damaged: nothing of it is passed over. */
const BEGINNINGS = {
  comments: /^\s*;\s*portcullis-licence\b/i,
  commands: new RegExp(`^\\s*(?:N-?\\d+\\s*)?M\\s*0*${LICENCE_PART.slice(1)}(?!\\d)`, 'i'),
} as const satisfies Record<Carrier, RegExp>

const PIECES = {
  comments: /^; portcullis-licence ([1-9]\d{0,2})\/([1-9]\d{0,2}) ([A-Z2-7]{1,60})$/,
  commands: new RegExp(`^${LICENCE_PART} L([1-9]\\d{0,2})/([1-9]\\d{0,2}) ([A-Z2-7]{1,60})$`),
} as const satisfies Record<Carrier, RegExp>

/** The lines that carry a licence. Throws LICENCE_UNREADABLE where it is too long for that. */
export function linesOf(licence: string, carrier: Carrier): readonly string[] {
  const bytes = Buffer.from(licence, 'utf8')
  if (bytes.length > LICENCE_BYTES_MAX) {
    const message = `the licence has ${bytes.length} bytes with what goes with it, above the ${LICENCE_BYTES_MAX} that a job can carry; put it beside the job as \`JOB.licence\``
    throw new AgentError('LICENCE_UNREADABLE', message)
  }
  const text = toBase32(bytes)
  const count = Math.ceil(text.length / PIECE_CHARS)
  return Array.from({ length: count }, (_, i) => {
    const piece = text.slice(i * PIECE_CHARS, (i + 1) * PIECE_CHARS)
    return `${STARTS[carrier]}${i + 1}/${count} ${piece}`
  })
}

/** Puts the pieces of one carrier together as their lines come. */
export class Pieces {
  readonly #job: string
  readonly #carrier: Carrier
  #count = 0
  #pieces: string[] = []
  readonly #licences: string[] = []

  constructor(job: string, carrier: Carrier) {
    this.#job = job
    this.#carrier = carrier
  }

  /** Throws LICENCE_UNREADABLE for a piece that is not as it was written, or not the next. */
  line(line: string): void {
    if (!BEGINNINGS[this.#carrier].test(line)) return
    const [, number, count, piece = ''] = PIECES[this.#carrier].exec(line.trimEnd()) ?? []
    if (number === undefined) throw this.#broken('a piece of it is not as it was written')
    const due = this.#pieces.length + 1
    if (due === 1) this.#count = Number(count)
    if (this.#count > PIECES_MAX) throw this.#broken(`it has more than ${PIECES_MAX} pieces`)
    if (Number(number) !== due || Number(count) !== this.#count)
      throw this.#broken(`piece ${number} of ${count} stands where ${due} of ${this.#count} is due`)
    if (due < this.#count && piece.length !== PIECE_CHARS) throw this.#broken(`piece ${due} was cut`)
    this.#pieces.push(piece)
    if (due === this.#count) this.#complete()
  }

  #complete(): void {
    const bytes = fromBase32(this.#pieces.join(''))
    const licence = bytes?.toString('utf8')
    if (licence === undefined || !/^[\t\n\r\x20-\x7e]+$/.test(licence))
      throw this.#broken('its pieces are not a licence')
    this.#licences.push(licence)
    this.#pieces = []
  }

  /** What was carried; more than one where it was carried more than once. Throws LICENCE_UNREADABLE where pieces are missing. */
  end(): readonly string[] {
    const { length } = this.#pieces
    if (length > 0)
      throw this.#broken(`of ${this.#count} pieces only ${length} stand in the first ${HEAD_BYTES_MAX} bytes`)
    return this.#licences
  }

  #broken(how: string): AgentError {
    const message = `job \`${this.#job}\` carries a licence in its ${this.#carrier} that is not whole: ${how}; attach it again to the job as it came, or name it with \`--licence\``
    return new AgentError('LICENCE_UNREADABLE', message)
  }
}
