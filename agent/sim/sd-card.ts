/**
 * The card in the printer: files that hosts can write and have run without a byte of them on the wire. It stays in
 * its slot over a reset, but what was selected, running or being written is lost.
 */

/** All files together. A host that writes more gets an error, as from a full card. */
const CARD_BYTES_MAX = 64 * 1024 * 1024

/** One card and what the firmware does with it. */
export class SdCard {
  readonly #files = new Map<string, string>()
  #selected: { readonly name: string; position: number } | undefined
  #writing: { readonly name: string; lines: string[]; bytes: number } | undefined
  #isPrinting = false

  /** Forgets what a reset forgets. */
  remount(): void {
    this.#selected = undefined
    this.#writing = undefined
    this.#isPrinting = false
  }

  get isPrinting(): boolean {
    return this.#isPrinting
  }

  get isWriting(): boolean {
    return this.#writing !== undefined
  }

  list(): string[] {
    return [...this.#files].map(([name, text]) => `${name} ${text.length}`)
  }

  /** Selects a file; gives its size, or undefined where there is none. */
  select(name: string): number | undefined {
    const text = this.#files.get(name)
    this.#isPrinting = false
    this.#selected = text === undefined ? undefined : { name, position: 0 }
    return text?.length
  }

  start(): void {
    this.#isPrinting = this.#selected !== undefined
  }

  pause(): void {
    this.#isPrinting = false
  }

  seek(position: number): void {
    if (this.#selected !== undefined) this.#selected.position = Math.max(0, position)
  }

  abort(): void {
    this.remount()
  }

  remove(name: string): boolean {
    return this.#files.delete(name)
  }

  /** What M27 says. */
  status(): string {
    if (!this.#isPrinting || this.#selected === undefined) return 'Not SD printing'
    const size = this.#files.get(this.#selected.name)?.length ?? 0
    return `SD printing byte ${Math.min(this.#selected.position, size)}/${size}`
  }

  /** The next line of the running file without its comment, or undefined at the end, which ends the run. */
  nextLine(): string | undefined {
    const selected = this.#selected
    const text = selected === undefined ? undefined : this.#files.get(selected.name)
    if (selected === undefined || text === undefined || selected.position >= text.length) {
      this.#isPrinting = false
      return undefined
    }
    const end = text.indexOf('\n', selected.position)
    const line = text.slice(selected.position, end === -1 ? text.length : end)
    selected.position = end === -1 ? text.length : end + 1
    return line.replace(/[;\r].*$/s, '')
  }

  startWriting(name: string): void {
    this.#writing = { name, lines: [], bytes: 0 }
  }

  /**
   * Writes one received line: the text after the first `N` and its space, up to the first `*` after it. A line that
   * holds an `N` for another reason loses what stands before it, too. False where the card is full.
   */
  write(text: string): boolean {
    const writing = this.#writing
    if (writing === undefined) return false
    const number = text.indexOf('N')
    const space = number === -1 ? -1 : text.indexOf(' ', number)
    const star = number === -1 ? -1 : text.indexOf('*', number)
    const line = text.slice(space + 1, star === -1 ? text.length : star)
    const used = [...this.#files.values()].reduce((sum, { length }) => sum + length, 0)
    if (used + writing.bytes + line.length + 1 > CARD_BYTES_MAX) return false
    writing.lines.push(line)
    writing.bytes += line.length + 1
    return true
  }

  endWriting(): void {
    if (this.#writing === undefined) return
    this.#files.set(this.#writing.name, this.#writing.lines.map((line) => `${line}\n`).join(''))
    this.#writing = undefined
  }
}
