/**
 * How much two names are the same, from 0 to 1. Words are compared with words in whatever order, each pair by its edits;
 * a word that finds no partner counts against it by its length.
 */
import { distance } from 'fastest-levenshtein'
import type { NameWord, PlainName } from './plain-name.ts'

/**
 * From here on a name is a hit. Below it lie names that share a word or two; above it those that differ by spelling, order,
 * initials or a legal form. FORMAT.md has the measured table.
 */
export const HIT_SCORE = 0.85

/** Two words that are less alike than this are two words. A letter in five may differ. */
const WORD_SCORE_MIN = 0.8

/** Words that only sound alike: surer than an edit, less sure than the same letters. */
const SOUND_FACTOR = 0.95

/** `Tchaikovsky` and `Chaykovskiy` differ in one letter of their sets, `Kadhafi` and `Gaddafi` in three. */
const FOREIGN_LETTERS_MAX = 6

/** Of a word's letters, what one spelling of a sound can have more than another: `Schtsch` and `Sh`. */
const SPELLING_SHARE_MAX = 0.4

/** An initial fits every name that begins with it. */
const INITIAL_SCORE = 0.9
/** A name with initials is a hit, and never a sure one. */
const INITIALS_SCORE_MAX = 0.9

/** All of one name within the other: `Ali Hassan` in `Ali Hassan Trading`. A hit, just. */
const PART_SCORE = 0.87
const PART_WORDS_MIN = 2
const PART_WORD_CHARS_MIN = 3
const PART_CHARS_MIN = 8

/** The same letters, split into words in another way. */
const JOINED_FACTOR = 0.97
const JOINED_CHARS_MIN = 6

/** The same consonants, out of a script that writes few vowels. */
const SKELETON_SCORE = 0.88

/** How much; what cannot be a hit may count 0 without a closer look, for that is nearly all of a list. */
export function nameScore(one: PlainName, other: PlainName): number {
  if (one.words.length === 0 || other.words.length === 0) return 0
  const words = mayShareWords(one.words, other.words) ? wordsScore(one.words, other.words) : 0
  if (words === 1) return 1
  return Math.max(words, joinedScore(one, other), skeletonScore(one, other))
}

/** Whether enough of the shorter name could find a partner, told by lengths and letters alone. */
function mayShareWords(one: readonly NameWord[], other: readonly NameWord[]): boolean {
  const [fewer, more] = one.length <= other.length ? [one, other] : [other, one]
  let alone = 0
  for (const word of fewer) if (!more.some((partner) => mayPair(word, partner))) alone += word.raw.length
  return alone <= (1 - HIT_SCORE) * (charsOf(fewer) + charsOf(more))
}

function mayPair(one: NameWord, other: NameWord): boolean {
  if (isShort(one, other)) return one.raw[0] === other.raw[0]
  const longest = Math.max(one.raw.length, other.raw.length)
  if (Math.abs(one.raw.length - other.raw.length) > 1 + longest * SPELLING_SHARE_MAX) return false
  return bitCount(one.rawMask ^ other.rawMask) <= Math.min(FOREIGN_LETTERS_MAX, longest)
}

interface Pairing {
  /** Sum of the lengths of both words of each pair, times how alike they are. */
  weight: number
  hasInitials: boolean
  /** Words of the shorter name with a partner, of at least `PART_WORD_CHARS_MIN` characters, and their characters. */
  partWords: number
  partChars: number
}

function wordsScore(one: readonly NameWord[], other: readonly NameWord[]): number {
  const [fewer, more] = one.length <= other.length ? [one, other] : [other, one]
  const pairing = pair(fewer, more)
  if (pairing.weight === 0) return 0
  const score = pairing.weight / (charsOf(fewer) + charsOf(more))
  const isPart =
    pairing.partWords === fewer.length &&
    pairing.partWords >= PART_WORDS_MIN &&
    pairing.partChars >= PART_CHARS_MIN
  const best = isPart ? Math.max(score, PART_SCORE) : score
  if (!pairing.hasInitials) return best
  // Initials alone fit everybody.
  return pairing.partWords === 0 ? 0 : Math.min(best, INITIALS_SCORE_MAX)
}

/** Each word of the shorter name takes the partner that is most like it, the longest word first. */
function pair(fewer: readonly NameWord[], more: readonly NameWord[]): Pairing {
  const free = [...more]
  const pairing: Pairing = { weight: 0, hasInitials: false, partWords: 0, partChars: 0 }
  for (const word of [...fewer].sort((a, b) => b.raw.length - a.raw.length)) {
    let [best, bestScore] = [-1, 0]
    for (const [i, candidate] of free.entries()) {
      const score = wordScore(word, candidate)
      if (score <= bestScore) continue
      best = i
      bestScore = score
      if (score === 1) break
    }
    const [partner] = best === -1 ? [] : free.splice(best, 1)
    if (partner === undefined) continue
    const isInitial = word.raw.length !== partner.raw.length && isShort(word, partner)
    pairing.hasInitials ||= isInitial
    pairing.weight += bestScore * (word.raw.length + partner.raw.length)
    if (word.raw.length >= PART_WORD_CHARS_MIN && !isInitial) {
      pairing.partWords += 1
      pairing.partChars += word.raw.length
    }
  }
  return pairing
}

function isShort(one: NameWord, other: NameWord): boolean {
  return one.raw.length === 1 || other.raw.length === 1
}

/** How much two words are alike; 0 for less than `WORD_SCORE_MIN`. */
function wordScore(one: NameWord, other: NameWord): number {
  if (one.raw === other.raw) return 1
  if (isShort(one, other)) return one.raw[0] === other.raw[0] ? INITIAL_SCORE : 0
  // Words that share so few letters neither look nor sound alike: told by two numbers, for nearly all of a list.
  if (bitCount(one.rawMask ^ other.rawMask) > FOREIGN_LETTERS_MAX) return 0
  // Numbers are not misspelt: plant 12 is not plant 13.
  if (HAS_DIGIT.test(one.raw) || HAS_DIGIT.test(other.raw)) return 0
  if (one.folded === other.folded) return SOUND_FACTOR
  const raw = likeness(one.raw, other.raw, one.rawMask, other.rawMask)
  const folded = SOUND_FACTOR * likeness(one.folded, other.folded, one.foldedMask, other.foldedMask)
  const score = Math.max(raw, folded)
  return score >= WORD_SCORE_MIN ? score : 0
}

const HAS_DIGIT = /\d/

/** 1 less the edits a character; 0 where the masks alone show that it would be below `WORD_SCORE_MIN`. */
function likeness(one: string, other: string, oneMask: number, otherMask: number): number {
  const longest = Math.max(one.length, other.length)
  const editsMax = longest * (1 - WORD_SCORE_MIN) + ROUNDING
  if (Math.abs(one.length - other.length) > editsMax) return 0
  // An edit changes at most two bits: one letter goes, another comes.
  if (bitCount(oneMask ^ otherMask) > 2 * editsMax) return 0
  const edits = distance(one, other)
  return edits > editsMax ? 0 : 1 - edits / longest
}

const ROUNDING = 1e-9

function joinedScore(one: PlainName, other: PlainName): number {
  // The same number of words is the same split, and was compared.
  if (one.words.length === other.words.length) return 0
  if (Math.min(one.joined.length, other.joined.length) < JOINED_CHARS_MIN) return 0
  if (HAS_DIGIT.test(one.joined) || HAS_DIGIT.test(other.joined)) {
    return one.joined === other.joined ? JOINED_FACTOR : 0
  }
  return JOINED_FACTOR * likeness(one.joined, other.joined, one.joinedMask, other.joinedMask)
}

function skeletonScore(one: PlainName, other: PlainName): number {
  if (!one.isVowelless && !other.isVowelless) return 0
  return one.skeleton !== '' && one.skeleton === other.skeleton ? SKELETON_SCORE : 0
}

function charsOf(words: readonly NameWord[]): number {
  let chars = 0
  for (const { raw } of words) chars += raw.length
  return chars
}

function bitCount(mask: number): number {
  let rest = mask - ((mask >>> 1) & 0x55555555)
  rest = (rest & 0x33333333) + ((rest >>> 2) & 0x33333333)
  return (((rest + (rest >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24
}
