import { isDigit } from '../../../gcode/index.ts'
import {
  REPLY_BUSY,
  REPLY_ERROR,
  REPLY_HALTED,
  REPLY_LINK_ERROR,
  REPLY_OK,
  REPLY_RESEND,
  REPLY_START,
  type ReplyKind,
} from '../printer/reply.ts'
import { harmlessText, hostSentence } from './host-sentence.ts'

/**
 * What of the printer's lines may reach the host. Acknowledgements, requests to send again and the news of a boot
 * belong to the gate's own link and end there. Reports pass as they are if they are nothing but reports, known lines
 * pass in their known form, and all else becomes text that no host acts on: the printer writes what it is told to write
 * by `M118`, by its card and by other ports, and none of that may count lines, forge numbers or open another way in.
 */

/** Longest line that passes, in bytes: far more than any report. */
const LINE_CHARS_MAX = 256
/** Digits of a reported number on each side of its point. */
const DIGITS_MAX = 12

const SPACE = 0x20
const PAREN_OPEN = 0x28
const PAREN_CLOSE = 0x29
const MINUS = 0x2d
const DOT = 0x2e
const SLASH = 0x2f
const COLON = 0x3a
const QUESTION_MARK = 0x3f
const AT = 0x40
const LETTER_A = 0x41
const LETTER_Z = 0x5a

/** Letters that a temperature report begins with, and those of any report. */
const HEATERS = 'TBC'
const REPORTED = 'TBCX'

/**
 * Capabilities that a host may believe. All others read 0: those that open another way to the printer (MEATPACK,
 * BINARY_FILE_TRANSFER, SDCARD, SD_WRITE, CUSTOM_FIRMWARE_UPLOAD), those that would make a host write what the gate
 * refuses (PAREN_COMMENTS, QUOTED_STRINGS, MOTION_MODES, SERIAL_XON_XOFF), and those that we do not know.
 */
const CAPABILITIES: ReadonlySet<string> = new Set([
  'ARCS',
  'AUTOLEVEL',
  'AUTOREPORT_POS',
  'AUTOREPORT_TEMP',
  'BABYSTEPPING',
  'BUILD_PERCENT',
  'BUSY_PROTOCOL',
  'CASE_LIGHT_BRIGHTNESS',
  'CHAMBER_TEMPERATURE',
  'COOLER_TEMPERATURE',
  'EEPROM',
  'EMERGENCY_PARSER',
  'HOST_ACTION_COMMANDS',
  'LEVELING_DATA',
  'PRINT_JOB',
  'PROGRESS',
  'PROMPT_SUPPORT',
  'RUNOUT',
  'SOFTWARE_POWER',
  'THERMAL_PROTECTION',
  'TOGGLE_LIGHTS',
  'VOLUMETRIC',
  'Z_PROBE',
])
const CAPABILITY = /^Cap:([A-Z0-9_]{1,40}):([01])$/

/** Fields of the answer to M115 that pass. REPETIER_PROTOCOL would make a host speak binary, so it is left out. */
const FIRMWARE_FIELD =
  /(?:^| )(FIRMWARE_NAME|FIRMWARE_VERSION|FIRMWARE_URL|SOURCE_CODE_URL|PROTOCOL_VERSION|REPETIER_PROTOCOL|MACHINE_TYPE|KINEMATICS|EXTRUDER_COUNT|AXIS_COUNT|UUID):/
const BINARY_PROTOCOL = 'REPETIER_PROTOCOL'

const ENDSTOP = /^(?:[a-z]\d?_(?:min|max|probe)\d?|probe|filament\d?): (?:open|TRIGGERED)$/
const ENDSTOPS_FOLLOW = 'Reporting endstop status'

const BUSY = 'echo:busy: processing'
const BUSY_WITH = /^(?:echo:)?busy: ?([a-z ]{1,40})$/i

const ACTION = /^(\/\/ ?)action:([a-z_]{1,24})(?: (.*))?$/
/** Actions of a printer that pass. Not `start`, `disconnect`, `shutdown` and the card's: a host decides these itself. */
const BARE_ACTIONS: ReadonlySet<string> = new Set([
  'cancel',
  'pause',
  'paused',
  'prompt_end',
  'prompt_show',
  'resume',
  'resumed',
])
const TEXT_ACTIONS: ReadonlySet<string> = new Set([
  'notification',
  'prompt_begin',
  'prompt_button',
  'prompt_choice',
])
/** A button without words is a button: the answer to the question counts them. */
const NO_TEXT = '-'

/** What the host may hear of a line of the printer, of the kind that `replyKind` says, or null for nothing. */
export function replyToHost(line: string, kind: ReplyKind): string | null {
  switch (kind) {
    case REPLY_OK:
    case REPLY_RESEND:
    case REPLY_LINK_ERROR:
    case REPLY_START:
      return null
    case REPLY_BUSY:
      return busyReply(line)
    case REPLY_ERROR:
    case REPLY_HALTED:
      return errorReply(line.slice(0, LINE_CHARS_MAX))
    default:
      return isReport(line, 0, REPORTED)
        ? line.trimEnd()
        : otherReply(line.slice(0, LINE_CHARS_MAX).trimEnd())
  }
}

/**
 * The acknowledgement that the host gets for the printer's: with the temperatures, if the line carries these and nothing
 * else. The printer's line number and the room in its buffers are not the host's business.
 */
export function okToHost(line: string): string {
  if (line.length <= 2 || line.charCodeAt(2) !== SPACE || !isReport(line, 2, HEATERS)) return 'ok'
  return `ok${line.slice(2).trimEnd()}`
}

function otherReply(line: string): string | null {
  if (line === '' || line === 'wait' || line.startsWith('[MP]')) return null
  if (line === ENDSTOPS_FOLLOW || ENDSTOP.test(line)) return line
  if (line.startsWith('Cap:')) return capabilityReply(line)
  if (line.startsWith('FIRMWARE_NAME:')) return firmwareReply(line)
  if (line.startsWith('//')) return actionReply(line)
  const text = line.slice(0, 5).toLowerCase() === 'echo:' ? line.slice(5) : line
  return `echo:${harmlessText(text)}`.slice(0, LINE_CHARS_MAX)
}

function busyReply(line: string): string {
  if (line === BUSY) return line
  const why = BUSY_WITH.exec(line.slice(0, LINE_CHARS_MAX).trimEnd())?.[1]
  return why === undefined ? BUSY : `echo:busy: ${harmlessText(why.toLowerCase())}`
}

/** A fault of the machine: every host is to hear it. */
function errorReply(line: string): string {
  const head = line.startsWith('!!') ? '!! ' : 'Error:'
  const text = line.slice(line.startsWith('!!') ? 2 : head.length)
  return `${head}${harmlessText(text).trim()}`.slice(0, LINE_CHARS_MAX)
}

function capabilityReply(line: string): string | null {
  const match = CAPABILITY.exec(line)
  if (match === null) return null
  const [, name = '', value = '0'] = match
  return `Cap:${name}:${CAPABILITIES.has(name) ? value : '0'}`
}

function firmwareReply(line: string): string {
  const fields: string[] = []
  // The names of the fields stand at the odd places.
  const parts = line.split(FIRMWARE_FIELD)
  for (let i = 1; i < parts.length; i += 2)
    if (parts[i] !== BINARY_PROTOCOL) fields.push(`${parts[i]}:${harmlessText(parts[i + 1] ?? '').trim()}`)
  return fields.join(' ').slice(0, LINE_CHARS_MAX)
}

function actionReply(line: string): string | null {
  const match = ACTION.exec(line)
  if (match === null) return `echo:${harmlessText(line)}`.slice(0, LINE_CHARS_MAX)
  const [, slashes = '', name = '', text = ''] = match
  if (BARE_ACTIONS.has(name)) return `${slashes}action:${name}`
  if (!TEXT_ACTIONS.has(name)) return null
  return `${slashes}action:${name} ${text.trim() === '' ? NO_TEXT : hostSentence(text)}`
}

/**
 * Whether the line from `from` on is nothing but reported numbers, and begins with one of `letters`: temperatures
 * (` T:19.37 /0.00 B:19.37 /0.00 @:0 B@:0 W:?`) or a position (`X:5.00 Y:7.00 Z:0.00 E:0.00 Count X:400 Y:560 Z:0`).
 * One pass, no strings: such a line comes several times a second.
 */
function isReport(line: string, from: number, letters: string): boolean {
  if (line.length > LINE_CHARS_MAX) return false
  let i = skipSpaces(line, from)
  if (i >= line.length || !letters.includes(line.charAt(i))) return false
  while (i < line.length) {
    if (line.startsWith('Count ', i)) i = skipSpaces(line, i + 5)
    i = field(line, i)
    if (i < 0) return false
    i = skipSpaces(line, i)
    // The end of a line that ends in `\r\n`.
    if (i === line.length - 1 && line[i] === '\r') return true
  }
  return true
}

/** One `T0:19.37 /0.00 (0.00)`. Answers the index behind it, or -1. */
function field(line: string, from: number): number {
  let i = name(line, from)
  if (i < 0) return -1
  i = value(line, skipSpaces(line, i))
  if (i < 0) return -1
  let next = skipSpaces(line, i)
  if (line.charCodeAt(next) === SLASH) {
    i = value(line, skipSpaces(line, next + 1))
    if (i < 0) return -1
    next = skipSpaces(line, i)
  }
  if (line.charCodeAt(next) === PAREN_OPEN) {
    i = value(line, next + 1)
    if (i < 0 || line.charCodeAt(i) !== PAREN_CLOSE) return -1
    i++
  }
  return i >= line.length || line.charCodeAt(i) === SPACE || line[i] === '\r' ? i : -1
}

/** `T:`, `T0:`, `@:`, `B@:`, `@0:`: a letter, a number, an `@` and its number, any of them left out but not all. */
function name(line: string, from: number): number {
  let i = from
  if (line.charCodeAt(i) >= LETTER_A && line.charCodeAt(i) <= LETTER_Z) i++
  if (isDigit(line.charCodeAt(i))) i++
  if (line.charCodeAt(i) === AT) i++
  if (isDigit(line.charCodeAt(i))) i++
  return i > from && !isDigit(line.charCodeAt(from)) && line.charCodeAt(i) === COLON ? i + 1 : -1
}

function value(line: string, from: number): number {
  if (line.charCodeAt(from) === QUESTION_MARK) return from + 1
  let i = line.charCodeAt(from) === MINUS ? from + 1 : from
  const whole = digits(line, i)
  if (whole === i || whole < 0) return -1
  if (line.charCodeAt(whole) !== DOT) return whole
  i = digits(line, whole + 1)
  return i
}

function digits(line: string, from: number): number {
  let i = from
  while (isDigit(line.charCodeAt(i))) i++
  return i - from > DIGITS_MAX ? -1 : i
}

function skipSpaces(line: string, from: number): number {
  let i = from
  while (line.charCodeAt(i) === SPACE) i++
  return i
}
