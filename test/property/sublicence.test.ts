import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CHECKS } from '../../agent/licence/checks/index.ts'
import { readClaims } from '../../agent/licence/claims.ts'
import type { LicenceContext } from '../../agent/licence/context.ts'
import { copyTerms } from '../../agent/licence/copy-terms.ts'
import type { Licence } from '../../agent/licence/licence.ts'
import { findExcess } from '../../agent/licence/subset.ts'
import type { TrustedIssuer } from '../../agent/token/index.ts'
import { verifyToken } from '../../agent/token/index.ts'
import { contextWith, DAY_MS, issuer, NOW_MS, PLAIN_JOB, plainClaims } from '../licence/fixture.ts'
import { signKind } from '../token/sign-kind.ts'

/**
 * What "allows no more" means: in whatever situation a child that was found to be within its parent would be allowed by
 * itself, its parent would be too.
 */

type Claims = Record<string, unknown>

const now = NOW_MS / 1000
const day = DAY_MS / 1000
/** Mostly absent, or nothing would be allowed anywhere. */
const maybe = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: values })
const some = <T>(...values: T[]): fc.Arbitrary<T[]> => fc.subarray(values, { minLength: 1 })

/** The name as a licence commits to it. */
function commit(name: string): object {
  const salt = '0'.repeat(32)
  const sha256 = createHash('sha256').update(salt).update('\0').update(name).digest('hex')
  return { salt, sha256 }
}

const digests = [
  { alg: 'sha-256', form: 'gcode-raw', value: PLAIN_JOB.rawSha256 },
  { alg: 'sha-256', form: 'gcode-raw', value: 'a'.repeat(64) },
  { alg: 'sha-256', form: 'gcode-canon', value: PLAIN_JOB.canonicalSha256 },
]

/** Each claim that limits anything, with a few values around what the situations below have. */
const claims: { readonly [name: string]: fc.Arbitrary<unknown> } = {
  nbf: fc.constantFrom(now - 2 * day, now - day, now - day, now - 60),
  exp: fc.constantFrom(now + 60, now + 2 * day, now + 9 * day),
  tier: fc.constantFrom('open', 'registered'),
  design: some(...digests).map((chosen) => ({ id: 'bracket-7', rev: 'C', digests: chosen })),
  grant: fc.record(
    {
      copies: fc.integer({ min: 1, max: 4 }),
      per: fc.record({ machine: fc.integer({ min: 1, max: 4 }), day: fc.integer({ min: 1, max: 3 }) }),
      filament_mm: fc.constantFrom(500, 1000, 5000),
    },
    { requiredKeys: ['copies'] },
  ),
  machines: fc
    .subarray(['bench-1', 'bench-2', 'bench-3'], { minLength: 1 })
    .chain((ids) =>
      fc.tuple(...ids.map((id) => maybe(fc.integer({ min: 1, max: 4 })).map((copies) => ({ id, copies })))),
    ),
  materials: maybe(
    some<object>(
      { type: 'PLA' },
      { type: 'PLA', vendor: 'Spoolworks' },
      { type: 'PLA', lot: 'L-7' },
      { type: 'PETG' },
    ),
  ),
  operators: maybe(some<object>({ role: 'technician' }, commit('ada'), commit('bob'))),
  limits: maybe(
    fc
      .record(
        {
          nozzle_c: fc.constantFrom(200, 215, 250),
          bed_c: fc.constantFrom(50, 70),
          size_mm: fc.record({
            x: fc.constantFrom(10, 30),
            y: fc.constantFrom(10, 30),
            z: fc.constantFrom(5, 30),
          }),
          feedrate_mm_min: fc.constantFrom(2000, 4000),
          flow_mm3_s: fc.constantFrom(5, 10),
          layer_mm: fc.constantFrom([0.1, 0.3], [0.15, 0.25], [0.3, 0.4]),
          seconds: fc.constantFrom(600, 3600),
        },
        { requiredKeys: [] },
      )
      .filter((limits) => Object.keys(limits).length > 0),
  ),
  end_use: maybe(
    fc
      .record(
        {
          code: fc.constantFrom('training', 'repair'),
          countries: some('NL', 'BE', 'DE'),
          end_user: fc.constant(commit('Clinic')),
          reexport: fc.boolean(),
        },
        { requiredKeys: [] },
      )
      .filter((endUse) => Object.keys(endUse).length > 0),
  ),
  assurance: maybe(fc.constantFrom('software', 'witnessed', 'hardware')),
  obligations: maybe(
    some<object>(
      { kind: 'report', within_days: 3 },
      { kind: 'report', within_days: 10 },
      { kind: 'witness', cosigners: 1 },
      { kind: 'witness', cosigners: 2 },
    ),
  ),
  drill: maybe(fc.constant(true)),
}

const names = Object.keys(claims)
const parentClaims = fc.record(claims)

/** A parent, and a child that differs from it in a few claims. */
const pair = parentClaims.chain((parent) =>
  fc
    .subarray(names, { minLength: 1, maxLength: 3 })
    .chain((chosen) =>
      fc
        .record(Object.fromEntries(chosen.map((name) => [name, claims[name] as fc.Arbitrary<unknown>])))
        .map((changes) => ({ parent, child: { ...parent, ...changes } })),
    ),
)

const situation = fc.record({
  machineId: fc.constantFrom('bench-1', 'bench-1', 'bench-2'),
  cosigners: fc.integer({ min: 0, max: 2 }),
  assurance: fc.constantFrom('software' as const, 'witnessed' as const),
  isRealPort: fc.boolean(),
  used: fc.constantFrom(0, 0, 0, 1, 2, 3),
  unreportedDays: fc.option(fc.constantFrom(1, 5, 20), { nil: null }),
  declared: fc.record(
    {
      operator: fc.constantFrom('ada', 'bob', 'eve'),
      role: fc.constantFrom('technician', 'visitor'),
      material: fc.constantFrom(
        { type: 'PLA' },
        { type: 'PLA', vendor: 'Spoolworks', lot: 'L-7' },
        { type: 'PETG' },
      ),
      endUse: fc.constantFrom('training', 'repair'),
      destination: fc.constantFrom('NL', 'BE', 'FR'),
      endUser: fc.constantFrom('Clinic', 'Somebody'),
    },
    { requiredKeys: [] },
  ),
})

type Situation = typeof situation extends fc.Arbitrary<infer S> ? S : never

function licenceOf(changes: Claims): Licence | undefined {
  const read = readClaims(Buffer.from(JSON.stringify({ ...plainClaims(), ...changes })))
  return read.ok ? read.licence : undefined
}

const verified = await verifyToken(signKind('licence', plainClaims()), 'licence', [issuer.rootPem], NOW_MS)
if (!verified.ok) throw new Error(verified.refusal.message)
const { issuer: trusted } = verified.token

async function isAllowed(licence: Licence, given: Situation, signer: TrustedIssuer): Promise<boolean> {
  const { machineId, cosigners, assurance, isRealPort, used, unreportedDays, declared } = given
  const use = {
    used,
    usedToday: Math.min(used, 1),
    filamentMm: used * 900,
    firstRecord: 3,
    firstSha256: null,
    unreportedSinceMs: unreportedDays === null ? null : NOW_MS - unreportedDays * DAY_MS,
  }
  const plain = contextWith()
  const context: LicenceContext = {
    ...plain,
    machine: { ...plain.machine, id: machineId, cosigners, assurance, isRealPort },
    uses: { [`${licence.issuer}#${licence.id}`]: use },
    declared: declared as LicenceContext['declared'],
  }
  const bundle = { licences: [], allocations: [], refunds: [], statusLists: [], attestations: [] }
  const copies = copyTerms([licence], machineId)
  const terms = { licence, chain: [licence], issuer: signer, copies, bundle }
  for (const check of CHECKS) {
    const objections = await check(terms, context)
    if (objections.some(({ outcome }) => outcome !== 'warn')) return false
  }
  return true
}

test('what a child within its parent is allowed by itself, its parent is allowed too', async () => {
  let within = 0
  let allowed = 0
  await fc.assert(
    fc.asyncProperty(
      pair,
      fc.array(situation, { minLength: 6, maxLength: 6 }),
      async (claimed, situations) => {
        const [parent, child] = [licenceOf(claimed.parent), licenceOf(claimed.child)]
        if (parent === undefined || child === undefined || findExcess(child, parent) !== undefined) return
        within += 1
        for (const given of situations) {
          // Whether the parent gives this machine a share is asked of it in any case, see `copyTerms`.
          if (copyTerms([parent], given.machineId) === undefined) continue
          if (!(await isAllowed(child, given, trusted))) continue
          allowed += 1
          expect(await isAllowed(parent, given, trusted)).toBe(true)
        }
      },
    ),
    { numRuns: 2000 },
  )
  // Or it would say nothing.
  expect(within).toBeGreaterThan(300)
  expect(allowed).toBeGreaterThan(20)
})
