/** Lines of JSON out of a socket: bounded before they are decoded, and decoded before they are parsed. */

const LF = 0x0a

/** Cuts bytes into lines of at most `bytesMax` bytes. */
export class JsonLines {
  readonly #bytesMax: number
  #waiting: Buffer[] = []
  #waitingBytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Gives each line that ends in `bytes` to `take`, until that answers false. False if a line is too long. */
  push(bytes: Buffer, take: (line: Buffer) => boolean): boolean {
    let start = 0
    for (let end = bytes.indexOf(LF); end !== -1; end = bytes.indexOf(LF, start)) {
      if (!this.#keep(bytes.subarray(start, end))) return false
      start = end + 1
      const line = Buffer.concat(this.#waiting)
      this.#waiting = []
      this.#waitingBytes = 0
      if (!take(line)) return true
    }
    return this.#keep(bytes.subarray(start))
  }

  #keep(part: Buffer): boolean {
    this.#waitingBytes += part.length
    if (this.#waitingBytes > this.#bytesMax) return false
    if (part.length > 0) this.#waiting.push(part)
    return true
  }
}

/** The value of one line, or undefined where it is no JSON in UTF-8. JSON has no undefined of its own. */
export function parseJsonLine(line: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line))
  } catch {
    return undefined
  }
}
