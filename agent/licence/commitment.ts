/** Names that a licence binds without telling them: a salted digest of each, for whoever knows the name to check. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Commitment } from './licence.ts'

/**
 * SHA-256 over the 16 bytes of the salt, a zero byte, and the name in Unicode's composed form (NFC) as UTF-8: 64
 * lower-case hexadecimal digits. Nothing else is made equal: case and spaces are part of a name.
 */
export function commitToName(salt: string, name: string): string {
  return createHash('sha256')
    .update(Buffer.from(salt, 'hex'))
    .update(Buffer.from([0]))
    .update(name.normalize('NFC'), 'utf8')
    .digest('hex')
}

export function isNameOf({ salt, sha256 }: Commitment, name: string): boolean {
  const [computed, expected] = [Buffer.from(commitToName(salt, name), 'hex'), Buffer.from(sha256, 'hex')]
  return computed.length === expected.length && timingSafeEqual(computed, expected)
}
