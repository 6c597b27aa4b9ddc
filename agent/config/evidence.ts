/** What the configuration says about the log and those who rely on it: witnesses, incidents, privacy, deadlines. */
import { z } from 'zod'
import { pathText } from './schema.ts'

/** A witness that does not answer within a minute is not one to wait for. */
const WITNESS_WAIT_SECONDS_MAX = 60
/** Longer than any retention that a law asks of a machine's log. */
const DAYS_MAX = 36_500
const HOURS_MAX = 24 * 365
/** More than anybody reads. */
const INCIDENTS_PER_HOUR_MAX = 100
const HOST_CHARS_MAX = 255
const URL_CHARS_MAX = 2048
const PORT_MAX = 65_535

export const witnessesSchema = z.strictObject({
  policy: pathText,
  required: z.enum(['never', 'jobs']).default('never'),
  waitSeconds: z.number().min(1).max(WITNESS_WAIT_SECONDS_MAX).default(10),
})

export const incidentsSchema = z.strictObject({
  automatic: z.boolean().default(false),
  perHourMax: z.int().min(1).max(INCIDENTS_PER_HOUR_MAX).default(12),
  sink: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('file'), path: pathText }),
      z.strictObject({
        kind: z.literal('syslog'),
        host: z.string().min(1).max(HOST_CHARS_MAX),
        port: z.int().min(1).max(PORT_MAX).default(514),
        protocol: z.enum(['tcp', 'udp']).default('tcp'),
        insecure: z.boolean().exactOptional(),
      }),
      z.strictObject({
        kind: z.literal('http'),
        url: z.string().min(1).max(URL_CHARS_MAX),
        secretFile: pathText.exactOptional(),
        insecure: z.boolean().exactOptional(),
      }),
    ])
    .exactOptional(),
})

export const privacySchema = z.strictObject({
  keepDays: z.int().min(1).max(DAYS_MAX).exactOptional(),
  mustKeepDays: z.int().min(0).max(DAYS_MAX).default(0),
})

export const answersSchema = z.strictObject({
  holdHours: z.int().min(1).max(HOURS_MAX).default(72),
  appealDays: z.int().min(1).max(DAYS_MAX).default(30),
  appealAnswerDays: z.int().min(1).max(DAYS_MAX).default(14),
})

/** Who vouches for the log, and whether anything waits for them. */
export interface WitnessesConfig {
  /** A C2SP tlog-policy file with the witnesses, their addresses and the quorum. */
  readonly policyFile: string
  /** `jobs`: no job begins before its decision is under a head that the quorum has cosigned. */
  readonly required: 'never' | 'jobs'
  readonly waitMs: number
}

export type IncidentsConfig = z.output<typeof incidentsSchema>

/** How long what is hidden of the records is kept. */
export interface PrivacyConfig {
  /** After so many days it is shredded; null: never by age. */
  readonly keepDays: number | null
  /** So many days it is kept whoever asks for its erasure. */
  readonly mustKeepDays: number
}

/** Within what time people answer. */
export type AnswersConfig = Readonly<z.output<typeof answersSchema>>

export interface EvidenceConfig {
  readonly witnesses: WitnessesConfig | null
  readonly incidents: IncidentsConfig
  readonly privacy: PrivacyConfig
  readonly answers: AnswersConfig
}

export interface EvidenceParts {
  readonly witnesses: z.output<typeof witnessesSchema> | undefined
  readonly incidents: z.output<typeof incidentsSchema>
  readonly privacy: z.output<typeof privacySchema>
  readonly answers: z.output<typeof answersSchema>
}

/** `at` makes a path of the file absolute. */
export function buildEvidence(parts: EvidenceParts, at: (path: string) => string): EvidenceConfig {
  const { witnesses, privacy, answers } = parts
  return {
    witnesses:
      witnesses === undefined
        ? null
        : {
            policyFile: at(witnesses.policy),
            required: witnesses.required,
            waitMs: Math.round(witnesses.waitSeconds * 1000),
          },
    incidents: placeSink(parts.incidents, at),
    privacy: { keepDays: privacy.keepDays ?? null, mustKeepDays: privacy.mustKeepDays },
    answers,
  }
}

function placeSink(incidents: IncidentsConfig, at: (path: string) => string): IncidentsConfig {
  const { sink } = incidents
  if (sink?.kind === 'file') return { ...incidents, sink: { ...sink, path: at(sink.path) } }
  if (sink?.kind === 'http' && sink.secretFile !== undefined)
    return { ...incidents, sink: { ...sink, secretFile: at(sink.secretFile) } }
  return incidents
}

/** What is right by itself and wrong beside the rest: the key that is to blame, and what to say. */
export function faultOfEvidence(
  parts: EvidenceParts,
): { readonly at: readonly string[]; readonly why: string } | undefined {
  const { incidents, privacy } = parts
  if (incidents.automatic && incidents.sink === undefined)
    return { at: ['incidents', 'automatic'], why: '`automatic` sends to a `sink`, and there is none' }
  if (privacy.keepDays !== undefined && privacy.keepDays < privacy.mustKeepDays)
    return { at: ['privacy', 'keepDays'], why: '`keepDays` is less than `mustKeepDays`' }
  return undefined
}

/** What holds where the configuration says nothing. */
export const EVIDENCE_DEFAULTS: EvidenceConfig = buildEvidence(
  {
    witnesses: undefined,
    incidents: incidentsSchema.parse({}),
    privacy: privacySchema.parse({}),
    answers: answersSchema.parse({}),
  },
  (path) => path,
)
