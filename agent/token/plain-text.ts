/**
 * Text that came with a token, a certificate or an order, and how it is shown. Whoever wrote it may want to paint
 * a terminal or hide half a sentence, so it is checked where it enters and cleaned where it leaves.
 */

/** Enough to recognise a name by; a longer one must not drown the sentence that quotes it. */
const QUOTED_CHARS_MAX = 80

/**
 * Controls, line and paragraph ends, lone surrogates, private use, and the invisible characters that reorder or hide
 * text. Unassigned characters are allowed: which those are differs between Unicode versions, and so would the answer.
 */
const HIDDEN =
  '\\p{Cc}\\p{Cs}\\p{Co}\\p{Zl}\\p{Zp}\\u061C\\u200B\\u200E\\u200F\\u202A-\\u202E\\u2060-\\u206F\\uFEFF\\u{E0000}-\\u{E007F}'
const HIDDEN_CHARACTER = new RegExp(`[${HIDDEN}]`, 'gu')

/** One line of text that shows as what it is. */
export const PLAIN_TEXT = new RegExp(`^[^${HIDDEN}]+$`, 'u')

/** Makes somebody else's text fit to show: what cannot be seen replaced, the rest cut to a readable length. */
export function showInput(text: string, charsMax = QUOTED_CHARS_MAX): string {
  const shown = text.slice(0, charsMax).replace(HIDDEN_CHARACTER, '?').replaceAll('`', "'")
  return text.length > charsMax ? `${shown}...` : shown
}

/** The same in backticks, for the middle of a sentence. */
export function quoteInput(text: string): string {
  return `\`${showInput(text)}\``
}

/** Writes a time the way people and tokens agree on: UTC, to the second. */
export function formatTime(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`
}
