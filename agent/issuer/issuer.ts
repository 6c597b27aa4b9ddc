/**
 * Enough of an issuer to make licences: a root that sites trust, an intermediate that it vouches for, and a signer whose
 * key signs licences and nothing else.
 */
import { generateKeyPair, type KeyObject, randomUUID, X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import { z } from 'zod'
import { AgentError } from '../errors.ts'
import {
  CLAIMS_VERSION,
  issuerUriSchema,
  LICENCE_AUDIENCE,
  type LicenceClaims,
  readClaims,
} from '../licence/index.ts'
import {
  checkIssuerChain,
  describeIssue,
  formatTime,
  openToken,
  PLAIN_TEXT,
  signToken,
} from '../token/index.ts'
import {
  type CertificateName,
  intermediateExtensions,
  makeCertificate,
  rootExtensions,
  signerExtensions,
} from './make-certificate.ts'
import { type LicenceOrder, orderSchema } from './order.ts'
import { exportPrivateKey, PASSPHRASE_CHARS_MIN } from './private-key.ts'

/** The least key the gate accepts; larger ones make each check slower and nothing here stronger. */
const KEY_BITS = 3072

/** The common name adds a word to it and may have 64 characters in all (RFC 5280, appendix A). */
const NAME_CHARS_MAX = 48

/** Twenty years with their leap days. Past 2049 certificates write their dates in another way. */
const DAYS_MAX = 7305

const DAY_MS = 24 * 60 * 60 * 1000

/** What signs licences: the certificates that go along, and the signer's key. The other keys stay on disk. */
export interface Issuer {
  readonly name: string
  readonly uri: string
  readonly rootPem: string
  readonly intermediatePem: string
  readonly signerPem: string
  readonly signingKey: KeyObject
}

/** An issuer just made, with all its private keys as PKCS #8 PEM: encrypted where a passphrase was given. */
export interface NewIssuer extends Issuer {
  readonly keysPem: { readonly root: string; readonly intermediate: string; readonly signer: string }
}

const requestSchema = z.strictObject({
  name: z.string().min(1).max(NAME_CHARS_MAX).regex(PLAIN_TEXT, 'must be one line of visible text'),
  uri: issuerUriSchema,
  nowMs: z.int().positive(),
  days: z.int().min(1).max(DAYS_MAX),
  passphrase: z.string().min(PASSPHRASE_CHARS_MIN).optional(),
})

/** Who the issuer is, from when and for how many days its certificates live, and what its keys are encrypted with. */
export type IssuerRequest = Readonly<z.input<typeof requestSchema>>

const makeKeyPair = promisify(generateKeyPair)

/** Makes a new issuer: three RSA-3072 keys and their certificates. Takes about a second. */
export async function createIssuer(request: IssuerRequest): Promise<NewIssuer> {
  const { name, uri, nowMs, days, passphrase } = parse(requestSchema, request, 'issuer')
  const [root, intermediate, signer] = await Promise.all([makeKey(), makeKey(), makeKey()])
  const certificateName = (part: string): CertificateName => ({
    organisation: name,
    commonName: `${name} ${part}`,
  })
  const rootName = certificateName('root')
  const intermediateName = certificateName('intermediate')
  const dates = { notBeforeMs: nowMs, notAfterMs: nowMs + days * DAY_MS }
  return {
    name,
    uri,
    rootPem: makeCertificate({
      ...dates,
      subject: rootName,
      issuer: rootName,
      key: root,
      issuerKey: root,
      extensions: rootExtensions(),
    }),
    intermediatePem: makeCertificate({
      ...dates,
      subject: intermediateName,
      issuer: rootName,
      key: intermediate,
      issuerKey: root,
      extensions: intermediateExtensions(uri),
    }),
    signerPem: makeCertificate({
      ...dates,
      subject: certificateName('signer'),
      issuer: intermediateName,
      key: signer,
      issuerKey: intermediate,
      extensions: signerExtensions(uri),
    }),
    signingKey: signer,
    keysPem: {
      root: exportPrivateKey(root, passphrase),
      intermediate: exportPrivateKey(intermediate, passphrase),
      signer: exportPrivateKey(signer, passphrase),
    },
  }
}

async function makeKey(): Promise<KeyObject> {
  const { privateKey } = await makeKeyPair('rsa', { modulusLength: KEY_BITS, publicExponent: 65537 })
  return privateKey
}

/**
 * Issues one licence as a token. Fails with USAGE where the order is wrong or asks for what this issuer could not keep:
 * a licence that outlives its signer's certificate, or one signed by an issuer that no gate would accept now.
 */
export async function issueLicence(issuer: Issuer, order: LicenceOrder, nowMs: number): Promise<string> {
  const claims = toClaims(issuer, order, nowMs)
  const chainDer = [toDer(issuer.signerPem), toDer(issuer.intermediatePem)] as const
  const chain = checkIssuerChain(...chainDer, [issuer.rootPem], nowMs)
  if (!chain.ok) throw new AgentError('USAGE', `this issuer cannot sign now: ${chain.refusal.message}`)
  if (claims.exp * 1000 > chain.issuer.signerNotAfterMs) {
    const limit = formatTime(chain.issuer.signerNotAfterMs)
    throw new AgentError('USAGE', `licence would end after its signer's certificate, which ends at ${limit}`)
  }
  const payload = Buffer.from(JSON.stringify(claims))
  // The gate's own reader has the last word: what it would not read is not handed out.
  const readable = readClaims(payload)
  if (!readable.ok) throw new AgentError('USAGE', `order makes no valid licence: ${readable.refusal.message}`)
  const token = await signToken(payload, issuer.signingKey, chainDer)
  const opened = openToken(token)
  if (!opened.ok) throw new AgentError('USAGE', `order makes no valid licence: ${opened.refusal.message}`)
  return token
}

/** Times are cut inwards to whole seconds, so that a licence never allows more than was ordered. */
function toClaims(issuer: Issuer, order: LicenceOrder, nowMs: number): LicenceClaims {
  const { id, licensee, tier, design, copies, machines, notBeforeMs, expiresAtMs } = parse(
    orderSchema,
    order,
    'order',
  )
  const issuedAt = Math.floor(nowMs / 1000)
  return {
    iss: issuer.uri,
    sub: licensee,
    aud: LICENCE_AUDIENCE,
    jti: id ?? randomUUID(),
    iat: issuedAt,
    nbf: notBeforeMs === undefined ? issuedAt : Math.ceil(notBeforeMs / 1000),
    exp: Math.floor(expiresAtMs / 1000),
    ver: CLAIMS_VERSION,
    tier,
    design: {
      id: design.id,
      rev: design.revision,
      ...(design.title === undefined ? {} : { title: design.title }),
      digests: design.digests.map(({ form, sha256 }) => ({ alg: 'sha-256' as const, form, value: sha256 })),
    },
    grant: { copies },
    machines: machines.map((machine) => ({ id: machine })),
  }
}

function parse<T>(schema: z.ZodType<T>, value: unknown, noun: string): T {
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw new AgentError('USAGE', describeIssue(noun, parsed.error.issues))
  return parsed.data
}

function toDer(pem: string): Buffer {
  return new X509Certificate(pem).raw
}
