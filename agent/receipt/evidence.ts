/**
 * What a receipt rests on, as it stands in the file: records of the log, byte for byte, each with a proof that it is in
 * the log, and what opens the members of the decision that the receipt tells.
 */
import { z } from 'zod'
import { canonicalJson, type Leaf, type Opening, parseLeaf, RECORD_BYTES_MAX } from '../log-format/index.ts'
import { parseJson } from './dsse.ts'
import { type Problem, problem } from './problem.ts'

/** More than any one proof with its checkpoint has; the whole receipt is bounded before. */
const PROOF_CHARS_MAX = 400 * 1024
const LEAF_CHARS_MAX = Math.ceil(RECORD_BYTES_MAX / 3) * 4

const digest = z.string().regex(/^[0-9a-f]{64}$/)
const proven = z.strictObject({
  /** The record's bytes, in base64. */
  leaf: z.string().max(LEAF_CHARS_MAX),
  /** A C2SP tlog-proof. */
  proof: z.string().max(PROOF_CHARS_MAX),
})

const dark = z.strictObject({ commitment: digest })
const open = z.strictObject({ salt: digest, value: z.unknown() })
/** As many levels as a commitment has, and no more: nothing here can be nested until the stack ends. */
const thirdLevel = z.record(z.string(), z.union([dark, open]))
const secondLevel = z.record(z.string(), z.union([dark, open, z.strictObject({ members: thirdLevel })]))
const opening = z.record(z.string(), z.union([dark, open, z.strictObject({ members: secondLevel })]))

export const evidenceSchema = z.strictObject({
  /** Record 0, in which the machine says that the log is its own. */
  log: proven,
  decision: proven,
  /** By which a person let pass what was held or denied. */
  release: proven.nullable(),
  opened: proven.nullable(),
  /** The last word on the copy of the licence that the job took. */
  copy: proven.nullable(),
  closed: proven.nullable(),
  opening,
})

/** The evidence in a receipt: JSON, in its proper form, and not verified. */
export type Evidence = Omit<z.infer<typeof evidenceSchema>, 'opening'> & { readonly opening: Opening }

export const ROLES = ['log', 'decision', 'release', 'opened', 'copy', 'closed'] as const
export type Role = (typeof ROLES)[number]

/** Which kinds of record may stand where. */
const KINDS = {
  log: ['log-opened'],
  decision: ['decision'],
  release: ['hold-decided', 'override'],
  opened: ['job-opened'],
  copy: ['copy'],
  closed: ['job-closed'],
} as const satisfies Record<Role, readonly Leaf['kind'][]>

type LeafOf<R extends Role> = Extract<Leaf, { readonly kind: (typeof KINDS)[R][number] }>

/** The records of the evidence, read. */
export type EvidenceLeaves = { readonly [R in 'log' | 'decision']: LeafOf<R> } & {
  readonly [R in Exclude<Role, 'log' | 'decision'>]: LeafOf<R> | null
}

/** Reads the records, each of which must be in the log's own form and of the kind that belongs in its place. */
export function readLeaves(evidence: Evidence): EvidenceLeaves | Problem {
  const found: Partial<Record<Role, Leaf | null>> = {}
  for (const role of ROLES) {
    const entry = evidence[role]
    const leaf = entry === null ? null : readLeaf(leafBytes(entry.leaf), KINDS[role])
    if (leaf !== null && 'problem' in leaf) return problem(`its record \`${role}\`: ${leaf.problem}`)
    found[role] = leaf
  }
  return found as EvidenceLeaves
}

/** The bytes that are the entry of the log. What is no base64 decodes to bytes that nothing proves. */
export function leafBytes(base64: string): Buffer {
  return Buffer.from(base64, 'base64')
}

function readLeaf(bytes: Buffer, kinds: readonly string[]): Leaf | Problem {
  if (bytes.length > RECORD_BYTES_MAX) return problem(`it has more than ${RECORD_BYTES_MAX} bytes`)
  const text = bytes.toString('utf8')
  const value = parseJson(text)
  if (!Buffer.from(text, 'utf8').equals(bytes) || !isCanonical(value, text))
    return problem('it is not canonical JSON')
  const parsed = parseLeaf(value)
  if ('problem' in parsed) return problem(parsed.problem)
  if (!kinds.includes(parsed.leaf.kind)) {
    return problem(`it is of kind \`${parsed.leaf.kind}\`, not \`${kinds.join('` or `')}\``)
  }
  return parsed.leaf
}

/** One text for one document: what says a member twice, or in two spellings, has two readings. */
export function isCanonical(value: unknown, text: string): boolean {
  try {
    return canonicalJson(value) === text
  } catch {
    return false
  }
}
