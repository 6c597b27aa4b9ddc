import fs from 'node:fs'
import type tty from 'node:tty'
import { openTerminal, readTerminal } from '../../agent/serial/terminal.ts'
import { Heard, signal } from './heard.ts'

/** A program that opens a virtual serial port knowing nothing of our ports: bare descriptors, as `cat` would. */
export class PtyClient {
  readonly heard = new Heard()
  readonly ended: Promise<void>
  readonly #fd: number
  readonly #stream: tty.ReadStream

  constructor(path: string) {
    const { seen, give } = signal()
    this.ended = seen
    this.#fd = openTerminal(path)
    this.#stream = readTerminal(this.#fd, this.heard.add)
    this.#stream.on('error', () => {})
    this.#stream.on('close', () => give())
    this.#stream.resume()
  }

  write(text: string): void {
    fs.writeSync(this.#fd, Buffer.from(text, 'latin1'))
  }

  close(): Promise<void> {
    fs.closeSync(this.#fd)
    this.#stream.destroy()
    return this.ended
  }
}
