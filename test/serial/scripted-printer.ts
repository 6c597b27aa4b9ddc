import type { DeviceSide } from '../../agent/serial/listener.ts'
import { Heard } from './heard.ts'

/** The least of a printer: two heaters, an answer to each line, and everything it heard in order. */
export class ScriptedPrinter {
  readonly heard = new Heard()
  nozzleTarget = 210
  bedTarget = 60
  /** Whether it answers, and whether it obeys the commands that turn its heaters off. */
  isMute = false
  isDeaf = false
  readonly #device: DeviceSide
  #begun = ''

  constructor(device: DeviceSide) {
    this.#device = device
    device.onBytes((bytes) => this.#take(Buffer.from(bytes).toString('latin1')))
  }

  get isCold(): boolean {
    return this.nozzleTarget === 0 && this.bedTarget === 0
  }

  /** All lines, without the empty ones. */
  get lines(): string[] {
    return this.heard.text.split('\n').filter((line) => line !== '')
  }

  say(line: string): void {
    this.#device.write(Buffer.from(`${line}\n`))
  }

  #take(text: string): void {
    this.#begun += text
    for (let end = this.#begun.indexOf('\n'); end !== -1; end = this.#begun.indexOf('\n')) {
      const line = this.#begun.slice(0, end)
      this.#begun = this.#begun.slice(end + 1)
      this.#obey(line)
    }
    // After the effect, so that who waits for a line finds what it has done.
    this.heard.add(text)
  }

  #obey(line: string): void {
    if (line === '') return
    if (line === 'M104 S0' && !this.isDeaf) this.nozzleTarget = 0
    if (line === 'M140 S0' && !this.isDeaf) this.bedTarget = 0
    if (line === 'M112') this.nozzleTarget = this.bedTarget = 0
    if (this.isMute) return
    this.say(
      line === 'M105' ? `ok T:205.1 /${this.nozzleTarget}.00 B:59 /${this.bedTarget}.00 @:0 B@:0` : 'ok',
    )
  }
}
