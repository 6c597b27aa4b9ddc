/** Bytes that wait to be read: the receive buffer of the printer's serial chip. */

const INITIAL_BYTES = 256

/** First in, first out, up to a limit. */
export class ByteQueue {
  readonly #limit: number
  #bytes = new Uint8Array(INITIAL_BYTES)
  #start = 0
  #end = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get length(): number {
    return this.#end - this.#start
  }

  /** False where there is no room, and the byte is lost. */
  push(byte: number): boolean {
    if (this.length >= this.#limit) return false
    if (this.#end === this.#bytes.length) this.#makeRoom()
    this.#bytes[this.#end++] = byte
    return true
  }

  shift(): number | undefined {
    return this.#start < this.#end ? this.#bytes[this.#start++] : undefined
  }

  clear(): void {
    this.#start = 0
    this.#end = 0
  }

  #makeRoom(): void {
    const length = this.length
    // Moving is cheap while at least half of the buffer is free, and growing is needed when it is not.
    const target = length * 2 > this.#bytes.length ? new Uint8Array(this.#bytes.length * 2) : this.#bytes
    target.set(this.#bytes.subarray(this.#start, this.#end))
    this.#bytes = target
    this.#start = 0
    this.#end = length
  }
}
