import { closingAgainLines } from '../printer/marlin-lines.ts'
import type { PrinterSide } from '../printer/printer-side.ts'
import type { Latch } from './gate-effects.ts'
import type { GateOptions } from './gate-options.ts'

/** Watches over a machine that may be hot and has nobody: its host left or fell silent, or its job was refused. */

/** Between two questions whether the machine is cold. */
const ASK_EVERY_MS = 2_000
/** How long a host that comes back waits until it is known whether the stream before it had ended. */
const BACK_WITHIN_MS = 4_000
const ASK = ['M105']

/** What is to be done. `ended`: the host's stream is over and the machine cold. */
export type WatchResult = 'nothing' | 'ended' | 'host-lost' | 'host-silent' | 'still-hot'

export class HostWatch {
  private readonly options: GateOptions
  private leftAtMs = Number.POSITIVE_INFINITY
  private isHostHere = false
  private isLeaving_ = false
  private askedAtMs = Number.NEGATIVE_INFINITY
  private hasCooled = false
  private latchHandled: Latch | null = null

  constructor(options: GateOptions) {
    this.options = options
  }

  /** A host left in mid-stream, and it is not known yet whether its job was over. Nothing is begun meanwhile. */
  get isLeaving(): boolean {
    return this.isLeaving_
  }

  came(nowMs: number): void {
    this.isHostHere = true
    // Whoever comes back waits no longer than this for an answer; nothing that was begun goes on by itself.
    if (this.isLeaving_)
      this.leftAtMs = Math.min(this.leftAtMs, nowMs + BACK_WITHIN_MS - this.options.hostLostMs)
    else this.leftAtMs = Number.POSITIVE_INFINITY
  }

  left(hasStream: boolean, nowMs: number): void {
    this.isHostHere = false
    this.leftAtMs = nowMs
    this.isLeaving_ = hasStream
    this.hasCooled = false
  }

  /** The stream is closed, by whom ever. */
  settled(): void {
    this.isLeaving_ = false
    if (this.isHostHere) this.leftAtMs = Number.POSITIVE_INFINITY
  }

  /** `silentMs`: how long the host of an open job has said nothing. */
  tick(printer: PrinterSide, latch: Latch | null, silentMs: number, nowMs: number): WatchResult {
    if (printer.state !== 'ready') return 'nothing'
    if (this.isLeaving_) return this.tickLeaving(printer, nowMs)
    if (silentMs >= this.options.hostSilentMs) return 'host-silent'
    if (!printer.mayBeHot) return 'nothing'
    if (latch !== null) return this.tickLatched(printer, latch, nowMs)
    if (nowMs - this.leftAtMs >= this.options.hostLostMs) this.cool(printer, nowMs)
    return 'nothing'
  }

  private tickLeaving(printer: PrinterSide, nowMs: number): WatchResult {
    if (!printer.mayBeHot && printer.isIdle) return 'ended'
    if (nowMs - this.leftAtMs >= this.options.hostLostMs) return 'host-lost'
    this.ask(printer, ASK, nowMs)
    return 'nothing'
  }

  private tickLatched(printer: PrinterSide, latch: Latch, nowMs: number): WatchResult {
    const isLost = nowMs - this.leftAtMs >= this.options.hostLostMs
    if (!isLost && nowMs - latch.sinceMs < this.options.refusedHotMs) {
      this.ask(printer, ASK, nowMs)
      return 'nothing'
    }
    if (this.latchHandled === latch) return 'nothing'
    this.latchHandled = latch
    return 'still-hot'
  }

  /** Nobody prints: the heaters go off, and that is all. */
  private cool(printer: PrinterSide, nowMs: number): void {
    if (this.hasCooled) this.ask(printer, ASK, nowMs)
    else this.hasCooled = this.ask(printer, closingAgainLines(printer.tools), nowMs)
  }

  private ask(printer: PrinterSide, lines: readonly string[], nowMs: number): boolean {
    if (!printer.isIdle || nowMs - this.askedAtMs < ASK_EVERY_MS) return false
    this.askedAtMs = nowMs
    printer.sendOwn(lines, nowMs)
    return true
  }
}
