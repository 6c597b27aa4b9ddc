/** Commands for heaters and fans. */

import { HeatWait } from './heat-wait.ts'
import type { Heater } from './heater.ts'
import type { Machine } from './machine.ts'
import type { ParsedCommand } from './marlin-parser.ts'
import type { Handler } from './motion-commands.ts'
import { type Outcome, untilStill } from './wait.ts'

/** M155 takes no longer interval. */
const AUTOREPORT_S_MAX = 60
const FAN_SPEED_MAX = 255
/** Half of EXTRUDE_MINTEMP, and BED_MINTEMP: what counts as a target (`auto_job_over_threshold`). */
const HOT_NOZZLE_CELSIUS = 85
const HOT_BED_CELSIUS = 5

type Pick = (machine: Machine, command: ParsedCommand) => Heater | undefined

/** The nozzle; a tool that is not there is refused, and heats nothing. */
const nozzle: Pick = (machine, command) => {
  const tool = command.byte('T') ?? 0
  if (tool === 0) return machine.hardware.nozzle
  machine.reply(`echo:M${command.code} Invalid extruder ${tool}`)
  return undefined
}
const bed: Pick = (machine) => machine.hardware.bed
const chamber: Pick = (machine) => machine.hardware.chamber

/** PRINTJOB_TIMER_AUTOSTART: the timer of the print starts with a wait for heat, and stops when all of it is off. */
function followHeat({ hardware, counter, nowMs }: Machine, canStart: boolean, canStop: boolean): void {
  const { nozzle, bed, chamber } = hardware
  const isHot =
    nozzle.targetCelsius > HOT_NOZZLE_CELSIUS ||
    bed.targetCelsius > HOT_BED_CELSIUS ||
    (chamber?.targetCelsius ?? 0) > HOT_BED_CELSIUS
  if (isHot && canStart) counter.start(nowMs)
  if (!isHot && canStop) counter.stop(nowMs)
}

/** M104, M140, M141: sets a target and goes on. Temperatures are 16-bit integers: 200.9 is 200, 65736 is 200. */
function heat(pick: Pick): Handler {
  return (machine, command) => {
    const heater = machine.isDryRun ? undefined : pick(machine, command)
    const celsius = command.int16('S')
    if (heater === undefined || celsius === undefined) return 'done'
    machine.setTarget(heater, celsius)
    followHeat(machine, false, true)
    return 'done'
  }
}

/** M109, M190, M191: with S a cooler target is not waited for, with R it is. */
function heatAndWait(pick: Pick): Handler {
  return (machine, command) => {
    const heater = machine.isDryRun ? undefined : pick(machine, command)
    const warmer = command.int16('S')
    const celsius = warmer ?? command.int16('R')
    if (heater === undefined || celsius === undefined) return 'done'
    machine.setTarget(heater, celsius)
    followHeat(machine, true, pick === nozzle)
    return new HeatWait(heater, warmer === undefined, (remaining) =>
      machine.reply(`${machine.temperatures()} W:${remaining}`),
    )
  }
}

function reportTemperatures(machine: Machine): Outcome {
  machine.reply(`ok${machine.temperatures()}`)
  return 'answered'
}

function autoreport(machine: Machine, command: ParsedCommand): Outcome {
  const seconds = command.byte('S')
  if (seconds !== undefined) machine.autoreportS = Math.min(AUTOREPORT_S_MAX, seconds)
  return 'done'
}

function fanOn(machine: Machine, command: ParsedCommand): Outcome {
  if ((command.byte('P') ?? 0) === 0) machine.fanSpeed = command.byte('S') ?? FAN_SPEED_MAX
  return 'done'
}

function fanOff(machine: Machine, command: ParsedCommand): Outcome {
  if ((command.byte('P') ?? 0) === 0) machine.fanSpeed = 0
  return 'done'
}

function coldExtrusion(machine: Machine, command: ParsedCommand): Outcome {
  const celsius = command.int16('S')
  if (celsius !== undefined) machine.extrudeCelsiusMin = celsius
  const isAllowed = command.bool('P')
  if (isAllowed !== undefined || command.has('S')) {
    machine.allowsColdExtrusion = machine.extrudeCelsiusMin === 0 || isAllowed === true
    return 'done'
  }
  const state = machine.allowsColdExtrusion ? 'en' : 'dis'
  machine.reply(`echo:Cold extrudes are ${state}abled (min temp ${machine.extrudeCelsiusMin}C)`)
  return 'done'
}

function powerOff(machine: Machine): Outcome {
  machine.heatersOff()
  machine.counter.stop(machine.nowMs)
  machine.fanSpeed = 0
  return untilStill(machine.planner)
}

/** M codes about heat. */
export const HEAT_COMMANDS: Readonly<Record<number, Handler>> = {
  81: powerOff,
  104: heat(nozzle),
  105: reportTemperatures,
  106: fanOn,
  107: fanOff,
  109: heatAndWait(nozzle),
  140: heat(bed),
  155: autoreport,
  190: heatAndWait(bed),
  302: coldExtrusion,
}

/** M codes of printers with a heated chamber. */
export const CHAMBER_COMMANDS: Readonly<Record<number, Handler>> = {
  141: heat(chamber),
  191: heatAndWait(chamber),
}
