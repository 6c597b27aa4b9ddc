/**
 * The envelope of every token that an issuer signs: a JWS in compact form whose algorithm, type and certificate list are
 * fixed here, never chosen by the token. RFC 7515 for the form, RFC 7518 section 3.5 for PS256.
 */
import type { KeyObject } from 'node:crypto'
import { CompactSign, compactVerify, errors as joseErrors } from 'jose'
import { z } from 'zod'
import { describeIssue } from './describe-issue.ts'
import { quoteInput } from './plain-text.ts'
import { type Refused, refuse } from './refusal.ts'
import { parseStrictJson } from './strict-json.ts'

/** Two RSA-4096 certificates, the claims and the signature take 6 KiB. The rest is room for claims to come. */
const TOKEN_BYTES_MAX = 16 * 1024

/** A status list of 2^20 licences that are all different from their neighbours, and the longest screening list. */
const LIST_BYTES_MAX = 1024 * 1024

/** Each kind of token: its `typ`, so that none passes for another, what people call it, and its size at most. */
export const TOKEN_KINDS = {
  licence: { type: 'design-licence+jwt', words: 'licence', bytesMax: TOKEN_BYTES_MAX },
  allocation: { type: 'licence-allocation+jwt', words: 'allocation', bytesMax: TOKEN_BYTES_MAX },
  refund: { type: 'licence-refund+jwt', words: 'refund', bytesMax: TOKEN_BYTES_MAX },
  // draft-ietf-oauth-status-list, section 5.1.
  statusList: { type: 'statuslist+jwt', words: 'status list', bytesMax: LIST_BYTES_MAX },
  screeningList: { type: 'screening-list+jwt', words: 'screening list', bytesMax: LIST_BYTES_MAX },
  recognition: { type: 'recognition+jwt', words: 'recognition', bytesMax: TOKEN_BYTES_MAX },
} as const

export type TokenKind = keyof typeof TOKEN_KINDS

/** RSA-PSS with SHA-256. Fixed: an algorithm that the token may choose is an algorithm that the attacker chooses. */
export const TOKEN_ALGORITHM = 'PS256'

/** Signer and intermediate. The root never travels: it is trusted because it is here, not because it came along. */
export const CHAIN_CERTIFICATES = 2

/** An RSA-4096 certificate has 1.6 KB; four is room for long names and some extensions. */
export const CERTIFICATE_BYTES_MAX = 4 * 1024

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/
const COMPACT_FORM = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/

/** A token that has the form of its kind. Nothing in it is believed yet. */
export interface OpenedToken {
  readonly compact: string
  readonly signerDer: Buffer
  readonly intermediateDer: Buffer
  readonly payload: Buffer
}

const headerSchema = z.strictObject({
  alg: z.string(),
  typ: z.string(),
  x5c: z.array(z.string()),
})

/** Takes a token apart. What is not exactly the envelope of its kind is refused before anything is decoded for its sake. */
export function openToken(
  compact: string,
  kind: TokenKind = 'licence',
): { readonly ok: true; readonly token: OpenedToken } | Refused {
  const split = splitCompact(compact, TOKEN_KINDS[kind].bytesMax)
  if (!split.ok) return split
  const { header, payload } = split
  const chain = readHeader(header, kind)
  if (!chain.ok) return chain
  const { signerDer, intermediateDer } = chain
  return { ok: true, token: { compact, signerDer, intermediateDer, payload } }
}

/** The parts of a token in compact form, decoded; refused by its size and form before that. */
export function splitCompact(
  compact: string,
  bytesMax: number,
): { readonly ok: true; readonly header: Buffer; readonly payload: Buffer } | Refused {
  const sizeBytes = Buffer.byteLength(compact)
  if (sizeBytes > bytesMax) return refuse('too-large', sizeBytes, bytesMax)
  if (!COMPACT_FORM.test(compact)) {
    return refuse('malformed', 'it is not three base64url parts with a dot between')
  }
  const [header, payload, signature] = compact.split('.').map(decodeBase64Url)
  if (header === undefined || payload === undefined || signature === undefined) {
    return refuse('malformed', 'a part is not canonical base64url')
  }
  return { ok: true, header, payload }
}

function readHeader(
  bytes: Buffer,
  kind: TokenKind,
): { readonly ok: true; readonly signerDer: Buffer; readonly intermediateDer: Buffer } | Refused {
  const json = parseStrictJson(bytes)
  if (!json.ok) return refuse('malformed', `header: ${json.problem}`)
  const parsed = headerSchema.safeParse(json.value)
  // Members such as jwk, jku, kid and crit end here: a key that the token brings or points at is never used.
  if (!parsed.success) return refuse('malformed', describeIssue('header', parsed.error.issues))
  const { alg, typ, x5c } = parsed.data
  if (alg !== TOKEN_ALGORITHM) {
    return refuse('malformed', `its algorithm is ${quoteInput(alg)}, only \`${TOKEN_ALGORITHM}\` is read`)
  }
  const { type, words } = TOKEN_KINDS[kind]
  if (typ !== type) {
    return refuse('malformed', `its type is ${quoteInput(typ)}, a ${words} is a \`${type}\``)
  }
  if (x5c.length !== CHAIN_CERTIFICATES) {
    return refuse(
      'malformed',
      `it carries ${x5c.length} certificates, a ${words} carries ${CHAIN_CERTIFICATES} (signer and intermediate)`,
    )
  }
  const [signerDer, intermediateDer] = x5c.map(decodeCertificate)
  if (signerDer === undefined || intermediateDer === undefined) {
    return refuse(
      'malformed',
      `a certificate is not canonical base64 of at most ${CERTIFICATE_BYTES_MAX} bytes`,
    )
  }
  return { ok: true, signerDer, intermediateDer }
}

/** Undefined where spare bits are set: two spellings of one signature would be two tokens to anyone who compares them. */
function decodeBase64Url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}

function decodeCertificate(text: string): Buffer | undefined {
  if (!BASE64.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text && bytes.length <= CERTIFICATE_BYTES_MAX ? bytes : undefined
}

/** Checks the signature with the key of a signer certificate whose chain has been accepted. */
export async function checkSignature(
  token: OpenedToken,
  signerKey: KeyObject,
): Promise<{ readonly ok: true } | Refused> {
  // OpenSSL takes one whose leading zero was cut off (RFC 8017, section 8.1.2 does not): one signature, two spellings.
  if (signatureBytes(token.compact) * 8 !== signerKey.asymmetricKeyDetails?.modulusLength)
    return refuse('bad-signature')
  try {
    const { payload } = await compactVerify(token.compact, signerKey, { algorithms: [TOKEN_ALGORITHM] })
    // What was verified is what will be read: both decoders saw the same bytes.
    if (!token.payload.equals(payload)) return refuse('bad-signature')
    return { ok: true }
  } catch (error) {
    if (error instanceof joseErrors.JOSEError) return refuse('bad-signature')
    throw error
  }
}

function signatureBytes(compact: string): number {
  return Buffer.from(compact.slice(compact.lastIndexOf('.') + 1), 'base64url').length
}

/** Signs a payload with the signer's key and puts its certificates beside it. */
export async function signToken(
  payload: Uint8Array,
  signingKey: KeyObject,
  chainDer: readonly [signer: Buffer, intermediate: Buffer],
  kind: TokenKind = 'licence',
): Promise<string> {
  return new CompactSign(payload)
    .setProtectedHeader({
      alg: TOKEN_ALGORITHM,
      typ: TOKEN_KINDS[kind].type,
      x5c: chainDer.map((der) => der.toString('base64')),
    })
    .sign(signingKey)
}
