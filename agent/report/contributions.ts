/**
 * Bounds what one subject can add to one cell of a public table, so that a cell of ten is not one person ten times. A
 * table of numbers without objects: a log can have as many pairs of cell and subject as decisions, at 18 bytes each
 * and up to as much again of room.
 */

const FIRST_PLACES = 1024

export class Contributions {
  readonly #perSubjectMax: number
  #places = FIRST_PLACES
  #used = 0
  #high = new Uint32Array(FIRST_PLACES)
  #low = new Uint32Array(FIRST_PLACES)
  /** How often the pair in this place was counted; 0 where the place is empty. */
  #counts = new Uint8Array(FIRST_PLACES)

  /** @param perSubjectMax from 1 to 255 */
  constructor(perSubjectMax: number) {
    this.#perSubjectMax = perSubjectMax
  }

  /** Whether one more of this subject (16 hexadecimal digits) counts in the cell, and notes that it did. */
  take(cell: number, subject: string): boolean {
    // The digits of a subject are random, so they are their own hash; the cell is folded in by odd factors.
    const high = (Number.parseInt(subject.slice(0, 8), 16) ^ Math.imul(cell, 0x9e3779b1)) >>> 0
    const low = (Number.parseInt(subject.slice(8), 16) ^ Math.imul(cell, 0x85ebca6b)) >>> 0
    const place = this.#placeOf(high, low)
    const count = this.#counts[place] ?? 0
    if (count >= this.#perSubjectMax) return false
    this.#counts[place] = count + 1
    if (count > 0) return true
    this.#high[place] = high
    this.#low[place] = low
    this.#used += 1
    if (this.#used * 2 > this.#places) this.#grow()
    return true
  }

  /** Where the pair stands, or the empty place for it. Half of the places are empty, so there is one. */
  #placeOf(high: number, low: number): number {
    let place = (high ^ low) & (this.#places - 1)
    while (this.#counts[place] !== 0 && (this.#high[place] !== high || this.#low[place] !== low))
      place = (place + 1) & (this.#places - 1)
    return place
  }

  #grow(): void {
    const [high, low, counts] = [this.#high, this.#low, this.#counts]
    this.#places *= 2
    this.#high = new Uint32Array(this.#places)
    this.#low = new Uint32Array(this.#places)
    this.#counts = new Uint8Array(this.#places)
    for (let from = 0; from < counts.length; from++) {
      const count = counts[from] ?? 0
      if (count === 0) continue
      const place = this.#placeOf(high[from] ?? 0, low[from] ?? 0)
      this.#high[place] = high[from] ?? 0
      this.#low[place] = low[from] ?? 0
      this.#counts[place] = count
    }
  }
}
