/** Tokens of every kind, signed with the keys of the fixtures under any header: what careless and hostile people send. */
import { constants, createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { SUBLICENCE_TYPE } from '../../agent/licence/bundle.ts'
import { makeStatusList, type StatusClaims } from '../../agent/status/index.ts'
import { TOKEN_KINDS, type TokenKind } from '../../agent/token/index.ts'
import { encodePart, issuer, NOW_MS, order, plainHeader } from '../licence/fixture.ts'

type Part = object | string | Buffer

function encode(part: Part): string {
  return Buffer.isBuffer(part) ? part.toString('base64url') : encodePart(part)
}

/** RSA-PSS with SHA-256 over any two parts. */
export function signParts(header: Part, payload: Part, key: KeyObject = issuer.signingKey): string {
  const input = `${encode(header)}.${encode(payload)}`
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
  return `${input}.${sign('sha256', Buffer.from(input), { key, ...padding }).toString('base64url')}`
}

export function headerOf(kind: TokenKind, x5c: readonly string[] = plainHeader.x5c): object {
  return { alg: 'PS256', typ: TOKEN_KINDS[kind].type, x5c: [...x5c] }
}

/** A token of one kind by the issuer of the fixtures. */
export function signKind(kind: TokenKind, payload: Part, x5c?: readonly string[], key?: KeyObject): string {
  return signParts(headerOf(kind, x5c), payload, key)
}

export const STATUS_URI = `${issuer.uri}/status`

/** A list of that issuer, an hour old. */
export function statusToken(statuses: readonly number[], changes: Partial<StatusClaims> = {}): string {
  return signKind('statusList', listPayload(statuses, changes))
}

export function listPayload(statuses: readonly number[], changes: Partial<StatusClaims> = {}): Buffer {
  return makeStatusList({
    issuer: issuer.uri,
    uri: STATUS_URI,
    issuedAtMs: NOW_MS - 3_600_000,
    statuses: Uint8Array.from(statuses),
    ...changes,
  })
}

export const ALLOCATION_ID = '0b9a7d52-63a1-4c1e-8f0e-1d2c3b4a5f60'
export const REFUND_ID = '9d1f3c58-2f35-4b51-a1f0-7c8b6a594837'
export const COPY_ID = '4c2e8a10-77aa-4d0f-b7ce-2a3b4c5d6e7f'

/** Two copies of the licence of the fixtures for the first bench. */
export function allocationClaims(): Record<string, unknown> {
  return { ...issuedClaims(ALLOCATION_ID), copies: 2 }
}

/** One copy of it back. */
export function refundClaims(): Record<string, unknown> {
  return { ...issuedClaims(REFUND_ID), copy: COPY_ID }
}

function issuedClaims(id: string): Record<string, unknown> {
  const iat = NOW_MS / 1000 - 60
  const licence = order.id
  return { iss: issuer.uri, aud: 'portcullis', jti: id, iat, ver: 1, licence, machine: 'bench-1' }
}

/** PKCS #8 of an Ed25519 key, up to its 32 bytes. */
const ED25519_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

/** A licensee's key: the same for the same name. */
export function licenseeKey(name: string): KeyObject {
  const seed = createHash('sha256').update(name).digest()
  return createPrivateKey({ key: Buffer.concat([ED25519_PREFIX, seed]), format: 'der', type: 'pkcs8' })
}

/** As a licence names it. */
export function publicPart(key: KeyObject): string {
  return createPublicKey(key).export({ format: 'jwk' }).x ?? ''
}

export const sublicenceHeader = { alg: 'EdDSA', typ: SUBLICENCE_TYPE }

/** Signs any claims as a sub-licence of any text; claims that are text are signed as they stand. */
export function passOn(
  parent: string,
  claims: object | string,
  key: KeyObject,
  header: Part = sublicenceHeader,
): string {
  const prt = createHash('sha256').update(parent).digest('hex')
  const payload = typeof claims === 'string' ? claims : { prt, ...claims }
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${sign(null, Buffer.from(input), key).toString('base64url')}`
}
