/** The words of a command: where each letter's value begins, in both ways that Marlin can be built to find it. */

import type { MarlinBuild } from './marlin-build.ts'
import { isNumber } from './marlin-number.ts'

/** A letter that was given without a number. */
const VALUELESS = null
/** The text from the value on, VALUELESS, or undefined for a letter that is not there. */
export type Word = string | typeof VALUELESS | undefined

/** Words are kept by letter, from this one on. */
export const LETTER_A = 0x41
const LETTER_Z = 0x5a

/** Upper case as the firmware makes it: ASCII and nothing else. */
export function upper(character: string): string {
  return character >= 'a' && character <= 'z' ? character.toUpperCase() : character
}

/** The slow parser looks a letter up when it needs it: the first one anywhere wins, and no space may follow it. */
export function findWords(rest: string): Word[] {
  const words = new Array<Word>(26)
  for (let i = 0; i < 26; i++) {
    const at = rest.indexOf(String.fromCharCode(LETTER_A + i))
    if (at === -1) continue
    const value = rest.slice(at + 1)
    words[i] = isNumber(value) ? value : VALUELESS
  }
  return words
}

/**
 * Takes the backslashes off a string that a quote may open; a bare quote ends it. Where the closing quote is missing
 * the firmware would read on beyond its buffer: here the text just ends.
 */
export function readQuoted(source: string): { text: string; length: number } {
  let at = source.startsWith('"') ? 1 : 0
  let text = ''
  while (at < source.length) {
    let character = source.charAt(at++)
    if (character === '"') break
    if (character === '\\') character = source.charAt(at++)
    text += character
  }
  return { text, length: at }
}

/** One pass over the words of a command, which also finds the text that `string_arg` points to. */
export class WordScan {
  readonly words = new Array<Word>(26)
  readonly text: string
  stringArg: string | undefined
  readonly #build: MarlinBuild
  #at = 0
  #hasQuotedText = false

  constructor(text: string, build: MarlinBuild, isM32: boolean) {
    this.text = text
    this.#build = build
    while (this.#at < text.length) {
      const character = text.charAt(this.#at++)
      if (character === '!' && isM32) {
        this.stringArg = text.slice(this.#at).replace(/#.*$/s, '')
        return
      }
      this.#readOne(build.isCaseInsensitive ? upper(character) : character)
      this.#skipValue()
    }
  }

  #readOne(character: string): void {
    if (character === '"' && this.#build.hasQuotedStrings && !this.#hasQuotedText) {
      this.#hasQuotedText = true
      const quoted = readQuoted(this.text.slice(this.#at))
      this.stringArg = quoted.text
      this.#at += quoted.length
    }
    const letter = character.charCodeAt(0)
    const isLetter = letter >= LETTER_A && letter <= LETTER_Z
    // The slow parser takes any byte for a parameter while it looks for the text.
    if (isLetter || !this.#build.isFasterParser) {
      this.#skip(' ')
      const value = this.#readValue()
      if (value === undefined) this.stringArg ??= this.text.slice(this.#at - 1)
      if (isLetter) this.words[letter - LETTER_A] = value ?? VALUELESS
    } else {
      this.stringArg ??= this.text.slice(this.#at - 1)
    }
  }

  /** The value that begins here, VALUELESS for a quoted one that is no number, undefined where there is none. */
  #readValue(): Word {
    const rest = this.text.slice(this.#at)
    if (this.#build.hasQuotedStrings && rest.startsWith('"')) {
      const quoted = readQuoted(rest)
      this.#at += quoted.length
      return isNumber(quoted.text) ? quoted.text : VALUELESS
    }
    return isNumber(rest) ? rest : undefined
  }

  /** Unless the next letter follows at once, the rest of the number and the spaces after it are passed over. */
  #skipValue(): void {
    const next = this.text.charCodeAt(this.#at)
    if (next >= LETTER_A && next <= LETTER_Z) return
    this.#skip('0123456789.+-')
    this.#skip(' ')
  }

  #skip(characters: string): void {
    while (this.#at < this.text.length && characters.includes(this.text.charAt(this.#at))) this.#at++
  }
}
