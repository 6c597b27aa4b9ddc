/**
 * What an issuer is asked for, before it is a licence. Checked as strictly as the token it becomes. The commonest terms
 * have words of their own here; the others stand as the format has them.
 */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { AgentError } from '../errors.ts'
import {
  appealSchema,
  assuranceSchema,
  CLAIMS_VERSION,
  copiesSchema,
  type DesignDigest,
  delegateSchema,
  designSchema,
  digestFormSchema,
  endUseSchema,
  exemptSchema,
  grantSchema,
  issuerUriSchema,
  LICENCE_AUDIENCE,
  type LicenceClaims,
  limitsSchema,
  machinesSchema,
  materialsSchema,
  nameSchema,
  obligationsSchema,
  operatorsSchema,
  sha256Schema,
  sliceSchema,
  statusSchema,
  textSchema,
  timeSchema,
  transformsSchema,
  uuidSchema,
} from '../licence/index.ts'
import { describeIssue } from '../token/index.ts'
import { LICENCE_TIERS, type LicenceTier } from '../trust/index.ts'

/** Claims that an order gives as they stand in the token. */
const termsSchema = z.strictObject({
  slice: sliceSchema.optional(),
  materials: materialsSchema.optional(),
  operators: operatorsSchema.optional(),
  limits: limitsSchema.optional(),
  end_use: endUseSchema.optional(),
  exempt: exemptSchema.optional(),
  obligations: obligationsSchema.optional(),
  assurance: assuranceSchema.optional(),
  delegate: delegateSchema.optional(),
  appeal: appealSchema.optional(),
  sunset: timeSchema.optional(),
  drill: z.literal(true).optional(),
})

const machineSchema = z.union([nameSchema, machinesSchema.element])

const orderSchema = z.strictObject({
  id: uuidSchema.optional(),
  licensee: textSchema,
  tier: z.enum(LICENCE_TIERS),
  design: z.strictObject({
    id: nameSchema,
    revision: nameSchema,
    title: textSchema.optional(),
    digests: z.array(z.strictObject({ form: digestFormSchema, sha256: sha256Schema })).min(1),
    classes: designSchema.shape.classes,
    transforms: transformsSchema.optional(),
  }),
  copies: copiesSchema,
  grant: grantSchema.omit({ copies: true }).optional(),
  machines: z.array(machineSchema).min(1),
  notBeforeMs: z.int().min(0).optional(),
  expiresAtMs: z.int().min(0),
  terms: termsSchema.optional(),
  status: z
    .strictObject({ ageSecondsMax: statusSchema.shape.max_age, beyond: statusSchema.shape.beyond })
    .optional(),
})

/** An order for one licence, as a program writes it. */
export interface LicenceOrder {
  /** The licence's id, a lower-case UUID. Left out: a random one. */
  readonly id?: string | undefined
  readonly licensee: string
  readonly tier: LicenceTier
  readonly design: {
    readonly id: string
    readonly revision: string
    readonly title?: string | undefined
    /** The files that are this design: any one of them may be printed. */
    readonly digests: readonly DesignDigest[]
    readonly classes?: readonly string[] | undefined
    readonly transforms?: LicenceClaims['design']['transforms']
  }
  /** How many may be printed in total. */
  readonly copies: number
  readonly grant?: Omit<LicenceClaims['grant'], 'copies'> | undefined
  /** The identities of the machines that may print it, or all that is asked of each. */
  readonly machines: readonly (string | LicenceClaims['machines'][number])[]
  /** First instant of use, in ms since 1970. Left out: now. */
  readonly notBeforeMs?: number | undefined
  /** First instant after use, in ms since 1970. */
  readonly expiresAtMs: number
  readonly terms?: Readonly<z.infer<typeof termsSchema>> | undefined
  /** How old a status list may be that the licence is used with. Its place in the list comes from the ledger. */
  readonly status?: { readonly ageSecondsMax: number; readonly beyond: 'deny' | 'hold' | 'warn' } | undefined
}

/** What the issuer adds to an order. */
export interface OrderContext {
  readonly issuerUri: string
  readonly nowMs: number
  /** The issuer's status list, and its place in it; there where the order asks for a status. */
  readonly status?: { readonly uri: string; readonly index: number } | undefined
  /** Of a sub-licence: SHA-256 of its parent's compact token. */
  readonly parentSha256?: string | undefined
}

/** The URI of the status list under an issuer's first root, and of those under each root after it. */
export function statusUri(issuerUri: string, rootNumber: number): string {
  const tail = rootNumber === 1 ? '/status' : `/status/${rootNumber}`
  return issuerUriSchema.parse(`${issuerUri.replace(/\/$/, '')}${tail}`)
}

/** The claims that an order becomes. Times are cut inwards to whole seconds, so that a licence never allows more than was ordered. */
export function toClaims(order: LicenceOrder, context: OrderContext): LicenceClaims {
  const parsed = orderSchema.safeParse(order)
  if (!parsed.success) throw new AgentError('USAGE', describeIssue('order', parsed.error.issues))
  const { id, licensee, tier, copies, grant, machines, notBeforeMs, expiresAtMs, terms } = parsed.data
  const issuedAt = Math.floor(context.nowMs / 1000)
  return {
    iss: context.issuerUri,
    sub: licensee,
    aud: LICENCE_AUDIENCE,
    jti: id ?? randomUUID(),
    iat: issuedAt,
    nbf: notBeforeMs === undefined ? issuedAt : Math.ceil(notBeforeMs / 1000),
    exp: Math.floor(expiresAtMs / 1000),
    ver: CLAIMS_VERSION,
    tier,
    design: designClaims(parsed.data.design),
    grant: { copies, ...grant },
    machines: machines.map((machine) => (typeof machine === 'string' ? { id: machine } : machine)),
    ...terms,
    ...statusClaims(parsed.data.status, context),
    ...(context.parentSha256 !== undefined && { prt: context.parentSha256 }),
  }
}

/** Fails with USAGE where the machines' own shares come to more than the whole. */
export function assertShares({ grant, machines }: Pick<LicenceClaims, 'grant' | 'machines'>): void {
  const shares = machines.reduce((sum, { copies }) => sum + (copies ?? 0), 0)
  if (shares <= grant.copies) return
  const message = `its machines get ${shares} copies together, which is more than the ${grant.copies} of the licence`
  throw new AgentError('USAGE', message)
}

function designClaims(design: z.infer<typeof orderSchema>['design']): LicenceClaims['design'] {
  const { id, revision, title, digests, classes, transforms } = design
  return {
    id,
    rev: revision,
    ...(title !== undefined && { title }),
    digests: digests.map(({ form, sha256 }) => ({ alg: 'sha-256' as const, form, value: sha256 })),
    ...(classes !== undefined && { classes }),
    ...(transforms !== undefined && { transforms }),
  }
}

function statusClaims(
  wanted: LicenceOrder['status'],
  { status }: OrderContext,
): Pick<LicenceClaims, 'status'> {
  if (wanted === undefined) return {}
  if (status === undefined) {
    throw new AgentError('USAGE', 'an order with a status needs an issuer that keeps a ledger')
  }
  const { ageSecondsMax, beyond } = wanted
  return { status: { uri: status.uri, idx: status.index, max_age: ageSecondsMax, beyond } }
}
