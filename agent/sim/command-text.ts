/**
 * A command as the journal shows it: letter and code, then the words one space apart, with the digits that were
 * received. What is not made of plain words stands as it came.
 */

import type { MarlinBuild } from './marlin-build.ts'
import type { ParsedCommand } from './marlin-parser.ts'

const NUMBER = '[-+]?(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)'
// No two parts in a row may match the same spaces: a hostile line would be tried in millions of ways.
const WORD = new RegExp(`([A-Z])(?: *(${NUMBER}))?`, 'gi')
const PLAIN_WORDS = new RegExp(`^ *(?:[A-Z](?: *${NUMBER})? *)*$`)
const PLAIN_WORDS_ANY_CASE = new RegExp(PLAIN_WORDS, 'i')
/** The slow parser reads no number that stands apart from its letter, so it is not drawn to it either. */
const TIGHT_WORDS = new RegExp(`^ *(?:[A-Z](?:${NUMBER})? *)*$`)

/** Writes a command the way this build read it. */
export function journalText(command: ParsedCommand, build: MarlinBuild): string {
  if (command.letter === '?') return command.text.trim()
  const name = /^[A-Z] *[0-9]+(\.[0-9]+)? */i.exec(command.text)
  // A line that repeats the last motion has words only.
  const isRepeat = command.text.charAt(0).toUpperCase() !== command.letter
  const rest = isRepeat ? command.text : command.text.slice(name?.[0].length ?? 0)
  const head = `${command.letter}${command.code}${isRepeat ? '' : (name?.[1] ?? '')}`
  const words = isTextCommand(command) ? rest.trimEnd() : writeWords(rest, build)
  return words === '' ? head : `${head} ${words}`
}

/** A text command gives its rest unchanged, whatever that looks like. */
function isTextCommand({ letter, code }: ParsedCommand): boolean {
  return (
    letter === 'M' &&
    (code === 23 || code === 28 || code === 30 || code === 117 || code === 118 || code === 928)
  )
}

function writeWords(rest: string, build: MarlinBuild): string {
  const plain = build.isCaseInsensitive
    ? PLAIN_WORDS_ANY_CASE
    : build.isFasterParser
      ? PLAIN_WORDS
      : TIGHT_WORDS
  if (!plain.test(rest)) return rest.trim()
  const words = Array.from(
    rest.matchAll(WORD),
    ([, letter = '', number = '']) => `${letter.toUpperCase()}${number}`,
  )
  return words.join(' ')
}
