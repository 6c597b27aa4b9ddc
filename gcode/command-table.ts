import { LETTER_A, wordMask } from './bytes.ts'
import { CLASS_NAMES, type CommandClass } from './command-class.ts'
import { ENVELOPE_BYTES_MAX } from './envelope.ts'
import { AXES_XYZ, AXIS_X, AXIS_Y, AXIS_Z } from './machine-state.ts'

/** Highest command number that is read at all. Marlin's is 16 bits wide and wraps: `G65537` is its G1. */
export const CODE_MAX = 9999
/** Highest tool number. Marlin holds it in a signed byte, so `T257` would be its T1. */
export const TOOL_MAX = 127

/** How a row reads text. */
export type TextKind =
  /** Words only. */
  | 'none'
  /** The rest of the line is text: `M117 Hello`. */
  | 'line'
  /** The word in `textWord` holds the rest of the line: `M486 A<name>`. */
  | 'word'
  /** The word in `textWord` holds a quoted string: `M862.3 P "MK4S"`. */
  | 'quoted'
  /** The word in `textWord` holds a version: `M115 U6.1.3`. */
  | 'version'

/** What the dialect knows of one command. */
export interface CommandRow {
  /** `G1`, or `T` for every tool change. */
  readonly name: string
  readonly letter: number
  readonly code: number
  readonly title: string
  readonly class: CommandClass
  /** Place of the class in `CLASS_NAMES`. */
  readonly classIndex: number
  /** Words the command reads. */
  readonly words: number
  /** Words that may stand without a value, as in `G28 X`. */
  readonly flags: number
  /** Words that the firmware reads as 16-bit integers, truncating a fraction. Others are read as numbers. */
  readonly integers: number
  /** Words that the firmware reads as 32-bit integers. */
  readonly longs: number
  /** Subcodes that mean a command of their own, `G38.2`; any other subcode is refused. */
  readonly subcodes: readonly number[]
  readonly text: TextKind
  /** Whether builds look for words in the line's text before they take it for text, so that it must not start like one. */
  readonly isTextSearched: boolean
  /** Slot of the text word where `text` is `word`, `quoted` or `version`; -1 otherwise. */
  readonly textWord: number
  /** Changes where the toolhead is. */
  readonly moves: boolean
  /** Sets a heater's target. */
  readonly heats: boolean
  /** Leaves something behind on the printer that outlives the job. */
  readonly stores: boolean
  /** Changes what later numbers mean. */
  readonly scales: boolean
  /** Only looks: leaves machine and job alone, so it takes no part in the job digest. */
  readonly observes: boolean
  /** Axes whose position is unknown once it has run. */
  readonly losesAxes: number
}

/**
 * A row as the dialect's source writes it: name, class, words, title, traits.
 * Words: letters apart by spaces, each with marks: `#` 16-bit integer, `~` 32-bit integer, `?` may stand
 * without a value, `="` `=.` `=` text as quoted string, version, or rest of the line. `*` alone: the line is text;
 * `*?`: it is, but builds look for words in it first.
 * Traits: `moves heats stores scales observes`, and `loses:XYZ`.
 */
export type RowSource = readonly [
  name: string,
  cls: CommandClass,
  words: string,
  title: string,
  traits?: string,
]

const WORD_PATTERN = /^([A-Z])([#~]?)(\?)?(=["."]?)?$/

/** Builds the row that a line of a dialect's source describes. Throws on a source that says nonsense: a bug, found at load. */
export function buildRow(source: RowSource): CommandRow {
  const [name, cls, words, title, traits = ''] = source
  const match = /^([GMT])(\d*)((?:\.\d)*)$/.exec(name)
  if (match === null) throw new Error(`command table: \`${name}\` is not a command name`)
  const masks = { words: 0, flags: 0, integers: 0, longs: 0 }
  let text: TextKind = 'none'
  let textWord = -1
  for (const word of words.split(' ')) {
    if (word === '') continue
    if (word === '*' || word === '*?') {
      text = 'line'
      continue
    }
    const parts = WORD_PATTERN.exec(word)
    if (parts === null) throw new Error(`command table: word \`${word}\` of ${name}`)
    const slot = word.charCodeAt(0) - LETTER_A
    const bit = 1 << slot
    masks.words |= bit
    if (parts[2] === '#') masks.integers |= bit
    if (parts[2] === '~') masks.longs |= bit
    if (parts[3] !== undefined) masks.flags |= bit
    if (parts[4] !== undefined) {
      text = parts[4] === '="' ? 'quoted' : parts[4] === '=.' ? 'version' : 'word'
      textWord = slot
    }
  }
  const marks = traits.split(' ')
  return {
    name: match[1] === 'T' ? 'T' : `${match[1]}${match[2]}`,
    letter: name.charCodeAt(0),
    code: Number(match[2]),
    title,
    class: cls,
    classIndex: CLASS_NAMES.indexOf(cls),
    ...masks,
    subcodes: (match[3] ?? '').split('.').filter(Boolean).map(Number),
    text,
    isTextSearched: words === '*?',
    textWord,
    moves: marks.includes('moves'),
    heats: marks.includes('heats'),
    stores: marks.includes('stores'),
    scales: marks.includes('scales'),
    observes: marks.includes('observes'),
    losesAxes: lostAxes(marks),
  }
}

function lostAxes(marks: readonly string[]): number {
  const letters = marks.find((mark) => mark.startsWith('loses:'))?.slice('loses:'.length)
  if (letters === undefined) return 0
  const mask = wordMask(letters)
  const axes =
    (mask & wordMask('X') ? AXIS_X : 0) |
    (mask & wordMask('Y') ? AXIS_Y : 0) |
    (mask & wordMask('Z') ? AXIS_Z : 0)
  return axes & AXES_XYZ
}

/** The commands of one dialect, found by letter and number without hashing or strings. */
export class CommandTable {
  readonly rows: readonly CommandRow[]
  readonly dialect: string
  /** Longest line that the firmware reads whole, its number and checksum included, in bytes. */
  readonly lineBytesMax: number
  /** Longest canonical command that fits such a line once it is numbered, in bytes. */
  readonly commandBytesMax: number
  private readonly byG: (CommandRow | undefined)[]
  private readonly byM: (CommandRow | undefined)[]
  private readonly tool: CommandRow | undefined

  constructor(dialect: string, lineBytesMax: number, sources: readonly RowSource[]) {
    this.dialect = dialect
    this.lineBytesMax = lineBytesMax
    // The newline ends the line and takes no room in it.
    this.commandBytesMax = lineBytesMax - (ENVELOPE_BYTES_MAX - 1)
    this.rows = sources.map(buildRow)
    this.byG = new Array<CommandRow | undefined>(CODE_MAX + 1).fill(undefined)
    this.byM = new Array<CommandRow | undefined>(CODE_MAX + 1).fill(undefined)
    for (const row of this.rows) {
      if (row.name === 'T') continue
      const rows = row.letter === 0x47 ? this.byG : this.byM
      if (rows[row.code] !== undefined) throw new Error(`command table: ${row.name} stands twice`)
      rows[row.code] = row
    }
    this.tool = this.rows.find((row) => row.name === 'T')
  }

  /** The row of a command, or undefined for one that this dialect does not know. */
  find(letter: number, code: number): CommandRow | undefined {
    if (letter === 0x47) return this.byG[code]
    if (letter === 0x4d) return this.byM[code]
    return letter === 0x54 ? this.tool : undefined
  }
}
