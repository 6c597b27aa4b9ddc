/**
 * An order for a sub-licence: what the licensee says of it. All else is its parent's, so that it allows no more by being
 * silent; whether it allows more by what it says is checked when it is signed.
 */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { AgentError, assert } from '../errors.ts'
import { type LicenceClaims, openBundle, readLicence, type SublicenceClaims } from '../licence/index.ts'
import { parseStrictJson } from '../token/index.ts'
import { assertShares } from './order.ts'
import { orderBodySchema } from './order-file.ts'
import { grantOf, termsOf, toMachine } from './order-terms.ts'

const bodySchema = orderBodySchema
  .pick({
    id: true,
    licensee: true,
    copies: true,
    'copies-per-machine': true,
    'copies-per-day': true,
    'filament-mm': true,
    from: true,
    materials: true,
    operators: true,
    limits: true,
    'end-use': true,
    obligations: true,
    assurance: true,
    delegate: true,
    drill: true,
  })
  .extend({
    'sublicence-order': z.literal(1),
    tier: orderBodySchema.shape.tier.removeDefault().optional(),
    machines: orderBodySchema.shape.machines.optional(),
    expires: orderBodySchema.shape.expires.optional(),
  })

export const sublicenceFileSchema = bodySchema.refine(
  ({ from, expires }) => from === undefined || expires === undefined || from < expires,
  { path: ['expires'], error: 'must be later than `from`' },
)

export const SUBLICENCE_KEYS: readonly string[] = Object.keys(bodySchema.shape)

export type SublicenceFile = z.output<typeof sublicenceFileSchema>

/** The claims of a sub-licence under the first licence of the parent's text. */
export function toSublicenceClaims(
  order: SublicenceFile,
  parentText: string,
  nowMs: number,
): SublicenceClaims {
  const parent = parentClaims(parentText)
  const { iss: _iss, aud: _aud, ver: _ver, prt: _prt, delegate: _delegate, ...inherited } = parent
  const issuedAt = Math.floor(nowMs / 1000)
  const terms = termsOf(order, ({ ...of }) => {
    assert('sha256' in of, 'a sub-licence names no files')
    return of.sha256
  })
  const { grant } = grantOf(order)
  const claims = {
    ...inherited,
    sub: order.licensee,
    jti: order.id ?? randomUUID(),
    iat: issuedAt,
    nbf: order.from === undefined ? Math.max(issuedAt, parent.nbf) : Math.ceil(order.from / 1000),
    exp: order.expires === undefined ? parent.exp : Math.floor(order.expires / 1000),
    ...(order.tier !== undefined && { tier: order.tier }),
    grant: { ...parent.grant, ...grant, copies: order.copies, ...perOf(parent, grant) },
    machines: machinesOf(order, parent),
    ...terms,
    ...(terms.limits !== undefined && { limits: { ...parent.limits, ...terms.limits } }),
    ...(terms.end_use !== undefined && { end_use: { ...parent.end_use, ...terms.end_use } }),
    ...(terms.obligations !== undefined && {
      obligations: [...(parent.obligations ?? []), ...terms.obligations],
    }),
  }
  assertShares(claims)
  return claims
}

/** What the parent asks of a machine is asked again; what it gives one of several has to be given again, or less of it. */
function machinesOf(order: SublicenceFile, parent: LicenceClaims): LicenceClaims['machines'] {
  const wanted: LicenceClaims['machines'] = order.machines?.map(toMachine) ?? parent.machines
  return wanted.map((machine) => {
    const { copies, ...demands } = parent.machines.find(({ id }) => id === machine.id) ?? { id: machine.id }
    const own = { ...demands, ...machine }
    if (order.machines !== undefined && machine.copies !== undefined) return own
    if (copies === undefined) return own
    if (wanted.length === 1) return { ...own, copies: Math.min(copies, order.copies) }
    const message = `machine \`${machine.id}\` has ${copies} copies of the parent; say under \`machines\` how many of them it gets here`
    throw new AgentError('USAGE', message)
  })
}

function perOf(parent: LicenceClaims, grant: Partial<LicenceClaims['grant']> | undefined) {
  const per = { ...parent.grant.per, ...grant?.per }
  return Object.keys(per).length === 0 ? {} : { per }
}

/** The parent's claims as they stand in its token, which has been read before. */
function parentClaims(text: string): LicenceClaims {
  const opened = openBundle(text)
  const reading = readLicence(text)
  for (const result of [opened, reading]) {
    if (!result.ok) throw new AgentError('LICENCE_UNREADABLE', result.refusal.message)
  }
  const [compact = ''] = opened.ok ? opened.bundle.licences : []
  const json = parseStrictJson(Buffer.from(compact.split('.')[1] ?? '', 'base64url'))
  assert(json.ok, 'a licence that was read has claims')
  return json.value as LicenceClaims
}
