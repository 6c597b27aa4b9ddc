/**
 * What a slicer says it made a job from: an in-toto statement in a DSSE envelope, signed with the slicer's Ed25519 key.
 * FORMAT.md has its schema. Everything in it is hostile until its signature holds.
 */
import { createPublicKey, verify } from 'node:crypto'
import { z } from 'zod'
import { describeIssue, parseStrictJson } from '../token/index.ts'
import type { TrustedSlicer } from '../trust/index.ts'
import { nameSchema, sha256Schema, textSchema } from './claim-parts.ts'

const PAYLOAD_TYPE = 'application/vnd.in-toto+json'
const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1'

/** A name, not an address: nobody can own a host under `.invalid` (RFC 2606). */
const PREDICATE_TYPE = 'https://portcullis.invalid/slicing/v1'

/** A statement takes 1 KiB. */
const ATTESTATION_BYTES_MAX = 16 * 1024

/** The slicer's own, and some that others added. */
const SIGNATURES_MAX = 4

const ED25519_BYTES = 64

/** Nobody scales further; a plate holds fewer. */
const SCALE_MAX = 1000
const INSTANCES_MAX = 10_000

/** Members of the envelope that nobody signed say nothing, so they may be there. */
const envelopeSchema = z.object({
  payload: z.string(),
  payloadType: z.literal(PAYLOAD_TYPE),
  signatures: z
    .array(z.object({ sig: z.string().max(2 * ED25519_BYTES) }))
    .min(1)
    .max(SIGNATURES_MAX),
})

const digestSchema = z.strictObject({ sha256: sha256Schema })

/** Strict, and whole: a member that is not understood, or not there, may be what makes it another part. */
const statementSchema = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: z
    .array(z.strictObject({ name: z.enum(['job', 'file']), digest: digestSchema }))
    .min(1)
    .max(2),
  predicateType: z.literal(PREDICATE_TYPE),
  predicate: z.strictObject({
    slicer: z.strictObject({ id: nameSchema, version: textSchema.optional() }),
    design: digestSchema,
    profile: digestSchema,
    instances: z.int().min(1).max(INSTANCES_MAX),
    transforms: z.strictObject({
      scale: z.number().gt(0).max(SCALE_MAX),
      rotate_z: z.number().min(0).lt(360),
      rotated_otherwise: z.boolean(),
      mirrored: z.boolean(),
      split: z.boolean(),
    }),
  }),
})

/** What was done to the model. */
export interface AppliedTransforms {
  /** The same in all directions; 1 where the size is as it was. */
  readonly scale: number
  /** Degrees about the vertical. */
  readonly rotateZ: number
  readonly isRotatedOtherwise: boolean
  readonly isMirrored: boolean
  readonly isSplit: boolean
}

export interface SlicingStatement {
  readonly slicerId: string
  /** Of the commands, as `gcode-canon`; undefined where it names the file only. */
  readonly canonicalSha256: string | undefined
  /** Of the file's bytes. */
  readonly rawSha256: string | undefined
  readonly modelSha256: string
  readonly profileSha256: string
  /** How often the model is on the plate. */
  readonly instances: number
  readonly transforms: AppliedTransforms
}

export interface Attestation {
  /** Unverified: ask `isSignedBy` first. */
  readonly statement: SlicingStatement
  readonly isSignedBy: (slicer: TrustedSlicer) => boolean
}

/** Takes an envelope apart, or says in a few words why not. */
export function readAttestation(
  text: string,
):
  | { readonly ok: true; readonly attestation: Attestation }
  | { readonly ok: false; readonly problem: string } {
  if (Buffer.byteLength(text) > ATTESTATION_BYTES_MAX) {
    return problem(`it has more than ${ATTESTATION_BYTES_MAX} bytes`)
  }
  const json = parseStrictJson(Buffer.from(text))
  if (!json.ok) return problem(json.problem)
  const envelope = envelopeSchema.safeParse(json.value)
  if (!envelope.success) return problem(`it is not a DSSE envelope of type \`${PAYLOAD_TYPE}\``)
  const payload = readBase64(envelope.data.payload)
  const signatures = envelope.data.signatures.map(({ sig }) => readBase64(sig))
  if (payload === undefined || signatures.includes(undefined)) return problem('it holds what is not base64')
  const inner = parseStrictJson(payload)
  if (!inner.ok) return problem(`its statement: ${inner.problem}`)
  const statement = statementSchema.safeParse(inner.value)
  if (!statement.success) return problem(describeIssue('statement', statement.error.issues))
  const signed = signedBytes(payload)
  return {
    ok: true,
    attestation: {
      statement: toStatement(statement.data),
      isSignedBy: ({ key }) =>
        signatures.some((signature) => signature !== undefined && isSignature(key, signed, signature)),
    },
  }
}

function problem(text: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem: text }
}

function toStatement({ subject, predicate }: z.infer<typeof statementSchema>): SlicingStatement {
  const digestOf = (wanted: string): string | undefined =>
    subject.find(({ name }) => name === wanted)?.digest.sha256
  const { scale, rotate_z, rotated_otherwise, mirrored, split } = predicate.transforms
  return {
    slicerId: predicate.slicer.id,
    canonicalSha256: digestOf('job'),
    rawSha256: digestOf('file'),
    modelSha256: predicate.design.sha256,
    profileSha256: predicate.profile.sha256,
    instances: predicate.instances,
    transforms: {
      scale,
      rotateZ: rotate_z,
      isRotatedOtherwise: rotated_otherwise,
      isMirrored: mirrored,
      isSplit: split,
    },
  }
}

/** DSSE's pre-authentication encoding: no other type or length has the same bytes. */
function signedBytes(payload: Buffer): Buffer {
  const head = `DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `
  return Buffer.concat([Buffer.from(head), payload])
}

function isSignature(key: string, message: Buffer, signature: Buffer): boolean {
  if (signature.length !== ED25519_BYTES) return false
  try {
    const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: key }, format: 'jwk' })
    return verify(null, message, publicKey, signature)
  } catch {
    // No point of the curve: a key that has signed nothing.
    return false
  }
}

/** Standard or URL-safe, with or without padding, as DSSE has a reader take it; but nothing else between the letters. */
function readBase64(text: string): Buffer | undefined {
  const standard = text.replace(/-/g, '+').replace(/_/g, '/').replace(/=+$/, '')
  const bytes = Buffer.from(standard, 'base64')
  return bytes.toString('base64').replace(/=+$/, '') === standard ? bytes : undefined
}
