/**
 * A gate on a table: the test plays host, printer, log and spool. What goes to each of them is kept; printer, log and
 * spool answer by themselves, or are held back to answer when the test says so.
 */

import type { GateOptions } from '../../../agent/core/gate/gate-options.ts'
import { type ArmedJob, Gate, type GateEffect, type GateRecord } from '../../../agent/core/index.ts'
import type { LineJudge } from '../../../agent/core/job-reader.ts'
import { preambleLines } from '../../../agent/core/printer/marlin-lines.ts'
import type { DurableIndex } from '../../../agent/durable-index.ts'
import { CANONICAL_BYTES_MAX, type Command, MARLIN, writeLine } from '../../../gcode/index.ts'
import { ALLOW } from '../../../policies/index.ts'
import { type CanonicalJob, jobOf, runningHash } from '../canonical.ts'
import { numbered } from '../numbered.ts'

export const PREAMBLE = preambleLines([])
/** Numbered lines that a printer which was not built to count gets before the first host's. */
export const GREETING_LINES = PREAMBLE.length + 1

/** Commands of the job that most tests print. */
export const JOB: readonly string[] = ['G28', 'M104 S200', 'G1 X10 Y10 Z1 F3000', 'G1 X20 E1', 'G1 X30 E2']

export const START_MS = 1_000_000

export interface BenchOptions extends Partial<GateOptions> {
  /** Canonical commands that are refused, with this sentence; see `denying`. */
  readonly deny?: readonly string[]
}

/** A judge that refuses these canonical commands: `deny` the line, or `stop` the machine for it. */
export function denying(commands: readonly string[], kind: 'deny' | 'stop' = 'deny'): LineJudge {
  const out = new Uint8Array(CANONICAL_BYTES_MAX)
  const text = (command: Command): string =>
    Buffer.from(out.subarray(0, writeLine(command, out, 0))).toString('latin1')
  return {
    judge: (command) => {
      if (!commands.includes(text(command))) return ALLOW
      const message = `\`${text(command)}\` is not for this bench`
      return { kind, objections: [{ code: 'bench', rule: 'bench', message, remedy: 'leave it out' }] }
    },
  }
}

export class GateBench {
  readonly gate: Gate
  readonly effects: GateEffect[] = []
  nowMs = START_MS
  /** Whether the printer answers each line at once, the log each record, the spool each wish. */
  isAnswering = true
  isRecording = true
  isSpooling = true
  /** Whether a guard that knows a new tool stands ready at once. */
  isGuarding = true
  /** What the printer says to M78, before its ok. Most were not built to count. */
  odometer: readonly string[] = ['echo:Unknown command: "M78"']
  /** Every command that the printer has got, without number and checksum. */
  readonly commands: string[] = []
  private wire = ''
  private toHost = ''
  /** Lines that the printer has not answered. */
  private readonly unanswered: string[] = []
  private readonly unrecorded: { readonly id: number; readonly record: GateRecord }[] = []
  private wishes = 0
  /** Tools that the guard was told of and does not know yet; -1 where it knows all. */
  private tools = -1
  private spooled: Uint8Array | undefined
  private nozzle = '0'
  private bed = '0'
  private isHalted = false

  constructor({ deny, ...options }: BenchOptions = {}) {
    let jobs = 0
    this.gate = new Gate({
      table: MARLIN,
      judge: denying(deny ?? []),
      printer: { write: (bytes, start, end) => this.printed(text(bytes, start, end)) },
      host: {
        write: (bytes, start, end) => {
          this.toHost += text(bytes, start, end)
        },
      },
      effects: (effect) => this.take(effect),
      newHash: runningHash,
      newJobId: () => `stream-${++jobs}`,
      profile: 'generic',
      jobs: 'any',
      permitsInterlude: false,
      appeal: 'ask Ada',
      hostLostMs: 30_000,
      hostSilentMs: 600_000,
      refusedHotMs: 120_000,
      park: [],
      ...options,
    })
  }

  private take(effect: GateEffect): void {
    this.effects.push(effect)
    if (effect.kind === 'append') this.unrecorded.push(effect)
    if (effect.kind === 'want-block') this.wishes++
    if (effect.kind === 'tools') this.tools = effect.tools.length
  }

  private printed(bytes: string): void {
    this.wire += bytes
    for (const line of bytes.split('\n').slice(0, -1)) {
      if (line === '') continue
      const command = line.replace(/^N-?\d+ /, '').replace(/\*\d+$/, '')
      this.commands.push(command)
      this.unanswered.push(command)
    }
  }

  /** Lets printer, log and spool do what they do by themselves, until nothing more happens. */
  private settle(): this {
    for (let isMore = true; isMore; ) {
      isMore = false
      if (this.isRecording && this.unrecorded.length > 0) isMore = this.record()
      if (this.isSpooling && this.wishes > 0) isMore = this.give()
      if (this.isGuarding && this.tools >= 0) isMore = this.guard()
      if (this.isAnswering && this.unanswered.length > 0 && !this.isHalted) isMore = this.replyTo()
    }
    return this
  }

  private replyTo(): boolean {
    const command = this.unanswered.shift() ?? ''
    const target = /^(M104|M109|M140|M190) S(\d+)/.exec(command)
    if (target?.[1] === 'M104' || target?.[1] === 'M109') this.nozzle = target[2] ?? '0'
    else if (target !== null) this.bed = target[2] ?? '0'
    if (command === 'M78') for (const line of this.odometer) this.gate.printerLine(line, this.nowMs)
    if (command === 'M112') {
      this.isHalted = true
      this.gate.printerLine('Error:Printer halted. kill() called!', this.nowMs)
    } else this.gate.printerLine(command === 'M105' ? `ok ${this.temperatures}` : 'ok', this.nowMs)
    return true
  }

  get temperatures(): string {
    return `T:20.00 /${this.nozzle}.00 B:20.00 /${this.bed}.00 @:0 B@:0`
  }

  /** The printer answers so many lines, the oldest first. */
  answer(lines = 1): this {
    for (let i = 0; i < lines; i++) this.replyTo()
    return this.settle()
  }

  /** These lines come from the printer. The oldest unanswered line counts as answered for each `ok` among them. */
  hear(...lines: readonly string[]): this {
    for (const line of lines) {
      if (/^ok\b/.test(line)) this.unanswered.shift()
      this.gate.printerLine(line, this.nowMs)
    }
    return this.settle()
  }

  /** Says that the oldest record is durable, or the oldest of this kind. */
  record(kind?: GateRecord['kind'], failure?: string): true {
    const at = this.unrecorded.findIndex(({ record }) => kind === undefined || record.kind === kind)
    const [append] = this.unrecorded.splice(at, 1)
    if (append === undefined || at < 0) throw new Error(`no record ${kind} was asked for`)
    if (failure === undefined) this.gate.recorded(append.id, append.id as DurableIndex, this.nowMs)
    else this.gate.recordFailed(append.id, failure, this.nowMs)
    return true
  }

  /** The same, and whatever follows. */
  recorded(kind?: GateRecord['kind'], failure?: string): this {
    this.record(kind, failure)
    return this.settle()
  }

  private guard(): boolean {
    const { tools } = this
    this.tools = -1
    this.gate.toolsGuarded(tools, this.nowMs)
    return true
  }

  private give(): boolean {
    if (this.spooled === undefined) return false
    this.wishes = 0
    const block = this.spooled
    this.spooled = undefined
    this.gate.jobBlock(block, this.nowMs)
    this.gate.jobEnded(this.nowMs)
    return true
  }

  /** Arms the gate with a job. `promise` may claim what is not so. */
  arm(job: CanonicalJob = jobOf(...JOB), promise: Partial<ArmedJob> = {}): this {
    this.spooled = job.bytes
    const armed: ArmedJob = {
      id: 'job-1',
      name: 'cube.gcode',
      commands: job.commands.length,
      canonicalSha256: job.sha256,
      tools: [],
      ...promise,
    }
    this.gate.arm(armed, this.nowMs)
    return this.settle()
  }

  /** Bytes of the host. */
  bytes(latin1: string): this {
    this.gate.hostBytes(Buffer.from(latin1, 'latin1'), this.nowMs)
    return this.settle()
  }

  /** Lines of the host, without numbers. */
  host(...lines: readonly string[]): this {
    for (const line of lines) this.bytes(`${line}\n`)
    return this
  }

  /** Commands of the host, numbered from `first` on. */
  numbered(first: number, ...commands: readonly string[]): this {
    commands.forEach((command, i) => {
      this.bytes(numbered(first + i, command))
    })
    return this
  }

  /** The host begins to count anew, as Printrun does before a print. */
  renumber(): this {
    return this.bytes(numbered(-1, 'M110 N-1'))
  }

  pass(ms: number): this {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) {
      this.nowMs = Math.min(endMs, this.nowMs + 100)
      this.gate.tick(this.nowMs)
      this.settle()
    }
    return this
  }

  /** An event by hand: `bench.does((gate, nowMs) => gate.hostLeft(nowMs))`. */
  does(event: (gate: Gate, nowMs: number) => void): this {
    event(this.gate, this.nowMs)
    return this.settle()
  }

  /** What went to the printer since this was last asked, as it was on the wire. */
  sent(): string {
    const sent = this.wire
    this.wire = ''
    this.commands.length = 0
    return sent
  }

  /** The same, as commands without number and checksum. */
  took(): string[] {
    this.wire = ''
    return this.commands.splice(0)
  }

  /** The lines that the host got since this was last asked. */
  heard(): string[] {
    const lines = this.toHost.split('\n').slice(0, -1)
    this.toHost = ''
    return lines
  }

  /** How many lines the host was given an ok for, since it last `heard`. */
  oks(): number {
    return this.heard().filter((line) => /^ok\b/.test(line)).length
  }

  records(): GateRecord[] {
    return this.effects.flatMap((effect) => (effect.kind === 'append' ? [effect.record] : []))
  }

  kinds(): string[] {
    return this.records().map(({ kind }) => kind)
  }

  /** The latest record of this kind. */
  latest<K extends GateRecord['kind']>(kind: K): Extract<GateRecord, { kind: K }> | undefined {
    return this.records().findLast(
      (record): record is Extract<GateRecord, { kind: K }> => record.kind === kind,
    )
  }

  get latch(): string | null {
    return this.gate.latch?.reason.code ?? null
  }

  /** Forgets what went by so far. */
  fresh(): this {
    this.sent()
    this.heard()
    this.effects.length = 0
    return this
  }
}

function text(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.subarray(start, end)).toString('latin1')
}

/** A gate whose printer stands ready and whose host has come. */
export function readyBench(options: BenchOptions = {}): GateBench {
  const bench = new GateBench(options)
  bench.does((gate, nowMs) => gate.printerOpened(false, nowMs))
  bench.does((gate, nowMs) => gate.hostCame(nowMs))
  return bench.fresh()
}

/** A gate whose host streams a job of its own, numbered from 0, and has sent the first lines of `JOB`. */
export function streamBench(lines: number, options: BenchOptions = {}): GateBench {
  return readyBench(options)
    .renumber()
    .numbered(0, ...JOB.slice(0, lines))
    .fresh()
}

/** A gate in lockstep with the armed `JOB`, of which the host has sent the first lines. */
export function lockstepBench(lines: number, options: BenchOptions = {}, job = jobOf(...JOB)): GateBench {
  return readyBench(options)
    .arm(job)
    .renumber()
    .numbered(0, ...job.commands.slice(0, lines))
    .fresh()
}
