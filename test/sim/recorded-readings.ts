/** Reads the rows of fixtures/firmware-readings: an input line, and what a real firmware made of it. */

import { readFileSync } from 'node:fs'

export interface RecordedCommand {
  readonly queued: string
  readonly letter: string
  readonly code: number
  readonly sub?: number
  readonly params: Readonly<Record<string, number | 'inf' | null>>
  readonly string_arg: string | null
}

export interface RecordedReading {
  /** The input as it stands in the file, with its escapes. */
  readonly escaped: string
  readonly input: Uint8Array
  readonly commands: readonly RecordedCommand[]
  readonly reply: string
  readonly early: string
}

export function recordedReadings(fileName: string): RecordedReading[] {
  const text = readFileSync(new URL(`../../fixtures/firmware-readings/${fileName}`, import.meta.url), 'utf8')
  return text
    .split('\n')
    .filter((row) => row !== '')
    .map((row) => {
      const tab = row.indexOf('\t')
      const escaped = row.slice(0, tab)
      return { escaped, input: unescapeInput(escaped), ...JSON.parse(row.slice(tab + 1)) }
    })
}

function unescapeInput(escaped: string): Uint8Array {
  const text = escaped.replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex: string | undefined, letter: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
    return { n: '\n', r: '\r', t: '\t', '\\': '\\' }[letter]!
  })
  return Buffer.from(text, 'latin1')
}
