import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { showable, showableJson } from '../../gcode/index.ts'

/**
 * What a person sees: words on standard output and standard error, colour only where a terminal shows it. Everything is
 * cleaned here, line by line, so that no file name or message of somebody else can forge a line or steer a terminal.
 */

const canColour = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined

/** Stands before our own colours until a line is written: nobody outside can know it, so nobody else can colour. */
const SECRET = randomBytes(12).toString('hex')
const COLOUR = new RegExp(`${SECRET}<(\\d+)>`)

const paint =
  (open: number) =>
  (text: string): string =>
    canColour ? `${SECRET}<${open}>${text}${SECRET}<0>` : text

export const bold = paint(1)
export const dim = paint(2)
export const red = paint(31)
export const green = paint(32)
export const yellow = paint(33)

/** One line as it may be written: our colours as they are, anything else that is no plain text as `?`. */
export function cleanLine(line: string): string {
  if (!canColour) return showable(line)
  // Each second piece is the number of a colour.
  return line
    .split(COLOUR)
    .map((piece, i) => (i % 2 === 0 ? showable(piece) : `\x1b[${piece}m`))
    .join('')
}

/** Writes lines to standard output. */
export function say(...lines: readonly string[]): void {
  if (lines.length === 0) return
  process.stdout.write(`${lines.map(cleanLine).join('\n')}\n`)
}

/** Writes lines to standard error, the first with our name. */
export function complain(...lines: readonly string[]): void {
  process.stderr.write(`portcullis: ${lines.map(showable).join('\n')}\n`)
}

let hasDocument = false

/** Writes the one JSON document of a command to standard output. */
export function sayJson(value: unknown): void {
  hasDocument = true
  process.stdout.write(`${showableJson(JSON.stringify(value, null, 2))}\n`)
}

/** Writes what went wrong, as one line of JSON, unless the command has written its document already. */
export function sayJsonError(error: { readonly code: string; readonly message: string }): void {
  if (!hasDocument) process.stdout.write(`${showableJson(JSON.stringify({ error }))}\n`)
}

/** Two columns: names padded to the longest, indented. */
export function columns(rows: readonly (readonly [string, string])[], indent = '  '): readonly string[] {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${indent}${dim(name.padEnd(width))}  ${value}`)
}

/** Gathers lines for standard output and writes them in large pieces, waiting where the reader is slow. */
export class LineWriter {
  #waiting = ''

  async write(line: string): Promise<void> {
    await this.#add(cleanLine(line))
  }

  /** One JSON document as a line. */
  async writeJson(value: unknown): Promise<void> {
    await this.#add(showableJson(JSON.stringify(value)))
  }

  async #add(line: string): Promise<void> {
    this.#waiting += `${line}\n`
    if (this.#waiting.length >= BATCH_CHARS) await this.flush()
  }

  async flush(): Promise<void> {
    const text = this.#waiting
    this.#waiting = ''
    if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain')
  }
}

/** Enough that a write costs nothing a line. */
const BATCH_CHARS = 65_536

/** `1 h 23 min`, `4 min 5 s`, `12.3 s`. */
export function duration(seconds: number): string {
  const tenths = Math.round(seconds * 10)
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`
  // Rounded before it is divided: no `1 min 60 s`.
  const whole = Math.round(seconds)
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return `${minutes} min ${whole % 60} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** `1.2 MB`. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`
  // What would round to 1000.0 kB is a megabyte.
  return bytes < 999_950 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}
