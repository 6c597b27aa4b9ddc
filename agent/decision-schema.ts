/**
 * A decision as it comes back from another process: checked member by member, and bounded, before anything is made of
 * it. What makes decisions is `decide` of the policies alone.
 */
import { z } from 'zod'
import { CLASS_NAMES, type CommandClass } from '../gcode/index.ts'
import { type Decision, REASONS_MAX, RELEASERS } from '../policies/index.ts'
import { declaredSchema } from './control/index.ts'
import { JOB_BYTES_MAX } from './spool/index.ts'

/** Longer than any sentence of a policy or a rule. */
const TEXT_CHARS_MAX = 4096
/** Of a policy, or of a licence. */
const NAME_CHARS_MAX = 500
/** Of a slicer's comments: see `claim-patterns` of the gcode room, which keeps fewer and shorter ones. */
const CLAIMED_NAMES_MAX = 64
/** A survey names the first twenty. */
const UNKNOWN_COMMANDS_MAX = 20
/** More tools than any printer has: a job can name each number up to its code's limit. */
const TOOLS_MAX = 10_000

const text = z.string().max(TEXT_CHARS_MAX)
/** They stand in the open half of a record, where no text may. */
const code = z.string().regex(/^[a-z0-9][a-z0-9.-]{0,99}$/)
const name = z.string().min(1).max(NAME_CHARS_MAX)
const textOrNull = text.nullable()
const count = z.number().int().nonnegative()
const measure = z.number()
const measureOrNull = measure.nullable()
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const xyz = z.strictObject({ x: measure, y: measure, z: measure })
const bounds = z.strictObject({ min: xyz, max: xyz })
const commandClass = z.enum(CLASS_NAMES as readonly [CommandClass, ...CommandClass[]])

const facts = z.strictObject({
  extrusionBoundsMm: bounds.nullable(),
  travelBoundsMm: bounds.nullable(),
  sizeMm: xyz.nullable(),
  filamentMm: measure,
  filamentMm3: measure,
  layers: z.strictObject({ count, minHeightMm: measureOrNull, maxHeightMm: measureOrNull }),
  nozzleMaxCelsius: measureOrNull,
  bedMaxCelsius: measureOrNull,
  chamberMaxCelsius: measureOrNull,
  nozzlePrintingMaxCelsius: measureOrNull,
  feedrateMaxMmPerMin: measureOrNull,
  flowMaxMm3PerS: measureOrNull,
  estimatedSeconds: measure,
  tools: z.array(count).max(TOOLS_MAX),
  classes: z.partialRecord(commandClass, count),
  unknownCommands: z.array(z.strictObject({ name: text, line: count })).max(UNKNOWN_COMMANDS_MAX),
})

const claims = z.strictObject({
  slicer: text.exactOptional(),
  slicerVersion: text.exactOptional(),
  printerModel: text.exactOptional(),
  /** Each of them is short, and there are no more than of other names; together they may be long. */
  filamentType: z
    .string()
    .max(2 * TEXT_CHARS_MAX)
    .exactOptional(),
  nozzleDiameterMm: measure.exactOptional(),
  layerHeightMm: measure.exactOptional(),
  layerCount: measure.exactOptional(),
  filamentMm: measure.exactOptional(),
  filamentMm3: measure.exactOptional(),
  filamentGrams: measure.exactOptional(),
  estimatedSeconds: measure.exactOptional(),
  nozzleCelsius: measure.exactOptional(),
  bedCelsius: measure.exactOptional(),
  maxZMm: measure.exactOptional(),
  objects: z.array(text).max(CLAIMED_NAMES_MAX).exactOptional(),
})

const reason = z.strictObject({
  code,
  rule: code,
  outcome: z.enum(['deny', 'hold', 'warn', 'audit']),
  message: text,
  line: count.nullable(),
  count,
  value: textOrNull,
  limit: textOrNull,
  remedy: text,
  appeal: text,
  release: z.enum(RELEASERS).exactOptional(),
})

export const decisionSchema: z.ZodType<Decision> = z
  .strictObject({
    id: z.uuid(),
    at: z.iso.datetime(),
    outcome: z.enum(['allow', 'warn', 'hold', 'deny']),
    job: z.strictObject({
      name: text,
      bytes: count.min(1).max(JOB_BYTES_MAX),
      lines: count,
      commands: count,
      sha256,
      canonicalSha256: sha256,
    }),
    facts,
    claims,
    policy: z.strictObject({ name, version: measure, sha256 }),
    licence: z
      .strictObject({ id: name, issuer: text, licensee: text, expiresAt: text, copiesLeft: count })
      .nullable(),
    declared: declaredSchema.exactOptional(),
    reasons: z.array(reason).max(REASONS_MAX),
    unlistedObjections: count,
    log: z.strictObject({ origin: text, index: count }).nullable(),
  })
  .refine(isOfItsReasons, 'the outcome is that of the strongest reason')

/** The strongest reason stands first, and an audited one counts for nothing. */
function isOfItsReasons({ outcome, reasons }: Decision): boolean {
  const strongest = reasons[0]?.outcome ?? 'allow'
  return outcome === (strongest === 'audit' ? 'allow' : strongest)
}
