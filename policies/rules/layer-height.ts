import { z } from 'zod'
import { defineRule } from '../rule.ts'
import type { Objection } from '../verdict.ts'
import { inUnit, valueAndLimit } from '../wording.ts'

const ID = 'layer-height'
/** Thicker than any nozzle lays down. In mm. */
const HEIGHT_MAX_MM = 10
/** What subtracting two rounded heights may add or take. In mm. */
const ROUNDING_MM = 0.001

const height = z.number().positive().max(HEIGHT_MAX_MM)

/** Denies jobs whose layers are thinner or thicker than the printer is set up for. */
export const layerHeight = defineRule({
  id: ID,
  summary: 'Denies jobs with layers thinner or thicker than limits.',
  why: 'Layers thicker than about four fifths of the nozzle do not stick to each other, and very thin ones block a shared printer for days. Heights are measured from the moves, whatever comments claim.',
  options: z
    .strictObject({
      minMm: height.optional().describe('Least height of a layer, in mm.'),
      maxMm: height.optional().describe('Greatest height of a layer, the first included, in mm.'),
    })
    .refine(
      ({ minMm, maxMm }) => minMm !== undefined || maxMm !== undefined,
      'needs `minMm`, `maxMm` or both',
    )
    .refine(({ minMm = 0, maxMm = HEIGHT_MAX_MM }) => minMm <= maxMm, 'has `minMm` above `maxMm`'),
  watches: [],
  isOverridable: true,
  compile: ({ minMm = 0, maxMm = HEIGHT_MAX_MM }) => ({
    job: ({ facts }) => {
      const { minHeightMm, maxHeightMm } = facts.layers
      const objections: Objection[] = []
      if (minHeightMm !== null && minHeightMm < minMm - ROUNDING_MM)
        objections.push(outside(minHeightMm, minMm, 'below', 'more'))
      if (maxHeightMm !== null && maxHeightMm > maxMm + ROUNDING_MM)
        objections.push(outside(maxHeightMm, maxMm, 'above', 'less'))
      return objections
    },
  }),
  examples: [
    {
      options: { minMm: 0.1, maxMm: 0.32 },
      allowed: [
        'G28\nG1 X10 Y10 Z0.3 F3000\nG1 X20 E1\nG1 Z0.5\nG1 X10 E2',
        'G28\nG1 X10 Y10 Z0.3 F3000',
        'M104 S200',
      ],
      denied: [
        'G28\nG1 X10 Y10 Z0.3 F3000\nG1 X20 E1\nG1 Z0.8\nG1 X10 E2',
        'G28\nG1 X10 Y10 Z0.3 F3000\nG1 X20 E1\nG1 Z0.35\nG1 X10 E2',
        'G28\nG1 X10 Y10 Z5 F3000\nG1 X20 E1',
      ],
    },
    {
      options: { maxMm: 0.3 },
      allowed: ['G28\nG1 X10 Y10 Z0.05 F3000\nG1 X20 E1'],
      denied: ['G28\nG1 X10 Y10 Z0.4 F3000\nG1 X20 E1'],
    },
  ],
})

function outside(
  heightMm: number,
  limitMm: number,
  side: 'above' | 'below',
  way: 'less' | 'more',
): Objection {
  const { value, limit } = valueAndLimit(heightMm, limitMm, 'mm')
  return {
    code: side === 'above' ? `${ID}.too-thick` : `${ID}.too-thin`,
    rule: ID,
    message: `layer height ${value} is ${side} the limit of ${limit}`,
    value,
    limit,
    remedy: `slice again with a layer height of ${inUnit(limitMm, 'mm')} or ${way}`,
  }
}
