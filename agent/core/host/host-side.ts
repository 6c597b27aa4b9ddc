import { type LineSink, LineSplitter } from '../../../gcode/index.ts'
import type { PrinterSink } from '../effects.ts'
import type { ReplyKind } from '../printer/reply.ts'
import { EMERGENCY_NONE, type EmergencyKind, emergencyOf } from './emergency-lane.ts'
import { HostDetector } from './host-detector.ts'
import { type HostIdiom, idiomOf } from './host-idiom.ts'
import { HostLink } from './host-link.ts'
import type { HostProfile } from './host-profile.ts'
import { HostQueue } from './host-queue.ts'
import { okToHost, replyToHost } from './reply-filter.ts'

/**
 * The gate's side towards the host: cuts its bytes into lines, looks for an emergency in each before anything else,
 * keeps what has to wait, and answers in the host's own idiom.
 */

/** Without a word for so long, a host that waits for an answer is told that we are alive: OctoPrint gives up after 3 s. */
export const HOST_BUSY_EVERY_MS = 2_000
/** Longest line that is said to a host. */
const SAID_BYTES_MAX = 1_100
const NEWLINE = 0x0a
const OK = Uint8Array.from([0x6f, 0x6b, NEWLINE])
const BUSY = 'echo:busy: processing'

export interface HostSideListener {
  /** A line that stops, or breaks a wait, has come. Answers true where it was obeyed and only its answer is owed. */
  emergency(kind: EmergencyKind, bytes: Uint8Array, start: number, end: number): boolean
  /** The host is to wait, or to go on. */
  flow(isOpen: boolean): void
  /** There is no room for a line: the host does not wait when it is asked to. */
  flooded(): void
}

export class HostSide implements LineSink {
  readonly queue = new HostQueue()
  readonly link = new HostLink()
  private readonly splitter = new LineSplitter(this)
  private readonly detector = new HostDetector()
  private readonly sink: PrinterSink
  private readonly listener: HostSideListener
  private readonly configured: HostProfile | 'auto'
  private readonly text = new Uint8Array(SAID_BYTES_MAX)
  private saidAtMs = 0
  private heardAtMs = 0
  private isHere_ = false
  private isFlowing = true

  constructor(sink: PrinterSink, listener: HostSideListener, profile: HostProfile | 'auto') {
    this.sink = sink
    this.listener = listener
    this.configured = profile
  }

  get isHere(): boolean {
    return this.isHere_
  }

  get profile(): HostProfile {
    return this.configured === 'auto' ? this.detector.profile : this.configured
  }

  get idiom(): HostIdiom {
    return idiomOf(this.profile)
  }

  /** How long the host has sent nothing though it waited for nothing, in ms. */
  silentMs(nowMs: number): number {
    return nowMs - this.heardAtMs
  }

  came(nowMs: number): void {
    this.forget()
    this.isHere_ = true
    this.heardAtMs = nowMs
    this.saidAtMs = nowMs
  }

  left(): void {
    // First of all: what was begun and never ended is no line.
    this.isHere_ = false
    this.forget()
  }

  /** What one host left behind, half a line or a number, means nothing to the next. */
  private forget(): void {
    this.splitter.end()
    this.queue.clear()
    this.link.restart()
    this.detector.reset()
  }

  /** Bytes from the host, in any pieces. */
  bytes(chunk: Uint8Array, nowMs: number): void {
    this.heardAtMs = nowMs
    this.splitter.push(chunk)
  }

  /** Asks the host to wait, or to go on, where the queue says so. */
  checkFlow(): void {
    const isOpen = this.isFlowing ? !this.queue.isHigh : this.queue.isLow
    if (isOpen === this.isFlowing) return
    this.isFlowing = isOpen
    this.listener.flow(isOpen)
  }

  /** See `LineSink`. */
  line(bytes: Uint8Array, start: number, end: number): void {
    // An end of line alone, as the second half of one, has no answer in any protocol.
    if (start === end || !this.isHere_) return
    const kind = emergencyOf(bytes, start, end)
    const isActed = kind !== EMERGENCY_NONE && this.listener.emergency(kind, bytes, start, end)
    this.detector.line(bytes, start, end)
    if (!this.queue.push(bytes, start, end, isActed)) this.listener.flooded()
  }

  /** The plain `ok` of one line. */
  ok(nowMs: number): void {
    this.saidAtMs = nowMs
    this.sink.write(OK, 0, OK.length)
  }

  /** One line, without its end. */
  say(line: string, nowMs: number): void {
    if (!this.isHere_) return
    this.saidAtMs = nowMs
    const length = Math.min(line.length, SAID_BYTES_MAX - 1)
    for (let i = 0; i < length; i++) this.text[i] = line.charCodeAt(i)
    this.text[length] = NEWLINE
    this.sink.write(this.text, 0, length + 1)
  }

  sayAll(lines: readonly string[], nowMs: number): void {
    for (const line of lines) this.say(line, nowMs)
  }

  /** The printer has answered one line of the host's, with this reply where it is known. */
  answered(reply: string | undefined, nowMs: number): void {
    const text = reply === undefined ? 'ok' : okToHost(reply)
    if (!this.isHere_) return
    if (text === 'ok') this.ok(nowMs)
    else this.say(text, nowMs)
  }

  /** The printer says something that answers no line. */
  said(line: string, kind: ReplyKind, nowMs: number): void {
    if (!this.isHere_) return
    const text = replyToHost(line, kind)
    if (text !== null) this.say(text, nowMs)
  }

  /** Keeps a host that waits for an answer from giving up. */
  tick(isOwed: boolean, nowMs: number): void {
    if (isOwed) this.heardAtMs = nowMs
    if (isOwed && this.isHere_ && nowMs - this.saidAtMs >= HOST_BUSY_EVERY_MS) this.say(BUSY, nowMs)
  }
}
