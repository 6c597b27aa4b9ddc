/** Commands that move, or change what a move means. */

import type { Machine } from './machine.ts'
import type { ParsedCommand } from './marlin-parser.ts'
import { type Move, SPACE_AXES, type SpaceAxis } from './motion.ts'
import { type Outcome, untilPerson, untilRoom, untilStill, untilTime } from './wait.ts'

/** Runs one command on a machine. */
export type Handler = (machine: Machine, command: ParsedCommand) => Outcome

/** EXTRUDE_MAXLENGTH of Marlin: more filament in one move is a mistake. */
const EXTRUDE_MM_MAX = 200
const HOMING_MM_PER_S: Readonly<Record<SpaceAxis, number>> = { x: 50, y: 50, z: 4 }
/** Bumping the switch twice, for each axis. */
const HOMING_BUMP_MS = 1000
/** Marlin compares times as signed 32-bit milliseconds: a longer dwell is over at once. */
const DWELL_MS_MAX = 2 ** 31 - 1

function line(machine: Machine, command: ParsedCommand): Outcome {
  return plan(machine, machine.motion.line(command))
}

function arc(isClockwise: boolean): Handler {
  return (machine, command) => {
    const move = machine.motion.arc(command, isClockwise)
    if (move === 'bad') machine.reply('Error:G2/G3 bad parameters')
    return move === 'bad' || move === undefined ? 'done' : plan(machine, move)
  }
}

function plan(machine: Machine, move: Move): Outcome {
  const { motion, planner } = machine
  if (!machine.isDryRun) machine.counter.moved(move.to.e - motion.position.e, machine.nowMs)
  const isPrevented = isExtrusionPrevented(machine, move)
  if (!move.isFilamentOnly) note(machine, move, isPrevented)
  if (move.lengthMm === 0 || (isPrevented && move.isFilamentOnly)) {
    // The firmware goes on as if it had extruded: E has moved, the filament has not.
    motion.position = move.to
    return 'done'
  }
  const add = (): Outcome => {
    planner.add(motion.position, move.to, move.durationMs, machine.nowMs)
    motion.position = move.to
    return 'done'
  }
  return planner.hasRoom(machine.nowMs) ? add() : untilRoom(planner, add)
}

function isExtrusionPrevented(machine: Machine, move: Move): boolean {
  const { invariants } = machine.around
  const { motion } = machine
  const lengthMm = Math.abs(move.to.e - motion.position.e) * Math.abs(motion.flowPercent / 100)
  if (move.to.e === motion.position.e || machine.isDryRun) return machine.isDryRun
  const isTooCold = machine.isTooColdToExtrude()
  const isTooLong = lengthMm > EXTRUDE_MM_MAX
  if (isTooCold) machine.reply('echo: cold extrusion prevented')
  if (isTooLong) machine.reply('echo: too long extrusion prevented')
  if (isTooCold) invariants.coldExtrusionsPrevented++
  return isTooCold || isTooLong
}

function note(machine: Machine, move: Move, isPrevented: boolean): void {
  const { position, homed } = machine.motion
  const { invariants } = machine.around
  const isUnhomed = SPACE_AXES.some((axis) => position[axis] !== move.to[axis] && !homed[axis])
  if (isUnhomed) invariants.unhomedMoves++
  invariants.moved(move.asked, move.swept)
  if (move.to.e > position.e && !isPrevented) invariants.extruded(move.swept)
}

function home(machine: Machine, command: ParsedCommand): Outcome {
  const { motion, planner } = machine
  const named = SPACE_AXES.filter((axis) => command.has(axis.toUpperCase()))
  const axes = named.length === 0 ? SPACE_AXES : named
  if (command.has('O') && SPACE_AXES.every((axis) => motion.homed[axis])) return 'done'
  return untilStill(planner, () => {
    const travelMs = axes.map((axis) => (Math.abs(motion.position[axis]) / HOMING_MM_PER_S[axis]) * 1000)
    const durationMs = travelMs.reduce((sum, ms) => sum + ms + HOMING_BUMP_MS, 0)
    return untilTime(machine.nowMs + durationMs, () => {
      for (const axis of axes) motion.home(axis)
      machine.reply(machine.positionLine())
      return 'done'
    })
  })
}

function setPosition(machine: Machine, command: ParsedCommand): Outcome {
  // With subcodes G92.1 forgets the shift, and other ones do nothing.
  if (command.subcode === 1) machine.motion.positionShift = { x: 0, y: 0, z: 0 }
  if (command.subcode === 0) {
    for (const axis of ['x', 'y', 'z', 'e'] as const) {
      const value = command.float(axis.toUpperCase())
      if (value !== undefined) machine.motion.setLogical(axis, value)
    }
  }
  if (command.subcode <= 1) machine.reply(machine.positionLine())
  return 'done'
}

function dwellMs(command: ParsedCommand): number {
  const seconds = command.float('S')
  const ms = seconds === undefined ? (command.long('P') ?? 0) : seconds * 1000
  return ms > 0 && ms <= DWELL_MS_MAX ? ms : 0
}

function dwell(machine: Machine, command: ParsedCommand): Outcome {
  return untilStill(machine.planner, () => untilTime(machine.nowMs + dwellMs(command)))
}

function pause(machine: Machine, command: ParsedCommand): Outcome {
  return untilStill(machine.planner, () => {
    if (command.stringArg !== undefined) machine.message = command.stringArg
    const ms = dwellMs(command)
    return untilPerson(ms > 0 ? machine.nowMs + ms : Number.POSITIVE_INFINITY)
  })
}

function setModes(isRelative: boolean | undefined, isExtruderRelative: boolean): Handler {
  return ({ motion }) => {
    if (isRelative !== undefined) motion.isRelative = isRelative
    motion.isExtruderRelative = isExtruderRelative
    return 'done'
  }
}

function motorsOff(machine: Machine, command: ParsedCommand): Outcome {
  // With S it sets how long they stay on without moves.
  if (command.float('S') !== undefined) return 'done'
  return untilStill(machine.planner, () => {
    const named = SPACE_AXES.filter((axis) => command.has(axis.toUpperCase()))
    const off = named.length > 0 || command.has('E') ? named : SPACE_AXES
    const homed = { ...machine.motion.homed }
    for (const axis of off) homed[axis] = false
    machine.motion.homed = homed
    return 'done'
  })
}

function feedratePercent(machine: Machine, command: ParsedCommand): Outcome {
  const percent = command.int16('S')
  if (percent !== undefined) machine.motion.feedratePercent = percent
  if (!command.hasAny()) machine.reply(`FR:${machine.motion.feedratePercent}%`)
  return 'done'
}

function flowPercent(machine: Machine, command: ParsedCommand): Outcome {
  const percent = command.int16('S')
  if (percent !== undefined) machine.motion.flowPercent = percent
  else machine.reply(`echo:E0 Flow: ${machine.motion.flowPercent}%`)
  return 'done'
}

function homeOffset(machine: Machine, command: ParsedCommand): Outcome {
  for (const axis of SPACE_AXES) {
    const value = command.float(axis.toUpperCase())
    if (value !== undefined) machine.motion.setHomeOffset(axis, value)
  }
  machine.reply(machine.positionLine())
  return 'done'
}

function softwareEndstops(machine: Machine, command: ParsedCommand): Outcome {
  const isOn = command.bool('S')
  if (isOn !== undefined) machine.motion.hasSoftwareEndstops = isOn
  machine.reply(`echo:Soft endstops: ${machine.motion.hasSoftwareEndstops ? 'ON' : 'OFF'}`)
  return 'done'
}

function plane(number: 17 | 18 | 19): Handler {
  return ({ motion }) => {
    motion.plane = number
    return 'done'
  }
}

function inches(isInches: boolean): Handler {
  return ({ motion }) => {
    motion.isInches = isInches
    return 'done'
  }
}

/** G codes that every build has. */
export const G_COMMANDS: Readonly<Record<number, Handler>> = {
  0: line,
  1: line,
  2: arc(true),
  3: arc(false),
  4: dwell,
  21: inches(false),
  28: home,
  90: setModes(false, false),
  91: setModes(true, true),
  92: setPosition,
}

/** G codes of builds with the options of a milling machine. */
export const CNC_COMMANDS: Readonly<Record<number, Handler>> = {
  17: plane(17),
  18: plane(18),
  19: plane(19),
  20: inches(true),
}

/** M codes about motion. */
export const MOTION_M_COMMANDS: Readonly<Record<number, Handler>> = {
  0: pause,
  1: pause,
  18: motorsOff,
  82: setModes(undefined, false),
  83: setModes(undefined, true),
  84: motorsOff,
  206: homeOffset,
  211: softwareEndstops,
  220: feedratePercent,
  221: flowPercent,
  400: ({ planner }) => untilStill(planner),
  410: (machine) => {
    machine.quickstop()
    return 'done'
  },
}
