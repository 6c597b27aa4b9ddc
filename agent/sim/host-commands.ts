/** Commands that talk with the host, keep settings, or stop everything. */

import { capabilityLines, ENDSTOP_LINES } from './firmware-text.ts'
import type { Machine } from './machine.ts'
import type { ParsedCommand } from './marlin-parser.ts'
import type { Handler } from './motion-commands.ts'
import type { Outcome } from './wait.ts'

/** M113 takes no longer interval. */
const KEEPALIVE_S_MAX = 60
const DEBUG_NAMES = ['ECHO', 'INFO', 'ERRORS', 'DRYRUN', 'COMMUNICATION'] as const

function setLineNumber(machine: Machine, command: ParsedCommand): Outcome {
  const number = command.long('N')
  if (number !== undefined) machine.around.setLineNumber(number)
  return 'done'
}

function debugFlags(machine: Machine, command: ParsedCommand): Outcome {
  const flags = command.byte('S')
  if (flags !== undefined) machine.debugFlags = flags
  const names = DEBUG_NAMES.filter((_, bit) => (machine.debugFlags & (1 << bit)) !== 0)
  machine.reply(`echo:DEBUG:${names.length === 0 ? 'off' : names.join(',')}`)
  return 'done'
}

function keepalive(machine: Machine, command: ParsedCommand): Outcome {
  const seconds = command.byte('S')
  if (seconds !== undefined) machine.keepaliveS = Math.min(KEEPALIVE_S_MAX, seconds)
  else machine.reply(`echo:M113 S${machine.keepaliveS}`)
  return 'done'
}

/** M118 prints what it is given, whatever a host will make of it. */
function announce(machine: Machine, command: ParsedCommand): Outcome {
  const match = /^(?:(?:[AE]1|P[0-9]) *){0,3}/.exec(command.stringArg ?? '')
  const switches = match?.[0] ?? ''
  const text = (command.stringArg ?? '').slice(switches.length)
  const echo = switches.includes('E1') ? 'echo:' : ''
  const action = switches.includes('A1') ? '//' : ''
  // The recorded build ends these lines, and no others, with a carriage return as well.
  machine.reply(`${echo}${action}${text}`, '\r\n')
  return 'done'
}

function replyLines(lines: (machine: Machine) => readonly string[]): Handler {
  return (machine) => {
    for (const text of lines(machine)) machine.reply(text)
    return 'done'
  }
}

function storeSettings(machine: Machine): Outcome {
  machine.settings.store()
  machine.reply('echo:Settings Stored (685 bytes; crc 12127)')
  return 'done'
}

function loadSettings(machine: Machine): Outcome {
  machine.settings.load()
  machine.reply('echo:V87 stored settings retrieved (685 bytes; crc 12127)')
  return 'done'
}

function defaultSettings(machine: Machine): Outcome {
  machine.settings.loadDefaults()
  machine.reply('echo:Hardcoded Default Settings Loaded')
  return 'done'
}

function restart(machine: Machine, command: ParsedCommand): Outcome {
  if (command.bool('S') !== true) for (const text of machine.around.resendReplies()) machine.reply(text)
  return 'done'
}

/** M78 tells the counters; only `S78` sets them back. */
function statistics(machine: Machine, command: ParsedCommand): Outcome {
  const { counter, nowMs } = machine
  if (command.int16('S') === 78) counter.clear(nowMs)
  else {
    for (const text of counter.lines(nowMs)) machine.reply(text)
    const elsewhereMm = machine.around.statisticsTold()
    if (elsewhereMm > 0) counter.printElsewhere(elsewhereMm, nowMs)
  }
  return 'done'
}

/** M75 to M77: the timer of the print. */
function onTimer(act: 'start' | 'pause' | 'stop'): Handler {
  return ({ counter, nowMs }) => {
    counter[act](nowMs)
    return 'done'
  }
}

const accept: Handler = () => 'done'

/** Commands that a default build knows and that change nothing that is simulated. */
const ACCEPTED = [17, 31, 42, 73, 75, 76, 77, 85, 120, 121, 300, 428]

/** M codes about the host and the board. */
export const HOST_COMMANDS: Readonly<Record<number, Handler>> = {
  ...Object.fromEntries(ACCEPTED.map((code) => [code, accept])),
  108: (machine) => {
    machine.breakWait()
    return 'done'
  },
  110: setLineNumber,
  111: debugFlags,
  112: (machine, command) => {
    machine.kill(command.text)
    return 'answered'
  },
  113: keepalive,
  114: replyLines((machine) => [machine.positionLine()]),
  115: replyLines((machine) => capabilityLines(machine.config)),
  117: (machine, command) => {
    machine.message = command.stringArg ?? ''
    return 'done'
  },
  118: announce,
  119: replyLines(() => ENDSTOP_LINES),
  500: storeSettings,
  501: loadSettings,
  502: defaultSettings,
  503: replyLines((machine) => machine.settings.lines()),
  999: restart,
}

/** M codes of builds that count their prints. The timer alone every build has: here it does what can be seen. */
export const COUNTER_COMMANDS: Readonly<Record<number, Handler>> = {
  75: onTimer('start'),
  76: onTimer('pause'),
  77: onTimer('stop'),
  78: statistics,
}
