import { z } from 'zod'
import { FILAMENT_DIAMETER_MM } from '../../gcode/index.ts'
import { defineRule } from '../rule.ts'
import type { Objection } from '../verdict.ts'
import { inUnit, valueAndLimit } from '../wording.ts'

const ID = 'volumetric-flow'
/** Several times what the largest hot end melts. In mm³/s. */
const FLOW_MAX = 1000
/**
 * Slicers write filament lengths with three to five decimals, and some moves are shorter than a hair: half of
 * the third decimal is rounding, not flow. In mm of filament.
 */
const ROUNDING_MM = 0.0005

/** Denies laying down more filament a second than the hot end melts. */
export const volumetricFlow = defineRule({
  id: ID,
  summary: 'Denies moves that push more filament a second than a limit, purges in place included.',
  why: 'Filament that is pushed faster than the hot end melts it slips, grinds and jams, and the part comes out weak. Flow and speed factors count. A move that starts where nobody knows is left out: its length cannot be told.',
  options: z.strictObject({
    maxMm3PerS: z.number().positive().max(FLOW_MAX).describe('Highest flow, in mm³ of filament a second.'),
    filamentDiameterMm: z
      .number()
      .min(0.5)
      .max(5)
      .default(FILAMENT_DIAMETER_MM)
      .describe('Diameter of the filament, in mm.'),
  }),
  watches: ['moves'],
  isOverridable: true,
  compile: ({ maxMm3PerS, filamentDiameterMm }) => {
    const areaMm2 = (Math.PI * filamentDiameterMm * filamentDiameterMm) / 4
    /**
     * Compared with mm of filament times mm a minute, over mm of path: the division comes last and only once.
     */
    const max = (maxMm3PerS * 60) / areaMm2
    return {
      line: (_command, state, move) => {
        const deposited = move.depositedMm - ROUNDING_MM
        if (deposited <= 0) return undefined
        // In place the feedrate is the filament's own, recovery after a retraction included.
        const pathMm = move.axes === 0 ? move.filamentMm : move.lengthMm
        const speed = Math.abs(move.feedrateMmPerMin * state.speedFactor)
        if (deposited * speed <= max * pathMm) return undefined
        if (move.axes !== 0 && (move.axes & ~move.startKnown) !== 0) return undefined
        // A move that goes nowhere though it names an axis pushes in place.
        const flow = (move.depositedMm * speed) / (pathMm > 0 ? pathMm : move.filamentMm)
        return flow > max ? tooMuch((flow * areaMm2) / 60, maxMm3PerS) : undefined
      },
    }
  },
  examples: [
    {
      options: { maxMm3PerS: 15 },
      allowed: [
        'G28\nG1 X10 Y10 Z0.2 F3000\nG1 X110 E4 F3000',
        'G1 E5 F300',
        'G1 E-5 F2400\nG1 E0',
        'M83\nG1 E-2 F2400\nG1 E2.01 F2400',
        'G28\nG1 X60 E9 F1000',
        'G28\nG1 X10 Y10 Z0.2 F3000\nG1 X10.001 E0.0004 F6000',
      ],
      denied: [
        'G28\nG1 X10 Y10 Z0.2 F3000\nG1 X20 E4 F3000',
        'G1 E20 F2400',
        'G28\nG1 X10 Y10 Z0.2 F3000\nM221 S400\nG1 X110 E4 F9000',
        'G28\nG1 X10 Y10 Z0.2 F3000\nM220 S300\nG1 X110 E4 F6000',
        'G28\nG1 X10 Y10 Z0.2 F3000\nG2 X30 Y10 I10 J0 E5 F9000',
        'M83\nG1 E-2 F2400\nG1 E20 F2400',
      ],
    },
    {
      options: { maxMm3PerS: 15, filamentDiameterMm: 2.85 },
      allowed: ['G1 E5 F100'],
      denied: ['G1 E5 F300'],
    },
  ],
})

function tooMuch(flow: number, max: number): Objection {
  const { value, limit } = valueAndLimit(flow, max, 'mm³/s')
  return {
    code: ID,
    rule: ID,
    message: `flow of ${value} is above the limit of ${limit}`,
    value,
    limit,
    remedy: `slice again with a highest volumetric speed of ${inUnit(max, 'mm³/s')} or less`,
    group: '',
  }
}
