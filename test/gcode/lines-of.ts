/** Reads text with the room's own parts, and gives what they made of it in a form that a test can compare. */

import {
  asciiBytes,
  asciiText,
  CANONICAL_BYTES_MAX,
  Command,
  type CommandTable,
  EMPTY,
  explainRefusal,
  LineParser,
  type LineSink,
  LineSplitter,
  MARLIN,
  PARSED,
  REFUSAL_IDS,
  writeLine,
} from '../../gcode/index.ts'

/** What is left of a command when the parser has gone on to the next line. */
export interface ReadCommand {
  /** `G1`, `M862.3`. */
  readonly name: string
  /** Words in the order of the line; null for a word without a value. */
  readonly words: Readonly<Record<string, number | null>>
  /** The text of a text command, or null. */
  readonly text: string | null
  /** The letter that the text belongs to, or null where it is the line's own. */
  readonly textWord: string | null
}

/** One line, as it was read. */
export interface ReadLine {
  readonly line: number
  /** `''` for a line without a command, null for a refused one. */
  readonly canonical: string | null
  readonly command: ReadCommand | null
  /** The id of the refusal. */
  readonly code?: string
  readonly message?: string
}

/** A line's bytes: a string stands for its Latin-1 bytes, so that tests can write any byte. */
export function bytesOf(line: string | Uint8Array): Uint8Array {
  return typeof line === 'string' ? asciiBytes(line) : line
}

/** Copies out what the parser found. */
export function snapshot(command: Command): ReadCommand {
  const words: Record<string, number | null> = {}
  for (let i = 0; i < command.wordCount; i++) {
    const slot = command.order[i]!
    if (slot === command.textWord) continue
    words[String.fromCharCode(0x41 + slot)] = command.hasValue(slot) ? command.values[slot]! : null
  }
  const hasText = command.textEnd > command.textStart
  return {
    name: command.name(),
    words,
    text: hasText ? asciiText(command.bytes, command.textStart, command.textEnd) : null,
    textWord: command.textWord < 0 ? null : String.fromCharCode(0x41 + command.textWord),
  }
}

/** Reads lines as `portcullis read` does: each one through splitter, parser and writer. */
export class LineReader implements LineSink {
  readonly lines: ReadLine[] = []
  private readonly splitter = new LineSplitter(this)
  private readonly parser: LineParser
  private readonly command = new Command()

  constructor(table: CommandTable = MARLIN) {
    this.parser = new LineParser(table)
  }

  push(chunk: Uint8Array): void {
    this.splitter.push(chunk)
  }

  end(): readonly ReadLine[] {
    this.splitter.end()
    return this.lines
  }

  line(bytes: Uint8Array, start: number, end: number): void {
    this.lines.push({ line: this.lines.length + 1, ...readOne(this.parser, this.command, bytes, start, end) })
  }
}

function readOne(
  parser: LineParser,
  command: Command,
  bytes: Uint8Array,
  start: number,
  end: number,
): Omit<ReadLine, 'line'> {
  const result = parser.parse(bytes, start, end, command)
  if (result === EMPTY) return { canonical: '', command: null }
  if (result !== PARSED)
    return { canonical: null, command: null, ...explainRefusal(result, command, bytes, start, end) }
  return { canonical: canonicalOf(command), command: snapshot(command) }
}

/** The canonical form of the command just parsed. */
export function canonicalOf(command: Command): string {
  const out = new Uint8Array(CANONICAL_BYTES_MAX)
  return asciiText(out, 0, writeLine(command, out, 0))
}

/** Every line of a text, as it was read. */
export function linesOf(text: string | Uint8Array, table: CommandTable = MARLIN): readonly ReadLine[] {
  const reader = new LineReader(table)
  reader.push(bytesOf(text))
  return reader.end()
}

/** One line without its end. */
export function lineOf(text: string | Uint8Array, table: CommandTable = MARLIN): Omit<ReadLine, 'line'> {
  const bytes = bytesOf(text)
  return readOne(new LineParser(table), new Command(), bytes, 0, bytes.length)
}

/** The canonical form of one line, or the id of its refusal in angle brackets. */
export function readingOf(text: string | Uint8Array): string {
  const line = lineOf(text)
  return line.canonical ?? `<${line.code}>`
}

/** The id that a parse code stands for. */
export function idOf(code: number): string {
  return code === PARSED ? 'parsed' : code === EMPTY ? 'empty' : (REFUSAL_IDS[code - 2] ?? 'unknown')
}
