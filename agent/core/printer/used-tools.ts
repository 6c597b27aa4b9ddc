/** Tools that were selected or heated since the port was first opened: a safe stop names the heater of each. */
export class UsedTools {
  private numbers_: readonly number[] = []

  /** Without tool 0, which is always there. */
  get numbers(): readonly number[] {
    return this.numbers_
  }

  /** A tool is selected or heated. Answers true where it was not known before. */
  add(tool: number): boolean {
    if (tool === 0 || this.numbers_.includes(tool)) return false
    this.numbers_ = [...this.numbers_, tool]
    return true
  }
}
