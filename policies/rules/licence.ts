import { z } from 'zod'
import {
  DESIGN_TIERS,
  type DesignTier,
  type JobContext,
  type LicenceObjection,
  type LicenceStanding,
} from '../job-context.ts'
import { defineRule } from '../rule.ts'
import type { Objection } from '../verdict.ts'
import { listed, quoted } from '../wording.ts'

const ID = 'licence'
/** Designs that one policy lists by hand. A catalogue belongs elsewhere. */
const DESIGNS_MAX = 1000
const NAME_CHARS_MAX = 100
const EXAMPLE_SHA256 = 'ab'.repeat(32)
const OTHER_SHA256 = 'cd'.repeat(32)

type ValidLicence = Extract<LicenceStanding, { readonly kind: 'valid' }>

const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'is not a SHA-256: 64 hexadecimal digits in lower case')
  .optional()

const design = z
  .strictObject({
    name: z.string().min(1).max(NAME_CHARS_MAX).describe('The design’s name, for messages.'),
    tier: z.enum(DESIGN_TIERS).describe('How closely the design is held.'),
    sha256: sha256.describe('SHA-256 of the G-code file, 64 hexadecimal digits.'),
    canonicalSha256: sha256.describe(
      'SHA-256 of the file’s canonical commands, 64 hexadecimal digits: also finds a copy whose comments were changed. `portcullis inspect` tells it.',
    ),
  })
  .refine(
    (one) => one.sha256 !== undefined || one.canonicalSha256 !== undefined,
    'needs `sha256` or `canonicalSha256`',
  )

type ListedDesign = z.output<typeof design>

const valid = {
  kind: 'valid',
  id: '3f0c1d2e-0000-4000-8000-000000000001',
  issuer: 'https://issuer.example',
  licensee: 'Example Workshop',
  expiresAt: '2027-01-01T00:00:00Z',
  tier: 'controlled',
  copiesLeft: 1,
} as const satisfies LicenceStanding
const expired = {
  kind: 'refused',
  code: 'expired',
  message: 'licence expired at 2026-01-01T00:00:00Z, it is now 2026-11-22T20:00:00Z',
  value: '2026-11-22T20:00:00Z',
  limit: '2026-01-01T00:00:00Z',
  remedy: 'ask the issuer for a new licence',
} as const satisfies LicenceStanding

/** Denies jobs without a licence where one is asked for, and jobs with a licence that does not verify. */
export const licence = defineRule({
  id: ID,
  summary: 'Denies jobs without a valid licence where one is asked for, and jobs whose licence was refused.',
  why: 'A design is printed as often, where and by whom its owner agreed to. A licence that was presented and does not verify always counts: the file may have been altered after it was licensed.',
  options: z.strictObject({
    demand: z
      .enum(['always', 'by-tier', 'never'])
      .default('by-tier')
      .describe(
        '`always`: no job without a licence. `by-tier`: a licence only for the designs listed here whose tier asks for one. `never`: licences are not asked for, and one that is refused only warns.',
      ),
    tiers: z
      .array(z.enum(DESIGN_TIERS))
      .default(['registered', 'controlled', 'restricted'])
      .describe('Tiers whose designs ask for a licence.'),
    designs: z
      .array(design)
      .max(DESIGNS_MAX)
      .default([])
      .describe('Designs that this site knows to be held, found by their digests.'),
  }),
  watches: [],
  isImplied: true,
  compile: ({ demand, tiers, designs }) => ({
    isMootForStreams:
      demand === 'never' || (demand === 'by-tier' && !designs.some(({ tier }) => tiers.includes(tier))),
    job: (job) => {
      const standing = job.licence
      if (standing.kind === 'refused') {
        const first = { ...standing, outcome: 'deny', release: null } as const
        return [first, ...(standing.objections ?? [])].map((one) => foundObjection(one, demand === 'never'))
      }
      if (demand === 'never') return found(standing).map((one) => foundObjection(one, true))
      const known = knownDesign(designs, job)
      if (standing.kind === 'valid') return judgeValid(standing, known)
      if (demand === 'always') return [missingObjection(undefined)]
      return known !== undefined && tiers.includes(known.tier) ? [missingObjection(known)] : []
    },
  }),
  examples: [
    {
      options: {},
      allowed: [
        { title: 'no licence where none is asked for', job: {} },
        { title: 'a valid licence', job: { licence: valid } },
      ],
      denied: [
        { title: 'a licence that was refused', job: { licence: expired } },
        { title: 'a licence without copies left', job: { licence: { ...valid, copiesLeft: 0 } } },
      ],
    },
    {
      options: { demand: 'always' },
      allowed: [{ title: 'a valid licence', job: { licence: valid } }],
      denied: [
        { title: 'no licence', job: {} },
        { title: 'a licence that was refused', job: { licence: expired } },
      ],
    },
    {
      options: {
        demand: 'by-tier',
        designs: [
          { name: 'Bracket', tier: 'controlled', canonicalSha256: EXAMPLE_SHA256 },
          { name: 'Hook', tier: 'open', sha256: OTHER_SHA256 },
        ],
      },
      allowed: [
        { title: 'a job that is no listed design', job: {} },
        { title: 'a listed design of a free tier', job: { sha256: OTHER_SHA256 } },
        {
          title: 'a listed design with its licence',
          job: { canonicalSha256: EXAMPLE_SHA256, licence: valid },
        },
      ],
      denied: [
        { title: 'a listed design without a licence', job: { canonicalSha256: EXAMPLE_SHA256 } },
        {
          title: 'a licence of a looser tier than the design',
          job: { canonicalSha256: EXAMPLE_SHA256, licence: { ...valid, tier: 'open' } },
        },
      ],
    },
    {
      options: {
        demand: 'never',
        designs: [{ name: 'Bracket', tier: 'controlled', sha256: EXAMPLE_SHA256 }],
      },
      allowed: [{ title: 'a listed design without a licence', job: { sha256: EXAMPLE_SHA256 } }],
      denied: [],
    },
  ],
})

/** Where several rows name a job, one by its file and one by its commands, the tightest of them counts. */
function knownDesign(designs: readonly ListedDesign[], job: JobContext): ListedDesign | undefined {
  return designs
    .filter((one) => isDesign(one, job))
    .sort((one, other) => tightness(other.tier) - tightness(one.tier))[0]
}

function isDesign(one: ListedDesign, job: JobContext): boolean {
  return one.sha256 === job.sha256 || one.canonicalSha256 === job.canonicalSha256
}

function judgeValid(standing: ValidLicence, known: ListedDesign | undefined): readonly Objection[] {
  const objections: Objection[] = (standing.objections ?? []).map((one) => foundObjection(one, false))
  if (!(standing.copiesLeft >= 1)) objections.push(copiesObjection(standing))
  if (known !== undefined && tightness(standing.tier) < tightness(known.tier))
    objections.push(tierObjection(standing, known))
  return objections
}

/** Place of a tier from loosest to tightest; a tier that is not known is looser than all. */
function tightness(tier: string): number {
  return DESIGN_TIERS.indexOf(tier as DesignTier)
}

/** What holds a licence that verified, or warns of it. */
function found(standing: LicenceStanding): readonly LicenceObjection[] {
  return standing.kind === 'valid' ? (standing.objections ?? []) : []
}

/** What was found of the licence by whoever verified it. */
function foundObjection(found: LicenceObjection, onlyWarns: boolean): Objection {
  const mode = onlyWarns ? 'warn' : MODES[found.outcome]
  return {
    code: `${ID}.${found.code}`,
    rule: ID,
    message: found.message,
    ...(found.value !== undefined && { value: String(found.value) }),
    ...(found.limit !== undefined && { limit: String(found.limit) }),
    remedy: found.remedy,
    ...(mode !== 'enforce' && { mode }),
    ...(found.release !== null && { release: found.release }),
  }
}

const MODES = { deny: 'enforce', hold: 'hold', warn: 'warn' } as const

function missingObjection(known: ListedDesign | undefined): Objection {
  const why =
    known === undefined
      ? 'this policy asks for a licence for every job'
      : `design ${quoted(known.name)} is ${known.tier} and asks for a licence`
  return {
    code: `${ID}.missing`,
    rule: ID,
    message: `${why}, and none was presented`,
    value: 'no licence',
    limit: 'a valid licence',
    remedy: 'present the licence of this design with `--licence`, or ask its owner for one',
  }
}

function copiesObjection(standing: ValidLicence): Objection {
  return {
    code: `${ID}.copies-used-up`,
    rule: ID,
    message: `the licence has ${standing.copiesLeft} copies left, a job needs 1`,
    value: `${standing.copiesLeft} copies`,
    limit: '1 copy',
    remedy: 'ask the issuer for more copies',
  }
}

function tierObjection(standing: ValidLicence, known: ListedDesign): Objection {
  return {
    code: `${ID}.tier`,
    rule: ID,
    message: `design ${quoted(known.name)} is ${known.tier}, the licence is for tier ${quoted(standing.tier)}`,
    value: standing.tier,
    limit: listed(DESIGN_TIERS.slice(DESIGN_TIERS.indexOf(known.tier)), 'or'),
    remedy: 'ask the design’s owner for a licence of its tier',
  }
}
