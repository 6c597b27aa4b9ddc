/**
 * What a host has the printer say unasked, and how often the printer says that it is busy, outlives the host. The next
 * one did not ask for it, and a printer that never says that it is busy would be taken for dead in mid-homing.
 */

/** How Marlin boots (Configuration_adv.h): busy every 2 s, no report of positions and temperatures. */
const BOOTED: readonly string[] = ['M113 S2', 'M154 S0', 'M155 S0']
const NAME_BYTES = 4
const LETTER_M = 0x4d
const ONE = 0x31
const SPACE = 0x20

export class HostReports {
  private readonly changed = new Set<string>()
  private left: readonly string[] = []

  /** A host's `command[start, end)` goes out. */
  sent(command: Uint8Array, start: number, end: number): void {
    if (command[start] !== LETTER_M || command[start + 1] !== ONE) return
    // Without words it is a question.
    if (end - start <= NAME_BYTES || command[start + NAME_BYTES] !== SPACE) return
    for (const line of BOOTED) if (isNamed(command, start, line)) this.changed.add(line)
  }

  /** The host has left: what it changed is to be put back. */
  hostLeft(): void {
    this.left = BOOTED.filter((line) => this.changed.has(line) || this.left.includes(line))
    this.changed.clear()
  }

  /** The lines that put it back, once. */
  takeBack(): readonly string[] {
    const { left } = this
    this.left = []
    return left
  }
}

function isNamed(command: Uint8Array, start: number, line: string): boolean {
  for (let i = 0; i < NAME_BYTES; i++) if (command[start + i] !== line.charCodeAt(i)) return false
  return true
}
