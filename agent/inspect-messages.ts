/** What the gate and its inspector say to each other over a pipe: lines of JSON, bounded and checked on both sides. */
import { z } from 'zod'
import type { DeclaredFacts } from '../policies/index.ts'
import { decisionSchema } from './decision-schema.ts'
import type { AgentErrorCode } from './errors.ts'
import type { JobPlace } from './job-screening.ts'
import { licenceUseSchema, usedListsSchema } from './licence-schema.ts'
import type { SealingKey } from './sealed/index.ts'
import { BLOCK_BYTES, JOB_BYTES_MAX } from './spool/index.ts'

/** Of `nice`, from -20 to 19: any other process that has work to do comes first. */
export const INSPECTOR_NICENESS = 15

/** All that a site can trust, its status lists, the licences it ever saw, and the one at hand. */
export const INSPECTION_BYTES_MAX = 32 * 1024 * 1024

/** A decision with fifty long reasons has 100 KB. */
export const FINDING_BYTES_MAX = 512 * 1024

/** Of SHA-256. */
export const DIGEST_BYTES = 32

/** The digests of all blocks of the longest job. */
export const DIGESTS_BYTES_MAX = Math.ceil(JOB_BYTES_MAX / BLOCK_BYTES) * DIGEST_BYTES

/** Digests are sent in pieces of so many bytes, each read in a moment: the gate has a printer to serve meanwhile. */
export const DIGESTS_PIECE_BYTES = 24 * 1024
const PIECE_CHARS_MAX = (DIGESTS_PIECE_BYTES / 3) * 4

const SENTENCES_MAX = 100
const SENTENCE_CHARS_MAX = 2000

/** Faults that an inspection can meet; any other is a fault of the inspector. */
const FAILURE_CODES = [
  'JOB_UNREADABLE',
  'POLICY_INVALID',
  'LICENCE_UNREADABLE',
  'STATE_UNUSABLE',
] as const satisfies readonly AgentErrorCode[]

const path = z.string().min(1).max(4096)
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null

/** What the inspector is told: one line, the first. The pipe stays open as long as the gate lives. */
export const inspection = z.strictObject({
  source: path,
  name: z.string().min(1).max(4096),
  /** Of the empty file that the gate made for the copy. */
  copyPath: path,
  policyPath: path,
  policySha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** What opens a sealed job. It comes this way and no other: arguments and environment are everybody's to read. */
  sealingKey: z.custom<SealingKey>(isObject).exactOptional(),
  licenceText: z.string().exactOptional(),
  declared: z.custom<DeclaredFacts>(isObject).exactOptional(),
  /** From the gate itself, and as it made it. */
  place: z.custom<JobPlace>(isObject),
  user: z.strictObject({ name: z.string(), role: z.string().exactOptional() }).exactOptional(),
  nowMs: z.number().int(),
})

export type Inspection = z.infer<typeof inspection>

/** What the inspector says: progress and pieces of the digests in order, then either `judged` or `failed`. */
export const finding = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('progress'), bytes: z.number().int().nonnegative() }),
  z.strictObject({ kind: z.literal('digests'), base64: z.base64().min(4).max(PIECE_CHARS_MAX) }),
  z.strictObject({
    kind: z.literal('judged'),
    decision: decisionSchema,
    licence: licenceUseSchema.exactOptional(),
    lists: usedListsSchema,
    isSealed: z.boolean(),
    /** Of the job as it came, which is what the digests are of. */
    bytes: z.number().int().min(1).max(JOB_BYTES_MAX),
  }),
  z.strictObject({
    kind: z.literal('failed'),
    /** Null for a fault of the inspector itself. */
    code: z.enum(FAILURE_CODES).nullable(),
    sentences: z.array(z.string().max(SENTENCE_CHARS_MAX)).min(1).max(SENTENCES_MAX),
  }),
])

export type Finding = z.infer<typeof finding>

/** A failure as it may be told: what is too long is cut. */
export function failureOf(code: AgentErrorCode | null, sentences: readonly string[]): Finding {
  return {
    kind: 'failed',
    code: FAILURE_CODES.find((known) => known === code) ?? null,
    sentences: sentences.slice(0, SENTENCES_MAX).map((sentence) => sentence.slice(0, SENTENCE_CHARS_MAX)),
  }
}
