/**
 * Names made comparable: one script, one case, without the words that say nothing about who somebody is. Each name also
 * gets a folded spelling, in which the commonest ways to write one sound in Latin letters are the same.
 */
import anyAscii from 'any-ascii'

/** One word of a name: `raw` as it is spelt, `folded` as it sounds. Masks say which characters are in it. */
export class NameWord {
  readonly raw: string
  readonly rawMask: number
  #folded: string | undefined
  #foldedMask = 0

  constructor(raw: string) {
    this.raw = raw
    this.rawMask = maskOf(raw)
  }

  /** Made when it is asked for: most names of a list are told apart without it. */
  get folded(): string {
    if (this.#folded === undefined) {
      this.#folded = fold(this.raw)
      this.#foldedMask = maskOf(this.#folded)
    }
    return this.#folded
  }

  get foldedMask(): number {
    return this.folded === '' ? 0 : this.#foldedMask
  }
}

export class PlainName {
  readonly words: readonly NameWord[]
  /** Whether it came in a script that writes few vowels. */
  readonly isVowelless: boolean
  #joined: string | undefined

  constructor(words: readonly NameWord[], isVowelless: boolean) {
    this.words = words
    this.isVowelless = isVowelless
  }

  /** All words in one piece, for names that are split in another way. */
  get joined(): string {
    this.#joined ??= this.words.map(({ raw }) => raw).join('')
    return this.#joined
  }

  get joinedMask(): number {
    return this.words.reduce((mask, { rawMask }) => mask | rawMask, 0)
  }

  /** Its consonants, word by word in the order of the alphabet; empty where they are too few to tell names apart. */
  get skeleton(): string {
    const words = this.words.map(({ folded }) => folded.replace(VOWELS, '')).filter((word) => word !== '')
    const skeleton = words.sort().join(' ')
    return skeleton.length >= SKELETON_CHARS_MIN ? skeleton : ''
  }
}

/** Longer than any text that is declared or listed. */
const NAME_CHARS_MAX = 200
const WORDS_MAX = 12
/** So many words two parts of a longer text share: a name that is not longer lies whole in one of them. */
const WORDS_SHARED = 6

/** Fewer consonants are shared by too many names. */
const SKELETON_CHARS_MIN = 4

/** Arabic with its presentation forms, and Hebrew. */
const VOWELLESS = /[\u0590-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/
const NOT_ASCII = /[^\0-\x7f]/

const WORD = /[^\s]+/gu
const LATIN = /[A-Za-z]/

/** Cyrillic and Greek letters that cannot be told from Latin ones by the eye. */
const LOOKALIKES: ReadonlyMap<string, string> = new Map(
  [...'АВЕЅІЈКМНОРСТХУаеѕіјорсхуһԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧονι'].map((letter, i) => [
    letter,
    [...'ABESIJKMHOPCTXYaesijopcxyhdqwABEZHIKMNOPTYXovi'][i] ?? letter,
  ]),
)
const LOOKALIKE = new RegExp(`[${[...LOOKALIKES.keys()].join('')}]`, 'u')
const EACH_LOOKALIKE = new RegExp(LOOKALIKE.source, 'gu')

/** Legal forms in scripts without spaces, where they cannot be told from the name once it is spelt in Latin. */
const EASTERN_FORMS =
  /有限责任公司|股份有限公司|有限公司|有限公司|集团公司|集團公司|公司|株式会社|有限会社|合同会社|주식회사|유한회사/gu

/** Legal forms and the like: they differ between registers for the same firm. */
const FORMS: ReadonlySet<string> = new Set(
  (
    'ltd limited gmbh mbh ag kg kgaa ug ev co company corp corporation inc incorporated llc llp lp plc sa sas sarl srl spa ' +
    'bv nv oy oyj ab as asa aps kft zrt sro doo dd ooo oao zao pao ao tov pjsc jsc ojsc cjsc pte pty pvt private sdn bhd ' +
    'fze fzc fzco dmcc holding holdings group est establishment sti tic anonim sirketi'
  ).split(' '),
)

/** Titles and small words. */
const SMALL_WORDS: ReadonlySet<string> = new Set(
  'mr mrs ms miss dr prof eng ing sir the and of for und et al el ul'.split(' '),
)

/** How sounds are written, the longest first: what stands in one row is told apart by spelling only. */
const FOLDS: readonly (readonly [spellings: string, sound: string])[] = [
  ['tsch tch ch cz', 'c'],
  ['shch sch sh', 's'],
  ['dzh dsh dj zh', 'j'],
  ['kh', 'h'],
  ['gh', 'g'],
  ['ph', 'f'],
  ['th', 't'],
  ['dh', 'd'],
  ['ck qu', 'k'],
  ['tz ts', 's'],
  ['x', 'ks'],
  ['q c', 'k'],
  ['w', 'v'],
  ['z', 's'],
  ['yu ju yo jo', 'ju'],
  ['ya ja', 'ja'],
  ['oe ou oo ue o', 'u'],
  ['ae', 'a'],
  ['ee ei ey ie ye ai ay iy yi ij e y', 'i'],
]

const SOUNDS: ReadonlyMap<string, string> = new Map(
  FOLDS.flatMap(([spellings, sound]) => spellings.split(' ').map((spelling) => [spelling, sound] as const)),
)
const SPELLINGS = new RegExp(
  [...SOUNDS.keys()].sort((one, other) => other.length - one.length).join('|'),
  'g',
)
const REPEATED = /(.)\1+/g
const VOWELS = /[aeiouvyh]/g

/** A name as it is compared. Of a text with more words than a name has, the beginning. */
export function plainName(text: string): PlainName {
  return plainNames(text)[0] ?? new PlainName([], false)
}

/** The same for whatever somebody declares: nobody hides a name behind other words. A long text comes to several. */
export function plainNames(text: string): readonly PlainName[] {
  const cut = text.slice(0, NAME_CHARS_MAX)
  const isAscii = !NOT_ASCII.test(cut)
  const composed = isAscii ? cut : cut.normalize('NFKC').replace(WORD, unmixed)
  const latin = isAscii ? cut : anyAscii(composed.replace(EASTERN_FORMS, ' '))
  const words = wordsOf(latin)
  const names: PlainName[] = []
  for (let from = 0; from === 0 || from + WORDS_SHARED < words.length; from += WORDS_MAX - WORDS_SHARED)
    names.push(new PlainName(words.slice(from, from + WORDS_MAX), VOWELLESS.test(composed)))
  return names
}

/** A word of two alphabets is a word of one with letters of the other that look the same. */
function unmixed(word: string): string {
  if (!LATIN.test(word) || !LOOKALIKE.test(word)) return word
  return word.replace(EACH_LOOKALIKE, (letter) => LOOKALIKES.get(letter) ?? letter)
}

function wordsOf(latin: string): readonly NameWord[] {
  return telling(splitWords(latin.toLowerCase())).map((word) => new NameWord(word))
}

function splitWords(latin: string): readonly string[] {
  return (
    latin
      .replace(/[`'’]/g, '')
      // `s.a.r.l.` is one word, `j. smith` are two.
      .replace(/\b([a-z])\.(?=[a-z]\b)/g, '$1')
      .split(/[^a-z0-9]+/)
      .filter((word) => word !== '')
  )
}

/** The words that tell somebody apart; all of them where none does. */
function telling(words: readonly string[]): readonly string[] {
  const kept = words.filter((word) => !FORMS.has(word) && !SMALL_WORDS.has(word))
  return kept.length > 0 ? kept : words
}

/** A word as it sounds; digits stay what they are. */
function fold(word: string): string {
  return word.replace(SPELLINGS, (spelling) => SOUNDS.get(spelling) ?? spelling).replace(REPEATED, '$1')
}

/** One bit for each letter, and one for each two digits: what two words do not share in it, they do not share. */
function maskOf(text: string): number {
  let mask = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const bit = code >= LETTER_A ? code - LETTER_A : LETTERS + ((code - DIGIT_0) >> 1)
    mask |= 1 << (bit & BIT_MAX)
  }
  return mask
}

const LETTER_A = 97
const DIGIT_0 = 48
const LETTERS = 26
const BIT_MAX = 31
