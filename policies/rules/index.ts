import type { Rule } from '../rule.ts'
import { bedTemperature } from './bed-temperature.ts'
import { buildVolume } from './build-volume.ts'
import { commandAmounts } from './command-amounts.ts'
import { commandClasses } from './command-classes.ts'
import { feedrateLimit } from './feedrate.ts'
import { homingFirst } from './homing-first.ts'
import { layerHeight } from './layer-height.ts'
import { licence } from './licence.ts'
import { material } from './material.ts'
import { nozzleTemperature } from './nozzle-temperature.ts'
import { partSize } from './part-size.ts'
import { unknownCommands } from './unknown-commands.ts'
import { volumetricFlow } from './volumetric-flow.ts'

/**
 * Every rule that a policy can use, in the order of the documentation. A new rule is one file and one line
 * here.
 */
export const RULES: readonly Rule[] = [
  nozzleTemperature,
  bedTemperature,
  buildVolume,
  homingFirst,
  feedrateLimit,
  volumetricFlow,
  layerHeight,
  partSize,
  material,
  commandAmounts,
  commandClasses,
  unknownCommands,
  licence,
]
