import type { Command } from '../../../gcode/index.ts'
import type { PrinterSide } from '../printer/printer-side.ts'
import { isHeating, namedTool } from './command-kinds.ts'
import type { GateEffectSink } from './gate-effects.ts'

/** What whoever watches over the heaters must know before a command goes out: that it heats, and which tools there are. */
export class HeaterWatch {
  private readonly printer: PrinterSide
  private readonly effects: GateEffectSink
  /** So many of the printer's tools are known to the guard that stands by. */
  private guarded_ = 0

  constructor(printer: PrinterSide, effects: GateEffectSink) {
    this.printer = printer
    this.effects = effects
  }

  /** A command is about to go out. Answers false where it must wait until the guard knows its tool. */
  note(command: Command): boolean {
    if (isHeating(command)) this.printer.heats()
    const tool = namedTool(command)
    if (tool > 0 && this.printer.tools.add(tool)) this.tell()
    return this.printer.tools.numbers.length <= this.guarded_
  }

  /** A job that selects or heats these tools begins. */
  expect(tools: readonly number[]): void {
    for (const tool of tools) this.printer.tools.add(tool)
    this.tell()
  }

  /** The guard that stands by knows so many tools. */
  guarded(tools: number): void {
    this.guarded_ = tools
  }

  private tell(): void {
    this.effects({ kind: 'tools', tools: this.printer.tools.numbers })
  }
}
