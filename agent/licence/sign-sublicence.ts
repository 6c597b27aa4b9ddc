/** Makes a sub-licence, as a licensee does. */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { CompactSign } from 'jose'
import { AgentError } from '../errors.ts'
import type { Refused } from '../token/index.ts'
import { openBundle, SUBLICENCE_TYPE } from './bundle.ts'
import { CLAIMS_VERSION, LICENCE_AUDIENCE, type LicenceClaims } from './claims.ts'
import { readLicence } from './read-licence.ts'
import { SUBLICENCE_ALGORITHM, sha256Hex, verifySublicence } from './sublicence.ts'

/** What a licensee says of a sub-licence. Issuer, audience, version and parent follow from the parent. */
export type SublicenceClaims = Omit<LicenceClaims, 'iss' | 'aud' | 'ver' | 'prt'>

/**
 * Passes a licence on: signs claims with the key that its parent names - the first licence of the text - and answers a
 * compact token. Fails with USAGE where no gate would accept it: another key, a parent that may not be passed on, or
 * claims that go further than it. That the parent itself is genuine is for its readers to find out.
 */
export async function signSublicence(
  parentText: string,
  claims: SublicenceClaims,
  key: KeyObject,
): Promise<string> {
  const bundle = openBundle(parentText)
  if (!bundle.ok) throw unusable(bundle)
  const parent = readLicence(parentText)
  if (!parent.ok) throw unusable(parent)
  const [parentCompact = ''] = bundle.bundle.licences
  const { issuer, id, delegation } = parent.unverified
  if (delegation === undefined) throw new AgentError('USAGE', `licence ${id} may not be passed on`)
  if (key.asymmetricKeyType !== 'ed25519' || publicPart(key) !== delegation.key) {
    throw new AgentError('USAGE', `the key is not the one that licence ${id} names`)
  }
  const fixed = { iss: issuer, aud: LICENCE_AUDIENCE, ver: CLAIMS_VERSION, prt: sha256Hex(parentCompact) }
  const payload = Buffer.from(JSON.stringify({ ...claims, ...fixed }))
  const compact = await new CompactSign(payload)
    .setProtectedHeader({ alg: SUBLICENCE_ALGORITHM, typ: SUBLICENCE_TYPE })
    .sign(key)
  const verified = await verifySublicence(compact, parent.unverified, parentCompact)
  if (!verified.ok) {
    throw new AgentError('USAGE', `sub-licence is not valid: ${verified.refusal.message}`)
  }
  return compact
}

function publicPart(key: KeyObject): string | undefined {
  const { x } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' })
  return typeof x === 'string' ? x : undefined
}

function unusable({ refusal }: Refused): AgentError {
  return new AgentError('USAGE', `parent of the sub-licence cannot be used: ${refusal.message}`)
}
