/**
 * The envelope around a statement (DSSE 1.0.0): the statement's bytes as they were signed, their type, and signatures
 * over both. Who signed is not known from the envelope: the key's id in it is a hint that nobody signed.
 */
import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { z } from 'zod'
import { type Problem, problem } from './problem.ts'

/** in-toto's, for any statement. */
export const PAYLOAD_TYPE = 'application/vnd.in-toto+json'

/** Signatures of ours are one; somebody may have added theirs. */
const SIGNATURES_MAX = 16
const ED25519_BYTES = 64

/** What stands before the 32 bytes of an Ed25519 key in SPKI (RFC 8410), which is what Node reads. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/** Members that we do not know say nothing: nobody signed them. */
const envelopeSchema = z.object({
  payload: z.string(),
  payloadType: z.literal(PAYLOAD_TYPE),
  signatures: z
    .array(z.object({ sig: z.string().max(128) }))
    .min(1)
    .max(SIGNATURES_MAX),
})

export interface Envelope {
  /** The statement's bytes. Not verified. */
  readonly payload: Buffer
  readonly signatures: readonly Buffer[]
}

/** What is signed of a payload (DSSE's pre-authentication encoding): no other type or length has the same bytes. */
export function signedBytes(payloadType: string, payload: Uint8Array): Buffer {
  const type = Buffer.from(payloadType, 'utf8')
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${type.length} `),
    type,
    Buffer.from(` ${payload.length} `),
    payload,
  ])
}

/** The envelope as JSON in one line. `keyId` is a hint for whoever has many keys. */
export function writeEnvelope(payload: Uint8Array, key: KeyObject, keyId: string): string {
  const signature = sign(null, signedBytes(PAYLOAD_TYPE, payload), key)
  return `${JSON.stringify({
    payload: Buffer.from(payload).toString('base64'),
    payloadType: PAYLOAD_TYPE,
    signatures: [{ keyid: keyId, sig: signature.toString('base64') }],
  })}\n`
}

/** Takes an envelope apart. Nothing is verified. The caller has bounded the text. */
export function readEnvelope(text: string): Envelope | Problem {
  const parsed = envelopeSchema.safeParse(parseJson(text))
  if (!parsed.success) return problem(`it is not a DSSE envelope of type \`${PAYLOAD_TYPE}\``)
  const payload = readBase64(parsed.data.payload)
  if (payload === null) return problem('the payload of the envelope is not base64')
  const signatures: Buffer[] = []
  for (const { sig } of parsed.data.signatures) {
    const signature = readBase64(sig)
    if (signature === null) return problem('a signature of the envelope is not base64')
    signatures.push(signature)
  }
  return { payload, signatures }
}

/** Whether one of the signatures is that of an Ed25519 key of 32 bytes. */
export function isEnvelopeSignedBy(envelope: Envelope, publicKey: Uint8Array): boolean {
  const message = signedBytes(PAYLOAD_TYPE, envelope.payload)
  return envelope.signatures.some((signature) => isSignatureOf(publicKey, message, signature))
}

/** Ed25519 as RFC 8032 checks it. */
export function isSignatureOf(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== ED25519_BYTES) return false
  try {
    const key = createPublicKey({ key: spkiOf(publicKey), format: 'der', type: 'spki' })
    return verify(null, message, key, signature)
  } catch {
    // Bytes that are no point of the curve: a key that has signed nothing.
    return false
  }
}

/** An Ed25519 key of 32 bytes as SubjectPublicKeyInfo. */
export function spkiOf(publicKey: Uint8Array): Buffer {
  return Buffer.concat([SPKI_PREFIX, publicKey])
}

/** Undefined for what is no JSON, as no JSON says. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Standard or URL-safe, with or without padding, as DSSE has a reader take it; but nothing else between the letters. */
function readBase64(text: string): Buffer | null {
  const standard = text.replace(/-/g, '+').replace(/_/g, '/').replace(/=+$/, '')
  const bytes = Buffer.from(standard, 'base64')
  return bytes.toString('base64').replace(/=+$/, '') === standard ? bytes : null
}
