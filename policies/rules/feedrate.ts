import { z } from 'zod'
import { ARC_MOVE, AXIS_Z, type MachineState, type Move } from '../../gcode/index.ts'
import { defineRule } from '../rule.ts'
import type { Objection } from '../verdict.ts'
import { inUnit, valueAndLimit } from '../wording.ts'

const ID = 'feedrate'
/** Two metres a second, faster than any printer. In mm a minute. */
const FEEDRATE_MAX = 120_000
const UNIT = 'mm/min'

const feedrate = z.number().positive().max(FEEDRATE_MAX)

/** Denies moves that are faster than a limit. */
export const feedrateLimit = defineRule({
  id: ID,
  summary: 'Denies moves faster than a limit, the speed factor of `M220` counted in.',
  why: 'Most firmware slows a move to its own limits, but those can be set for the session by `M203`; a toolhead that is too fast loses steps and knocks parts off the bed.',
  options: z.strictObject({
    maxMmPerMin: feedrate.describe('Highest feedrate of a move, in mm a minute.'),
    zMaxMmPerMin: feedrate
      .optional()
      .describe('Highest speed along Z, in mm a minute; without it the first limit holds for Z as well.'),
    extruderMaxMmPerMin: feedrate
      .optional()
      .describe(
        'Highest speed of filament that is pushed or pulled in place, in mm a minute; without it the first limit holds.',
      ),
  }),
  watches: ['moves'],
  isOverridable: true,
  compile: ({ maxMmPerMin, zMaxMmPerMin = maxMmPerMin, extruderMaxMmPerMin = maxMmPerMin }) => ({
    line: (_command, state, move) => {
      const speed = Math.abs(move.feedrateMmPerMin * state.speedFactor)
      if (move.axes !== 0) {
        if (speed > maxMmPerMin) return tooFast('move', speed, maxMmPerMin)
        if (speed <= zMaxMmPerMin || (move.axes & AXIS_Z) === 0) return undefined
        const zSpeed = speed * shareOfZ(state, move)
        return zSpeed > zMaxMmPerMin ? tooFast('z', zSpeed, zMaxMmPerMin) : undefined
      }
      // A line with F alone moves nothing: it is judged where a move uses it.
      if (speed <= extruderMaxMmPerMin || move.filamentMm === 0) return undefined
      return tooFast('extruder', speed, extruderMaxMmPerMin)
    },
  }),
  examples: [
    {
      options: { maxMmPerMin: 12000 },
      allowed: ['G28\nG1 X10 F12000', 'G1 F20000', 'G28\nG1 X10 F6000\nM220 S200\nG1 X20', 'G1 E1 F12000'],
      denied: [
        'G28\nG1 X10 F12001',
        'G28\nG0 F15000\nG0 X10',
        'G28\nG1 X10 F6000\nM220 S201\nG1 X20',
        'G1 E1 F13000',
        'G20\nG28\nG1 X1 F500',
      ],
    },
    {
      options: { maxMmPerMin: 12000, zMaxMmPerMin: 600, extruderMaxMmPerMin: 3000 },
      allowed: [
        'G28\nG1 Z5 F600',
        'G28\nG1 X10 Y10 Z1 F600\nG1 X110 Z2 F6000',
        'G28\nG1 X10 Y10 F12000',
        'G1 E-2 F3000',
      ],
      denied: [
        'G28\nG1 Z5 F601',
        'G28\nG1 X10 Z5 F6000',
        'G28\nG1 X10 Y10 Z1 F600\nG1 X12 Z11 F6000',
        'G1 E-2 F3001',
      ],
    },
  ],
})

/** How much of the path is along Z. Where that cannot be told, all of it. */
function shareOfZ(state: MachineState, move: Move): number {
  // An arc sweeps all axes, also a Z that stays where it is.
  const rise = Math.abs(move.z - state.z)
  if (move.kind === ARC_MOVE && rise === 0) return 0
  if ((move.axes & ~move.startKnown) !== 0 || !(move.lengthMm > 0)) return 1
  return rise / move.lengthMm
}

type Mover = 'move' | 'z' | 'extruder'

const WORDS: Record<Mover, { readonly code: string; readonly what: string; readonly remedy: string }> = {
  move: { code: ID, what: 'feedrate', remedy: 'print and travel speeds' },
  z: { code: `${ID}.z`, what: 'speed along Z', remedy: 'speeds of Z and of lifts' },
  extruder: {
    code: `${ID}.extruder`,
    what: 'speed of filament',
    remedy: 'speeds of retraction and recovery',
  },
}

function tooFast(mover: Mover, speed: number, max: number): Objection {
  const { code, what, remedy } = WORDS[mover]
  const { value, limit } = valueAndLimit(speed, max, UNIT)
  return {
    code,
    rule: ID,
    message: `${what} ${value} is above the limit of ${limit}`,
    value,
    limit,
    remedy: `slice again with ${remedy} of ${inUnit(max / 60, 'mm/s')} or less`,
    group: '',
  }
}
