import { asciiBytes } from '../../../gcode/index.ts'
import { HELLO } from './marlin-lines.ts'
import type { PrinterLink } from './printer-link.ts'

/**
 * The first words with the printer: tells it where our numbers start, until it has said ok and nothing of the
 * greeting is still on its way.
 */

/** Between two hellos to a printer that has not answered. A board that resets on opening takes some seconds. */
const HELLO_EVERY_MS = 1_500
/**
 * Quiet that must follow the answer where several hellos went out: each of them is answered, and an `ok` that
 * comes late would pass for that of a line behind it.
 */
const HELLO_SETTLE_MS = 500
/** Until a printer that has said nothing counts as silent. */
export const HELLO_LIMIT_MS = 12_000
/** Between two tries to greet a printer that does not answer. */
const GREET_AGAIN_MS = 5_000

export type GreetingState = 'idle' | 'asking' | 'greeted' | 'silent'

export class Greeting {
  private readonly link: PrinterLink
  private readonly hello = asciiBytes(HELLO)
  private state_: GreetingState = 'idle'
  private startedAtMs = 0
  private helloAtMs = 0
  private hellos = 0
  private answeredAtMs = Number.POSITIVE_INFINITY
  private silentAtMs = Number.POSITIVE_INFINITY
  /** The hello arrived damaged: the `ok` behind its resend request is no answer. */
  private isRefused = false

  constructor(link: PrinterLink) {
    this.link = link
  }

  get state(): GreetingState {
    return this.state_
  }

  /** `isAgain` where hellos of before may be answered yet. */
  start(nowMs: number, isAgain = false): void {
    this.state_ = 'asking'
    this.hellos = isAgain ? 1 : 0
    this.startedAtMs = nowMs
    this.say(nowMs)
  }

  /** An `ok`. */
  ok(nowMs: number): void {
    if (this.state_ !== 'asking') return
    if (this.isRefused) {
      this.say(nowMs)
      return
    }
    this.answeredAtMs = nowMs
    if (this.hellos === 1) this.greet(nowMs)
  }

  /** A line error, or its request to send again: that names a number of the printer's past, so a new hello comes. */
  refused(): void {
    this.isRefused = true
  }

  /** The printer has booted: opening a port resets many boards. */
  booted(nowMs: number): void {
    if (this.state_ === 'asking') this.say(nowMs)
  }

  tick(nowMs: number): void {
    if (this.state_ !== 'asking') return
    if (nowMs - this.answeredAtMs >= HELLO_SETTLE_MS) this.greet(nowMs)
    else if (nowMs - this.startedAtMs >= HELLO_LIMIT_MS) this.fallSilent(nowMs)
    else if (this.answeredAtMs === Number.POSITIVE_INFINITY && nowMs - this.helloAtMs >= HELLO_EVERY_MS)
      this.say(nowMs)
  }

  /** Whether a printer that stayed silent is to be greeted once more. */
  isDueAgain(nowMs: number): boolean {
    return nowMs - this.silentAtMs >= GREET_AGAIN_MS
  }

  private fallSilent(nowMs: number): void {
    this.state_ = 'silent'
    this.silentAtMs = nowMs
  }

  private say(nowMs: number): void {
    this.helloAtMs = nowMs
    this.hellos++
    this.answeredAtMs = Number.POSITIVE_INFINITY
    this.isRefused = false
    this.link.restart(-1, nowMs)
    this.link.send(this.hello, 0, this.hello.length, nowMs)
  }

  private greet(nowMs: number): void {
    this.link.restart(0, nowMs)
    this.state_ = 'greeted'
  }
}
