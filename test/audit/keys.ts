/** Keys for the logs of tests. */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { LogOptions } from '../../agent/audit/index.ts'

/** What stands before the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

/** A private key that is the same in every run. */
export function fixedKey(byte: number): KeyObject {
  const der = Buffer.concat([PKCS8_PREFIX, Buffer.alloc(32, byte)])
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}

export type Keys = LogOptions['keys']

export const KEYS: Keys = { machine: fixedKey(1), log: fixedKey(2) }

export const newKeys = (): Keys => ({
  machine: generateKeyPairSync('ed25519').privateKey,
  log: generateKeyPairSync('ed25519').privateKey,
})
