import { z } from 'zod'
import { defineRule } from '../rule.ts'
import type { Objection } from '../verdict.ts'
import { listed, quoted } from '../wording.ts'

const ID = 'material'
/** Types in a list, and characters in a type: far past what a site stocks. */
const TYPES_MAX = 100
const TYPE_CHARS_MAX = 40
/** Types of one job that are looked at: more than any printer has tools. */
const CLAIMED_TYPES_MAX = 32

/**
 * Nozzle temperatures at which a material is printed, in °C, from what makers of filament print on their
 * spools, with room for fast and slow machines. Wide on purpose: it is to find the wrong spool, not the wrong
 * setting.
 */
const NOZZLE_CELSIUS: ReadonlyMap<string, readonly [min: number, max: number]> = new Map([
  ['PLA', [170, 250]],
  ['PETG', [205, 280]],
  ['PET', [205, 290]],
  ['PCTG', [220, 290]],
  ['CPE', [220, 300]],
  ['ABS', [205, 285]],
  ['ASA', [210, 290]],
  ['HIPS', [205, 270]],
  ['TPU', [180, 265]],
  ['TPE', [180, 265]],
  ['FLEX', [180, 265]],
  ['PVA', [165, 240]],
  ['BVOH', [170, 240]],
  ['PVB', [180, 250]],
  ['PP', [190, 280]],
  ['PE', [165, 280]],
  ['POM', [180, 250]],
  ['PC', [230, 330]],
  ['PA', [210, 330]],
  ['PPS', [290, 380]],
  ['PEI', [320, 430]],
  ['PEEK', [340, 480]],
  ['PEKK', [320, 450]],
])

/** Names that mean one of the above. */
const SYNONYMS: ReadonlyMap<string, string> = new Map([
  ['NYLON', 'PA'],
  ['PAHT', 'PA'],
  ['PET(G)', 'PETG'],
  ['ULTEM', 'PEI'],
  ['POLYCARBONATE', 'PC'],
])

/**
 * Denies jobs sliced for a material that is not stocked, or that heat it outside of what it is printed at.
 */
export const material = defineRule({
  id: ID,
  summary:
    'Denies jobs sliced for a material that is not on a list, or whose nozzle temperature does not fit the material.',
  why: 'The material stands in comments that anyone can write, so this finds mistakes and not cheats: the wrong spool in the slicer, a profile of another printer. The limits of temperature are other rules, which never believe a comment.',
  options: z.strictObject({
    allow: z
      .array(z.string().min(1).max(TYPE_CHARS_MAX))
      .min(1)
      .max(TYPES_MAX)
      .optional()
      .describe(
        'Material types allowed, as slicers write them: `PLA`, `PETG`. Case does not matter. Without it all are.',
      ),
    unclaimed: z
      .enum(['allow', 'warn', 'hold', 'deny'])
      .default('allow')
      .describe('What becomes of a job that does not say its material; never more than the rule’s own mode.'),
    checkTemperature: z
      .boolean()
      .default(true)
      .describe(
        'Whether the temperature at which filament is laid down must fit the material that the job names, where it is one of the common ones.',
      ),
  }),
  watches: [],
  isOverridable: true,
  compile: ({ allow, unclaimed, checkTemperature }) => {
    const allowed = allow?.map(normalType)
    return {
      job: ({ claims, facts }) => {
        const types = claimedTypes(claims.filamentType)
        if (types.length === 0) return unclaimed === 'allow' ? [] : [unclaimedObjection(unclaimed)]
        const objections: Objection[] = []
        if (allow !== undefined && allowed !== undefined)
          for (const type of types) if (!allowed.includes(type)) objections.push(notAllowed(type, allow))
        // A job that lays down nothing has no printing temperature; then nothing is heated for it either.
        const celsius = facts.nozzlePrintingMaxCelsius
        if (checkTemperature && celsius !== null) {
          const objection = temperatureObjection(types, celsius)
          if (objection !== undefined) objections.push(objection)
        }
        return objections
      },
    }
  },
  examples: [
    {
      options: { allow: ['PLA', 'PETG'] },
      allowed: [
        { title: 'an allowed material', job: { claims: { filamentType: 'PLA' } } },
        { title: 'two allowed materials', job: { claims: { filamentType: 'PLA;petg' } } },
        { title: 'no material named', job: {} },
      ],
      denied: [
        { title: 'a material that is not on the list', job: { claims: { filamentType: 'ABS' } } },
        { title: 'one of two that is not on the list', job: { claims: { filamentType: 'PLA;ASA' } } },
        { title: 'a variety that is not on the list', job: { claims: { filamentType: 'PLA-CF' } } },
      ],
    },
    {
      options: {},
      allowed: [
        '; filament_type = PLA\nM104 S210\nG28\nG1 X10 Y10 Z0.2 F3000\nG1 X20 E1',
        '; filament_type = PETG\nM104 S240\nG28\nG1 X10 Y10 Z0.2 F3000\nG1 X20 E1',
        '; filament_type = PLA;PETG\nM104 S240\nG28\nG1 X10 Y10 Z0.2 F3000\nG1 X20 E1',
        '; filament_type = PA6-CF\nM104 S290\nG28\nG1 X10 Y10 Z0.2 F3000\nG1 X20 E1',
        '; filament_type = UNOBTAINIUM\nM104 S400\nG28\nG1 X10 Y10 Z0.2 F3000\nG1 X20 E1',
        '; filament_type = PLA\nM104 S290',
      ],
      denied: [
        '; filament_type = PLA\nM104 S290\nG28\nG1 X10 Y10 Z0.2 F3000\nG1 X20 E1',
        '; filament_type = ABS\nM104 S190\nG28\nG1 X10 Y10 Z0.2 F3000\nG1 X20 E1',
      ],
    },
    {
      options: { unclaimed: 'deny', checkTemperature: false },
      allowed: ['; filament_type = PLA\nM104 S290\nG28\nG1 X10 Y10 Z0.2 F3000\nG1 X20 E1'],
      denied: ['M104 S200', { title: 'an empty name', job: { claims: { filamentType: ' ; ' } } }],
    },
  ],
})

function claimedTypes(claim: string | undefined): readonly string[] {
  if (claim === undefined) return []
  const types = claim.split(/[;,]/, CLAIMED_TYPES_MAX).map(normalType)
  return [...new Set(types)].filter((type) => type !== '')
}

function normalType(type: string): string {
  return type.trim().replace(/^"|"$/g, '').trim().toUpperCase()
}

/** `PLA` of `PLA-CF`, `PLA+` and `PLA Silk`, `PA` of `PA6-CF` and `PA12`. */
function rangeOf(type: string): readonly [min: number, max: number] | undefined {
  const synonym = SYNONYMS.get(type)
  if (synonym !== undefined) return NOZZLE_CELSIUS.get(synonym)
  const base = /^[A-Z]+/.exec(type)?.[0] ?? ''
  return NOZZLE_CELSIUS.get(SYNONYMS.get(base) ?? base)
}

/** With several materials the one temperature that was measured is that of the hottest. */
function temperatureObjection(types: readonly string[], celsius: number): Objection | undefined {
  const ranges = types.map(rangeOf)
  let min = Number.NEGATIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (const range of ranges) {
    // A material that nobody here knows may be printed at any temperature.
    if (range === undefined) return undefined
    min = Math.max(min, range[0])
    max = Math.max(max, range[1])
  }
  if (celsius >= min && celsius <= max) return undefined
  const value = `${celsius} °C`
  const limit = `${min} to ${max} °C`
  return {
    code: `${ID}.temperature`,
    rule: ID,
    message: `filament is laid down at ${value}, which does not fit ${listed(types.map(quoted))}: ${limit}`,
    value,
    limit,
    remedy: 'slice again with the filament that is loaded, and a profile made for it',
  }
}

function notAllowed(type: string, allow: readonly string[]): Objection {
  const limit = listed(allow, 'or')
  return {
    code: ID,
    rule: ID,
    message: `material ${quoted(type)} is not one of those allowed here: ${limit}`,
    value: type.slice(0, TYPE_CHARS_MAX),
    limit,
    remedy: `slice again for ${limit}`,
  }
}

function unclaimedObjection(unclaimed: 'warn' | 'hold' | 'deny'): Objection {
  return {
    code: `${ID}.unclaimed`,
    rule: ID,
    message: 'the job does not say which material it was sliced for',
    remedy: 'slice again with a slicer that writes the filament type into its comments',
    ...(unclaimed !== 'deny' && { mode: unclaimed }),
  }
}
