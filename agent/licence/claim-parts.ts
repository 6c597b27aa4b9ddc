/** The parts that the claims of a licence are made of, each with its limit and the reason for it. */
import { z } from 'zod'
import { PLAIN_TEXT } from '../token/index.ts'
import { LICENCE_TIERS } from '../trust/index.ts'
import { ASSURANCE_LEVELS, DIGEST_FORMS, EXEMPTION_BASES, PRINTER_LEVELS, SLICING_MODES } from './licence.ts'

/** Long enough for a name and an address, short enough for one line of a decision. */
const TEXT_CHARS_MAX = 200

/** Above any real grant, and far from where counting in floating point would lose a copy. */
const COPIES_MAX = 1_000_000

/** A workshop's worth. Larger fleets get several licences, one for each allocation of copies. */
const MACHINES_MAX = 64

/** One file for each printer model and material of a design, raw and canonical. */
const DIGESTS_MAX = 32

/** Materials, operators, classes, slicers: more than a person who orders them can oversee. */
const LIST_MAX = 32

/** Every country there is, and some that are no more. */
const COUNTRIES_MAX = 256

const OBLIGATIONS_MAX = 8

/** Sub-licences of sub-licences: a licensor, a distributor, a workshop and its branch. */
export const DELEGATION_DEPTH_MAX = 3

/** 9999-12-31T23:59:59Z: the last second that prints as a four-digit year. */
const TIME_SECONDS_MAX = 253_402_300_799

/** Twenty years. What is to be kept or to be answered for longer is no business of a token. */
const DAYS_MAX = 7305

/** A list that may be ten years old says nothing; a licence without a status says so plainly. */
const STATUS_AGE_SECONDS_MAX = 10 * 366 * 86_400

/** Of a status list with 2 bits each, inflated to its cap of 1 MiB. */
const STATUS_INDEX_MAX = 4 * 1024 * 1024 - 1

/** No machine of this kind is hotter, larger or faster. */
const CELSIUS_MAX = 1000
const MM_MAX = 100_000
const RATE_MAX = 1_000_000

/**
 * An issuer is an https URI with a lower-case host name, so that name constraints on its certificates bind and one
 * issuer has one spelling. Nothing is ever fetched from it.
 */
const ISSUER_URI = /^https:\/\/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?:\/[A-Za-z0-9._~/-]*)?$/

/** Lower case only: two spellings of one id would be two counters of copies. */
const LOWER_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Names for designs and machines. No `*`: a licence names its machines one by one. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._:@/+-]*$/

const SHA256_HEX = /^[0-9a-f]{64}$/

export const textSchema = z
  .string()
  .min(1)
  .max(TEXT_CHARS_MAX)
  .regex(PLAIN_TEXT, 'must be one line of visible text')
export const nameSchema = z
  .string()
  .min(1)
  .max(TEXT_CHARS_MAX)
  .regex(NAME, 'must start with a letter or digit and hold only letters, digits and . _ : @ / + -')
export const issuerUriSchema = z
  .string()
  .max(TEXT_CHARS_MAX)
  .regex(ISSUER_URI, 'must be an https URI with a lower-case host name')
export const uuidSchema = z.string().regex(LOWER_UUID, 'must be a lower-case UUID')
export const copiesSchema = z.int().min(1).max(COPIES_MAX)
export const tierSchema = z.enum(LICENCE_TIERS)
export const digestFormSchema = z.enum(DIGEST_FORMS)
export const sha256Schema = z.string().regex(SHA256_HEX, 'must be 64 lower-case hexadecimal digits')
/** Whole seconds since 1970. */
export const timeSchema = z.int().min(0).max(TIME_SECONDS_MAX)
export const daysSchema = z.int().min(1).max(DAYS_MAX)
/** ISO 3166-1 alpha-2 in its form; which codes exist changes, and a list that lags must not refuse a new one. */
export const countrySchema = z
  .string()
  .regex(/^[A-Z]{2}$/, 'must be a country code of two capitals (ISO 3166-1)')
/** `regime:code`, as the dictionary of classes spells it. */
export const classSchema = z
  .string()
  .max(TEXT_CHARS_MAX)
  .regex(/^[a-z0-9-]+:[A-Za-z0-9._()/-]+$/, 'must be a regime and a code with a colon between')
/** As slicers write it, such as `PLA` or `PA-CF`. */
export const materialTypeSchema = z
  .string()
  .max(TEXT_CHARS_MAX)
  .regex(/^[A-Z0-9][A-Z0-9+-]*$/, 'must be a material in capitals, such as PLA or PA-CF')
export const commitmentSchema = z.strictObject({
  salt: z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 lower-case hexadecimal digits'),
  sha256: sha256Schema,
})
/** An Ed25519 public key. */
export const keySchema = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'must be 32 bytes in base64url')

const differ =
  <T>(keyOf: (item: T) => unknown) =>
  (list: readonly T[]): boolean =>
    new Set(list.map((item) => JSON.stringify(keyOf(item)))).size === list.length
const self = (item: unknown): unknown => item
const celsiusSchema = z.number().min(0).max(CELSIUS_MAX)
const mmSchema = z.number().min(0).max(MM_MAX)
const rateSchema = z.number().min(0).max(RATE_MAX)

export const transformsSchema = z.strictObject({
  scale: z.tuple([z.number().gt(0).max(1000), z.number().gt(0).max(1000)]).optional(),
  rotate_z: z.boolean().optional(),
  rotate_any: z.boolean().optional(),
  mirror: z.boolean().optional(),
  split: z.boolean().optional(),
})

export const designSchema = z.strictObject({
  id: nameSchema,
  rev: nameSchema,
  title: textSchema.optional(),
  digests: z
    .array(z.strictObject({ alg: z.literal('sha-256'), form: digestFormSchema, value: sha256Schema }))
    .min(1)
    .max(DIGESTS_MAX),
  classes: z
    .array(classSchema)
    .min(1)
    .max(LIST_MAX)
    .refine(differ(self), 'must not name a class twice')
    .optional(),
  transforms: transformsSchema.optional(),
})

export const sliceSchema = z.strictObject({
  mode: z.enum(SLICING_MODES),
  slicers: z.array(nameSchema).min(1).max(LIST_MAX).optional(),
  profile: sha256Schema.optional(),
})

export const grantSchema = z.strictObject({
  copies: copiesSchema,
  per: z.strictObject({ machine: copiesSchema.optional(), day: copiesSchema.optional() }).optional(),
  filament_mm: z.number().gt(0).max(1e9).optional(),
  commit: z
    .strictObject({ layer: z.int().min(0).max(100_000), on_abort: z.enum(['return', 'spend']) })
    .optional(),
})

export const printerSchema = z
  .strictObject({
    uuid: z
      .string()
      .regex(/^[0-9A-Fa-f-]{8,64}$/, 'must be a UUID')
      .optional(),
    firmware: textSchema.optional(),
    usb: textSchema.optional(),
    level: z.enum(PRINTER_LEVELS).optional(),
  })
  .refine((printer) => Object.keys(printer).length > 0, 'must say something of the printer')

export const machinesSchema = z
  .array(
    z.strictObject({ id: nameSchema, copies: copiesSchema.optional(), printer: printerSchema.optional() }),
  )
  .min(1)
  .max(MACHINES_MAX)
  .refine(
    differ(({ id }: { readonly id: string }) => id),
    'must not name a machine twice',
  )

export const materialsSchema = z
  .array(
    z.strictObject({
      type: materialTypeSchema,
      vendor: textSchema.optional(),
      lot: textSchema.optional(),
      tag: textSchema.optional(),
    }),
  )
  .min(1)
  .max(LIST_MAX)

export const operatorsSchema = z
  .array(z.union([z.strictObject({ role: nameSchema }), commitmentSchema]))
  .min(1)
  .max(LIST_MAX)

export const limitsSchema = z
  .strictObject({
    nozzle_c: celsiusSchema.optional(),
    bed_c: celsiusSchema.optional(),
    chamber_c: celsiusSchema.optional(),
    size_mm: z.strictObject({ x: mmSchema, y: mmSchema, z: mmSchema }).optional(),
    feedrate_mm_min: rateSchema.optional(),
    flow_mm3_s: rateSchema.optional(),
    layer_mm: z
      .tuple([mmSchema, mmSchema])
      .refine(([min, max]) => min <= max, 'must be the least and then the greatest')
      .optional(),
    seconds: z.int().min(1).max(1e9).optional(),
  })
  .refine((limits) => Object.keys(limits).length > 0, 'must limit something')

export const endUseSchema = z
  .strictObject({
    code: nameSchema.optional(),
    countries: z
      .array(countrySchema)
      .min(1)
      .max(COUNTRIES_MAX)
      .refine(differ(self), 'must not name a country twice')
      .optional(),
    end_user: commitmentSchema.optional(),
    reexport: z.boolean().optional(),
    statement: sha256Schema.optional(),
  })
  .refine((endUse) => Object.keys(endUse).length > 0, 'must say something of the end use')

export const exemptSchema = z.strictObject({ basis: z.enum(EXEMPTION_BASES), authority: issuerUriSchema })

export const obligationsSchema = z
  .array(
    z.discriminatedUnion('kind', [
      z
        .strictObject({
          kind: z.literal('report'),
          within_days: daysSchema.optional(),
          by: timeSchema.optional(),
        })
        .refine(({ within_days, by }) => (within_days === undefined) !== (by === undefined), {
          error: 'must have either `within_days` or `by`',
        }),
      z.strictObject({ kind: z.literal('retain'), days: daysSchema }),
      z.strictObject({ kind: z.literal('witness'), cosigners: z.int().min(1).max(LIST_MAX) }),
    ]),
  )
  .min(1)
  .max(OBLIGATIONS_MAX)

export const assuranceSchema = z.enum(ASSURANCE_LEVELS)

export const statusSchema = z.strictObject({
  uri: issuerUriSchema,
  idx: z.int().min(0).max(STATUS_INDEX_MAX),
  max_age: z.int().min(1).max(STATUS_AGE_SECONDS_MAX),
  beyond: z.enum(['deny', 'hold', 'warn']),
})

export const delegateSchema = z.strictObject({
  key: keySchema,
  depth: z.int().min(1).max(DELEGATION_DEPTH_MAX),
})

export const appealSchema = z.strictObject({ uri: issuerUriSchema, days: daysSchema })
