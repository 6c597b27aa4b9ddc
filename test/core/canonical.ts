/** A job's commands as the gate writes them, and its digest: by the survey's parts, not by the session's. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { RunningHash } from '../../agent/core/index.ts'
import {
  asciiText,
  CANONICAL_BYTES_MAX,
  Command,
  JobDigest,
  LineParser,
  LineSplitter,
  MARLIN,
  PARSED,
  writeLine,
} from '../../gcode/index.ts'

export interface CanonicalJob {
  readonly bytes: Uint8Array
  /** Every command, observing ones too. */
  readonly commands: readonly string[]
  readonly sha256: string
}

/** Reads a job. Lines that are refused are left out. */
export function canonicalJob(bytes: Uint8Array): CanonicalJob {
  const commands: string[] = []
  const hash = createHash('sha256')
  const digest = new JobDigest(hash)
  const parser = new LineParser(MARLIN)
  const command = new Command()
  const out = new Uint8Array(CANONICAL_BYTES_MAX)
  const splitter = new LineSplitter({
    line: (line, start, end) => {
      if (parser.parse(line, start, end, command) !== PARSED) return
      commands.push(asciiText(out, 0, writeLine(command, out, 0)))
      if (JobDigest.counts(command)) digest.addWritten(command)
    },
  })
  splitter.push(bytes)
  splitter.end()
  digest.flush()
  return { bytes, commands, sha256: hash.digest('hex') }
}

/** The same of lines of text. */
export function jobOf(...lines: readonly string[]): CanonicalJob {
  return canonicalJob(Buffer.from(`${lines.join('\n')}\n`, 'latin1'))
}

/** A file of `fixtures/`. */
export function fixture(path: string): Uint8Array {
  return readFileSync(new URL(`../../fixtures/${path}`, import.meta.url))
}

/** SHA-256 that can be looked at while it goes on, as the composition root makes it. */
export function runningHash(): RunningHash {
  const hash = createHash('sha256')
  return { update: (bytes) => hash.update(bytes), peek: () => hash.copy().digest('hex') }
}
