/** The test vectors of FORMAT.md. UPDATE=1 signs the tokens anew; the answers they must give stay as they are here. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { commitToName } from '../../agent/licence/commitment.ts'
import type { Declarations, LicensedJob } from '../../agent/licence/index.ts'
import { verifyLicence } from '../../agent/licence/verify-licence.ts'
import {
  bracket,
  change,
  contextWith,
  DAY_MS,
  digestsOf,
  FIXTURES,
  fixtureKey,
  issuer,
  NOW_MS,
  PLAIN_JOB,
  plainClaims,
  plainHeader,
  readFixture,
  signClaims,
} from './fixture.ts'

interface Vector {
  readonly token: string
  readonly now: string
  readonly machine: string
  readonly rawSha256: string
  readonly canonicalSha256: string
  /** What was declared of the job, and what was measured of it beyond a job within every limit; absent: nothing. */
  readonly declared?: Declarations
  readonly measured?: Partial<LicensedJob>
  readonly answer: string
}

/** Of the sealed name in `bound`. */
const SALT = '00112233445566778899aabbccddeeff'

const at = (timeMs: number): string => new Date(timeMs).toISOString()
const here = { now: at(NOW_MS), machine: 'bench-1', ...bracket }

const declared = {
  operator: 'Ana P\u00e9rez',
  role: 'technician',
  material: { type: 'PLA', vendor: 'Spoolworks', lot: 'L-7' },
  endUse: 'medical-training',
  destination: 'NL',
} satisfies Declarations

const vectors: readonly Vector[] = [
  { token: 'plain', ...here, answer: 'allowed' },
  { token: 'plain', ...here, machine: 'bench-2', answer: 'allowed' },
  { token: 'plain', ...here, machine: 'bench-3', answer: 'other-machine' },
  { token: 'shared-without-shares', ...here, answer: 'allocation-missing' },
  { token: 'plain', ...here, now: at(NOW_MS - DAY_MS), answer: 'allowed' },
  { token: 'plain', ...here, now: at(NOW_MS - DAY_MS - 1), answer: 'not-yet-valid' },
  { token: 'plain', ...here, now: at(NOW_MS + 30 * DAY_MS - 1), answer: 'allowed' },
  { token: 'plain', ...here, now: at(NOW_MS + 30 * DAY_MS), answer: 'expired' },
  { token: 'plain', ...here, now: '2025-12-31T23:59:59.999Z', answer: 'issuer-not-yet-valid' },
  { token: 'plain', ...here, now: '2046-01-01T00:00:00.001Z', answer: 'issuer-expired' },
  { token: 'plain', ...here, rawSha256: digestsOf('other').rawSha256, answer: 'allowed' },
  { token: 'plain', ...here, ...digestsOf('other'), answer: 'other-design' },
  { token: 'raw-digest-only', ...here, answer: 'allowed' },
  { token: 'raw-digest-only', ...here, rawSha256: digestsOf('other').rawSha256, answer: 'other-design' },
  { token: 'bound', ...here, declared, answer: 'allowed' },
  { token: 'bound', ...here, declared: { ...declared, operator: 'Bo Olsson' }, answer: 'other-operator' },
  { token: 'bound', ...here, declared: { ...declared, destination: 'FR' }, answer: 'other-end-use' },
  {
    token: 'bound',
    ...here,
    declared: { ...declared, material: { ...declared.material, lot: 'L-8' } },
    answer: 'other-material',
  },
  { token: 'bound', ...here, answer: 'material-undeclared' },
  { token: 'bound', ...here, declared, measured: { nozzleMaxCelsius: 241 }, answer: 'outside-envelope' },
  { token: 'bound', ...here, declared, measured: { layerMinMm: 0.05 }, answer: 'outside-envelope' },
  { token: 'other-signature', ...here, answer: 'bad-signature' },
  { token: 'other-issuer-uri', ...here, answer: 'issuer-not-allowed' },
  { token: 'unknown-claim', ...here, answer: 'unsupported-claim' },
  { token: 'version-2', ...here, answer: 'unsupported-claim' },
  { token: 'repeated-claim', ...here, answer: 'malformed' },
  { token: 'any-machine', ...here, answer: 'malformed' },
  { token: 'three-certificates', ...here, answer: 'malformed' },
]

async function makeTokens(): Promise<Record<string, string>> {
  const claims = plainClaims()
  const [rawDigest] = (claims['design'] as { digests: unknown[] }).digests
  const [root] = [Buffer.from(issuer.rootPem.replaceAll(/-----[A-Z ]+-----|\s/g, ''), 'base64')]
  return {
    plain: await signClaims(claims),
    'raw-digest-only': await signClaims(change(claims, ['design', 'digests'], [rawDigest])),
    bound: await signClaims({
      ...claims,
      materials: [{ type: 'PLA', vendor: 'Spoolworks', lot: 'L-7' }],
      operators: [{ salt: SALT, sha256: commitToName(SALT, declared.operator) }],
      limits: { nozzle_c: 240, layer_mm: [0.1, 0.3] },
      end_use: { code: 'medical-training', countries: ['NL', 'BE'] },
      obligations: [{ kind: 'report', within_days: 14 }],
    }),
    'other-signature': await signClaims(claims, plainHeader.x5c, fixtureKey('rogue')),
    'other-issuer-uri': await signClaims({ ...claims, iss: 'https://licences.example.org/other' }),
    'unknown-claim': await signClaims({ ...claims, limits: { nozzle_max_C: 210 } }),
    'shared-without-shares': await signClaims({
      ...claims,
      machines: [{ id: 'bench-1' }, { id: 'bench-2' }],
    }),
    'version-2': await signClaims({ ...claims, ver: 2 }),
    'repeated-claim': await signClaims(JSON.stringify(claims).replace('"exp"', '"exp":4102444800,"exp"')),
    'any-machine': await signClaims({ ...claims, machines: [{ id: '*' }] }),
    'three-certificates': await signClaims(claims, [...plainHeader.x5c, root!.toString('base64')]),
  }
}

if (process.env['UPDATE'] === '1') {
  mkdirSync(new URL('tokens/', FIXTURES), { recursive: true })
  for (const [name, token] of Object.entries(await makeTokens())) {
    writeFileSync(new URL(`tokens/${name}.licence`, FIXTURES), `${token}\n`)
  }
  writeFileSync(new URL('vectors.json', FIXTURES), `${JSON.stringify(vectors, null, 2)}\n`)
}

const recorded = JSON.parse(readFileSync(new URL('vectors.json', FIXTURES), 'utf8')) as readonly Vector[]

test('the recorded vectors are the ones listed here', () => {
  expect(recorded).toEqual(vectors)
})

test.each(recorded)('$token at $now on $machine: $answer', async (vector) => {
  const token = readFixture(`tokens/${vector.token}.licence`).trim()
  const { rawSha256, canonicalSha256, machine: machineId, declared = {}, measured } = vector
  const job = { ...PLAIN_JOB, rawSha256, canonicalSha256, ...measured }
  const changes = { nowMs: Date.parse(vector.now), machineId, job, declared }
  const result = await verifyLicence(token, contextWith(changes))
  expect(result.ok ? 'allowed' : result.refusal.code).toBe(vector.answer)
})
