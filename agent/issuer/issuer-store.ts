/** An issuer on disk: a private folder with three certificates and three keys. */
import { X509Certificate } from 'node:crypto'
import { mkdir, mkdtemp, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { AgentError, systemErrorCode } from '../errors.ts'
import { readBoundedFile, readCertificate } from '../token/index.ts'
import type { Issuer, NewIssuer } from './issuer.ts'
import { importPrivateKey } from './private-key.ts'

/** Where things lie. `root.pem` is the one file that is handed to sites. */
const FILES = {
  root: 'root.pem',
  intermediate: 'intermediate.pem',
  signer: 'signer.pem',
  rootKey: 'root.key',
  intermediateKey: 'intermediate.key',
  signerKey: 'signer.key',
} as const

/** An encrypted RSA-4096 key has 3.5 KB in PEM. */
const FILE_BYTES_MAX = 16 * 1024

const PRIVATE_FILE_MODE = 0o600

/** The bits that let anyone but the owner in. */
const OTHERS_MODE = 0o077

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
  const contents: Readonly<Record<keyof typeof FILES, string>> = {
    root: issuer.rootPem,
    intermediate: issuer.intermediatePem,
    signer: issuer.signerPem,
    rootKey: issuer.keysPem.root,
    intermediateKey: issuer.keysPem.intermediate,
    signerKey: issuer.keysPem.signer,
  }
  for (const part of Object.keys(FILES) as (keyof typeof FILES)[]) {
    const file = await open(join(dir, FILES[part]), 'wx', PRIVATE_FILE_MODE)
    try {
      await file.writeFile(contents[part])
      await file.sync()
    } finally {
      await file.close()
    }
  }
  await syncDirectory(dir)
}

async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Loads what is needed to issue: the certificates and the signer's key. The other keys are not even opened. */
export async function loadIssuer(dir: string, passphrase?: string): Promise<Issuer> {
  const rootPem = await readPem(dir, 'root')
  const intermediatePem = await readPem(dir, 'intermediate')
  const signerPem = await readPem(dir, 'signer')
  const keyPath = join(dir, FILES.signerKey)
  await assertPrivate(keyPath)
  const signingKey = importPrivateKey(await readPem(dir, 'signerKey'), passphrase, keyPath)
  const signer = parseCertificate(signerPem, join(dir, FILES.signer))
  if (!signer.checkPrivateKey(signingKey)) {
    throw unreadable(`private key \`${keyPath}\` does not belong to the signer certificate beside it`)
  }
  const reading = readCertificate('signer', signer.raw)
  if (!reading.ok) throw unreadable(`issuer \`${dir}\`: ${reading.refusal.message}`)
  const { organisation: name, uri } = reading.certificate.facts
  parseCertificate(rootPem, join(dir, FILES.root))
  parseCertificate(intermediatePem, join(dir, FILES.intermediate))
  return { name, uri, rootPem, intermediatePem, signerPem, signingKey }
}

async function readPem(dir: string, part: keyof typeof FILES): Promise<string> {
  return (await readBoundedFile(join(dir, FILES[part]), FILE_BYTES_MAX, 'issuer file')).toString('utf8')
}

async function assertPrivate(path: string): Promise<void> {
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
