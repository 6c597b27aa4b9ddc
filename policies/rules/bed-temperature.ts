import { z } from 'zod'
import { type Command, WORD } from '../../gcode/index.ts'
import { defineRule } from '../rule.ts'
import type { Objection } from '../verdict.ts'
import { inUnit, valueAndLimit } from '../wording.ts'

const ID = 'bed-temperature'
/** Hotter than any heated bed or chamber that is sold. */
const CELSIUS_MAX = 300
/** G26 and M1004, which print or probe a mesh, name targets or presets of nozzle and bed. */
const MESH_CODES: readonly number[] = [26, 1004]
/** `M303 E` of the bed and of the chamber. */
const TUNED_BED = -1
const TUNED_CHAMBER = -2
const NONE = Number.NEGATIVE_INFINITY

/** Denies bed and chamber targets above a limit, and targets that the line does not say. */
export const bedTemperature = defineRule({
  id: ID,
  summary: 'Denies bed targets above a limit, and chamber targets where a limit for them is set.',
  why: 'Magnets, glues and coatings of a bed fail above what they were made for, and a hot bed burns whoever takes the part off.',
  options: z.strictObject({
    maxCelsius: z.number().min(0).max(CELSIUS_MAX).describe('Highest bed target allowed, in °C.'),
    chamberMaxCelsius: z
      .number()
      .min(0)
      .max(CELSIUS_MAX)
      .optional()
      .describe('Highest chamber target allowed, in °C; without it chamber targets are not judged.'),
  }),
  watches: ['M140', 'M190', 'M141', 'M191', 'M145', 'M303', 'M1004', 'G26'],
  compile: ({ maxCelsius, chamberMaxCelsius = Number.POSITIVE_INFINITY }) => ({
    line: (command) => {
      if (namesPreset(command)) return presetObjection(command)
      const chamber = chamberTarget(command)
      if (chamber > chamberMaxCelsius) return aboveObjection('chamber', chamber, chamberMaxCelsius)
      const bed = bedTarget(command)
      return bed <= maxCelsius ? undefined : aboveObjection('bed', bed, maxCelsius)
    },
  }),
  examples: [
    {
      options: { maxCelsius: 110 },
      allowed: [
        'M140 S60',
        'M190 S110',
        'M190 R110',
        'M140 S0',
        'M141 S200',
        'M303 E0 S250',
        'M145 S0 H250 B60',
      ],
      denied: [
        'M140 S111',
        'M190 S120',
        'M190 R120',
        'M140 I0',
        'M303 E-1 S120',
        'M145 S0 B120',
        'G26 B120',
        'M1004 B120',
      ],
    },
    {
      options: { maxCelsius: 110, chamberMaxCelsius: 60 },
      allowed: ['M141 S60', 'M191 R50', 'M140 S110'],
      denied: ['M141 S61', 'M191 S70', 'M191 R70', 'M303 E-2 S80', 'M140 S111'],
    },
  ],
})

/** `I` of M303 is no preset; a preset of a mesh is told by the nozzle’s rule and this one alike. */
function namesPreset(command: Command): boolean {
  const { code } = command
  return command.has(WORD.I) && (MESH_CODES.includes(code) || code === 140 || code === 190)
}

function chamberTarget(command: Command): number {
  const { code } = command
  if (code === 303) return command.value(WORD.E, 0) === TUNED_CHAMBER ? command.value(WORD.S, NONE) : NONE
  if (code !== 141 && code !== 191) return NONE
  return Math.max(command.value(WORD.S, NONE), command.value(WORD.R, NONE))
}

function bedTarget(command: Command): number {
  const { code } = command
  if (MESH_CODES.includes(code) || code === 145) return command.value(WORD.B, NONE)
  if (code === 303) return command.value(WORD.E, 0) === TUNED_BED ? command.value(WORD.S, NONE) : NONE
  if (code !== 140 && code !== 190) return NONE
  return Math.max(command.value(WORD.S, NONE), command.value(WORD.R, NONE))
}

function aboveObjection(what: 'bed' | 'chamber', target: number, maxCelsius: number): Objection {
  const { value, limit } = valueAndLimit(target, maxCelsius, '°C')
  return {
    code: what === 'bed' ? ID : `${ID}.chamber`,
    rule: ID,
    message: `${what} target ${value} is above the limit of ${limit}`,
    value,
    limit,
    remedy: `slice again with a ${what} temperature of ${inUnit(maxCelsius, '°C')} or less`,
  }
}

function presetObjection(command: Command): Objection {
  const value = `I${command.value(WORD.I, 0)}`
  return {
    code: `${ID}.preset`,
    rule: ID,
    message: `\`${command.name()}\` takes the bed target from the printer’s material preset \`${value}\`, which is not known here`,
    value,
    remedy: 'write the temperature with S in place of the preset',
  }
}
