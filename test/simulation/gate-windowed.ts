/** Hosts with several lines in flight: Repetier-Host, which counts 127 bytes, and Cura, which sends four lines ahead. */

import { isOk, numbered, resendOf, SimulatedHost, withChecksum } from './gate-host.ts'

const CACHE_BYTES = 127
const POLL_MS = 3_000
/** Repetier-Host gives up waiting and believes its cache to be empty. */
const SILENCE_MS = 40_000

/** Repetier-Host 0.8 (PrinterConnection.cs). */
export class RepetierHost extends SimulatedHost {
  private number = 0
  private readonly sent = new Map<number, string>()
  /** Bytes of each line that was not answered. */
  private readonly inFlight: number[] = []
  private readonly typed: string[] = []
  private resendFrom = -1
  private ignoresOk = false
  private polledAtMs = 0
  private heardAtMs = 0
  /** The line that the job stood at, and since when. */
  private lookedAt = { next: 0, atMs: 0 }

  connected(nowMs: number): void {
    this.nowMs = nowMs
    this.polledAtMs = nowMs
    this.heardAtMs = nowMs
    this.moved()
    this.renumber()
    this.typed.push('M115', 'T0', 'M105')
    this.phase = 'idle'
    this.pump()
  }

  type(command: string): void {
    this.typed.push(command)
    this.pump()
  }

  override resume(nowMs: number): void {
    super.resume(nowMs)
    this.pump()
  }

  protected begin(): void {
    this.pump()
  }

  private renumber(): void {
    this.number = 1
    this.put(`${numbered(0, 'M110')}\n`)
  }

  protected heard(text: string): void {
    this.heardAtMs = this.nowMs
    if (text.includes('RequestPause:') && this.phase === 'printing') this.phase = 'paused'
    if (text === 'start') this.phase = 'given-up'
    const number = resendOf(text)
    if (number !== undefined) this.request(number)
    if (!isOk(text)) return
    if (this.ignoresOk) {
      this.ignoresOk = false
      return
    }
    this.inFlight.shift()
    this.moved()
    this.pump()
  }

  private request(number: number): void {
    this.ignoresOk = true
    this.inFlight.length = 0
    if (number < this.number) this.resendFrom = number
    this.pump()
  }

  private put(line: string): void {
    this.inFlight.push(line.length)
    this.port.send(line)
  }

  private hasRoomFor(line: string): boolean {
    let bytes = line.length
    for (const each of this.inFlight) bytes += each
    return this.inFlight.length === 0 || bytes <= CACHE_BYTES
  }

  private pump(): void {
    while (this.resendFrom >= 0 && this.resendFrom < this.number) {
      const line = this.sent.get(this.resendFrom)
      if (line === undefined) {
        this.resendFrom = -1
        this.die()
        return
      }
      if (!this.hasRoomFor(line)) return
      this.resendFrom++
      this.put(line)
    }
    this.resendFrom = -1
    while (this.pumpNew()) {}
    if (this.phase === 'printing' && this.next >= this.job.length && this.inFlight.length === 0)
      this.phase = 'done'
  }

  private pumpNew(): boolean {
    const command = this.typed[0] ?? (this.phase === 'printing' ? this.job[this.next] : undefined)
    if (command === undefined) return false
    const line = `${numbered(this.number, command)}\n`
    if (!this.hasRoomFor(line)) return false
    if (this.typed.shift() === undefined) this.next++
    this.sent.set(this.number++, line)
    this.put(line)
    return true
  }

  protected passed(): void {
    if (this.nowMs - this.polledAtMs >= POLL_MS) {
      this.polledAtMs = this.nowMs
      if (this.typed.length === 0) this.type('M105')
    }
    if (this.next !== this.lookedAt.next) this.lookedAt = { next: this.next, atMs: this.nowMs }
    const isStalled = this.phase === 'printing' && this.nowMs - this.lookedAt.atMs >= 3 * SILENCE_MS
    if (this.inFlight.length === 0 || (this.nowMs - this.heardAtMs < SILENCE_MS && !isStalled)) return
    this.heardAtMs = this.nowMs
    this.lookedAt = { next: this.next, atMs: this.nowMs }
    this.inFlight.length = 0
    this.ignoresOk = false
    this.pump()
  }
}

const AHEAD_LINES = 4
/** Two reads of two seconds each that bring nothing count as an answer. */
const CURA_SILENCE_MS = 4_000

/** Cura's USB printing (USBPrinterOutputDevice.py): no space behind the number, and silence is an answer. */
export class CuraHost extends SimulatedHost {
  private lines: readonly string[] = []
  private heardAtMs = 0
  private polledAtMs = 0
  private readonly typed: string[] = []

  connected(nowMs: number): void {
    this.nowMs = nowMs
    this.heardAtMs = nowMs
    this.polledAtMs = nowMs
    this.moved()
    this.phase = 'idle'
    this.port.send('M115\n')
  }

  type(command: string): void {
    this.typed.push(command)
  }

  override resume(): void {
    // It cannot be paused by a printer.
  }

  protected begin(): void {
    this.lines = ['M110', ...this.job.map(unspaced)]
    for (let i = 0; i < AHEAD_LINES; i++) this.sendNext()
  }

  private sendNext(): void {
    const typed = this.typed.shift()
    if (typed !== undefined) {
      this.port.send(`${typed}\n`)
      return
    }
    const line = this.lines[this.next]
    if (line === undefined) this.phase = 'done'
    else this.port.send(`${withChecksum(`N${this.next++}${line}`)}\n`)
  }

  protected heard(text: string): void {
    this.heardAtMs = this.nowMs
    if (this.phase !== 'printing') return
    if (text.startsWith('!!')) {
      this.phase = 'given-up'
      for (const command of ['M140 S0', 'M104 S0', 'M107', 'M84']) this.port.send(`${command}\n`)
    } else if (isOk(text)) {
      this.moved()
      this.sendNext()
    } else {
      const number = resendOf(text)
      if (number !== undefined) this.next = Math.max(0, Math.min(number, this.lines.length))
    }
  }

  protected passed(): void {
    if (this.phase === 'printing' && this.nowMs - this.heardAtMs >= CURA_SILENCE_MS) {
      this.heardAtMs = this.nowMs
      this.sendNext()
    }
    if (this.phase === 'printing' || this.nowMs - this.polledAtMs < 2_000) return
    this.polledAtMs = this.nowMs
    this.port.send('M105\n')
  }
}

/** Some writers leave out the spaces. Texts keep theirs, and so does an E, which would make an exponent of a number. */
function unspaced(command: string): string {
  return command.startsWith('M117') ? command : command.replace(/ (?!E)/g, '')
}
