/** The licence that a job carries in itself, if it does. */
import { AgentError } from '../errors.ts'
import { type Carrier, HEAD_BYTES_MAX, Pieces } from './pieces.ts'

/** Keeps the beginning of a job that is read for another purpose. */
export class JobHead {
  readonly #bytes = Buffer.alloc(HEAD_BYTES_MAX)
  #length = 0
  #isWhole = true

  /** The next bytes of the job. Keeps a copy of what it needs. */
  add(chunk: Uint8Array): void {
    const room = HEAD_BYTES_MAX - this.#length
    if (chunk.length > room) this.#isWhole = false
    this.#bytes.set(chunk.subarray(0, room), this.#length)
    this.#length += Math.min(room, chunk.length)
  }

  /** The lines of the beginning; one that goes on behind it is left out. */
  lines(): readonly string[] {
    const lines = this.#bytes
      .toString('latin1', 0, this.#length)
      .replace(UTF8_MARK, '')
      .split(/\r\n|\r|\n/)
    return this.#isWhole ? lines : lines.slice(0, -1)
  }
}

/** The mark at the start of some UTF-8 files, as it looks in Latin-1. */
const UTF8_MARK = /^\xef\xbb\xbf/

export interface InJob {
  readonly licence: string
  /** Where it stood. */
  readonly carrier: Carrier
}

/**
 * The licence that the job carries; undefined where it carries none. Throws LICENCE_UNREADABLE where it carries part of one,
 * or two that differ: nobody would know which of them its sender meant.
 */
export function licenceIn(job: string, head: JobHead): InJob | undefined {
  const comments = new Pieces(job, 'comments')
  const commands = new Pieces(job, 'commands')
  for (const line of head.lines()) {
    comments.line(line)
    commands.line(line)
  }
  const found: readonly InJob[] = [
    ...comments.end().map((licence) => ({ licence, carrier: 'comments' as const })),
    ...commands.end().map((licence) => ({ licence, carrier: 'commands' as const })),
  ]
  const [first, ...others] = found
  if (others.some(({ licence }) => licence !== first?.licence)) {
    const message = `job \`${job}\` carries two licences that differ; name the one that is meant with \`--licence\``
    throw new AgentError('LICENCE_UNREADABLE', message)
  }
  return first
}
