import { LETTER_A } from './bytes.ts'
import type { CommandRow } from './command-table.ts'

/** No subcode was written: `G1`, not `G1.0`. */
export const NO_SUBCODE = -1

/**
 * One parsed command. A single instance is reused for every line, so a reader copies out what it needs and
 * never keeps the object. Words stand in 26 slots by letter (`WORD`); their digits stay in the source bytes,
 * because the writer sends the digits that the host sent and never a number that went through a float.
 */
export class Command {
  /** Byte of the command letter, `G`, `M` or `T`; 0 where the line holds no command. */
  letter = 0
  /** The integer after the letter, 0 to 9999: 92 in `G92.1`. */
  code = 0
  /** The number after the point, or `NO_SUBCODE`. */
  subcode = NO_SUBCODE
  /** The table's row for this command, or undefined for one that the dialect does not know. */
  row: CommandRow | undefined = undefined

  /** Bit n is set where the word `A + n` stands on the line. */
  present = 0
  /** Bit n is set where that word has a value; `G28 X` has none. */
  valued = 0
  /** Values by slot, as the firmware will use them: truncated where it reads an integer. */
  readonly values = new Float64Array(26)

  /** Slots in the order of the line, the first `wordCount` of them. Left out where `plainEnd` is set. */
  readonly order = new Uint8Array(26)
  wordCount = 0
  /** Where each word's value lies in `bytes`: sign, then digits. By slot, only where `valued`. Left out like `order`. */
  readonly valueStart = new Int32Array(26)
  readonly valueEnd = new Int32Array(26)

  /** The text of a text command lies in `bytes[textStart, textEnd)`; equal where there is none. Left out like `order`. */
  textStart = 0
  textEnd = 0
  /** The slot of the word that the text belongs to (`M486 A<name>`, `M862.3 P "<model>"`), or -1 for the line's own. */
  textWord = -1

  /** Where a refused line goes wrong: an index into the source, or a length where the length is what is wrong. */
  refusedAt = 0

  /** The source. Valid only until the next line is read. */
  bytes: Uint8Array = NO_BYTES
  /** Where `bytes[plainStart, plainEnd)` is the canonical form already, but for zeros before bare points; else `plainEnd` is 0. */
  plainStart = 0
  plainEnd = 0
  /** Whether such a plain line has values like `.5`, which are written `0.5`. */
  hasBarePoints = false

  /** Forgets the last line. */
  reset(): void {
    this.letter = 0
    this.code = 0
    this.subcode = NO_SUBCODE
    this.row = undefined
    this.present = 0
    this.valued = 0
    this.wordCount = 0
    this.textStart = 0
    this.textEnd = 0
    this.textWord = -1
    this.plainEnd = 0
  }

  /** Whether the word stands on the line, with or without a value. */
  has(slot: number): boolean {
    return ((this.present >>> slot) & 1) === 1
  }

  /** Whether the word stands on the line with a value. */
  hasValue(slot: number): boolean {
    return ((this.valued >>> slot) & 1) === 1
  }

  /** Value of a word that has one; `otherwise` where it has none. */
  value(slot: number, otherwise = 0): number {
    return ((this.valued >>> slot) & 1) === 1 ? this.values[slot]! : otherwise
  }

  /** `G1`, `M862.3`, `T0`: for people. Cold. */
  name(): string {
    if (this.letter === 0) return ''
    const subcode = this.subcode === NO_SUBCODE ? '' : `.${this.subcode}`
    return `${String.fromCharCode(this.letter)}${this.code}${subcode}`
  }

  /** Letters of the words in a mask: for people. Cold. */
  static letters(mask: number): string {
    let text = ''
    for (let slot = 0; slot < 26; slot++)
      if ((mask >>> slot) & 1) text += String.fromCharCode(LETTER_A + slot)
    return text
  }
}

const NO_BYTES = new Uint8Array(0)
