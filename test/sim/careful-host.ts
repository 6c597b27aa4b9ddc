/**
 * A small host of the kind that printers expect: numbered lines, one in flight, resends from its own history, and an
 * M105 with a number when nothing was heard for a while. It shares no code with the gate's own sender.
 */

import { type BenchPrinter, numbered } from './bench-printer.ts'

/** Turns of silence after which the host asks. Each turn is one virtual second. */
const SILENT_TURNS_MAX = 30
const TURN_MS = 1000
const TURNS_MAX = 100_000

export interface HostReport {
  readonly resends: number
  readonly questions: number
  readonly sentLines: number
}

/** Sends every command until the last one is acknowledged. Throws when the printer never gets that far. */
export function sendAll(bench: BenchPrinter, commands: readonly string[]): HostReport {
  const history = ['M110 N0', ...commands]
  let next = 0
  let silentTurns = 0
  let isInFlight = false
  let resends = 0
  let questions = 0
  let sentLines = 0

  const send = (number: number, text: string) => {
    sentLines++
    isInFlight = true
    bench.send(numbered(number, text))
  }
  const hear = (line: string) => {
    silentTurns = 0
    const resend = /^Resend: ([0-9]+)$/.exec(line)
    if (resend !== null) {
      resends++
      next = Number(resend[1])
    }
    if (line === 'ok' || line.startsWith('ok ')) isInFlight = false
  }
  for (let turn = 0; turn < TURNS_MAX; turn++) {
    for (const line of bench.heard()) hear(line)
    if (!isInFlight && next >= history.length) return { resends, questions, sentLines }
    if (!isInFlight) {
      const number = next++
      send(number, number === 0 ? 'M110 N0' : history[number]!)
      continue
    }
    bench.clock.advance(TURN_MS)
    if (++silentTurns < SILENT_TURNS_MAX) continue
    silentTurns = 0
    questions++
    // The answer tells: an ok if only an ok was lost, a resend if a line was.
    history.splice(next, 0, 'M105')
    send(next++, 'M105')
  }
  throw new Error(`no end after ${TURNS_MAX} turns, at line ${next}`)
}
