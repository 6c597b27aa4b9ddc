/** A set of record indexes, as bits: a million records take 128 KiB at most, and a log in which they are rare far less. */

const CHUNK_BITS = 32_768
const WORD_BITS = 32

export class IndexSet {
  readonly #chunks = new Map<number, Uint32Array>()

  add(index: number): void {
    const place = Math.floor(index / CHUNK_BITS)
    let chunk = this.#chunks.get(place)
    if (chunk === undefined) {
      chunk = new Uint32Array(CHUNK_BITS / WORD_BITS)
      this.#chunks.set(place, chunk)
    }
    const bit = index % CHUNK_BITS
    const word = Math.floor(bit / WORD_BITS)
    chunk[word] = (chunk[word] ?? 0) | (1 << (bit % WORD_BITS))
  }

  has(index: number): boolean {
    const chunk = this.#chunks.get(Math.floor(index / CHUNK_BITS))
    const bit = index % CHUNK_BITS
    return (
      chunk !== undefined && (((chunk[Math.floor(bit / WORD_BITS)] ?? 0) >>> (bit % WORD_BITS)) & 1) === 1
    )
  }
}
