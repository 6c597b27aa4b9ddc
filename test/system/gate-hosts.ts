/** Hosts of our own making: whatever opens a serial port with node-serialport or a raw TCP connection, and prints. */
import net from 'node:net'
import type { Duplex } from 'node:stream'
import { SerialPort } from 'serialport'
import { until } from './command.ts'

/** How a host sends its lines. */
export interface PrintOptions {
  /** With line numbers and checksums. */
  readonly isNumbered: boolean
  /** Every so many lines one is damaged on its way, where numbers and checksums can tell. */
  readonly damageEvery?: number
}

/** What became of a print. */
export interface Printed {
  /** Lines that were acknowledged. */
  readonly acknowledged: number
  /** Lines that were asked for again. */
  readonly resent: number
}

/** Stands for a line that was asked for again, where the number of the line would stand. */
const RESEND = /^Resend: ?N?:?(\d+)/

export class Host {
  /** Every line that came. */
  readonly heard: string[] = []
  isClosed = false
  readonly #stream: Duplex
  #rest = ''
  #oks = 0
  #resend = -1

  constructor(stream: Duplex) {
    this.#stream = stream
    stream.on('data', (bytes: Buffer) => this.#take(bytes.toString('latin1')))
    stream.on('error', () => {})
    stream.on('close', () => {
      this.isClosed = true
    })
  }

  /** Sends bytes as they are. */
  send(text: string): void {
    this.#stream.write(Buffer.from(text, 'latin1'))
  }

  /** Sends one line without a number and waits for its ok. Answers with what came before and with it. */
  async say(line: string): Promise<readonly string[]> {
    const [heard, oks] = [this.heard.length, this.#oks]
    this.send(`${line}\n`)
    await until(`the answer to ${line}`, () => this.#oks > oks)
    return this.heard.slice(heard)
  }

  /** Sends it all at once, as a host that trusts its port to make it wait, and waits for every ok. */
  async pour(lines: readonly string[]): Promise<void> {
    const oks = this.#oks
    this.send(lines.map((line) => `${line}\n`).join(''))
    await until('every line to be acknowledged', () => this.#oks - oks >= lines.length)
  }

  /** Waits for a line that matches. */
  async hear(pattern: RegExp): Promise<string> {
    return await until(`a line like ${pattern}`, () => this.heard.find((line) => pattern.test(line)))
  }

  /** Prints like a plain host: one line in flight, the same again when it is asked for, and deaf to everything else. */
  async print(lines: readonly string[], { isNumbered, damageEvery = 0 }: PrintOptions): Promise<Printed> {
    if (isNumbered) await this.#exchange(numbered(0, 'M110 N0'))
    let acknowledged = 0
    let resent = 0
    let damagedAt = 0
    while (acknowledged < lines.length) {
      const number = acknowledged + 1
      const line = lines[acknowledged] ?? ''
      const isDamaged = damageEvery > 0 && number % damageEvery === 0 && damagedAt < number
      if (isDamaged) damagedAt = number
      const text = isNumbered ? numbered(number, line) : line
      const again = await this.#exchange(isDamaged ? damaged(text) : text)
      if (again === undefined) acknowledged++
      else {
        resent++
        acknowledged = again - 1
      }
    }
    return { acknowledged, resent }
  }

  /** Hangs up. */
  async close(): Promise<void> {
    if (this.isClosed) return
    this.#stream.destroy()
    await until('the host to be gone', () => this.isClosed)
  }

  /** Sends a line and waits for its ok; answers with the number that was asked for again, if one was. */
  #exchange(text: string): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      this.#resend = -1
      const gone = (): void => reject(new Error('the gate hung up'))
      this.#stream.once('close', gone)
      this.#acknowledged = () => {
        this.#stream.off('close', gone)
        this.#acknowledged = () => {}
        resolve(this.#resend < 0 ? undefined : this.#resend)
      }
      this.send(`${text}\n`)
    })
  }

  #acknowledged: () => void = () => {}

  #take(text: string): void {
    const lines = `${this.#rest}${text}`.split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#line(line.replace(/\r$/, ''))
  }

  #line(line: string): void {
    this.heard.push(line)
    const resend = RESEND.exec(line)
    if (resend !== null) this.#resend = Number(resend[1])
    if (!/^ok\b/.test(line)) return
    this.#oks++
    this.#acknowledged()
  }
}

/** A line with its number and checksum. */
export function numbered(number: number, line: string): string {
  const text = `N${number} ${line}`
  return `${text}*${Buffer.from(text, 'latin1').reduce((sum, byte) => sum ^ byte, 0)}`
}

/** One bit of the command's last byte but one is another. */
function damaged(text: string): string {
  const at = text.lastIndexOf('*') - 1
  return `${text.slice(0, at)}${String.fromCharCode(text.charCodeAt(at) ^ 1)}${text.slice(at + 1)}`
}

/** Opens the gate's virtual port as a program with node-serialport does. */
export async function openSerial(link: string): Promise<Host> {
  const port = new SerialPort({ path: link, baudRate: 115200, autoOpen: false })
  await new Promise<void>((resolve, reject) => {
    port.open((error) => (error === null ? resolve() : reject(error)))
  })
  const host = new Host(port)
  const close = (): Promise<void> => new Promise((resolve) => port.close(() => resolve()))
  return Object.assign(host, { close })
}

/** Connects to the gate's TCP port. */
export async function openTcp(port: number): Promise<Host> {
  const socket = net.connect({ host: '127.0.0.1', port, noDelay: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', () => resolve())
    socket.once('error', reject)
  })
  return new Host(socket)
}
