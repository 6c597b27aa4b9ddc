/** A script of a few lines that sends and waits for `ok`, and a program that wants to get past the gate. */

import type { Prng } from '../../agent/sim/prng.ts'
import { type HostPort, isOk, numbered, SimulatedHost } from './gate-host.ts'

/** Without numbers and without any thought of what else may come back. */
export class PlainHost extends SimulatedHost {
  private isWaiting = false
  private readonly typed: string[] = []

  connected(nowMs: number): void {
    this.nowMs = nowMs
    this.moved()
    this.phase = 'idle'
  }

  type(command: string): void {
    this.typed.push(command)
    this.pump()
  }

  protected begin(): void {
    this.pump()
  }

  protected heard(text: string): void {
    if (!isOk(text)) return
    this.moved()
    this.isWaiting = false
    this.pump()
  }

  private pump(): void {
    if (this.isWaiting) return
    const command = this.typed.shift() ?? (this.phase === 'printing' ? this.job[this.next++] : undefined)
    if (command !== undefined) {
      this.isWaiting = true
      this.port.send(`${command}\n`)
    } else if (this.phase === 'printing') this.phase = 'done'
  }

  protected passed(): void {
    this.pump()
  }
}

const NOISE_BYTES_MAX = 3_000
/** Lines that no policy allows, or no grammar. */
const FORBIDDEN = ['M104 S400', 'M500', 'M28 a.g', 'G1 X(5', 'M118 ok', 'M997', 'G20', '\\G1 X5', 'G1 X1e3']

/**
 * Ignores what it is told, goes on after refusals, numbers its lines as it likes, and floods. It sends the job's lines
 * in their order, so that what reaches the printer can be held against them.
 */
export class HostileHost extends SimulatedHost {
  private readonly prng: Prng
  private readonly isNumbered: boolean
  private number = 1
  private nextAtMs = 0

  constructor(port: HostPort, prng: Prng) {
    super(port)
    this.prng = prng
    this.isNumbered = prng.below(2) === 0
  }

  connected(nowMs: number): void {
    this.nowMs = nowMs
    this.moved()
    this.phase = 'idle'
    if (this.prng.below(2) === 0) this.port.send('\n\n\0\0M115\r\nM105\r\n')
  }

  type(command: string): void {
    this.port.send(`${command}\n`)
  }

  protected begin(): void {
    if (this.prng.below(2) === 0) this.renumber(0)
  }

  private renumber(number: number): void {
    this.port.send(`${numbered(number, `M110 N${number}`)}\n`)
    this.number = number + 1
  }

  protected heard(text: string): void {
    if (isOk(text)) this.moved()
  }

  protected passed(): void {
    if (this.phase !== 'printing' || this.nowMs < this.nextAtMs) return
    this.nextAtMs = this.nowMs + this.prng.below(1_500)
    const burst = 1 + this.prng.below(12)
    for (let i = 0; i < burst; i++) this.misbehave()
    if (this.next < this.job.length) return
    this.phase = 'done'
  }

  private misbehave(): void {
    const { prng } = this
    switch (prng.below(30)) {
      case 0:
        this.send(FORBIDDEN[prng.below(FORBIDDEN.length)]!)
        return
      case 1:
        this.renumber(prng.below(1000) - 1)
        return
      case 2:
        this.port.send(String.fromCharCode(0xff).repeat(1 + prng.below(200)))
        return
      case 3:
        this.port.send(noise(prng))
        return
      case 4:
        this.port.send(`${numbered(prng.below(100_000), 'G1 X1 Y1 F777')}\n`)
        return
      case 5:
        this.port.send(['M108\n', 'M410\n', 'M876 S0\n', 'M105\nM105\n', 'M114\n'][prng.below(5)]!)
        return
      case 6:
        this.port.send('; only a comment\n   \n\r\n')
        return
      case 7:
        // A line that never ends, longer than anything keeps.
        this.port.send(`${'G1 X1 '.repeat(prng.below(2_000))}\n`)
        return
      default:
        if (this.next < this.job.length) this.send(this.job[this.next++]!)
    }
  }

  private send(command: string): void {
    this.port.send(`${this.isNumbered ? numbered(this.number++, command) : command}\n`)
  }
}

function noise(prng: Prng): string {
  const length = prng.below(NOISE_BYTES_MAX)
  let text = ''
  for (let i = 0; i < length; i++) text += String.fromCharCode(prng.below(256))
  // Noise that happens to stop the printer is another story.
  return `${text.replace(/[mM]/g, '?')}\n`
}

const ENDLESS_BYTES = 10_000_000
const PIECE_BYTES = 65_536

/** Writes one line that does not end for ten million bytes, and asks for the temperature after it. */
export class EndlessHost extends SimulatedHost {
  private left = ENDLESS_BYTES

  connected(nowMs: number): void {
    this.nowMs = nowMs
    this.moved()
    this.phase = 'idle'
  }

  type(command: string): void {
    this.port.send(`${command}\n`)
  }

  protected begin(): void {
    this.left = ENDLESS_BYTES
  }

  protected heard(text: string): void {
    if (!text.startsWith('ok T')) return
    this.moved()
    if (this.phase === 'printing') this.phase = 'done'
  }

  protected passed(): void {
    if (this.phase !== 'printing' || this.left <= 0) return
    this.port.send('G1 X5 '.repeat(PIECE_BYTES / 6))
    this.left -= PIECE_BYTES
    if (this.left <= 0) this.port.send('\nM105\n')
  }
}
