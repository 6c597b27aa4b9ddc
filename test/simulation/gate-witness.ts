/**
 * Sees everything that passes a gate in a run, as it passes, and says what ought not to have been: what was written to
 * the printer and in which state, what was said to the host, and what was put on record. Knows nothing of how the gate
 * works: only what it promises.
 */

import type { Gate, GateRecord } from '../../agent/core/index.ts'
import { LICENCE_PART } from '../../gcode/index.ts'
import { isObservingLine, OWN_LINES, passesLatch, putsBack, REFUSED_LINES, STOP_LINES } from './gate-jobs.ts'

const BARE = /^M(108|410|876|112)\b/
/** Lines that put an interlude back. */
const PUT_BACK_LINES_MAX = 16
const BROKEN_MAX = 10
/** Lines on their way when something goes wrong, which may never run. */
const ON_THEIR_WAY_MAX = 16

/** A line whose absence says nothing: no part of a job, or not one that may pass. */
export function isLeftOut(command: string): boolean {
  return isObservingLine(command) || passesLatch(command) || REFUSED_LINES.includes(command)
}

/** One print of a host: what it means to send. */
interface Attempt {
  readonly job: readonly string[]
  readonly isStrict: boolean
  readonly at: ReadonlyMap<string, number>
  /** Index of the line at which the job ends, whatever the host does. */
  endsAt: number
  /** The line with which the host begins to count came whole. Without it Marlin as well loses the line behind it. */
  hasBegun: boolean
  last: number
  releases: number
}

export interface JobRecord {
  readonly opened: 'stream-opened' | 'job-opened'
  isDurable: boolean
  closed: (GateRecord & { kind: 'job-closed' }) | null
  /** Its commands as they were written for the first time, without those that only ask or show. */
  readonly written: string[]
  readonly attempt: number
}

export class GateWitness {
  readonly broken: string[] = []
  readonly jobs = new Map<string, JobRecord>()
  readonly records: GateRecord[] = []
  /** Commands of hosts that went out, in order, each once. */
  readonly written: string[] = []
  readonly attempts: Attempt[] = []
  /** Lengths of `written` at which lines on their way may have been lost. */
  private readonly losses: number[] = []
  private readonly clearedIds = new Set<number>()
  private readonly recordOf = new Map<number, string>()
  private delivered = new Map<string, number>()
  private byNumber = new Map<string, string>()
  private linesIn = 0
  private oks = 0
  private lasts = new Set<number>([0])
  private releases = 0
  private putBack = 0
  /** The host sends ahead, and takes a job for done before it is. */
  overlaps = false

  say(what: string): void {
    if (this.broken.length < BROKEN_MAX) this.broken.push(what)
  }

  /**
   * A host begins a print. `isStrict` where it numbers its lines, so that none may be left out or come twice; `endsAt`
   * is the index of the line with which the print must end, whatever the host does.
   */
  attempt(job: readonly string[], isStrict: boolean, endsAt: number, hasBegun: boolean): void {
    const at = new Map(job.map((text, i) => [text, i]))
    this.attempts.push({ job, isStrict, at, endsAt, hasBegun, last: -1, releases: this.releases })
  }

  hostCame(): void {
    this.delivered = new Map()
    this.linesIn = 0
    this.oks = 0
    this.lasts = new Set([0])
  }

  /** A line of the host has come whole; `command` is its canonical form, or null where nobody can read it. */
  hostLine(command: string | null, lineNumber: number | null): void {
    this.linesIn++
    if (lineNumber !== null) this.lasts.add(lineNumber)
    if (command === null) return
    this.delivered.set(command, (this.delivered.get(command) ?? 0) + 1)
    const attempt = this.attempts.at(-1)
    if (attempt !== undefined && command.startsWith('M110')) attempt.hasBegun = true
    const renumbered = /^M110 N(-?\d+)$/.exec(command)
    if (renumbered !== null) this.lasts.add(Number(renumbered[1]))
  }

  said(text: string): void {
    if (/^ok/.test(text)) {
      if (++this.oks > this.linesIn) this.say(`an ok too many: ${this.oks} for ${this.linesIn} lines`)
      if (/ [NP]\d/.test(text) || !/^ok($| [A-Z@\d:./ ?-]+$)/.test(text)) this.say(`not a plain ok: ${text}`)
    }
    if (/^start/i.test(text)) this.say('told the host that the printer booted')
    const resend = /^(?:resend|rs)\D*(-?\d+)/i.exec(text)
    if (resend !== null && !this.lasts.has(Number(resend[1]) - 1))
      this.say(`asked the host for a line that is not its next: ${text}`)
    const last = /Last Line: (-?\d+)/.exec(text)
    if (last !== null && !this.lasts.has(Number(last[1])))
      this.say(`a number that is not the host's: ${text}`)
  }

  recorded(id: number, record: GateRecord): void {
    this.records.push(record)
    switch (record.kind) {
      case 'stream-opened':
      case 'job-opened':
        if (this.jobs.has(record.job)) this.say(`job ${record.job} was opened twice`)
        this.jobs.set(record.job, {
          opened: record.kind,
          isDurable: false,
          closed: null,
          written: [],
          attempt: this.attempts.length - 1,
        })
        this.recordOf.set(id, record.job)
        return
      case 'job-closed': {
        const job = this.jobs.get(record.job)
        if (job === undefined || job.closed !== null) this.say(`closed what is not open: ${record.job}`)
        else job.closed = record
        return
      }
      case 'line-refused':
        // Outside a job nobody can tell what else belongs to a line.
        if (record.job === null) this.releases++
        return
      case 'latched':
        this.lost()
        return
      case 'cleared':
        this.clearedIds.add(id)
        return
      case 'interlude':
        this.putBack = PUT_BACK_LINES_MAX
    }
  }

  durable(id: number): void {
    if (this.clearedIds.delete(id)) this.released()
    const job = this.jobs.get(this.recordOf.get(id) ?? '')
    if (job !== undefined) job.isDurable = true
  }

  /** Throws away what is over. */
  forget(): void {
    this.records.length = 0
    this.written.length = 0
    this.losses.length = 0
    this.attempts.splice(0, this.attempts.length - 1)
    for (const [id, job] of this.jobs) if (job.closed !== null) this.jobs.delete(id)
    for (const [id, job] of this.recordOf) if (!this.jobs.has(job)) this.recordOf.delete(id)
  }

  /** Lines on their way may never have arrived. */
  lost(): void {
    this.losses.push(this.written.length)
  }

  /** A person lifted the latch, and that is on record. */
  released(): void {
    this.releases++
  }

  /** The gate was killed, and a new one knows nothing. */
  gateDied(): void {
    this.lost()
    this.recordOf.clear()
    this.clearedIds.clear()
    this.byNumber.clear()
  }

  /** The gate writes to the printer. */
  wrote(text: string, gate: Gate): void {
    for (const line of text.split('\n').slice(0, -1)) this.wroteLine(line, gate)
    if (!text.endsWith('\n')) this.say(`half a line: ${JSON.stringify(text)}`)
    if (/[^\x20-\x7e\n]/.test(text)) this.say(`bytes that are no text: ${JSON.stringify(text)}`)
  }

  private wroteLine(line: string, gate: Gate): void {
    const state = gate.printerState
    if (line === '' || line === 'M112') return
    if (state === 'stopping') {
      if (!STOP_LINES.has(line)) this.say(`sent while stopping: ${line}`)
      return
    }
    if (line === 'N0 M110 N0*125') {
      this.byNumber.clear()
      return
    }
    const [, number, command] = /^N(\d+) (.*)\*\d+$/.exec(line) ?? []
    if (number === undefined || command === undefined) {
      if (!BARE.test(line)) this.say(`sent without a number: ${line}`)
      else if (!this.spend(line)) this.say(`nobody sent ${line}`)
      return
    }
    const before = this.byNumber.get(number)
    if (before === line) return
    if (before !== undefined) this.say(`two lines with one number: ${before} and ${line}`)
    this.byNumber.set(number, line)
    if (command.startsWith(LICENCE_PART)) this.say(`sent what is for the gate alone: ${command}`)
    if (REFUSED_LINES.includes(command)) this.say(`sent a refused line: ${command}`)
    this.wroteNew(command, gate)
  }

  private wroteNew(command: string, gate: Gate): void {
    if (gate.latch !== null && !passesLatch(command)) this.say(`sent while latched: ${command}`)
    const isHosts = this.spend(command)
    if (this.putBack > 0 && putsBack(command) && !this.isDue(command)) {
      this.putBack--
      if (!OWN_LINES.has(command) && !STOP_LINES.has(command)) this.written.push(command)
      return
    }
    if (!isHosts && !OWN_LINES.has(command)) this.say(`nobody sent ${command}`)
    const open = gate.openJob
    if (open !== null && !OWN_LINES.has(command)) this.wroteInJob(command, open.id)
    if (open === null && /^G[01] .*[XY].* E/.test(command)) this.say(`printing outside a job: ${command}`)
    if (OWN_LINES.has(command) || STOP_LINES.has(command)) return
    this.written.push(command)
    this.follow(command)
  }

  private wroteInJob(command: string, id: string): void {
    const job = this.jobs.get(id)
    if (job === undefined || !job.isDurable) this.say(`sent before its job was on record: ${command}`)
    if (!isObservingLine(command)) job?.written.push(command)
  }

  /** One of the lines that the host sent goes out. Answers false where none is left. */
  private spend(command: string): boolean {
    const left = this.delivered.get(command) ?? 0
    if (left > 0) this.delivered.set(command, left - 1)
    return left > 0
  }

  /** Holds a command against the host's own list: the next one, or later where something was refused or dropped. */
  private follow(command: string): void {
    const attempt = this.attempts.at(-1)
    const index = attempt?.at.get(command)
    // These pass wherever the job stands.
    if (passesLatch(command) || isObservingLine(command)) return
    if (attempt === undefined || index === undefined) {
      if (attempt?.isStrict === true && !this.overlaps && this.attempts.some(({ at }) => at.has(command)))
        this.say(`a line of an earlier print: ${command}`)
      return
    }
    if (!putsBack(command)) this.putBack = 0
    if (attempt.hasBegun && index > attempt.endsAt) {
      if (attempt.releases === this.releases) this.say(`sent behind the refused line: ${command}`)
      // A person lifted the latch, and another pressed resume: what does not move goes on, and needs homing to print.
      attempt.endsAt = attempt.job.length
    }
    const isWatched = attempt.isStrict && attempt.hasBegun
    const isGap = isWatched && attempt.releases === this.releases && this.leavesOut(attempt, index)
    if (isGap) this.say(`${command} is line ${index} of the print, behind line ${attempt.last}`)
    else if (index < attempt.last || (attempt.isStrict && index === attempt.last))
      this.say(`out of order or twice: ${command}`)
    attempt.last = index
    attempt.releases = this.releases
  }

  /** Whether the command is the next of the print. */
  private isDue(command: string): boolean {
    const attempt = this.attempts.at(-1)
    return attempt !== undefined && (attempt.at.get(command) ?? -1) > attempt.last
  }

  private leavesOut({ job, last }: Attempt, index: number): boolean {
    return job.slice(last + 1, index).some((text) => !isLeftOut(text))
  }

  /** Holds what the printer ran against what was written: the same, but for what was on its way when things went wrong. */
  ran(commands: readonly string[]): void {
    const ran = commands.filter(
      (text) => /^[GMT]\d/.test(text) && !OWN_LINES.has(text) && !STOP_LINES.has(text),
    )
    let at = 0
    for (const text of ran) {
      if (BARE.test(text)) continue
      const found = this.written.indexOf(text, at)
      if (found === -1) {
        this.say(`ran ${text}, which was not due`)
        return
      }
      for (let i = at; i < found; i++) this.wasLeftOut(i)
      at = found + 1
    }
    for (let i = at; i < this.written.length; i++) this.wasLeftOut(i)
  }

  private wasLeftOut(index: number): void {
    const isExcused = this.losses.some((loss) => index < loss && index >= loss - ON_THEIR_WAY_MAX)
    if (!isExcused) this.say(`written and never run: ${this.written[index]}`)
  }
}
