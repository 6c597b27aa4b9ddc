/**
 * The certificates of an issuer: a root that sites trust, an intermediate that it vouches for, and a signer whose key
 * signs licences and what goes with them, and nothing else.
 */
import { generateKeyPair, type KeyObject, X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import { z } from 'zod'
import { AgentError } from '../errors.ts'
import { issuerUriSchema } from '../licence/index.ts'
import { describeIssue, formatTime, PLAIN_TEXT, readCertificate } from '../token/index.ts'
import {
  type CertificateName,
  intermediateExtensions,
  makeCertificate,
  rootExtensions,
  signerExtensions,
} from './make-certificate.ts'
import { exportPrivateKey, PASSPHRASE_CHARS_MIN } from './private-key.ts'
import { type IssuerCertificates, keySigner, type Signer } from './signer.ts'

/** The least key the gate accepts; larger ones make each check slower and nothing here stronger. */
const KEY_BITS = 3072

/** The common name adds a word to it and may have 64 characters in all (RFC 5280, appendix A). */
const NAME_CHARS_MAX = 48

/** Twenty years with their leap days. Past 2049 certificates write their dates in another way. */
const DAYS_MAX = 7305

const DAY_MS = 24 * 60 * 60 * 1000

/** The parts of an issuer, from the one that sites trust to the one that signs. Each vouches for the next. */
export const ISSUER_PARTS = ['root', 'intermediate', 'signer'] as const

export type IssuerPart = (typeof ISSUER_PARTS)[number]

/** An issuer just made, with all its private keys as PKCS #8 PEM: encrypted where a passphrase was given. */
export interface NewIssuer extends Signer {
  readonly keysPem: Readonly<Record<IssuerPart, string>>
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
  const dates = { notBeforeMs: nowMs, notAfterMs: nowMs + days * DAY_MS }
  const [root, intermediate, signer] = await Promise.all([makeKey(), makeKey(), makeKey()])
  const who = { name, uri }
  const certificates: IssuerCertificates = {
    ...who,
    rootPem: certify('root', who, root, root, dates),
    intermediatePem: certify('intermediate', who, intermediate, root, dates),
    signerPem: certify('signer', who, signer, intermediate, dates),
  }
  return {
    ...keySigner(certificates, signer),
    keysPem: {
      root: exportPrivateKey(root, passphrase),
      intermediate: exportPrivateKey(intermediate, passphrase),
      signer: exportPrivateKey(signer, passphrase),
    },
  }
}

const renewalSchema = requestSchema.pick({ nowMs: true, days: true, passphrase: true })

/** From when and for how many days the new certificates live, and what their keys are encrypted with. */
export type RenewalRequest = Readonly<z.input<typeof renewalSchema>>

/** New certificates, with their private keys; those that stay are missing. */
export type RenewedParts = Partial<Record<IssuerPart, { readonly pem: string; readonly keyPem: string }>>

/**
 * Makes a part anew, and each below it, under the one above it, whose private key is `issuerKey`; a new root needs none.
 * No certificate outlives the one above it. Fails with USAGE where that one is past its end.
 */
export async function renewIssuer(
  from: IssuerPart,
  old: IssuerCertificates,
  issuerKey: KeyObject | undefined,
  request: RenewalRequest,
): Promise<RenewedParts> {
  const { nowMs, days, passphrase } = parse(renewalSchema, request, 'renewal')
  const parts = ISSUER_PARTS.slice(ISSUER_PARTS.indexOf(from))
  const above = from === 'signer' ? old.intermediatePem : old.rootPem
  let notAfterMs = nowMs + days * DAY_MS
  if (from !== 'root') notAfterMs = Math.min(notAfterMs, endOf(from, above, nowMs))
  const renewed: RenewedParts = {}
  let signedBy = issuerKey
  for (const part of parts) {
    const key = await makeKey()
    const pem = certify(part, old, key, signedBy ?? key, { notBeforeMs: nowMs, notAfterMs })
    renewed[part] = { pem, keyPem: exportPrivateKey(key, passphrase) }
    signedBy = key
  }
  return renewed
}

/** When the certificate above ends, in ms. */
function endOf(part: IssuerPart, abovePem: string, nowMs: number): number {
  const words = part === 'signer' ? 'intermediate' : 'root'
  const reading = readCertificate(words === 'root' ? 'anchor' : words, new X509Certificate(abovePem).raw)
  if (!reading.ok) throw new AgentError('LICENCE_UNREADABLE', reading.refusal.message)
  const { notAfterMs, notBeforeMs } = reading.certificate.facts
  if (nowMs >= notBeforeMs && nowMs < notAfterMs) return notAfterMs
  const span = `is valid from ${formatTime(notBeforeMs)} to ${formatTime(notAfterMs)}`
  const remedy = words === 'root' ? 'make a new root' : 'make a new intermediate'
  throw new AgentError('USAGE', `the ${words}'s certificate ${span} and vouches for nothing now; ${remedy}`)
}

const PART_ABOVE = { root: 'root', intermediate: 'root', signer: 'intermediate' } as const

function certify(
  part: IssuerPart,
  { name, uri }: Pick<IssuerCertificates, 'name' | 'uri'>,
  key: KeyObject,
  issuerKey: KeyObject,
  dates: { readonly notBeforeMs: number; readonly notAfterMs: number },
): string {
  const nameOf = (which: IssuerPart): CertificateName => ({
    organisation: name,
    commonName: `${name} ${which}`,
  })
  const extensions = {
    root: rootExtensions,
    intermediate: () => intermediateExtensions(uri),
    signer: () => signerExtensions(uri),
  }[part]()
  return makeCertificate({
    ...dates,
    subject: nameOf(part),
    issuer: nameOf(PART_ABOVE[part]),
    key,
    issuerKey,
    extensions,
  })
}

async function makeKey(): Promise<KeyObject> {
  const { privateKey } = await makeKeyPair('rsa', { modulusLength: KEY_BITS, publicExponent: 65537 })
  return privateKey
}

function parse<T>(schema: z.ZodType<T>, value: unknown, noun: string): T {
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw new AgentError('USAGE', describeIssue(noun, parsed.error.issues))
  return parsed.data
}
