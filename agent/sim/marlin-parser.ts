/**
 * A queued line becomes a command, the way `parser.cpp` of Marlin 2.1.2 does it. Written from recorded behaviour and
 * on its own: it shares nothing with the reader of the gate, or it could not show where that one misreads.
 */

import type { MarlinBuild } from './marlin-build.ts'
import { readByte, readFloat, readInt16, readLong } from './marlin-number.ts'
import { findWords, LETTER_A, readQuoted, upper, type Word, WordScan } from './marlin-words.ts'

/** What a command was found to be; `?` is unknown, and answered with its text. */
export type CommandLetter = 'G' | 'M' | 'T' | '?'

const NO_WORDS: readonly Word[] = []

/** One command as this build reads it. */
export class ParsedCommand {
  readonly letter: CommandLetter
  /** Wraps at 16 bits: `G65537` is G1. */
  readonly code: number
  /** Wraps at 8 bits; 0 in builds without subcodes. */
  readonly subcode: number
  /** The text from the command letter on, without line number, checksum and what a NUL hid. */
  readonly text: string
  /** The text of a text command, or everything from the first thing that is no letter with a number. */
  readonly stringArg: string | undefined
  readonly #words: readonly Word[]

  constructor(fields: {
    readonly letter: CommandLetter
    readonly code: number
    readonly subcode: number
    readonly text: string
    readonly stringArg: string | undefined
    readonly words: readonly Word[]
  }) {
    this.letter = fields.letter
    this.code = fields.code
    this.subcode = fields.subcode
    this.text = fields.text
    this.stringArg = fields.stringArg
    this.#words = fields.words
  }

  /** True where the letter is there, with a number or without. */
  has(letter: string): boolean {
    return this.#word(letter) !== undefined
  }

  /** True where any letter is there. */
  hasAny(): boolean {
    return this.#words.some((word) => word !== undefined)
  }

  /** The number after the letter as a 32-bit float, or undefined where there is none. */
  float(letter: string): number | undefined {
    return this.#read(letter, readFloat)
  }

  /** The number after the letter as a 16-bit integer: how temperatures and percentages are read. */
  int16(letter: string): number | undefined {
    return this.#read(letter, readInt16)
  }

  long(letter: string): number | undefined {
    return this.#read(letter, readLong)
  }

  byte(letter: string): number | undefined {
    return this.#read(letter, readByte)
  }

  /** True for the letter alone and for any value but 0; undefined where the letter is not there. */
  bool(letter: string): boolean | undefined {
    if (!this.has(letter)) return undefined
    return this.byte(letter) !== 0
  }

  #word(letter: string): Word {
    return this.#words[letter.charCodeAt(0) - LETTER_A]
  }

  #read(letter: string, read: (text: string) => number): number | undefined {
    const word = this.#word(letter)
    return typeof word === 'string' ? read(word) : undefined
  }
}

/** Commands whose rest of the line is text. M32 is not one of them: its name begins at a `!`. */
function takesText(letter: string, code: number, build: MarlinBuild): boolean {
  if (letter !== 'M') return false
  if (build.hasMacros && code >= 810 && code <= 819) return true
  return code === 23 || code === 28 || code === 30 || code === 117 || code === 118 || code === 928
}

/** Reads lines for one build. Keeps the motion mode from line to line where the build has one. */
export class MarlinParser {
  readonly #build: MarlinBuild
  #motionMode: { code: number; subcode: number } | undefined

  constructor(build: MarlinBuild) {
    this.#build = build
  }

  /** G80: the next line that begins with an axis letter is unknown again. */
  cancelMotionMode(): void {
    this.#motionMode = undefined
  }

  /** Reads one queued line. Never fails: what is not understood is a command with the letter `?`. */
  parse(line: string): ParsedCommand {
    const text = commandText(line, this.#build)
    const head = this.#readHead(text)
    if (head === undefined) {
      return new ParsedCommand({
        letter: '?',
        code: 0,
        subcode: 0,
        text,
        stringArg: undefined,
        words: NO_WORDS,
      })
    }
    const { letter, code, subcode } = head
    const rest = text.slice(head.wordsAt)
    if (takesText(letter, code, this.#build)) {
      const stringArg = this.#build.hasQuotedStrings ? readQuoted(rest).text : rest
      const words = this.#build.isFasterParser ? NO_WORDS : findWords(rest)
      return new ParsedCommand({ letter, code, subcode, text, stringArg, words })
    }
    const scan = new WordScan(rest, this.#build, letter === 'M' && code === 32)
    const words = this.#build.isFasterParser ? scan.words : findWords(scan.text)
    return new ParsedCommand({ letter, code, subcode, text, stringArg: scan.stringArg, words })
  }

  #readHead(
    text: string,
  ): { letter: 'G' | 'M' | 'T'; code: number; subcode: number; wordsAt: number } | undefined {
    const first = this.#build.isCaseInsensitive ? upper(text.slice(0, 1)) : text.slice(0, 1)
    if (first !== 'G' && first !== 'M' && first !== 'T') return this.#repeatMotion(first)
    const match = (this.#build.hasSubcodes ? /^. *([0-9]+)(?:\.([0-9]*))? */s : /^. *([0-9]+)() */s).exec(
      text,
    )
    if (match === null) return undefined
    const code = wrapDigits(match[1] ?? '', 0xffff)
    const subcode = wrapDigits(match[2] ?? '', 0xff)
    // G0 to G3 and G5 are repeated by a line that begins with one of their letters.
    if (this.#build.hasMotionModes && first === 'G' && (code <= 3 || code === 5)) {
      this.#motionMode = { code, subcode }
    }
    return { letter: first, code, subcode, wordsAt: match[0].length }
  }

  #repeatMotion(first: string): { letter: 'G'; code: number; subcode: number; wordsAt: number } | undefined {
    const mode = this.#motionMode
    if (mode === undefined || first === '') return undefined
    const isArc = mode.code === 2 || mode.code === 3
    if (!'XYZEF'.includes(first) && !(isArc && 'IJPR'.includes(first))) return undefined
    return { letter: 'G', code: mode.code, subcode: mode.subcode, wordsAt: 0 }
  }
}

/** Cuts off leading spaces, one line number, and everything from the first `*` with the spaces before it. */
function commandText(line: string, build: MarlinBuild): string {
  const number = build.isCaseInsensitive ? /^ *(?:[Nn][-0-9][0-9]* *)?/ : /^ *(?:N[-0-9][0-9]* *)?/
  const text = line.slice(number.exec(line)?.[0].length ?? 0)
  const star = text.indexOf('*', 1)
  if (star === -1) return text
  return text.slice(0, 1) + text.slice(1, star).replace(/ +$/, '')
}

function wrapDigits(digits: string, mask: number): number {
  let value = 0
  for (let i = 0; i < digits.length; i++) value = (value * 10 + digits.charCodeAt(i) - 0x30) & mask
  return value
}
