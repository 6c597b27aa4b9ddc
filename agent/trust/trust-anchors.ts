/** The root certificates a site trusts: one PEM file each, in one folder. Who may write there decides whom it believes. */
import { randomUUID, X509Certificate } from 'node:crypto'
import { link, mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AgentError, systemErrorCode } from '../errors.ts'
import { checkProfile, readBoundedFile, readCertificate } from '../token/index.ts'

/** More issuers than any site deals with, and few enough to try all that share a name. */
const ANCHORS_MAX = 64

/** An RSA-4096 certificate has 2.3 KB in PEM. */
const ANCHOR_BYTES_MAX = 16 * 1024

/** Enough of the fingerprint to name a file; the content is compared whole. */
const FILE_NAME_CHARS = 32

/** The bit that lets any user of the machine write. */
const WORLD_WRITABLE = 0o002

const ONE_CERTIFICATE = /^\s*-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*$/

/**
 * Loads every `*.pem` of a folder. Fails with LICENCE_UNREADABLE where the folder is missing or any file in it is not
 * one certificate fit to be an anchor: a typing mistake must not look like an issuer nobody trusts. An expired root
 * loads, so that the refusal of its licences can say that it expired.
 */
export async function loadTrustAnchors(dir: string): Promise<readonly string[]> {
  await assertGuarded(dir, 'trust folder')
  const names = (await listFolder(dir)).filter((name) => name.endsWith('.pem')).sort()
  if (names.length > ANCHORS_MAX) {
    throw unreadable(
      `trust folder \`${dir}\` holds ${names.length} certificates, above the limit of ${ANCHORS_MAX}`,
    )
  }
  const anchors: string[] = []
  for (const name of names) {
    const path = join(dir, name)
    await assertGuarded(path, 'trust anchor')
    const text = (await readBoundedFile(path, ANCHOR_BYTES_MAX, 'trust anchor')).toString('latin1')
    anchors.push(parseAnchor(text, `trust anchor \`${path}\``).toString())
  }
  return anchors
}

/**
 * Adds a root certificate to a folder, which is made where it is missing, and tells the path of its file. Adding one
 * that is there already changes nothing. Fails with LICENCE_UNREADABLE where it is not fit to be an anchor.
 */
export async function addTrustAnchor(dir: string, pem: string): Promise<string> {
  const anchor = parseAnchor(pem.slice(0, ANCHOR_BYTES_MAX + 1), 'trust anchor')
  const fingerprint = anchor.fingerprint256.replaceAll(':', '').toLowerCase()
  const path = join(dir, `${fingerprint.slice(0, FILE_NAME_CHARS)}.pem`)
  try {
    await mkdir(dir, { recursive: true, mode: 0o755 })
    await assertGuarded(dir, 'trust folder')
    await writeWhole(path, anchor.toString())
  } catch (error) {
    if (error instanceof AgentError) throw error
    const message = `trust anchor cannot be saved in \`${dir}\` (${systemErrorCode(error) ?? 'unknown reason'})`
    throw new AgentError('STATE_UNUSABLE', message, { cause: error })
  }
  return path
}

/** Written aside and then linked: the final name never shows half a file, and never replaces one. */
async function writeWhole(path: string, text: string): Promise<void> {
  const partial = `${path}.${randomUUID()}.partial`
  try {
    const file = await open(partial, 'wx', 0o644)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await link(partial, path)
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error
  } finally {
    await rm(partial, { force: true })
  }
}

function parseAnchor(pem: string, label: string): X509Certificate {
  if (pem.includes('PRIVATE KEY'))
    throw unreadable(`${label} holds a private key; only its certificate belongs here`)
  if (!ONE_CERTIFICATE.test(pem)) throw unreadable(`${label} is not exactly one certificate in PEM form`)
  let anchor: X509Certificate
  try {
    anchor = new X509Certificate(pem)
  } catch (error) {
    throw unreadable(`${label} is not a certificate`, error)
  }
  const reading = readCertificate('anchor', anchor.raw)
  const refusal = reading.ok ? checkProfile(reading.certificate) : reading
  if (refusal !== undefined) throw unreadable(`${label} cannot be trusted: ${refusal.refusal.message}`)
  return anchor
}

async function assertGuarded(path: string, what: string): Promise<void> {
  let mode: number
  try {
    mode = (await stat(path)).mode
  } catch (error) {
    const missing = systemErrorCode(error) === 'ENOENT'
    throw unreadable(`${what} \`${path}\` ${missing ? 'does not exist' : 'cannot be read'}`, error)
  }
  if ((mode & WORLD_WRITABLE) === 0) return
  throw unreadable(
    `${what} \`${path}\` may be written by every user of this machine, so nothing in it is trusted`,
  )
}

async function listFolder(dir: string): Promise<string[]> {
  try {
    return await readdir(dir)
  } catch (error) {
    const problem = systemErrorCode(error) === 'ENOTDIR' ? 'is not a folder' : 'cannot be read'
    throw unreadable(`trust folder \`${dir}\` ${problem}`, error)
  }
}

function unreadable(message: string, cause?: unknown): AgentError {
  return new AgentError('LICENCE_UNREADABLE', message, { cause })
}
