/** Which handler a command goes to. What no table holds is answered as unknown, like on the board. */

import { CARD_COMMANDS } from './card-commands.ts'
import { CHAMBER_COMMANDS, HEAT_COMMANDS } from './heat-commands.ts'
import { COUNTER_COMMANDS, HOST_COMMANDS } from './host-commands.ts'
import type { Machine } from './machine.ts'
import type { ParsedCommand } from './marlin-parser.ts'
import { CNC_COMMANDS, G_COMMANDS, type Handler, MOTION_M_COMMANDS } from './motion-commands.ts'
import type { Outcome } from './wait.ts'

const M_COMMANDS: Readonly<Record<number, Handler>> = {
  ...MOTION_M_COMMANDS,
  ...HEAT_COMMANDS,
  ...HOST_COMMANDS,
  ...CARD_COMMANDS,
}

/** With an emergency parser these have acted already when the line comes out of the queue. */
const EMERGENCY_CODES = [108, 112, 410]

/** Runs a command. */
export function dispatch(machine: Machine, command: ParsedCommand): Outcome {
  const handler = handlerOf(machine, command)
  if (handler !== undefined) return handler(machine, command)
  machine.reply(`echo:Unknown command: "${command.text}"`)
  return 'done'
}

function handlerOf(machine: Machine, { letter, code }: ParsedCommand): Handler | undefined {
  const { config } = machine
  if (letter === 'T') return selectTool
  if (letter === 'G') {
    if (config.build.hasMotionModes && code === 80) return cancelMotionMode
    return G_COMMANDS[code] ?? (config.build.hasCncOptions ? CNC_COMMANDS[code] : undefined)
  }
  if (letter !== 'M') return undefined
  if (config.hasEmergencyParser && EMERGENCY_CODES.includes(code)) return () => 'done'
  if (machine.settings.has(code)) return applySetting
  if (config.hasPrintCounter && COUNTER_COMMANDS[code] !== undefined) return COUNTER_COMMANDS[code]
  return M_COMMANDS[code] ?? (config.hasChamber ? CHAMBER_COMMANDS[code] : undefined)
}

function applySetting(machine: Machine, command: ParsedCommand): Outcome {
  const report = machine.settings.apply(command)
  if (report !== undefined) machine.reply(report)
  return 'done'
}

function cancelMotionMode(machine: Machine): Outcome {
  machine.around.cancelMotionMode()
  return 'done'
}

/** There is one tool. Its number wraps at 8 bits: T256 is T0. */
function selectTool(machine: Machine, command: ParsedCommand): Outcome {
  const tool = (command.code << 24) >> 24
  if (tool !== 0) machine.reply(`echo:T${tool} Invalid extruder`)
  return 'done'
}
