/** Commands for the card: the way to run a program that never passed the wire in one piece. */

import type { Machine } from './machine.ts'
import type { ParsedCommand } from './marlin-parser.ts'
import type { Handler } from './motion-commands.ts'
import type { Outcome } from './wait.ts'

function selectFile(machine: Machine, command: ParsedCommand): Outcome {
  const name = fileName(command)
  const size = machine.hardware.card.select(name)
  if (size === undefined) machine.reply(`open failed, File: ${name}.`)
  else {
    machine.reply(`File opened: ${name} Size: ${size}`)
    machine.reply('File selected')
  }
  return 'done'
}

function startWriting(machine: Machine, command: ParsedCommand): Outcome {
  const name = fileName(command)
  machine.hardware.card.startWriting(name)
  machine.reply(`Writing to file: ${name}`)
  return 'done'
}

function removeFile(machine: Machine, command: ParsedCommand): Outcome {
  const name = fileName(command)
  const isRemoved = machine.hardware.card.remove(name)
  machine.reply(isRemoved ? `File deleted:${name}` : `Deletion failed, File: ${name}.`)
  return 'done'
}

function list(machine: Machine): Outcome {
  machine.reply('Begin file list')
  for (const entry of machine.hardware.card.list()) machine.reply(entry)
  machine.reply('End file list')
  return 'done'
}

function fileName(command: ParsedCommand): string {
  return (command.stringArg ?? '').trim()
}

function onCard(act: (machine: Machine, command: ParsedCommand) => void): Handler {
  return (machine, command) => {
    act(machine, command)
    return 'done'
  }
}

/** M codes about the card. */
export const CARD_COMMANDS: Readonly<Record<number, Handler>> = {
  20: list,
  21: onCard((machine) => machine.reply('echo:SD card ok')),
  22: onCard((machine) => machine.hardware.card.remount()),
  23: selectFile,
  24: onCard(({ hardware, counter, nowMs }) => {
    hardware.card.start()
    if (hardware.card.isPrinting) counter.start(nowMs)
  }),
  25: onCard(({ hardware, counter, nowMs }) => {
    hardware.card.pause()
    counter.pause(nowMs)
  }),
  26: onCard(({ hardware }, command) => hardware.card.seek(command.long('S') ?? 0)),
  27: onCard((machine) => machine.reply(machine.hardware.card.status())),
  28: startWriting,
  29: onCard(({ hardware }) => hardware.card.endWriting()),
  30: removeFile,
  524: onCard(({ hardware, counter, nowMs }) => {
    hardware.card.abort()
    counter.stop(nowMs, false)
  }),
}
