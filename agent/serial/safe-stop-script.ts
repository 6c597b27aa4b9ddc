/** What is sent to bring a printer to rest, as data: the agent knows the dialect, the guard that sends it does not. */

import { z } from 'zod'

/** One bare command: printable, so that no line end can hide in it, and within the shortest firmware line buffer. */
const command = z.string().regex(/^[\x21-\x7e](?:[\x20-\x7e]{0,78}[\x21-\x7e])?$/)

/** A command for each heater of a machine with many tools, and room to spare. */
const COMMANDS_MAX = 32

/** With the time to leave after it, this keeps a guard from outliving its agent by more than ten seconds. */
const LIMIT_MS_MAX = 8000

/** Checked on both sides of the pipe: the guard trusts nothing that it is told. */
export const safeStopScript = z
  .strictObject({
    breakWait: z.array(command).max(COMMANDS_MAX).readonly(),
    heatersOff: z.array(command).min(1).max(COMMANDS_MAX).readonly(),
    poll: command,
    emergency: command,
    limitMs: z.number().int().min(100).max(LIMIT_MS_MAX),
  })
  .readonly()

export interface SafeStopScript {
  /** Ends a wait that the firmware is in, so that it reads on (Marlin: `M108`). */
  readonly breakWait: readonly string[]
  /** Takes the target of each heater to 0. */
  readonly heatersOff: readonly string[]
  /** Asks for the temperatures and their targets (Marlin: `M105`). */
  readonly poll: string
  /** What remains when the targets do not reach 0 in time (Marlin: `M112`). */
  readonly emergency: string
  /** How long the printer has for it, in milliseconds, 100 to 8000. */
  readonly limitMs: number
}
