/**
 * Words for a person that no host takes for a reply. Hosts find replies by looking for a few letters at the start of a
 * line or anywhere in it: the Cura of 2016 takes `ok` in `token` for an acknowledgement and `rs` in `hours` for a
 * request, Repetier-Host drops its job at a `start`, OctoPrint looks for `Begin file list` and others anywhere in the
 * line. What the words quote may be anybody's: a file name, a line of a job, a text from the printer.
 */

/** What every host shows whole. Cura cuts behind it. */
const SENTENCE_CHARS_MAX = 100
/** Looked at of a text: far more than is shown, and nobody can make us work on more. */
const TEXT_CHARS_MAX = 1024
/** Stands where there are no words: a host may need some to take the line at all. */
const NO_WORDS = 'no reason given'

/** What has a plain spelling in ASCII, before everything else becomes a `?`. */
const SPELLINGS: readonly (readonly [RegExp, string])[] = [
  [/\s?°\s?/g, ' '],
  [/[‘’´`"“”„]/g, "'"],
  [/[–—−]/g, '-'],
  [/×/g, 'x'],
  [/…/g, '...'],
  [/[\t\n\v\f\r\u0085\u2028\u2029]+/g, ' '],
  // A host may show its texts as HTML.
  [/</g, '('],
  [/>/g, ')'],
  [/&/g, '+'],
]

/** Every reading of a number or a name by a host needs a colon behind a word: `T:200`, `Error:`, `RequestPause:`. */
const COLONS: readonly (readonly [RegExp, string])[] = [
  [/\bhttps?:\/\//gi, ''],
  [/(\d):(?=\d)/g, '$1.'],
  [/ ?:(?= |$)/g, ' -'],
  [/:/g, '='],
]

/** Letters that some hosts look for in the middle of words, taken apart: the Cura of 2016, and what nobody knows. */
const INNER_BREAKS: readonly (readonly [RegExp, string])[] = [
  [/(o)(?=k)/gi, '$1-'],
  [/(r)(?=s)/gi, '$1-'],
  [/(re)(?=send)/gi, '$1-'],
  [/(sta)(?=rt)/gi, '$1-'],
]

/** Words that a host looks for, taken apart. A hyphen within a word keeps it readable, whatever the case. */
const BREAKS: readonly (readonly [RegExp, string])[] = [
  [/\b(o)(?=k\b)/gi, '$1-'],
  [/\b(r)(?=s\b)/gi, '$1-'],
  [/\b(re)(?=send)/gi, '$1-'],
  [/\b(wa)(?=it\b)/gi, '$1-'],
  [/(check)(?=sum)/gi, '$1-'],
  [/(line) ?(?=number)/gi, '$1-'],
  [/(expected) (?=line)/gi, '$1-'],
  [/(format) (?=error)/gi, '$1-'],
  [/_(?=min|max)/gi, '-'],
  [/(file) (?=list|opened|selected|deleted)/gi, '$1-'],
  [/(to|printing|saving) (?=file)/gi, '$1-'],
  [/(SD) (?=card|init|printing)/gi, '$1-'],
  [/(volume)\.(?=init)/gi, '$1-'],
  [/(open)(?=root)/gi, '$1-'],
  // Printrun takes a line with ` Count ` for a position, and does not show it.
  [/\bCount\b/g, 'count'],
]

/**
 * The text as one line for a person at a host: ASCII without control bytes, at most 100 characters, and nothing in it
 * that a host would take for a reply, wherever in a line it stands. Numbers and units stay as they are, but for `°C`
 * as `C`. Never empty. `readsWords`: the host is known to look for whole words only, and sees words left whole.
 */
export function hostSentence(text: string, readsWords = false): string {
  // Once more, since the blanks between two words may have kept them apart.
  const words = breakWords(plainText(text, readsWords).replace(/ {2,}/g, ' ').trim(), readsWords)
  if (words === '') return NO_WORDS
  if (words.length <= SENTENCE_CHARS_MAX) return words
  const room = SENTENCE_CHARS_MAX - ' ...'.length
  const space = words.lastIndexOf(' ', room)
  // A word that fills half of the line is cut in the middle, and what is left may look like another word.
  if (space >= room / 2) return `${words.slice(0, space)} ...`
  return breakWords(`${words.slice(0, room - 1)} ...`, readsWords)
}

/** The same without limit but that of the work, and with blanks as they are: for what a printer writes. */
export function harmlessText(text: string): string {
  return plainText(text, false)
}

function plainText(text: string, readsWords: boolean): string {
  let out = replaceAll(text.slice(0, TEXT_CHARS_MAX), SPELLINGS)
  // Takes letters apart from their accents, and gives those that only look unlike ASCII their plain form.
  out = out.normalize('NFKD').replace(/\p{M}/gu, '').slice(0, TEXT_CHARS_MAX)
  out = replaceAll(out, SPELLINGS).replace(/[^\x20-\x7e]/g, '?')
  return breakWords(replaceAll(out, COLONS), readsWords)
}

function breakWords(text: string, readsWords: boolean): string {
  return replaceAll(readsWords ? text : replaceAll(text, INNER_BREAKS), BREAKS)
}

function replaceAll(text: string, pairs: readonly (readonly [RegExp, string])[]): string {
  let out = text
  for (const [pattern, replacement] of pairs) out = out.replace(pattern, replacement)
  return out
}
