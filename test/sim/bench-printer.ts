/** A simulated printer on a table: a clock to turn by hand, and everything that it said and noted. */

import {
  type JournalRecord,
  type SimulatedPrinter,
  type SimulatedPrinterOptions,
  startSimulatedPrinter,
  VirtualClock,
} from '../../agent/sim/index.ts'

export interface BenchPrinter {
  readonly clock: VirtualClock
  readonly printer: SimulatedPrinter
  readonly journal: JournalRecord[]
  /** Sends lines, each ended by a newline. */
  send(...lines: string[]): void
  /** What the printer sent since this was last asked, in lines. */
  heard(): string[]
  /** The same, as text. */
  heardText(): string
  /** The commands that ran, as the journal has them. */
  commands(): string[]
  events(name: string): JournalRecord[]
}

/** A printer that has booted; what it said at boot is dropped. */
export function benchPrinter(
  options: Partial<SimulatedPrinterOptions> & { readonly jumps?: boolean; readonly keepsBoot?: boolean } = {},
): BenchPrinter {
  const clock = new VirtualClock({ jumps: options.jumps === true })
  const journal: JournalRecord[] = []
  let text = ''
  const printer = startSimulatedPrinter({
    write: (bytes) => {
      text += Buffer.from(bytes).toString('latin1')
    },
    clock,
    journal: (line) => journal.push(JSON.parse(line)),
    ...options,
  })
  const heardText = () => {
    const heard = text
    text = ''
    return heard
  }
  if (options.keepsBoot !== true) heardText()
  return {
    clock,
    printer,
    journal,
    send: (...lines) => printer.receive(Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1')),
    heard: () => heardText().split('\n').slice(0, -1),
    heardText,
    commands: () => journal.flatMap((record) => (record.kind === 'command' ? [record.text] : [])),
    events: (name) => journal.filter((record) => record.kind === 'event' && record.name === name),
  }
}

/** `N<n> text*checksum`, as a careful host sends it. */
export function numbered(number: number, text: string): string {
  const line = `N${number} ${text}`
  let sum = 0
  for (const byte of Buffer.from(line, 'latin1')) sum ^= byte
  return `${line}*${sum}`
}
