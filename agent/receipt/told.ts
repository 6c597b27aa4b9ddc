/**
 * What a receipt tells of a decision's document, which the log holds only as a commitment: enough for the person who was
 * refused or whose part it is, and no name, no file name, no position in the printer and nothing else of the job's inside.
 */
import { z } from 'zod'
import { canonicalJson, type Opening, openMembers, toldMembers } from '../log-format/index.ts'
import type { EvidenceLeaves } from './evidence.ts'
import { type Problem, problem } from './problem.ts'

/** Of what the survey measured: how large, how much, how hot and how long. Where in the printer is nobody's business. */
const TOLD_FACTS = [
  'sizeMm',
  'filamentMm',
  'filamentMm3',
  'layers',
  'nozzleMaxCelsius',
  'bedMaxCelsius',
  'chamberMaxCelsius',
  'estimatedSeconds',
] as const

/** In every receipt. A licence that is null is told, like one of which the members are. */
const TOLD_ALWAYS = [
  'decision.at',
  'decision.reasons',
  'decision.unlistedObjections',
  'decision.licence',
  'decision.licence.issuer',
  'decision.licence.expiresAt',
]
/** In a print certificate. Objects that are empty are told whole. */
const TOLD_OF_PRINTS = [
  'decision.facts',
  ...TOLD_FACTS.map((fact) => `decision.facts.${fact}`),
  'decision.claims',
  'decision.claims.filamentType',
]

/** The path of the person's name, which a receipt tells only where somebody asks for it. */
const NAME_PATH = 'user'

export interface Telling {
  /** A print certificate also tells facts and material. */
  readonly isCertificate: boolean
  readonly namesOperator: boolean
}

/** Opens the members of a decision's hidden half that its receipt tells. */
export function openTold(fields: object, salt: Uint8Array, telling: Telling): Opening {
  const paths = new Set([
    ...TOLD_ALWAYS,
    ...(telling.isCertificate ? TOLD_OF_PRINTS : []),
    ...(telling.namesOperator ? [NAME_PATH] : []),
  ])
  return openMembers(fields, salt, (path) => paths.has(path))
}

const text = z.string()
const textOrNull = text.nullable()
const count = z.int().min(0)
const measure = z.number()
const measureOrNull = measure.nullable()
const xyz = z.object({ x: measure, y: measure, z: measure })

const reason = z.object({
  code: text,
  rule: text,
  outcome: z.enum(['deny', 'hold', 'warn', 'audit']),
  message: text,
  line: count.nullable(),
  count,
  value: textOrNull,
  limit: textOrNull,
  remedy: text,
  appeal: text,
})
export type ToldReason = Readonly<z.infer<typeof reason>>

const facts = z.object({
  sizeMm: xyz.nullable().exactOptional(),
  filamentMm: measure.exactOptional(),
  filamentMm3: measure.exactOptional(),
  layers: z.object({ count, minHeightMm: measureOrNull, maxHeightMm: measureOrNull }).exactOptional(),
  nozzleMaxCelsius: measureOrNull.exactOptional(),
  bedMaxCelsius: measureOrNull.exactOptional(),
  chamberMaxCelsius: measureOrNull.exactOptional(),
  estimatedSeconds: measure.exactOptional(),
} satisfies Record<(typeof TOLD_FACTS)[number], z.ZodType>)
export type ToldFacts = Readonly<z.infer<typeof facts>>

/** What is no member here is not told, whatever else the evidence opens. */
const told = z.object({
  user: textOrNull.exactOptional(),
  decision: z.object({
    at: text,
    reasons: z.array(reason),
    unlistedObjections: count,
    licence: z.object({ issuer: text, expiresAt: text }).nullable(),
    facts: facts.exactOptional(),
    claims: z.object({ filamentType: text.exactOptional() }).exactOptional(),
  }),
})

export type Told = z.infer<typeof told>['decision'] & {
  /** The operator's name, where it is told; null where there is none or it is not. */
  readonly operatorName: string | null
}

/** What the evidence tells, if it tells all that it must, and nothing else than the open half of the decision. */
export function readTold(opening: Opening, decision: EvidenceLeaves['decision']): Told | Problem {
  const parsed = told.safeParse(toldMembers(opening))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    return problem(`what it tells of the decision is not whole: \`${issue?.path.join('.') ?? ''}\``)
  }
  const { user, decision: document } = parsed.data
  const counted = document.reasons.map(({ code, rule, outcome, line, count: times }) => {
    return { code, rule, outcome, line, count: times }
  })
  if (canonicalJson(counted) !== canonicalJson(decision.reasons)) {
    return problem('the reasons that it tells are not those that the record counts')
  }
  if ((document.licence === null) !== (decision.licence === null)) {
    return problem('the licence that it tells is not that of the record')
  }
  return { ...document, operatorName: user ?? null }
}
