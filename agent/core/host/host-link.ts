import {
  BAD_LINE_NUMBER,
  CHECKSUM_MISPLACED,
  CHECKSUM_MISSING,
  CHECKSUM_WRONG,
  CONTROL_BYTE,
  EMPTY,
  MEATPACK_BYTE,
  NON_ASCII,
  PARSED,
  type ParseCode,
  UNNUMBERED,
} from '../../../gcode/index.ts'

/**
 * The host's half of its line protocol: its numbers and checksums end here. Follows Marlin 2.1 (queue.cpp), which is
 * what hosts expect: a line out of order or damaged is asked for again, a repeated one is passed over in silence.
 */

/** What becomes of a line by its number and checksum. */
export const LINE_TAKEN = 0
/** It came before and has its answer, or it comes again: nothing is said. */
export const LINE_REPEATED = 1
/** It is asked for again. */
export const LINE_LOST = 2
/** It was asked for too often: no answer of ours will make it better. */
export const LINE_HOPELESS = 3

export type LineFate = number

/** Times in a row that the host is asked for the same line. OctoPrint gives up after 10. */
export const HOST_RESENDS_MAX = 10

/**
 * A host with several lines on their way sends them all again for each request, and what it has sent by then comes twice.
 * Marlin throws away what it has not read yet; here it is told by its number, so far back and for so many lines.
 */
const RESENT_LINES_MAX = 64

/** Lines that a person, or a host that goes on after a pause (Printrun sends seven), puts among numbered ones. */
const TYPED_MAX = 8

export class HostLink {
  private last = 0
  /** Lines taken since one was asked for. */
  private takenSince = RESENT_LINES_MAX
  private requests = 0
  /** No line has said yet where the host's numbers begin. */
  private isFresh = true
  private isNumbered_ = false
  private problem_ = ''
  /** Lines without a number in a row that do something. */
  private aside = 0
  /** Lines that had come when one was asked for: those behind it come again, so they are not asked for a second time. */
  private stale = 0

  /** Number of the last line taken. */
  get lastNumber(): number {
    return this.last
  }

  /** Whether the host numbers its lines, as far as it has shown since it last began to count. */
  get isNumbered(): boolean {
    return this.isNumbered_
  }

  /**
   * Whether a line without a number is one that somebody typed among those of a job. Many of them in a row are a job that
   * is sent without numbers.
   */
  get isTyped(): boolean {
    return this.isNumbered_ && this.aside <= TYPED_MAX
  }

  /** The line just taken has a number, or not. `does` where it does something, and not only asks. */
  note(lineNumber: number, does: boolean): void {
    if (lineNumber !== UNNUMBERED) this.aside = 0
    else if (does) this.aside++
  }

  /** A host has come, or gone. */
  restart(): void {
    this.renumber(0)
    this.aside = 0
    this.isFresh = true
    this.stale = 0
    this.takenSince = RESENT_LINES_MAX
  }

  /** `M110`: the next line is that behind `last`. */
  renumber(last: number): void {
    // A host may number this line and no other (OctoPrint, where checksums are turned off).
    this.isNumbered_ = false
    this.accept(last)
  }

  private accept(last: number): void {
    this.isFresh = false
    this.last = last
    this.requests = 0
  }

  /**
   * Takes a line by the reader's `code` for it and its number. `isIntact` where its checksum fits all of its bytes:
   * then it is as the host wrote it, however it reads, and goes to the policy.
   */
  take(code: ParseCode, lineNumber: number, isRenumbering: boolean, isIntact: boolean): LineFate {
    const isStale = this.stale > 0
    if (isStale) this.stale--
    if (isLinkError(code)) return isStale ? LINE_REPEATED : this.lose(code)
    if (lineNumber === UNNUMBERED) {
      // Among numbered lines garbage is what a noisy wire has left of one; what is text was written by somebody.
      return this.isNumbered_ && isGarbage(code) ? this.lose(code) : LINE_TAKEN
    }
    if (isRenumbering) return LINE_TAKEN
    this.isNumbered_ = true
    // Printrun begins with line 0. With its `N-1 M110` lost it would be taken for a line that had come before.
    const isFirst = this.isFresh && lineNumber === 0
    if (lineNumber !== this.last + 1 && !isFirst) {
      if (lineNumber === this.last || lineNumber === this.last - 1) return LINE_REPEATED
      if (this.isResent(lineNumber)) return LINE_REPEATED
      if (isStale && lineNumber > this.last) return LINE_REPEATED
      return this.ask('Line Number is not Last Line Number+1')
    }
    if (code !== PARSED && code !== EMPTY && !isIntact) return this.lose(code)
    this.accept(lineNumber)
    this.takenSince++
    return LINE_TAKEN
  }

  private isResent(lineNumber: number): boolean {
    if (this.takenSince >= RESENT_LINES_MAX) return false
    return lineNumber <= this.last && lineNumber > this.last - RESENT_LINES_MAX
  }

  private lose(code: ParseCode): LineFate {
    return this.ask(code === CHECKSUM_MISSING ? 'No Checksum with line number' : 'checksum mismatch')
  }

  private ask(problem: string): LineFate {
    this.problem_ = problem
    this.requests++
    return this.requests > HOST_RESENDS_MAX ? LINE_HOPELESS : LINE_LOST
  }

  /**
   * What asks the host for the line behind the last good one, where `waiting` more lines have come already. The `ok` that
   * Marlin sends behind it is the caller's.
   */
  request(waiting: number): readonly string[] {
    this.stale = waiting
    this.takenSince = 0
    return [`Error:${this.problem_}, Last Line: ${this.last}`, `Resend: ${this.last + 1}`]
  }
}

/** Bytes that no host writes. */
function isGarbage(code: ParseCode): boolean {
  return code === CONTROL_BYTE || code === NON_ASCII || code === MEATPACK_BYTE
}

function isLinkError(code: ParseCode): boolean {
  return (
    code === CHECKSUM_WRONG ||
    code === CHECKSUM_MISSING ||
    code === CHECKSUM_MISPLACED ||
    code === BAD_LINE_NUMBER
  )
}
