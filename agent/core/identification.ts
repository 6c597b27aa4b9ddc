import { asciiBytes } from '../../gcode/index.ts'
import type { PrinterSink } from './effects.ts'
import type { FirmwareIdentity } from './printer/firmware-identity.ts'
import { Greeting } from './printer/greeting.ts'
import { IdentityQuery } from './printer/identity-query.ts'
import { IDENTITY_QUESTION } from './printer/marlin-lines.ts'
import { PrinterLink } from './printer/printer-link.ts'
import {
  REPLY_LINK_ERROR,
  REPLY_OK,
  REPLY_OTHER,
  REPLY_RESEND,
  REPLY_START,
  replyKind,
} from './printer/reply.ts'

const QUESTION = asciiBytes(IDENTITY_QUESTION)

/**
 * A few words with a printer before anything is decided: a hello, the question which one it is, and nothing that moves or
 * heats. Lines and time in, bytes out, as with a session.
 */
export class Identification {
  private readonly link: PrinterLink
  private readonly greeting: Greeting
  private readonly query = new IdentityQuery()
  private isOver_ = false
  private identity_: FirmwareIdentity | null = null

  constructor(sink: PrinterSink) {
    this.link = new PrinterLink(sink)
    this.greeting = new Greeting(this.link)
    this.query.ask((identity) => {
      this.identity_ = identity
      this.isOver_ = true
    })
  }

  /** It has answered, or does not. */
  get isOver(): boolean {
    return this.isOver_
  }

  /** What it said, or null. */
  get identity(): FirmwareIdentity | null {
    return this.identity_
  }

  start(nowMs: number): void {
    this.greeting.start(nowMs)
  }

  /** A line from the printer. */
  printerLine(line: string, nowMs: number): void {
    if (this.isOver_) return
    const kind = replyKind(line)
    this.link.heard(kind !== REPLY_OTHER, nowMs)
    switch (kind) {
      case REPLY_OK:
        this.acknowledge(line, nowMs)
        break
      case REPLY_RESEND:
      case REPLY_LINK_ERROR:
        this.refused(kind, line)
        break
      case REPLY_START:
        // It has forgotten what it was asked.
        if (this.query.isOut) this.query.drop()
        else this.greeting.booted(nowMs)
        break
      case REPLY_OTHER:
        this.query.heard(line)
        break
      default:
        this.query.drop()
    }
    this.ask(nowMs)
  }

  private acknowledge(line: string, nowMs: number): void {
    if (!this.query.isOut) {
      this.greeting.ok(nowMs)
      return
    }
    this.link.acknowledge(line)
    this.query.settled(this.link.oldest, line)
  }

  private refused(kind: number, line: string): void {
    if (!this.query.isOut) this.greeting.refused()
    else if (kind === REPLY_RESEND) this.link.requestResend(line)
    else this.link.refused()
  }

  /** Time has passed. Call some ten times a second. */
  tick(nowMs: number): void {
    if (this.isOver_) return
    this.greeting.tick(nowMs)
    if (this.query.isOut) this.link.tick(nowMs)
    this.query.tick(nowMs)
    if (this.greeting.state === 'silent' || this.link.fault !== 'none') this.query.drop()
    this.ask(nowMs)
  }

  private ask(nowMs: number): void {
    if (this.isOver_ || !this.query.isWanted || this.greeting.state !== 'greeted') return
    this.query.sent(this.link.next, nowMs)
    this.link.send(QUESTION, 0, QUESTION.length, nowMs)
  }
}
