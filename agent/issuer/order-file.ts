/** An order as a file in people's words: everything that a licence can say. Each key has its claim in order-terms.ts. */
import { z } from 'zod'
import {
  appealSchema,
  assuranceSchema,
  designSchema as claimedDesignSchema,
  endUseSchema as claimedEndUseSchema,
  copiesSchema,
  daysSchema,
  delegateSchema,
  digestFormSchema,
  exemptSchema,
  grantSchema,
  limitsSchema,
  materialsSchema,
  materialTypeSchema,
  nameSchema,
  printerSchema,
  sha256Schema,
  sliceSchema,
  statusSchema,
  textSchema,
  transformsSchema,
  uuidSchema,
} from '../licence/index.ts'
import { LICENCE_TIERS } from '../trust/index.ts'
import { dateSchema, daysSpanSchema, spanSchema } from './order-words.ts'

/** The format of the file, the number behind `licence-order:`. */
const ORDER_FORMAT = 1

const PATH_CHARS_MAX = 4096
const MACHINES_MAX = 64
/** Designs, materials, operators: as the claims have it. */
const LIST_MAX = 32
const OBLIGATIONS_MAX = 8

const daysSpan = daysSpanSchema.pipe(daysSchema)

const pathSchema = z
  .string()
  .min(1)
  .max(PATH_CHARS_MAX)
  .refine((path) => !path.includes('\0'), 'must be the name of a file')

const saysSomething = (value: object): boolean => Object.values(value).some((member) => member !== undefined)

const exactlyOne =
  (...keys: readonly string[]) =>
  (value: object): boolean =>
    keys.filter((key) => Object.hasOwn(value, key) && value[key as keyof typeof value] !== undefined)
      .length === 1

/** A digest, or the file that it is taken of. */
const digestOfSchema = z.union(
  [sha256Schema.transform((sha256) => ({ sha256 })), z.strictObject({ file: pathSchema })],
  { error: 'must be 64 lower-case hexadecimal digits, or `file:` with the name of a file' },
)

const designFileSchema = z
  .strictObject({
    file: pathSchema.optional(),
    sha256: sha256Schema.optional(),
    form: digestFormSchema.default('gcode-canon'),
  })
  .refine(exactlyOne('file', 'sha256'), 'must have either `file` or `sha256`')

const designSchema = z.strictObject({
  id: nameSchema.optional(),
  revision: nameSchema.default('1'),
  title: textSchema.optional(),
  files: z.array(designFileSchema).min(1).max(LIST_MAX),
  classes: claimedDesignSchema.shape.classes,
  transforms: z
    .strictObject({
      scale: transformsSchema.shape.scale,
      rotate: z.enum(['none', 'z', 'any']).optional(),
      mirror: z.boolean().optional(),
      split: z.boolean().optional(),
    })
    .optional(),
})

const slicingSchema = z.strictObject({
  mode: sliceSchema.shape.mode,
  slicers: sliceSchema.shape.slicers,
  profile: digestOfSchema.optional(),
})

const commitSchema = grantSchema.shape.commit.unwrap()

const machineSchema = z.union(
  [
    nameSchema.transform((id) => ({ id })),
    z.strictObject({
      id: nameSchema,
      copies: copiesSchema.optional(),
      printer: z
        .strictObject({
          uuid: printerSchema.shape.uuid,
          firmware: printerSchema.shape.firmware,
          'usb-serial': printerSchema.shape.usb,
          level: printerSchema.shape.level,
        })
        .refine(saysSomething, 'must say something of the printer')
        .optional(),
    }),
  ],
  { error: 'must be the id of a machine, or a map with its `id`, and perhaps `copies` and `printer`' },
)

const materialSchema = z.union(
  [materialTypeSchema.transform((type) => ({ type })), materialsSchema.element],
  { error: 'must be a material in capitals, such as PLA, or a map with its `type`, `vendor`, `lot`, `tag`' },
)

const operatorSchema = z
  .strictObject({ name: textSchema.optional(), role: nameSchema.optional() })
  .refine(exactlyOne('name', 'role'), 'must have either `name` or `role`')

const { size_mm, layer_mm, ...limitShape } = limitsSchema.shape

const orderLimitsSchema = z
  .strictObject({
    'nozzle-celsius': limitShape.nozzle_c,
    'bed-celsius': limitShape.bed_c,
    'chamber-celsius': limitShape.chamber_c,
    'size-mm': size_mm,
    'feedrate-mm-per-min': limitShape.feedrate_mm_min,
    'flow-mm3-per-s': limitShape.flow_mm3_s,
    'layer-mm': layer_mm,
    duration: spanSchema.pipe(limitShape.seconds.unwrap()).optional(),
  })
  .refine(saysSomething, 'must limit something')

const endUseSchema = z
  .strictObject({
    code: nameSchema.optional(),
    countries: claimedEndUseSchema.shape.countries,
    'end-user': textSchema.optional(),
    're-export': z.boolean().optional(),
    statement: digestOfSchema.optional(),
  })
  .refine(saysSomething, 'must say something of the end use')

const obligationSchema = z
  .strictObject({
    'report-within': daysSpan.optional(),
    'report-by': dateSchema.optional(),
    retain: daysSpan.optional(),
    witnesses: z.int().min(1).max(32).optional(),
  })
  .refine(
    exactlyOne('report-within', 'report-by', 'retain', 'witnesses'),
    'must have one of `report-within`, `report-by`, `retain` and `witnesses`',
  )

const distinct = (list: readonly unknown[]): boolean =>
  new Set(list.map((item) => JSON.stringify(item))).size === list.length

/** The keys of an order, before they are held against each other. */
export const orderBodySchema = z.strictObject({
  'licence-order': z.literal(ORDER_FORMAT),
  id: uuidSchema.optional(),
  licensee: textSchema,
  tier: z.enum(LICENCE_TIERS).default('open'),
  design: designSchema,
  copies: copiesSchema,
  'copies-per-machine': copiesSchema.optional(),
  'copies-per-day': copiesSchema.optional(),
  'filament-mm': grantSchema.shape.filament_mm,
  commit: z
    .strictObject({ layer: commitSchema.shape.layer, 'on-abort': commitSchema.shape.on_abort })
    .optional(),
  machines: z
    .array(machineSchema)
    .min(1)
    .max(MACHINES_MAX)
    .refine((machines) => distinct(machines.map(({ id }) => id)), 'must not name a machine twice'),
  from: dateSchema.optional(),
  expires: dateSchema,
  slicing: slicingSchema.optional(),
  materials: z.array(materialSchema).min(1).max(LIST_MAX).optional(),
  operators: z.array(operatorSchema).min(1).max(LIST_MAX).optional(),
  limits: orderLimitsSchema.optional(),
  'end-use': endUseSchema.optional(),
  exemption: exemptSchema.optional(),
  obligations: z.array(obligationSchema).min(1).max(OBLIGATIONS_MAX).optional(),
  assurance: assuranceSchema.optional(),
  status: z
    .strictObject({
      'max-age': spanSchema.pipe(statusSchema.shape.max_age),
      beyond: statusSchema.shape.beyond,
    })
    .optional(),
  delegate: z
    .strictObject({ key: delegateSchema.shape.key, depth: delegateSchema.shape.depth.default(1) })
    .optional(),
  appeal: z.strictObject({ uri: appealSchema.shape.uri, within: daysSpan }).optional(),
  sunset: dateSchema.optional(),
  drill: z.boolean().optional(),
})

/** What an order's file holds, before its files have been looked at. */
export const orderFileSchema = orderBodySchema.refine(
  ({ from, expires }) => from === undefined || from < expires,
  { path: ['expires'], error: 'must be later than `from`' },
)

/** The keys at its top, for a hint about one that is none. */
export const ORDER_KEYS: readonly string[] = Object.keys(orderBodySchema.shape)

export type OrderFile = z.output<typeof orderFileSchema>
