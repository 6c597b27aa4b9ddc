import { once } from 'node:events'

/** What a person sees: words on standard output, colour only where a terminal shows it. */

const canColour = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined

const paint =
  (open: number) =>
  (text: string): string =>
    canColour ? `\x1b[${open}m${text}\x1b[0m` : text

export const bold = paint(1)
export const dim = paint(2)
export const red = paint(31)
export const green = paint(32)
export const yellow = paint(33)

/** Writes lines to standard output. */
export function say(...lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** Writes one JSON document to standard output. */
export function sayJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
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
