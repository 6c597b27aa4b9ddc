/**
 * What the simulated printer saw and did, one JSON object a line, so that a test or an auditor can say "no byte of it
 * arrived" or "it ran exactly these commands". Each line carries `atMs`, the printer's own time.
 */

import { closeSync, openSync, writeSync } from 'node:fs'
import { AgentError, systemReason } from '../errors.ts'
import type { Clock } from './clock.ts'

/** Bytes in the order in which the printer received them. */
export interface ReceivedRecord {
  readonly kind: 'received'
  readonly hex: string
}

/** A command that ran: number and checksum taken off, words with the digits received. `sd` ran from the card. */
export interface CommandRecord {
  readonly kind: 'command'
  readonly text: string
  readonly source?: 'sd'
}

/** A line that the printer sent, without its line end, as it left: noise included, swallowed lines not. */
export interface SentRecord {
  readonly kind: 'sent'
  readonly text: string
}

/** Everything else that happened to the printer. The rest of the fields depend on the name. */
export interface EventRecord {
  readonly kind: 'event'
  readonly name: EventName
  readonly [field: string]: string | number | boolean
}

/** Names of events; tools may rely on them. */
export type EventName =
  | 'boot'
  | 'reset'
  | 'killed'
  | 'target'
  | 'quickstop'
  | 'wait-broken'
  | 'client-connected'
  | 'client-gone'
  | 'overrun'
  | 'fault'
  | 'stopped'

/** One line of the journal. */
export type JournalRecord = (ReceivedRecord | CommandRecord | SentRecord | EventRecord) & {
  readonly atMs: number
}

/** Takes one line of the journal, without its line end. */
export type JournalSink = (line: string) => void

/** Writes records to a sink, stamped with the printer's time. */
export class Journal {
  readonly #sink: JournalSink
  readonly #clock: Clock

  constructor(sink: JournalSink, clock: Clock) {
    this.#sink = sink
    this.#clock = clock
  }

  received(bytes: Uint8Array): void {
    const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
    this.#write({ kind: 'received', hex })
  }

  command(text: string, isFromCard: boolean): void {
    this.#write(isFromCard ? { kind: 'command', text, source: 'sd' } : { kind: 'command', text })
  }

  sent(text: string): void {
    this.#write({ kind: 'sent', text })
  }

  event(name: EventName, fields: Readonly<Record<string, string | number | boolean>> = {}): void {
    this.#write({ kind: 'event', name, ...fields })
  }

  #write(record: ReceivedRecord | CommandRecord | SentRecord | EventRecord): void {
    // Microseconds are enough, and keep the lines short.
    this.#sink(JSON.stringify({ ...record, atMs: Math.round(this.#clock.nowMs() * 1000) / 1000 }))
  }
}

/** A journal file. Each line is with the operating system before the printer goes on: `kill -9` loses none. */
export interface JournalFile {
  readonly sink: JournalSink
  close(): void
}

/** Starts a journal file anew, or throws STATE_UNUSABLE. */
export function openJournalFile(path: string): JournalFile {
  const fail = (error: unknown): never => {
    const reason = systemReason(error, { ENOENT: 'its folder does not exist', EISDIR: 'it is a folder' })
    throw new AgentError('STATE_UNUSABLE', `the journal \`${path}\` cannot be written: ${reason}`, {
      cause: error,
    })
  }
  let descriptor = -1
  try {
    descriptor = openSync(path, 'w', 0o644)
  } catch (error) {
    return fail(error)
  }
  return {
    sink: (line) => {
      const bytes = Buffer.from(`${line}\n`)
      try {
        for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written)
      } catch (error) {
        fail(error)
      }
    },
    close: () => closeSync(descriptor),
  }
}
