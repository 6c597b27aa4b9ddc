import { z } from 'zod'
import { type Command, type MachineState, WORD } from '../../gcode/index.ts'
import { defineRule } from '../rule.ts'
import type { Objection } from '../verdict.ts'
import { inUnit, valueAndLimit } from '../wording.ts'

const ID = 'command-amounts'
/** Ten minutes: cooling a layer takes seconds, soaking a bed takes minutes. In s. */
const DWELL_S = 600
/** A day: longer than anybody means to wait. In s. */
const DWELL_MAX_S = 86_400
/** What slicers and people correct flow by stays well within. In %. */
const FLOW_MIN_PERCENT = 50
const FLOW_MAX_PERCENT = 200
/** Room to loosen the limit for an extruder whose steps are set wrong. In %. */
const FLOW_CEILING_PERCENT = 1000
/** The longest Bowden tubes are shorter. In mm. */
const FILAMENT_MM = 1000
/** Pulled back for a change of tools at most; between lines it is less than a tenth. In mm. */
const RETRACTION_MM = 100
/** Ten metres, which no printer loads. In mm. */
const FILAMENT_MAX_MM = 10_000

/** Words that are lengths of filament. Firmware takes some by their absolute value, so sign does not matter. */
const FILAMENT_WORDS: ReadonlyMap<number, readonly number[]> = new Map([
  [125, [WORD.L]],
  [600, [WORD.E, WORD.U, WORD.L]],
  [603, [WORD.U, WORD.L]],
  [701, [WORD.L]],
  [702, [WORD.U]],
])
const RETRACTION_WORDS: readonly number[] = [WORD.S, WORD.W]
const RETRACTIONS: readonly number[] = [207, 208]

/** Denies dwells, flow factors and lengths of filament that no print needs. */
export const commandAmounts = defineRule({
  id: ID,
  summary:
    'Denies amounts that no print needs: long dwells, flow factors far from 100 %, metres of filament in one command.',
  why: 'A dwell with a hot nozzle chars the filament for as long as it lasts, a wild flow factor floods or starves everything after it, and a filament change that pushes metres buries the hot end. Firmware checks none of them.',
  options: z.strictObject({
    maxDwellS: z
      .number()
      .min(0)
      .max(DWELL_MAX_S)
      .default(DWELL_S)
      .describe('Longest wait of one `G4`, in s.'),
    minFlowPercent: z
      .number()
      .min(0)
      .max(100)
      .default(FLOW_MIN_PERCENT)
      .describe('Lowest flow factor that `M221` may set, in %.'),
    maxFlowPercent: z
      .number()
      .min(100)
      .max(FLOW_CEILING_PERCENT)
      .default(FLOW_MAX_PERCENT)
      .describe('Highest flow factor that `M221` may set, in %.'),
    maxFilamentMm: z
      .number()
      .min(0)
      .max(FILAMENT_MAX_MM)
      .default(FILAMENT_MM)
      .describe(
        'Most filament that a pause, change, load or unload (`M125`, `M600`, `M701`, `M702`) may be told to move, in mm.',
      ),
    maxRetractionMm: z
      .number()
      .min(0)
      .max(FILAMENT_MAX_MM)
      .default(RETRACTION_MM)
      .describe('Longest firmware retraction or recovery that `M207` and `M208` may set, in mm.'),
  }),
  watches: ['G4', 'M125', 'M207', 'M208', 'M221', 'M600', 'M603', 'M701', 'M702'],
  isImplied: true,
  compile: ({ maxDwellS, minFlowPercent, maxFlowPercent, maxFilamentMm, maxRetractionMm }) => ({
    line: (command, state) => {
      const { code } = command
      if (code === 4) return dwellObjection(command, maxDwellS)
      if (code === 221) return flowObjection(command, minFlowPercent, maxFlowPercent)
      if (RETRACTIONS.includes(code))
        return lengthObjection(command, state, RETRACTION_WORDS, maxRetractionMm, 'retraction')
      return lengthObjection(command, state, FILAMENT_WORDS.get(code) ?? [], maxFilamentMm, 'filament')
    },
  }),
  examples: [
    {
      options: {},
      allowed: [
        'G4 P500',
        'G4 S600',
        'G4',
        'M221 S95',
        'M221 S50\nM221 S200 T0',
        'M221',
        'M600\nM600 E-5 U-450 L500',
        'M701 L100\nM702 U-400\nM125 L2',
        'M207 S1 W13 F2400\nM208 S0 W0 F2400',
      ],
      denied: [
        'G4 P2147483647',
        'G4 S601',
        'G4 P500 S100000',
        'G4 S-1',
        'G4 P-1',
        'M221 S30000',
        'M221 S-100',
        'M221 S0',
        'M221 T1 S300',
        'M600 E-1001',
        'M600 U-3000',
        'M600 E-1 U-100 L3000',
        'M603 L3000',
        'M701 L99999',
        'M702 U99999',
        'M125 L5000',
        'M207 S1000',
        'M207 S-1000',
        'M208 S1000',
        'M208 W101',
        'G20\nM701 L50',
      ],
    },
    {
      options: {
        maxDwellS: 10,
        minFlowPercent: 90,
        maxFlowPercent: 110,
        maxFilamentMm: 50,
        maxRetractionMm: 2,
      },
      allowed: ['G4 P10000', 'M221 S110', 'M701 L50', 'M207 S2'],
      denied: ['G4 P10001', 'M221 S111', 'M221 S89', 'M701 L51', 'M207 S2.1'],
    },
  ],
})

/** Marlin takes a time below zero for one of weeks. Of P and S builds take one, so either must do. */
function dwellObjection(command: Command, maxS: number): Objection | undefined {
  const fromP = command.value(WORD.P) / 1000
  const fromS = command.value(WORD.S)
  const lowest = Math.min(fromP, fromS)
  const seconds = lowest < 0 ? lowest : Math.max(fromP, fromS)
  if (seconds >= 0 && seconds <= maxS) return undefined
  const { value, limit } = valueAndLimit(seconds, seconds < 0 ? 0 : maxS, 's')
  return {
    code: `${ID}.dwell`,
    rule: ID,
    message: `\`${command.name()}\` waits ${value}, ${seconds < 0 ? 'below' : 'above'} the limit of ${limit}`,
    value,
    limit,
    remedy: `wait for ${inUnit(maxS, 's')} or less, or use a pause that a person ends`,
  }
}

function flowObjection(command: Command, min: number, max: number): Objection | undefined {
  if (!command.hasValue(WORD.S)) return undefined
  const percent = command.value(WORD.S)
  if (percent >= min && percent <= max) return undefined
  const isBelow = percent < min
  const { value, limit } = valueAndLimit(percent, isBelow ? min : max, '%')
  return {
    code: `${ID}.flow`,
    rule: ID,
    message: `flow factor ${value} is ${isBelow ? 'below' : 'above'} the limit of ${limit}`,
    value,
    limit,
    remedy: `set a flow of ${inUnit(min, '%')} to ${inUnit(max, '%')} in the slicer’s filament profile`,
  }
}

function lengthObjection(
  command: Command,
  state: MachineState,
  words: readonly number[],
  maxMm: number,
  what: 'filament' | 'retraction',
): Objection | undefined {
  let longest = 0
  for (const word of words) longest = Math.max(longest, Math.abs(command.value(word) * state.unitMm))
  if (longest <= maxMm) return undefined
  const { value, limit } = valueAndLimit(longest, maxMm, 'mm')
  return {
    code: `${ID}.${what}`,
    rule: ID,
    message: `\`${command.name()}\` names ${value} of filament, above the limit of ${limit}`,
    value,
    limit,
    remedy: `name ${limit} or less, or take the length out, so that the printer uses its own`,
  }
}
