/**
 * Printrun 2.0 (printcore.py) as it matters at the wire: no timeouts at all, a request to send again frees the window as
 * its `ok` does, what a person types goes out between the lines without a number.
 */

import { actionOf, isOk, numbered, resendOf, SimulatedHost } from './gate-host.ts'

const POLL_MS = 5_000
const GREET_MS = 3_750

export class PrintrunHost extends SimulatedHost {
  private number = 0
  private isClear = true
  private resendFrom = -1
  private readonly sent = new Map<number, string>()
  private readonly typed: string[] = []
  private polledAtMs = 0

  connected(nowMs: number): void {
    this.nowMs = nowMs
    this.polledAtMs = nowMs
    this.moved()
    this.port.send('M105\n')
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
    this.number = 0
    this.resendFrom = -1
    this.isClear = false
    this.port.send(`${numbered(-1, 'M110')}\n`)
  }

  protected heard(text: string): void {
    if (this.phase === 'connecting' && (isOk(text) || text.includes('T:'))) {
      this.phase = 'idle'
      this.moved()
    }
    if (text.startsWith('!!') || actionOf(text) === 'pause') {
      if (this.phase === 'printing') this.phase = 'paused'
      return
    }
    if (isOk(text)) {
      this.isClear = true
      this.moved()
    }
    const number = resendOf(text)
    if (number !== undefined) {
      this.resendFrom = number
      this.isClear = true
    }
    this.pump()
  }

  private pump(): void {
    if (this.phase !== 'printing') {
      // Nothing waits for an answer outside a print.
      for (const command of this.typed.splice(0)) this.port.send(`${command}\n`)
      return
    }
    if (!this.isClear) return
    this.isClear = false
    if (this.resendFrom > -1 && this.resendFrom < this.number) {
      const line = this.sent.get(this.resendFrom++)
      if (line === undefined) this.phase = 'given-up'
      else this.port.send(line)
      return
    }
    this.resendFrom = -1
    const typed = this.typed.shift()
    if (typed !== undefined) this.port.send(`${typed}\n`)
    else if (this.next < this.job.length) this.sendNext()
    else {
      this.phase = 'done'
      this.port.send(`${numbered(-1, 'M110')}\n`)
    }
  }

  private sendNext(): void {
    const line = `${numbered(this.number, this.job[this.next++]!)}\n`
    this.sent.set(this.number++, line)
    this.port.send(line)
  }

  protected passed(): void {
    const everyMs = this.phase === 'connecting' ? GREET_MS : POLL_MS
    if (this.nowMs - this.polledAtMs < everyMs) return
    this.polledAtMs = this.nowMs
    if (this.phase === 'connecting') this.port.send('M105\n')
    else if (this.typed.length === 0) this.type('M105')
  }
}
