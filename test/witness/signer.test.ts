// A cosignature as the specification makes it, checked by code of its own.
import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { InvariantError } from '../../agent/errors.ts'
import { isProblem, parseCheckpoint, printNoteKey, signersOf } from '../../agent/verify/index.ts'
import { witnessKey, witnessSigner } from '../../agent/witness/index.ts'
import { signerFromSeed } from '../verify/signing.ts'
import { newSigner, TestLog } from './test-log.ts'

const log = new TestLog('example.test/log', 3)

test('a cosignature is, byte for byte, what another implementation makes of key, time and text', () => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const seed = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url')
  const other = signerFromSeed('witness.test/w', 4, seed)
  const signer = witnessSigner('witness.test/w', privateKey)
  expect(printNoteKey(signer.key)).toBe(other.vkey)
  for (const time of [0, 1, 1_679_315_147, 2 ** 40])
    expect(signer.cosign(log.text(), time)).toBe(other.line(log.text(), time))
})

test('a cosignature below the note verifies, with its time', () => {
  const signer = newSigner('witness.test/w')
  const read = parseCheckpoint(Buffer.from(`${log.note()}${signer.cosign(log.text(), 1_700_000_000)}`))
  if (isProblem(read)) throw new Error(read.problem)
  expect(signersOf(read.note, [signer.key])).toEqual([{ key: signer.key, timestamp: 1_700_000_000 }])
})

test('the key of a witness is that of its private key', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  expect(witnessKey('w', publicKey)).toEqual(witnessSigner('w', privateKey).key)
})

test('what is no name, no Ed25519 key or no time is an error of ours', () => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  expect(() => witnessSigner('two words', privateKey)).toThrow(InvariantError)
  expect(() => witnessSigner('w', ec.privateKey)).toThrow(InvariantError)
  expect(() => newSigner('w').cosign(log.text(), 1.5)).toThrow(InvariantError)
  expect(() => newSigner('w').cosign(log.text(), -1)).toThrow(InvariantError)
})
