/** The witness's own key: what it says of a checkpoint, and when (C2SP tlog-cosignature, version 1 with Ed25519). */
import { createPublicKey, type KeyObject, sign } from 'node:crypto'
import { assert } from '../errors.ts'
import { cosignedMessage, isProblem, type NoteKey, noteKey, printSignatureLine } from '../verify/index.ts'

const TIMESTAMP_BYTES = 8

export interface WitnessSigner {
  readonly key: NoteKey
  /** The line that stands below a note: this text was seen at this time, in seconds since 1970. */
  cosign(text: string, timeSeconds: number): string
}

/** Signs with a private Ed25519 key that does nothing else. `name` has no spaces and no `+`. */
export function witnessSigner(name: string, privateKey: KeyObject): WitnessSigner {
  const key = witnessKey(name, createPublicKey(privateKey))
  return {
    key,
    cosign: (text, timeSeconds) => {
      assert(Number.isSafeInteger(timeSeconds) && timeSeconds >= 0, 'a cosignature has a time since 1970')
      const time = Buffer.alloc(TIMESTAMP_BYTES)
      time.writeBigUInt64BE(BigInt(timeSeconds))
      const signature = sign(null, cosignedMessage(text, timeSeconds), privateKey)
      return printSignatureLine({ name, keyId: key.keyId, bytes: Buffer.concat([time, signature]) })
    },
  }
}

/** The public key under the name, as those who trust the witness write it. */
export function witnessKey(name: string, publicKey: KeyObject): NoteKey {
  assert(publicKey.asymmetricKeyType === 'ed25519', 'a witness signs with Ed25519')
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
  const key = noteKey('cosigner', name, raw)
  assert(!isProblem(key), 'a witness has a name without spaces and a key of 32 bytes')
  return key
}
