/**
 * Brings a printer to rest over a bare descriptor, with nobody else left to help: no queue, no line numbers, no
 * record. It never throws for what the link does, and it always ends.
 */

import fs from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { systemErrorCode } from '../errors.ts'
import { DescriptorWriter } from './descriptor-writer.ts'
import { LineReader } from './line-reader.ts'
import type { SafeStopScript } from './safe-stop-script.ts'

/** How it ended: targets seen at 0, the emergency stop sent, or no printer there any more. */
export type SafeStopEnd = 'cold' | 'halted' | 'gone'

/**
 * After a half command is cut off, Marlin answers a checksum error and throws away whatever has arrived by then.
 * It does so within a few milliseconds, unless it is busy with one move.
 */
const CUT_OFF_MS = 60

/** How soon everything is sent again when the printer has not confirmed: lines may have been lost, waits may follow. */
const REPEAT_MS = 500

/** How often the descriptor is looked at. Node cannot wait for it without replacing it, and with it the lock. */
const LOOK_MS = 10

/** How long the emergency stop may take to leave when the device is slow to take bytes. */
const LAST_WORDS_MS = 500

/**
 * Reports that must say so before the targets are believed to be 0. One could be an answer to a question of the
 * dead agent that was still on the wire.
 */
const COLD_REPORTS_MIN = 2

/** Everything sent here is far less than this. */
const QUEUE_BYTES_MAX = 64 * 1024

/** Bytes taken at one look. What comes faster than this is not a printer, and must not keep us from the deadline. */
const READ_BYTES_MAX = 64 * 1024

/** Sends the script and watches what the printer makes of it. The descriptor must not block. */
export async function sendSafeStop(fd: number, script: SafeStopScript): Promise<SafeStopEnd> {
  const deadlineMs = performance.now() + script.limitMs
  const printer = new Printer(fd, script.poll)
  printer.look()
  printer.send('')
  await delay(CUT_OFF_MS)
  printer.look()
  // What was heard so far are answers to the dead agent.
  printer.isHeard = true
  while (performance.now() < deadlineMs) {
    printer.send(...script.breakWait, ...script.heatersOff, script.poll)
    const roundMs = Math.min(performance.now() + REPEAT_MS, deadlineMs)
    while (performance.now() < roundMs) {
      printer.look()
      if (printer.isGone) return 'gone'
      if (printer.isCold) return 'cold'
      await delay(LOOK_MS)
    }
  }
  printer.send('', script.emergency)
  await printer.sent(LAST_WORDS_MS)
  return 'halted'
}

/** Says whether a reply confirms that every heater has its target at 0: `ok T:19.3 /0.00 B:19 /0.00`. */
export function reportsCold(reply: string): boolean {
  // Without `ok` it is a report that the firmware makes by itself, which may be older than our commands.
  if (!/^ok\b/.test(reply)) return false
  const targets = Array.from(reply.matchAll(/:\s*[^\s/:]+\s*\/\s*([^\s]+)/g), ([, target]) => Number(target))
  return targets.length > 0 && targets.every((target) => target === 0)
}

class Printer {
  readonly #fd: number
  readonly #poll: string
  readonly #writer: DescriptorWriter
  readonly #reader = new LineReader({ line: (text) => this.#hear(text) })
  readonly #bytes = Buffer.alloc(4096)
  #coldReports = 0
  isGone = false
  /** Whether its reports count. */
  isHeard = false

  constructor(fd: number, poll: string) {
    this.#fd = fd
    this.#poll = poll
    const limits = { queueBytesMax: QUEUE_BYTES_MAX, stallMs: Number.POSITIVE_INFINITY }
    this.#writer = new DescriptorWriter(fd, limits, () => {
      this.isGone = true
    })
  }

  get isCold(): boolean {
    return this.#coldReports >= COLD_REPORTS_MIN
  }

  send(...lines: readonly string[]): void {
    this.#writer.write(Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1'))
  }

  /** Resolves when everything has left, or after the time given. */
  async sent(limitMs: number): Promise<void> {
    await Promise.race([this.#writer.drain(), delay(limitMs)])
  }

  /** Reads what has come. */
  look(): void {
    for (let total = 0; total < READ_BYTES_MAX && !this.isGone; ) {
      const count = this.#read()
      if (count === 0) return
      this.#reader.push(this.#bytes.subarray(0, count))
      total += count
    }
  }

  #read(): number {
    try {
      const count = fs.readSync(this.#fd, this.#bytes)
      // The end of a file: the device was unplugged, or the far end hung up.
      if (count === 0) this.isGone = true
      return count
    } catch (error) {
      const code = systemErrorCode(error)
      if (code !== 'EAGAIN' && code !== 'EINTR') this.isGone = true
      return 0
    }
  }

  #hear(reply: string): void {
    if (!this.isHeard) return
    if (reportsCold(reply)) {
      this.#coldReports += 1
      if (!this.isCold) this.send(this.#poll)
    } else if (/^ok\b.*\//.test(reply)) {
      this.#coldReports = 0
    }
  }
}
