import type { StopReason } from '../effects.ts'
import type { HostSide } from '../host/host-side.ts'
import { closingAgainLines } from '../printer/marlin-lines.ts'
import type { PrinterSide } from '../printer/printer-side.ts'
import type { Latch } from './gate-effects.ts'
import type { GateOptions } from './gate-options.ts'

/** Watches over a machine that may be hot and has nobody: its host left or fell silent, or its job was refused. */

/** Between two questions whether the machine is cold. */
const ASK_EVERY_MS = 2_000
/** How long a host that comes back waits until it is known whether the stream before it had ended. */
const BACK_WITHIN_MS = 4_000
/** So long nothing goes on at a machine that may be hot before it is asked, though its host is here. */
const CALM_MS = 10_000
const ASK = ['M105']
const COOLED = 'nozzle and bed were turned off, since nothing was heard for a long time'

/** Why the watch has the machine brought to rest. */
export const WATCH_STOPS = {
  'host-lost': { code: 'host-lost', message: 'the host left in mid-job and did not come back' },
  'host-silent': { code: 'host-silent', message: 'the host said nothing for a long time in mid-job' },
  unattended: {
    code: 'host-lost',
    message: 'heaters were on with nobody there, and the printer was busy or did not turn them off',
  },
} as const satisfies Record<string, StopReason>

/** What is to be done. `ended`: the host's stream is over and the machine cold. */
export type WatchResult = 'nothing' | 'ended' | 'still-hot' | keyof typeof WATCH_STOPS

export class HostWatch {
  private readonly options: GateOptions
  private readonly host: HostSide
  private leftAtMs = Number.POSITIVE_INFINITY
  private isHostHere = false
  private isLeaving_ = false
  private askedAtMs = Number.NEGATIVE_INFINITY
  private cooledAtMs = Number.POSITIVE_INFINITY
  /** When nothing was on its way, the last time that was looked. */
  private idleAtMs = Number.NEGATIVE_INFINITY
  /** Since when nothing goes on at a machine that may be hot, not even a question of ours. */
  private calmSinceMs = Number.POSITIVE_INFINITY
  private latchHandled: Latch | null = null

  constructor(options: GateOptions, host: HostSide) {
    this.options = options
    this.host = host
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
    this.cooledAtMs = Number.POSITIVE_INFINITY
  }

  /** The stream is closed, by whom ever. */
  settled(): void {
    this.isLeaving_ = false
    if (this.isHostHere) this.leftAtMs = Number.POSITIVE_INFINITY
  }

  /** `isJob`: a job is open. */
  tick(printer: PrinterSide, latch: Latch | null, isJob: boolean, nowMs: number): WatchResult {
    if (printer.state !== 'ready') return 'nothing'
    if (printer.isIdle) this.idleAtMs = nowMs
    const isCalm = printer.isIdle && printer.mayBeHot
    this.calmSinceMs = isCalm ? Math.min(this.calmSinceMs, nowMs) : Number.POSITIVE_INFINITY
    if (this.isLeaving_) return this.tickLeaving(printer, nowMs)
    const isSilent = this.host.isHere && this.host.silentMs(nowMs) >= this.options.hostSilentMs
    if (isJob && isSilent) return 'host-silent'
    if (!printer.mayBeHot) {
      this.cooledAtMs = Number.POSITIVE_INFINITY
      return 'nothing'
    }
    if (latch !== null) return this.tickLatched(printer, latch, nowMs)
    if (isSilent || nowMs - this.leftAtMs >= this.options.hostLostMs) return this.cool(printer, nowMs)
    this.cooledAtMs = Number.POSITIVE_INFINITY
    // A host that has the printer report by itself never asks, and whether it is cold would never be known.
    if (nowMs - this.calmSinceMs >= CALM_MS) this.ask(printer, ASK, nowMs, CALM_MS)
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

  /** Nobody prints: the heaters go off, and that is all, unless the printer does not come to it or keeps them on. */
  private cool(printer: PrinterSide, nowMs: number): WatchResult {
    const { hostLostMs } = this.options
    if (nowMs - Math.min(this.idleAtMs, this.cooledAtMs) >= hostLostMs) return 'unattended'
    if (this.cooledAtMs < Number.POSITIVE_INFINITY) {
      this.ask(printer, ASK, nowMs)
      return 'nothing'
    }
    if (!this.ask(printer, closingAgainLines(printer.tools.numbers), nowMs)) return 'nothing'
    this.cooledAtMs = nowMs
    this.host.sayAll(this.host.idiom.tell(COOLED), nowMs)
    return 'nothing'
  }

  private ask(
    printer: PrinterSide,
    lines: readonly string[],
    nowMs: number,
    everyMs = ASK_EVERY_MS,
  ): boolean {
    if (!printer.isIdle || nowMs - this.askedAtMs < everyMs) return false
    this.askedAtMs = nowMs
    printer.sendOwn(lines, nowMs)
    return true
  }
}
