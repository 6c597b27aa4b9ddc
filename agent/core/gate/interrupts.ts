import { type MachineState, PARSED } from '../../../gcode/index.ts'
import type { PrinterSide } from '../printer/printer-side.ts'
import { isQuickStop } from './command-kinds.ts'
import type { GateOptions } from './gate-options.ts'
import { LinePath } from './line-path.ts'

/**
 * M108, M410 and M876: what a person sends to break a wait, to stop the moves, to answer a question. They jump the queue
 * and go out bare, or the printer's emergency parser does not see them; but they are judged like any other line.
 */

export type InterruptResult = 'not-sent' | 'sent' | 'quick-stop'

export class Interrupts {
  private readonly printer: PrinterSide
  /** Reads apart from the line whose turn it is. */
  private readonly path: LinePath

  constructor(options: GateOptions, printer: PrinterSide) {
    this.printer = printer
    this.path = new LinePath(options.table, options.judge)
  }

  /** Sends the line at once if the policy lets it pass, judged as the machine stands after all that has gone out. */
  send(bytes: Uint8Array, start: number, end: number, state: MachineState): InterruptResult {
    const { path, printer } = this
    path.state.copyFrom(state)
    if (path.read(bytes, start, end) !== PARSED || path.judge().kind !== 'allow') return 'not-sent'
    if (!printer.sendBare(path.canonical, 0, path.canonicalEnd)) return 'not-sent'
    return isQuickStop(path.command) ? 'quick-stop' : 'sent'
  }
}
