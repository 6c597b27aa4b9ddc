/** Counts what a host makes the log keep: a slip of the keyboard is one record, a program gone wild is a full disk. */
export class Burst {
  private readonly most: number
  private readonly withinMs: number
  private count = 0
  private sinceMs = Number.NEGATIVE_INFINITY

  /** `most` in `withinMs` are let go by. */
  constructor(most: number, withinMs: number) {
    this.most = most
    this.withinMs = withinMs
  }

  /** One more. Answers whether it is one too many for the time. */
  add(nowMs: number): boolean {
    if (nowMs - this.sinceMs > this.withinMs) {
      this.count = 0
      this.sinceMs = nowMs
    }
    return ++this.count > this.most
  }

  /** A person has looked at it. */
  forget(): void {
    this.count = 0
  }
}
