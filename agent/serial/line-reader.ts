/**
 * The printer's bytes to lines. A line that comes in one piece, as nearly all do, is read right where it lies. What
 * comes in pieces goes through serialport's own parser behind a cap: alone it would keep a line without end in memory
 * for ever, and copy it anew with every chunk.
 */

import { ReadlineParser } from '@serialport/parser-readline'

/** The longest genuine reply, M115's first line, is about 300 bytes; a firmware's line buffer rarely passes 256. */
export const REPLY_BYTES_MAX = 1024

const NUL = 0x00
const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d
const NEWLINE_BYTES = Buffer.from('\n')

/** Boards send NUL bytes while they reset and some firmware ends its lines with CR NL; neither is part of a reply. */
const NOISE = /^\0+|[\r\0]+$/g

/** Nearly every reply. */
const OK = 'ok'
const LETTER_O = 0x6f
const LETTER_K = 0x6b

/** What a reader hands on, each call made before `push` returns. */
export interface LineSink {
  line(text: string): void
  overlong?(bytesMax: number): void
}

/** Any split of the same bytes into chunks gives the same lines. Bytes are read as Latin-1: none is ever invalid. */
export class LineReader {
  readonly #sink: LineSink
  readonly #parser = new ReadlineParser({ delimiter: '\n', encoding: 'latin1' })
  /** Bytes of the line that the parser has begun and not ended. */
  #begunBytes = 0
  /** The rest of an over-long line is still coming. */
  #isSkipping = false
  /** What the parser says now is thrown away. */
  #isMuted = false
  #isStopped = false

  constructor(sink: LineSink) {
    this.#sink = sink
    // The parser stays in flowing mode, in which it hands on each line inside `write`; paused, it would join them.
    this.#parser.on('data', (text: string) => this.#deliver(text))
  }

  /** Reads the next chunk. */
  push(chunk: Uint8Array): void {
    // A line may make the sink stop us: then the rest of the chunk is not its business any more.
    for (let from = 0; from < chunk.length && !this.#isStopped; ) {
      const newline = chunk.indexOf(NEWLINE, from)
      const to = newline === -1 ? chunk.length : newline + 1
      if (newline !== -1 && this.#isBetweenLines && newline - from <= REPLY_BYTES_MAX) {
        this.#deliverWhole(chunk, from, newline)
      } else {
        this.#take(chunk.subarray(from, to), newline !== -1)
      }
      from = to
    }
  }

  /** Delivers nothing from now on. */
  stop(): void {
    this.#isStopped = true
  }

  get #isBetweenLines(): boolean {
    return this.#begunBytes === 0 && !this.#isSkipping
  }

  /** Reads a line whose end is at `to`. */
  #deliverWhole(chunk: Uint8Array, from: number, to: number): void {
    let start = from
    let end = to
    while (start < end && chunk[start] === NUL) start += 1
    while (end > start && (chunk[end - 1] === CARRIAGE_RETURN || chunk[end - 1] === NUL)) end -= 1
    if (start === end) return
    if (isOk(chunk, start, end)) this.#sink.line(OK)
    else this.#sink.line(Buffer.from(chunk.buffer, chunk.byteOffset + start, end - start).toString('latin1'))
  }

  /** Takes a piece that lies within one line; `hasEnd` says that it is the last of it. */
  #take(piece: Uint8Array, hasEnd: boolean): void {
    if (this.#isSkipping) {
      this.#isSkipping = !hasEnd
      return
    }
    if (this.#begunBytes + piece.length - (hasEnd ? 1 : 0) > REPLY_BYTES_MAX) {
      this.#isSkipping = !hasEnd
      this.#forgetBegun()
      this.#sink.overlong?.(REPLY_BYTES_MAX)
      return
    }
    this.#begunBytes = hasEnd ? 0 : this.#begunBytes + piece.length
    this.#parser.write(piece)
  }

  #forgetBegun(): void {
    this.#begunBytes = 0
    this.#isMuted = true
    this.#parser.write(NEWLINE_BYTES)
    this.#isMuted = false
  }

  #deliver(text: string): void {
    if (this.#isMuted) return
    const line = text.replace(NOISE, '')
    if (line !== '') this.#sink.line(line)
  }
}

function isOk(chunk: Uint8Array, start: number, end: number): boolean {
  return end - start === 2 && chunk[start] === LETTER_O && chunk[start + 1] === LETTER_K
}
