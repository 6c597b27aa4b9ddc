import { CARRIAGE_RETURN, NEWLINE, SEMICOLON, SPACE, TAB } from './bytes.ts'

/**
 * Bytes kept of a line. Far past any command; what is cut off of a longer line can only be blank space or comment,
 * or the line is refused for its length.
 */
export const LINE_BYTES_KEPT = 4096

/** Stands behind what was kept for what was cut off: outside a comment it makes the line too long, inside one it is comment. */
const CUT_MARK = 0x3f

/** Where the lines go. Called in order; `bytes` is valid only during the call. */
export interface LineSink {
  /**
   * One line, without its end. Of a line longer than `LINE_BYTES_KEPT` only so many bytes, and a mark behind them
   * that lets only a comment pass, unless what was cut off is blank or comment itself.
   */
  line(bytes: Uint8Array, start: number, end: number): void
  /**
   * Optional short cut: takes whole lines from `at` on, each with its newline before `limit`, as many as it likes.
   * Answers the index where it stopped, `at` where it took none. What it leaves comes through `line`.
   */
  takeLines?(bytes: Uint8Array, at: number, limit: number): number
}

/**
 * Cuts a stream of bytes into lines at `\n`, `\r` or `\r\n`, as Marlin does (queue.cpp). How the bytes are cut
 * into chunks never matters. Bounded: a line that never ends costs `LINE_BYTES_KEPT` bytes.
 */
export class LineSplitter {
  private readonly sink: LineSink
  private readonly kept = new Uint8Array(LINE_BYTES_KEPT + 1)
  private keptLength = 0
  private isInLine = false
  /** Whether all that was cut off of this line so far is blank space. */
  private isCutBlank = true
  private isAfterReturn = false

  constructor(sink: LineSink) {
    this.sink = sink
  }

  push(chunk: Uint8Array, from = 0, to = chunk.length): void {
    let at = from
    if (this.isInLine || this.isAfterReturn) at = this.finishKept(chunk, at, to)
    const sink = this.sink
    while (at < to) {
      if (sink.takeLines !== undefined) {
        at = sink.takeLines(chunk, at, to)
        if (at >= to) return
      }
      const end = lineEnd(chunk, at, to)
      if (end === to) {
        this.keep(chunk, at, to)
        return
      }
      if (end - at > LINE_BYTES_KEPT) {
        // Cut like one that comes in pieces: how a line is read never depends on the chunks it came in.
        this.keep(chunk, at, end)
        this.emitKept()
      } else sink.line(chunk, at, end)
      at = end + 1
      if (chunk[end] !== CARRIAGE_RETURN) continue
      if (at === to) this.isAfterReturn = true
      else if (chunk[at] === NEWLINE) at++
    }
  }

  /** Ends the stream: a last line without its newline is a line. */
  end(): void {
    if (this.isInLine) this.emitKept()
    this.isAfterReturn = false
  }

  private finishKept(chunk: Uint8Array, from: number, to: number): number {
    let at = from
    if (this.isAfterReturn && at < to) {
      this.isAfterReturn = false
      if (chunk[at] === NEWLINE) at++
    }
    if (!this.isInLine) return at
    const end = lineEnd(chunk, at, to)
    this.keep(chunk, at, end)
    if (end === to) return to
    this.emitKept()
    at = end + 1
    if (chunk[end] !== CARRIAGE_RETURN) return at
    if (at === to) this.isAfterReturn = true
    else if (chunk[at] === NEWLINE) at++
    return at
  }

  private keep(chunk: Uint8Array, from: number, to: number): void {
    this.isInLine = true
    const length = Math.max(0, Math.min(to - from, LINE_BYTES_KEPT - this.keptLength))
    for (let i = 0; i < length; i++) this.kept[this.keptLength + i] = chunk[from + i]!
    this.keptLength += length
    if (length < to - from && this.isCutBlank) this.cut(chunk, from + length, to)
  }

  /** What is cut off must not make the line look blank or short, so the first byte of it that counts leaves a mark. */
  private cut(chunk: Uint8Array, from: number, to: number): void {
    let i = from
    while (i < to && (chunk[i] === SPACE || chunk[i] === TAB)) i++
    if (i === to) return
    this.isCutBlank = false
    if (chunk[i] !== SEMICOLON) this.kept[this.keptLength++] = CUT_MARK
  }

  private emitKept(): void {
    const length = this.keptLength
    this.keptLength = 0
    this.isInLine = false
    this.isCutBlank = true
    this.sink.line(this.kept, 0, length)
  }
}

function lineEnd(bytes: Uint8Array, from: number, to: number): number {
  let i = from
  while (i < to && bytes[i] !== NEWLINE && bytes[i] !== CARRIAGE_RETURN) i++
  return i
}
