import { z } from 'zod'
import { AXES_XYZ } from '../../gcode/index.ts'
import { axisNames, isSmallLift, otherAxes } from '../axes.ts'
import { defineRule } from '../rule.ts'
import type { Objection } from '../verdict.ts'
import { listed } from '../wording.ts'

const ID = 'homing-first'

/** Denies moves of axes that were not homed in this job. */
export const homingFirst = defineRule({
  id: ID,
  summary:
    'Denies moves of an axis that was not homed since the job began, and laying down filament before all were.',
  why: 'Before homing the firmware takes wherever the toolhead happens to be for its origin, so a move ends anywhere, in the worst case against the frame. Pushing filament in place is left to the firmware, which refuses it while cold; so is a lift of Z by 10 mm or less. `G28 O` is no homing: a printer that was homed before leaves it out.',
  options: z.strictObject({}),
  watches: ['moves'],
  compile: () => ({
    line: (_command, state, move) => {
      const homed = state.homed
      if (homed === AXES_XYZ || move.axes === 0) return undefined
      const unhomed = move.axes & ~homed
      if (unhomed !== 0) return isSmallLift(state, move) ? undefined : unhomedMove(unhomed)
      return move.depositedMm > 0 ? unhomedExtrusion(otherAxes(homed)) : undefined
    },
  }),
  examples: [
    {
      options: {},
      allowed: [
        'G28\nG1 X10 Y10 Z1 F3000',
        'G28 X Y\nG1 X10 Y10 F3000',
        'G91\nG1 Z5 F600\nG90\nG28',
        'G28\nG28 O\nG1 X10 Y10 Z1 F3000',
        'G1 E5 F100',
        'G1 F3000',
        'G28\nG1 Z0.2 F600\nG1 X60 E9 F1000',
      ],
      denied: [
        'G1 X10 F3000',
        'G0 Z10 F600',
        'G1 X10 Y10 E1 F3000',
        'G28 X Y\nG1 Z5 F600',
        'G28 O\nG1 Z5 F600',
        'G28 X Y\nG1 X10 E1 F3000',
        'G28\nG1 X10 Y10 Z1 F3000\nM84\nG1 X20',
        'G92 X0 Y0 Z0\nG1 X10 F3000',
        'G91\nG1 X5 F3000',
        'G91\nG1 Z20 F600',
        'G28 X Y\nG1 X10 Y10 F3000\nG2 X20 Y10 I5 J0',
      ],
    },
  ],
})

function unhomedMove(axes: number): Objection {
  const value = listed(axisNames(axes))
  return {
    code: ID,
    rule: ID,
    message: `${value} moved before homing, so where the move ends is not known`,
    value,
    limit: 'homed first',
    remedy:
      'add `G28` to the start G-code of the slicer’s printer profile, before the first move, and slice again',
  }
}

function unhomedExtrusion(axes: number): Objection {
  const value = listed(axisNames(axes))
  return {
    code: `${ID}.extrusion`,
    rule: ID,
    message: `filament is laid down before ${value} ${value.length > 1 ? 'were' : 'was'} homed`,
    value,
    limit: 'all axes homed first',
    remedy:
      'add `G28` to the start G-code of the slicer’s printer profile, before the first move, and slice again',
  }
}
