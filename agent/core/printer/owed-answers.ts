import { HISTORY_LINES } from './line-history.ts'

/** Which of the numbered lines are a host's, and the answers that it is owed for them, in their order. */
export class OwedAnswers {
  private readonly answered: (reply: string | undefined) => void
  /** By line number modulo the history's size: 1 where the line is a host's. */
  private readonly isHosts = new Uint8Array(HISTORY_LINES)
  private count_ = 0
  /** Every line before this one has had its answer passed on. */
  private answeredTo = 1

  /** `answered` gets the printer's `ok` line, or undefined where there is none. */
  constructor(answered: (reply: string | undefined) => void) {
    this.answered = answered
  }

  /** Lines of the host that went out and have no answer yet. */
  get count(): number {
    return this.count_
  }

  /** The numbers begin at 1. */
  restart(): void {
    this.answeredTo = 1
  }

  /** A line of the host goes out under this number. */
  sent(number: number): void {
    this.isHosts[number % HISTORY_LINES] = 1
    this.count_++
  }

  /** All lines before `oldest` are settled, by this `ok`: the others among them lost theirs. */
  settle(oldest: number, reply: string): void {
    while (this.answeredTo < oldest) {
      const slot = this.answeredTo % HISTORY_LINES
      const isHosts = this.isHosts[slot] === 1
      this.isHosts[slot] = 0
      this.answeredTo++
      if (!isHosts) continue
      this.count_--
      this.answered(this.answeredTo === oldest ? reply : undefined)
    }
  }

  /** Nothing that is on its way will be answered any more: the host is told for each of its lines. */
  giveUp(): void {
    this.isHosts.fill(0)
    while (this.count_ > 0) {
      this.count_--
      this.answered(undefined)
    }
  }

  /** The host has left: the answers to its lines are nobody's, least of all the next host's. */
  disown(): void {
    this.isHosts.fill(0)
    this.count_ = 0
  }
}
