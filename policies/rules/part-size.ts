import { z } from 'zod'
import { defineRule } from '../rule.ts'
import type { Objection } from '../verdict.ts'
import { inUnit, valueAndLimit } from '../wording.ts'

const ID = 'part-size'
/** Larger than any printer. In mm. */
const SIZE_MAX_MM = 10_000
/** What subtracting two rounded positions may add or take. In mm. */
const ROUNDING_MM = 0.001

const AXES = [
  { axis: 'x', what: 'width along X' },
  { axis: 'y', what: 'depth along Y' },
  { axis: 'z', what: 'height' },
] as const

const length = z.number().positive().max(SIZE_MAX_MM).optional()

/** Denies prints that are larger or smaller than limits. */
export const partSize = defineRule({
  id: ID,
  summary: 'Denies prints larger or smaller than limits on any axis.',
  why: 'A shared printer is not to be taken for a week by one part, and a model exported in the wrong unit comes out a thousand times too large or too small. Skirt, brim and purge lines count, since they are printed.',
  options: z
    .strictObject({
      maxMm: z
        .strictObject({
          x: length.describe('Greatest width along X, in mm.'),
          y: length.describe('Greatest depth along Y, in mm.'),
          z: length.describe('Greatest height, in mm.'),
        })
        .default({})
        .describe('Largest size of a print, in mm; an axis left out is not limited.'),
      minMm: z
        .strictObject({
          x: length.describe('Least width along X, in mm.'),
          y: length.describe('Least depth along Y, in mm.'),
          z: length.describe('Least height, in mm.'),
        })
        .default({})
        .describe('Smallest size of a print, in mm; an axis left out is not limited.'),
    })
    .refine(
      ({ maxMm, minMm }) => Object.keys(maxMm).length + Object.keys(minMm).length > 0,
      'needs a size in `maxMm` or `minMm`',
    ),
  watches: [],
  isOverridable: true,
  compile: ({ maxMm, minMm }) => ({
    job: ({ facts }) => {
      const size = facts.sizeMm
      if (size === null) return []
      return AXES.flatMap(({ axis, what }) => {
        const max = maxMm[axis]
        const min = minMm[axis]
        const objections: Objection[] = []
        if (max !== undefined && size[axis] > max + ROUNDING_MM)
          objections.push(outside(what, size[axis], max, 'above'))
        if (min !== undefined && size[axis] < min - ROUNDING_MM)
          objections.push(outside(what, size[axis], min, 'below'))
        return objections
      })
    },
  }),
  examples: [
    {
      options: { maxMm: { x: 100, z: 50 }, minMm: { y: 1 } },
      allowed: [
        'G28\nG1 X10 Y10 Z0.2 F3000\nG1 X110 Y20 E5',
        'G28\nG1 X10 Y10 Z0.2 F3000\nG1 X110 Y200 E5',
        'G28\nG1 X10 Y10 Z0.2 F3000',
      ],
      denied: [
        'G28\nG1 X10 Y10 Z0.2 F3000\nG1 X111 Y20 E5',
        'G28\nG1 X10 Y10 Z51 F3000\nG1 X20 Y20 E5',
        'G28\nG1 X10 Y10 Z0.2 F3000\nG1 X20 E5',
      ],
    },
  ],
})

function outside(what: string, sizeMm: number, limitMm: number, side: 'above' | 'below'): Objection {
  const { value, limit } = valueAndLimit(sizeMm, limitMm, 'mm')
  return {
    code: side === 'above' ? `${ID}.too-large` : `${ID}.too-small`,
    rule: ID,
    message: `${what} of the print is ${value}, ${side} the limit of ${limit}`,
    value,
    limit,
    remedy: `scale the model to a ${what} of ${inUnit(limitMm, 'mm')} or ${side === 'above' ? 'less' : 'more'}, and check the unit it was exported in`,
    group: what,
  }
}
