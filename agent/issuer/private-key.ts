/** Private keys at rest: PKCS #8 PEM, encrypted with a passphrase where there is one. */
import { createCipheriv, createPrivateKey, type KeyObject, pbkdf2Sync, randomBytes } from 'node:crypto'
import forge from 'node-forge'
import { AgentError, assert, systemErrorCode } from '../errors.ts'

const { asn1, pki } = forge
const universal = asn1.Class.UNIVERSAL

/** Less can be tried out in an afternoon, whatever the derivation costs. */
export const PASSPHRASE_CHARS_MIN = 8

/** PBKDF2-HMAC-SHA-256 as OWASP advises since 2023: a fifth of a second for us, and for each guess. Node's own export uses 2,048. */
const PBKDF2_ROUNDS = 600_000

/** Long enough that no two keys share a table of guesses. */
const SALT_BYTES = 16

/** AES-256. */
const CIPHER_KEY_BYTES = 32
const CIPHER_BLOCK_BYTES = 16

/** Writes a private key as PKCS #8 PEM: PBES2 with AES-256-CBC under the passphrase, plain without one. */
export function exportPrivateKey(key: KeyObject, passphrase: string | undefined): string {
  if (passphrase !== undefined && passphrase.length < PASSPHRASE_CHARS_MIN) {
    throw new AgentError('USAGE', `passphrase is shorter than ${PASSPHRASE_CHARS_MIN} characters`)
  }
  if (passphrase === undefined) return key.export({ type: 'pkcs8', format: 'pem' }).toString()
  const salt = randomBytes(SALT_BYTES)
  const initial = randomBytes(CIPHER_BLOCK_BYTES)
  const secret = pbkdf2Sync(passphrase, salt, PBKDF2_ROUNDS, CIPHER_KEY_BYTES, 'sha256')
  const cipher = createCipheriv('aes-256-cbc', secret, initial)
  const encrypted = Buffer.concat([
    cipher.update(key.export({ type: 'pkcs8', format: 'der' })),
    cipher.final(),
  ])
  const info = sequence(pbes2(salt, initial), primitive(asn1.Type.OCTETSTRING, encrypted))
  return pki.encryptedPrivateKeyToPem(info).replaceAll('\r\n', '\n')
}

/** The algorithm identifier of RFC 8018, appendix A.4. node-forge can write it too, but derives for seconds in JavaScript. */
function pbes2(salt: Buffer, initial: Buffer): forge.asn1.Asn1 {
  const rounds = Buffer.from(asn1.integerToDer(PBKDF2_ROUNDS).getBytes(), 'binary')
  const digest = sequence(identifier('hmacWithSHA256'), asn1.create(universal, asn1.Type.NULL, false, ''))
  const derivation = sequence(
    identifier('pkcs5PBKDF2'),
    sequence(primitive(asn1.Type.OCTETSTRING, salt), primitive(asn1.Type.INTEGER, rounds), digest),
  )
  const cipher = sequence(identifier('aes256-CBC'), primitive(asn1.Type.OCTETSTRING, initial))
  return sequence(identifier('pkcs5PBES2'), sequence(derivation, cipher))
}

function sequence(...parts: forge.asn1.Asn1[]): forge.asn1.Asn1 {
  return asn1.create(universal, asn1.Type.SEQUENCE, true, parts)
}

function identifier(name: string): forge.asn1.Asn1 {
  const oid = pki.oids[name]
  assert(oid !== undefined, 'node-forge knows the identifiers of PBES2')
  return asn1.create(universal, asn1.Type.OID, false, asn1.oidToDer(oid).getBytes())
}

function primitive(type: forge.asn1.Type, value: Buffer): forge.asn1.Asn1 {
  return asn1.create(universal, type, false, value.toString('binary'))
}

/** Reads a private key from PEM. `path` is for the sentence when it cannot: no passphrase, the wrong one, no key. */
export function importPrivateKey(pem: string, passphrase: string | undefined, path: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, format: 'pem', ...(passphrase === undefined ? {} : { passphrase }) })
  } catch (error) {
    throw new AgentError('LICENCE_UNREADABLE', `private key \`${path}\` ${explain(pem, passphrase, error)}`, {
      cause: error,
    })
  }
}

function explain(pem: string, passphrase: string | undefined, error: unknown): string {
  if (systemErrorCode(error) === 'ERR_MISSING_PASSPHRASE') return 'is encrypted, its passphrase is needed'
  const isEncrypted = isEncryptedKey(pem)
  if (isEncrypted && passphrase === undefined) return 'is encrypted, its passphrase is needed'
  return isEncrypted ? 'does not open with this passphrase' : 'is not a private key in PEM form'
}

/** Whether a passphrase opens it. */
export function isEncryptedKey(pem: string): boolean {
  return pem.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----')
}
