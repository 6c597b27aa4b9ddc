/** An issuer on disk: a private folder with three certificates and three keys, and those that they took the place of. */
import { type KeyObject, X509Certificate } from 'node:crypto'
import { mkdir, mkdtemp, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { AgentError, systemErrorCode } from '../errors.ts'
import { readBoundedFile, readCertificate } from '../token/index.ts'
import { ISSUER_PARTS, type IssuerPart, type NewIssuer, type RenewedParts } from './authority.ts'
import { LEDGER_FILE } from './ledger-file.ts'
import { importPrivateKey, isEncryptedKey } from './private-key.ts'
import { type IssuerCertificates, keySigner, type Signer } from './signer.ts'

/** An encrypted RSA-4096 key has 3.5 KB in PEM. */
const FILE_BYTES_MAX = 16 * 1024

const PRIVATE_FILE_MODE = 0o600
const PRIVATE_FOLDER_MODE = 0o700

/** The bits that let anyone but the owner in. */
const OTHERS_MODE = 0o077

/** Where old certificates and keys go, in a folder for each time that some were replaced. */
export const RETIRED_FOLDER = 'retired'

/** New certificates and keys that are whole, and not yet all in their places. */
const RENEWAL_PREFIX = 'renewal-'

/** `root.pem` is the one file that is handed to sites. */
const certificateFile = (part: IssuerPart): string => `${part}.pem`
const keyFile = (part: IssuerPart): string => `${part}.key`

/** A passphrase, or who is asked for it once it is known to be needed. */
export type Passphrase = string | ((keyPath: string) => Promise<string>) | undefined

/**
 * Saves a new issuer. The folder must not exist, or be empty: keys that signed licences are never overwritten. A crash
 * in the midst leaves either the whole issuer or a folder of another name beside it, never half an issuer.
 */
export async function saveIssuer(dir: string, issuer: NewIssuer): Promise<void> {
  const target = resolve(dir)
  try {
    await assertUnused(target)
    await mkdir(dirname(target), { recursive: true })
    // Made with mode 0700.
    const partial = await mkdtemp(join(dirname(target), `.${basename(target)}.partial-`))
    try {
      await writeAll(partial, issuer)
      // Fails on a folder that has got a content in the meantime; replaces an empty one.
      await rename(partial, target)
    } catch (error) {
      await rm(partial, { recursive: true, force: true })
      throw error
    }
    await syncDirectory(dirname(target))
  } catch (error) {
    if (error instanceof AgentError) throw error
    throw saveFailure(dir, error)
  }
}

function saveFailure(dir: string, error: unknown): AgentError {
  const code = systemErrorCode(error)
  if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR') return alreadyThere(dir, error)
  const message = `issuer cannot be saved in \`${dir}\` (${code ?? 'unknown reason'})`
  return new AgentError('STATE_UNUSABLE', message, { cause: error })
}

function alreadyThere(dir: string, cause?: unknown): AgentError {
  const message = `\`${dir}\` is already there; an issuer is saved in a new folder and never over another`
  return new AgentError('USAGE', message, { cause })
}

async function assertUnused(target: string): Promise<void> {
  try {
    if ((await readdir(target)).length > 0) throw alreadyThere(target)
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error
  }
}

async function writeAll(dir: string, issuer: NewIssuer): Promise<void> {
  const pems = { root: issuer.rootPem, intermediate: issuer.intermediatePem, signer: issuer.signerPem }
  for (const part of ISSUER_PARTS) await writePart(dir, part, pems[part], issuer.keysPem[part])
  await writeSynced(join(dir, LEDGER_FILE), '')
  await syncDirectory(dir)
}

async function writePart(dir: string, part: IssuerPart, pem: string, keyPem: string): Promise<void> {
  await writeSynced(join(dir, certificateFile(part)), pem)
  await writeSynced(join(dir, keyFile(part)), keyPem)
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', PRIVATE_FILE_MODE)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The certificates in force. Fails with LICENCE_UNREADABLE where one is missing or is none. */
export async function loadCertificates(dir: string): Promise<IssuerCertificates> {
  const [rootPem, intermediatePem, signerPem] = await Promise.all([
    readPem(dir, certificateFile('root')),
    readPem(dir, certificateFile('intermediate')),
    readPem(dir, certificateFile('signer')),
  ])
  parseCertificate(rootPem, join(dir, certificateFile('root')))
  parseCertificate(intermediatePem, join(dir, certificateFile('intermediate')))
  const signer = parseCertificate(signerPem, join(dir, certificateFile('signer')))
  const reading = readCertificate('signer', signer.raw)
  if (!reading.ok) throw unreadable(`issuer \`${dir}\`: ${reading.refusal.message}`)
  const { organisation: name, uri } = reading.certificate.facts
  return { name, uri, rootPem, intermediatePem, signerPem }
}

/** Loads what is needed to issue: the certificates and the signer's key. The other keys are not even opened. */
export async function loadIssuer(dir: string, passphrase?: Passphrase): Promise<Signer> {
  const key = await loadKey(dir, 'signer', passphrase)
  return keySigner(await loadCertificates(dir), key)
}

/** One root of an issuer, and the folder of the issuer that it has, or had. */
export interface IssuerRoot {
  /** SHA-256 of the certificate in DER, 64 lower-case hexadecimal digits. */
  readonly sha256: string
  readonly dir: string
}

/**
 * The roots of an issuer, the oldest first and the one in force last. What a licence's gate hears of it later - copies
 * allocated, refunded, a licence called back - must come from under the root that it came from.
 */
export async function issuerRoots(dir: string): Promise<readonly IssuerRoot[]> {
  const retired = join(dir, RETIRED_FOLDER)
  const names = await readdir(retired).catch((error: unknown) => {
    ignoreMissing(error)
    return []
  })
  const folders = [...names.sort().map((name) => join(retired, name)), dir]
  const roots: IssuerRoot[] = []
  for (const folder of folders) {
    const path = join(folder, certificateFile('root'))
    const pem = await readPem(folder, certificateFile('root')).catch((error: unknown) => {
      if (folder === dir) throw error
    })
    if (pem === undefined) continue
    const { fingerprint256 } = parseCertificate(pem, path)
    roots.push({ sha256: fingerprint256.replaceAll(':', '').toLowerCase(), dir: folder })
  }
  return roots
}

/** The private key of a part, which must belong to its certificate and be its owner's alone. */
export async function loadKey(dir: string, part: IssuerPart, passphrase?: Passphrase): Promise<KeyObject> {
  const pem = await readPem(dir, certificateFile(part))
  const path = join(dir, keyFile(part))
  await assertPrivate(path)
  const keyPem = await readPem(dir, keyFile(part))
  const asked =
    typeof passphrase === 'function' && isEncryptedKey(keyPem) ? await passphrase(path) : passphrase
  const key = importPrivateKey(keyPem, typeof asked === 'string' ? asked : undefined, path)
  if (!parseCertificate(pem, join(dir, certificateFile(part))).checkPrivateKey(key)) {
    throw unreadable(`private key \`${path}\` does not belong to the ${part} certificate beside it`)
  }
  return key
}

/** Whether each private key is there, and encrypted. */
export async function keyStates(
  dir: string,
): Promise<Readonly<Record<IssuerPart, 'encrypted' | 'open' | 'absent'>>> {
  const stateOf = async (part: IssuerPart) => {
    const text = await readPem(dir, keyFile(part)).catch(() => undefined)
    if (text === undefined) return 'absent' as const
    return isEncryptedKey(text) ? ('encrypted' as const) : ('open' as const)
  }
  const [root, intermediate, signer] = [stateOf('root'), stateOf('intermediate'), stateOf('signer')]
  return { root: await root, intermediate: await intermediate, signer: await signer }
}

/**
 * Puts new certificates and keys in the place of the old ones, which go to the retired folder. They are written whole
 * first; from then on a crash leaves them to be put in place by `finishRenewal`, and before then nothing has changed.
 * Whoever calls holds the folder's lock.
 */
export async function saveRenewal(dir: string, parts: RenewedParts, nowMs: number): Promise<void> {
  const stamp = new Date(nowMs).toISOString().replaceAll(':', '-')
  try {
    const partial = await mkdtemp(join(dir, '.renewal.partial-'))
    try {
      for (const part of ISSUER_PARTS) {
        const renewed = parts[part]
        if (renewed !== undefined) await writePart(partial, part, renewed.pem, renewed.keyPem)
      }
      await syncDirectory(partial)
      await rename(partial, join(dir, `${RENEWAL_PREFIX}${stamp}`))
    } catch (error) {
      await rm(partial, { recursive: true, force: true })
      throw error
    }
    await syncDirectory(dir)
    await finishRenewal(dir)
  } catch (error) {
    throw saveFailure(dir, error)
  }
}

/** Ends a renewal that was written whole. Each step can be the last before a crash: the next call goes on from there. */
export async function finishRenewal(dir: string): Promise<void> {
  for (const folder of await pendingRenewals(dir)) {
    const retired = join(dir, RETIRED_FOLDER, folder.slice(RENEWAL_PREFIX.length))
    await mkdir(retired, { recursive: true, mode: PRIVATE_FOLDER_MODE })
    for (const name of await readdir(join(dir, folder))) {
      // An old file that has gone already was moved before a crash. The new one is moved at once, so both are never gone.
      await rename(join(dir, name), join(retired, name)).catch(ignoreMissing)
      await rename(join(dir, folder, name), join(dir, name))
    }
    await syncDirectory(retired)
    await syncDirectory(join(dir, RETIRED_FOLDER))
    await syncDirectory(dir)
    await rm(join(dir, folder), { recursive: true })
  }
}

/** Renewals that a crash has interrupted: there is one at most. */
export async function pendingRenewals(dir: string): Promise<readonly string[]> {
  return (await readdir(dir)).filter((name) => name.startsWith(RENEWAL_PREFIX)).sort()
}

function ignoreMissing(error: unknown): void {
  if (systemErrorCode(error) !== 'ENOENT') throw error
}

async function readPem(dir: string, name: string): Promise<string> {
  return (await readBoundedFile(join(dir, name), FILE_BYTES_MAX, 'issuer file')).toString('utf8')
}

/** A private key that others may read is refused. */
export async function assertPrivate(path: string): Promise<void> {
  let mode: number
  try {
    mode = (await stat(path)).mode
  } catch {
    // The reader that comes next says what is wrong with it.
    return
  }
  if ((mode & OTHERS_MODE) === 0) return
  const shown = (mode & 0o777).toString(8).padStart(4, '0')
  throw unreadable(`private key \`${path}\` is open to others (mode ${shown}), it must be 0600`)
}

function parseCertificate(pem: string, path: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (error) {
    throw unreadable(`certificate \`${path}\` is not in PEM form`, error)
  }
}

function unreadable(message: string, cause?: unknown): AgentError {
  return new AgentError('LICENCE_UNREADABLE', message, { cause })
}
