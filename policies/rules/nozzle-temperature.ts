import { z } from 'zod'
import { type Command, WORD } from '../../gcode/index.ts'
import { defineRule } from '../rule.ts'
import type { Objection } from '../verdict.ts'
import { inUnit, valueAndLimit } from '../wording.ts'

const ID = 'nozzle-temperature'
/** Hotter than any hot end that is sold. */
const CELSIUS_MAX = 600
/** G26 and M1004, which print or probe a mesh, name targets or presets of nozzle and bed. */
const MESH_CODES: readonly number[] = [26, 1004]
/** M600 heats to R before the print goes on; M701 and M702 read no temperature yet, so an R of theirs counts the same. */
const FILAMENT_CODES: readonly number[] = [600, 701, 702]

/** Denies nozzle targets above a limit, and targets that the line does not say. */
export const nozzleTemperature = defineRule({
  id: ID,
  summary: 'Denies nozzle targets above a limit.',
  why: 'Hot ends with a PTFE liner give off toxic fumes above about 260 °C, and any hot end fails above what it was built for.',
  options: z.strictObject({
    maxCelsius: z.number().min(0).max(CELSIUS_MAX).describe('Highest nozzle target allowed, in °C.'),
  }),
  watches: ['M104', 'M109', 'M145', 'M303', 'M600', 'M701', 'M702', 'M1004', 'G26'],
  compile: ({ maxCelsius }) => ({
    line: (command) => {
      if (MESH_CODES.includes(command.code) || command.code === 104 || command.code === 109) {
        if (command.has(WORD.I)) return presetObjection(command)
        // With F the firmware raises the target with the flow, up to B; without B, up to a limit of its own.
        if (command.has(WORD.F) && !command.hasValue(WORD.B)) return autoObjection(command)
      }
      const target = highestTarget(command)
      return target <= maxCelsius ? undefined : aboveObjection(target, maxCelsius)
    },
  }),
  examples: [
    {
      options: { maxCelsius: 260 },
      allowed: [
        'M104 S210',
        'M104 S260',
        'M109 R260',
        'M104 T1 S215',
        'M104 S0',
        'M104',
        'M303 E-1 S300',
        'M145 S0 H200 B300',
        'M600\nM600 B300 R260',
      ],
      denied: [
        'M104 S261',
        'M104 S300',
        'M109 S300',
        'M109 S0 R300',
        'M104 T1 S300',
        'M104 S200 B300 F1',
        'M104 S200 F1',
        'M104 I1',
        'M303 E0 S300',
        'M145 S0 H300',
        'G26 H300',
        'G26 I1',
        'M1004 H300',
        'M1004 I1',
        'M600 R261',
      ],
    },
  ],
})

/** The highest nozzle target that the line names, in °C; minus infinity where it names none. */
function highestTarget(command: Command): number {
  const none = Number.NEGATIVE_INFINITY
  if (MESH_CODES.includes(command.code) || command.code === 145) return command.value(WORD.H, none)
  // Their B counts beeps.
  if (FILAMENT_CODES.includes(command.code)) return command.value(WORD.R, none)
  // A negative E tunes the bed or the chamber.
  if (command.code === 303) return command.value(WORD.E, 0) < 0 ? none : command.value(WORD.S, none)
  return Math.max(
    command.value(WORD.S, none),
    Math.max(command.value(WORD.R, none), command.value(WORD.B, none)),
  )
}

function aboveObjection(target: number, maxCelsius: number): Objection {
  const { value, limit } = valueAndLimit(target, maxCelsius, '°C')
  return {
    code: ID,
    rule: ID,
    message: `nozzle target ${value} is above the limit of ${limit}`,
    value,
    limit,
    remedy: `slice again with a nozzle temperature of ${inUnit(maxCelsius, '°C')} or less`,
  }
}

function presetObjection(command: Command): Objection {
  const value = `I${command.value(WORD.I, 0)}`
  return {
    code: `${ID}.preset`,
    rule: ID,
    message: `\`${command.name()}\` takes the nozzle target from the printer’s material preset \`${value}\`, which is not known here`,
    value,
    remedy: 'write the temperature with S in place of the preset',
  }
}

function autoObjection(command: Command): Objection {
  return {
    code: `${ID}.automatic`,
    rule: ID,
    message: `\`${command.name()} F\` lets the printer raise the nozzle target with the flow, up to a limit that is not known here`,
    value: 'F',
    remedy: 'take F out, or add B with the highest temperature',
  }
}
