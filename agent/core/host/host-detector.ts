import { DIGIT_0, isDigit, LETTER_A, LETTER_Z, MINUS, SPACE, STAR, TAB } from '../../../gcode/index.ts'
import type { HostProfile } from './host-profile.ts'

/**
 * Tells by a host's lines which program it is, since each is refused in another way. What tells, measured or read in
 * the hosts' sources:
 *
 * | line | host |
 * |---|---|
 * | `N0 M110 N0*125` | OctoPrint: its hello, sent before anything else |
 * | `N-1 M110*15`, `N-1 M110 N-1*..` | Printrun, when a print starts and ends; only `M105` comes before |
 * | `N0 M110`, soon after it `T0` | Repetier-Host: its hello, then the tool that its window shows |
 * | `N0M110*..`, any number without a space behind it | Cura |
 * | `PRUSA Fir`, `M862.2 Q` among the first lines | PrusaLink asks which printer it is |
 * | `M115` first, then `M114` and `M105` by turns, never a number | cncjs |
 *
 * A wrong guess costs most with OctoPrint, which kills the printer when it is told `!!` or `Error:` as Cura and cncjs
 * are. So its hello outweighs all else until the host has gone, and Cura and cncjs are believed only while no line
 * contradicts them. Makes no garbage, and looks at few bytes of a line.
 */

/** Lines that PrusaLink's question is looked for in: in a job such a line says nothing about the host. */
const FIRST_LINES = 16
/** Lines between the hello of Repetier-Host and its `T0`: there is an M115 between them, and polls may be. */
const HELLO_TO_TOOL_LINES = 8
/** Answers to M114 that cncjs has asked for before it is believed. */
const POSITION_POLLS = 2
/** More digits than any host's line number has. */
const NUMBER_DIGITS_MAX = 9

const LETTER_M = 0x4d
const LETTER_N = 0x4e
const LETTER_P = 0x50
const LETTER_Q = 0x51
const LETTER_T = 0x54

const PRUSA_WORD = 'PRUSA '
const MACHINE_CHECK = 'M862.'

export class HostDetector {
  private profile_: HostProfile = 'generic'
  /** Lines so far that hold something, up to `FIRST_LINES`. */
  private lines = 0
  /** A number with a space behind it was seen: Cura writes none. */
  private hasSpacedNumber = false
  /** Lines left in which a `T0` makes the host Repetier-Host. */
  private toolLinesLeft = 0
  /** Everything so far is what cncjs sends while it has no job: `M115` first, then polls. */
  private isPollsOnly = true
  private positionPolls = 0

  /** What the host is, as far as its lines tell. */
  get profile(): HostProfile {
    return this.profile_
  }

  /** One line of the host, `bytes[start, end)`, without its end. */
  line(bytes: Uint8Array, start: number, end: number): void {
    let at = start
    while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at++
    if (at >= end) return
    if (this.lines < FIRST_LINES) this.lines++
    if (bytes[at] === LETTER_N) this.numbered(bytes, at + 1, end)
    else this.bare(bytes, at, end)
  }

  /** The host has gone: the next one is not known. */
  reset(): void {
    this.profile_ = 'generic'
    this.lines = 0
    this.hasSpacedNumber = false
    this.toolLinesLeft = 0
    this.isPollsOnly = true
    this.positionPolls = 0
  }

  private numbered(bytes: Uint8Array, from: number, end: number): void {
    const isNegative = bytes[from] === MINUS
    const digitsStart = isNegative ? from + 1 : from
    let at = digitsStart
    let number = 0
    while (at < end && isDigit(bytes[at] ?? 0)) {
      if (at - digitsStart >= NUMBER_DIGITS_MAX) return
      number = number * 10 + (bytes[at++] ?? 0) - DIGIT_0
    }
    if (at === digitsStart || at >= end) return
    this.isPollsOnly = false
    if (bytes[at] !== SPACE) {
      this.unspaced(bytes[at] ?? 0)
      return
    }
    this.hasSpacedNumber = true
    if (this.profile_ === 'cura' || this.profile_ === 'cncjs') this.profile_ = 'generic'
    while (at < end && bytes[at] === SPACE) at++
    if (isCode(bytes, at, end, 'M110')) this.hello(bytes, at + 4, end, isNegative ? -number : number)
    else this.tool(bytes, at, end)
  }

  private unspaced(next: number): void {
    if (next < LETTER_A || next > LETTER_Z || this.hasSpacedNumber) return
    if (this.profile_ === 'generic' || this.profile_ === 'cncjs') this.profile_ = 'cura'
  }

  private hello(bytes: Uint8Array, from: number, end: number, number: number): void {
    let at = from
    while (at < end && bytes[at] === SPACE) at++
    const isRepeated = at < end && bytes[at] === LETTER_N
    if (number === -1) {
      this.profile_ = 'printrun'
    } else if (number === 0 && isRepeated) {
      // PrusaLink numbers its lines from such a line on as well, and has said before who it is.
      if (this.profile_ !== 'prusalink') this.profile_ = 'octoprint'
    } else if (number === 0 && (at >= end || bytes[at] === STAR)) {
      this.toolLinesLeft = HELLO_TO_TOOL_LINES
    }
  }

  private bare(bytes: Uint8Array, at: number, end: number): void {
    this.poll(bytes, at, end)
    if (this.profile_ === 'generic' && this.lines < FIRST_LINES && asksWhichPrusa(bytes, at, end))
      this.profile_ = 'prusalink'
    this.tool(bytes, at, end)
  }

  private poll(bytes: Uint8Array, at: number, end: number): void {
    if (!this.isPollsOnly) return
    if (isCode(bytes, at, end, 'M115')) return
    const isPosition = isCode(bytes, at, end, 'M114')
    this.isPollsOnly = this.lines > 1 && (isPosition || isCode(bytes, at, end, 'M105'))
    if (!this.isPollsOnly || !isPosition) return
    if (this.positionPolls < POSITION_POLLS) this.positionPolls++
    if (this.positionPolls === POSITION_POLLS && this.profile_ === 'generic') this.profile_ = 'cncjs'
  }

  private tool(bytes: Uint8Array, at: number, end: number): void {
    if (this.toolLinesLeft === 0) return
    this.toolLinesLeft--
    if (this.profile_ !== 'generic') return
    if (bytes[at] === LETTER_T && at + 1 < end && isDigit(bytes[at + 1] ?? 0)) this.profile_ = 'repetier'
  }
}

/** `PRUSA Fir`, or a machine check that asks and does not demand: `M862.2 Q`. */
function asksWhichPrusa(bytes: Uint8Array, at: number, end: number): boolean {
  if (bytes[at] === LETTER_P) return startsWith(bytes, at, end, PRUSA_WORD)
  if (bytes[at] !== LETTER_M || !startsWith(bytes, at, end, MACHINE_CHECK)) return false
  const space = at + MACHINE_CHECK.length + 1
  return space + 1 < end && bytes[space] === SPACE && bytes[space + 1] === LETTER_Q
}

/** Whether the command is this one: `M110` is not the start of `M1101`. */
function isCode(bytes: Uint8Array, at: number, end: number, code: string): boolean {
  if (!startsWith(bytes, at, end, code)) return false
  const next = at + code.length
  return next >= end || !isDigit(bytes[next] ?? 0)
}

function startsWith(bytes: Uint8Array, at: number, end: number, text: string): boolean {
  if (end - at < text.length) return false
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false
  return true
}
