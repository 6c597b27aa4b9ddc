/**
 * Changes to the trust folder, for its commands. Each is one file written whole; what the gate would not read is not
 * written. `authorities.yaml` keeps the comments of whoever wrote it. Two changes at one moment: the later one is
 * refused where it sees the other, and is for one administrator to repeat.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { type Document, isMap, isSeq, parseDocument } from 'yaml'
import { AgentError } from '../errors.ts'
import { reasonAndRemedy, TOKEN_KINDS } from '../token/index.ts'
import { AUTHORITIES_FILE, readAuthoritiesText } from './authorities-file.ts'
import { plainFingerprint, spkiSha256Of } from './certificate-names.ts'
import { trustOf } from './load-trust.ts'
import { openRecognition, RECOGNITIONS_FOLDER } from './recognition.ts'
import type { LicenceTier } from './tiers.ts'
import type { Power, Recognition } from './trust.ts'
import {
  addTrustAnchor,
  loadTrustAnchors,
  readAnchor,
  readOneCertificate,
  type TrustAnchor,
} from './trust-anchors.ts'
import { ensureGuarded, removeWhole, unreadable, writeWhole } from './trust-folder.ts'

/** What is said of an anchor; a member that is left out limits nothing. */
export interface AuthorityRow {
  readonly name?: string
  readonly may?: readonly Power[]
  readonly tiers?: readonly LicenceTier[]
  readonly classes?: readonly string[]
  readonly countries?: readonly string[]
  readonly exemptsAs?: readonly string[]
}

/**
 * Trusts a root certificate, with the row that says for what; without one, a row that is there stays. The row comes
 * first: an anchor without a row may license everything, and a crash must not leave it so.
 */
export async function trustIssuer(
  dir: string,
  pem: string,
  row: AuthorityRow | undefined,
  nowMs: number,
): Promise<{ readonly path: string; readonly sha256: string }> {
  const anchor = readAnchor(pem)
  await ensureGuarded(dir)
  if (row !== undefined) {
    await changeAuthorities(dir, nowMs, (document, anchors) => {
      removeRows(document, 'authorities', (reference) => isOf(reference, anchor.sha256, anchors))
      const { exemptsAs, ...plain } = row
      const members = { anchor: anchor.sha256, ...plain, ...(exemptsAs && { 'exempts-as': exemptsAs }) }
      addRow(document, 'authorities', members)
    })
  }
  return { path: await addTrustAnchor(dir, pem), sha256: anchor.sha256 }
}

/** Trusts an anchor no more: its files go first, then its row. Throws USAGE where it is not there. */
export async function distrustIssuer(dir: string, reference: string, nowMs: number): Promise<TrustAnchor> {
  const anchors = await loadTrustAnchors(dir)
  const fingerprint = plainFingerprint(reference) ?? fingerprintIn(reference)
  const anchor = anchors.find(({ sha256, fileName }) => fileName === reference || sha256 === fingerprint)
  if (anchor === undefined) {
    const message = 'the trust folder holds no such anchor; `portcullis licence trust --list` shows them'
    throw new AgentError('USAGE', message)
  }
  // A certificate can lie there under two names, and trusting one of them is trusting it.
  const files = anchors.filter(({ sha256 }) => sha256 === anchor.sha256).map(({ fileName }) => fileName)
  // By its fingerprint from now on: a row that names a missing file would be a mistake in the file.
  await changeAuthorities(dir, nowMs, (document) => {
    for (const list of ['authorities', 'revoked'] as const) {
      for (const row of rowsOf(document, list)) {
        if (files.some((name) => row.get('anchor') === name)) row.set('anchor', anchor.sha256)
      }
    }
  })
  for (const name of files) await removeWhole(join(dir, name))
  await changeAuthorities(dir, nowMs, (document, left) => {
    removeRows(document, 'authorities', (named) => isOf(named, anchor.sha256, left))
  })
  return anchor
}

/** The fingerprint of the certificate in a PEM text; undefined where it is none. */
function fingerprintIn(text: string): string | undefined {
  if (!text.includes('BEGIN CERTIFICATE')) return undefined
  return readAnchor(text).sha256
}

export interface RevokedKey {
  readonly spkiSha256: string
  /** Whether it is the key of a certificate that was seen, or only a number that somebody gave. */
  readonly isSeen: boolean
}

/**
 * Believes no certificate of a key any more, from a record of the log on or altogether. `named` is a certificate in PEM,
 * the fingerprint of an anchor, or the SHA-256 of a public key. A stricter revocation that is there already stays.
 */
export async function revokeIssuer(
  dir: string,
  named: string,
  options: { readonly fromRecord?: number; readonly name?: string },
  nowMs: number,
): Promise<RevokedKey> {
  const key = await keyNamed(dir, named)
  const { fromRecord, name } = options
  await changeAuthorities(dir, nowMs, (document) => {
    addRow(document, 'revoked', {
      spki: key.spkiSha256,
      ...(name !== undefined && { name }),
      ...(fromRecord !== undefined && { 'from-record': fromRecord }),
    })
  })
  return key
}

async function keyNamed(dir: string, named: string): Promise<RevokedKey> {
  if (named.includes('BEGIN')) {
    return { spkiSha256: spkiSha256Of(readOneCertificate(named, 'certificate')), isSeen: true }
  }
  const fingerprint = plainFingerprint(named)
  if (fingerprint === undefined) {
    const message = 'what is revoked is a certificate in PEM, or a SHA-256 of 64 hexadecimal digits'
    throw new AgentError('USAGE', message)
  }
  const anchor = (await loadTrustAnchors(dir)).find(({ sha256 }) => sha256 === fingerprint)
  if (anchor !== undefined) return { spkiSha256: spkiSha256Of(anchor.certificate), isSeen: true }
  return { spkiSha256: fingerprint, isSeen: false }
}

/** Believes the attestations of a slicer. An id that is there gets the new key. */
export async function trustSlicer(dir: string, id: string, key: string, nowMs: number): Promise<void> {
  await changeAuthorities(dir, nowMs, (document) => {
    removeRows(document, 'slicers', (reference) => reference === id, 'id')
    addRow(document, 'slicers', { id, key })
  })
}

/** Adds a signed recognition after verifying it. Throws LICENCE_UNREADABLE where it is not believed here, now. */
export async function addRecognition(
  dir: string,
  text: string,
  nowMs: number,
): Promise<{ readonly path: string; readonly recognition: Recognition }> {
  const compact = text.trim()
  const anchors = await loadTrustAnchors(dir)
  const trust = await trustOf(dir, anchors, (await readAuthoritiesText(dir)) ?? '', nowMs)
  const opened = await openRecognition(compact, trust, nowMs)
  if (!opened.ok) {
    throw unreadable(`recognition cannot be used here: ${reasonAndRemedy(opened)}`)
  }
  const name = createHash('sha256').update(compact).digest('hex').slice(0, 32)
  const path = join(dir, RECOGNITIONS_FOLDER, `${name}.jwt`)
  await writeWhole(path, `${compact}\n`, 'new')
  return { path, recognition: opened.recognition }
}

/** What a recognition can have at most, for whoever reads one from a file. */
export const RECOGNITION_BYTES_MAX = TOKEN_KINDS.recognition.bytesMax

type List = 'authorities' | 'revoked' | 'slicers'

/** Reads the file, changes it, and writes it back whole if the gate would read it. */
async function changeAuthorities(
  dir: string,
  nowMs: number,
  change: (document: Document, anchors: readonly TrustAnchor[]) => void,
): Promise<void> {
  const anchors = await loadTrustAnchors(dir)
  const before = await readAuthoritiesText(dir)
  // What is there must be right before it is added to: a mistake is its writer's to mend.
  await trustOf(dir, anchors, before ?? '', nowMs)
  const document: Document = parseDocument(before ?? '')
  if (!isMap(document.contents)) document.contents = document.createNode({}) as typeof document.contents
  change(document, anchors)
  const after = isMap(document.contents) && document.contents.items.length === 0 ? '' : String(document)
  if (after === (before ?? '')) return
  await trustOf(dir, anchors, after, nowMs)
  if ((await readAuthoritiesText(dir)) !== before) {
    const message = `\`${AUTHORITIES_FILE}\` was changed by somebody else meanwhile; repeat the command`
    throw new AgentError('STATE_UNUSABLE', message)
  }
  await writeWhole(join(dir, AUTHORITIES_FILE), after, 'replace')
}

function addRow(document: Document, list: List, row: object): void {
  const rows = document.getIn([list])
  if (isSeq(rows)) rows.add(document.createNode(row))
  else document.setIn([list], document.createNode([row]))
}

function rowsOf(
  document: Document,
  list: List,
): readonly { get(key: string): unknown; set(key: string, value: unknown): void }[] {
  const rows = document.getIn([list])
  return isSeq(rows) ? rows.items.filter((row) => isMap(row)) : []
}

function removeRows(
  document: Document,
  list: List,
  isGone: (reference: unknown) => boolean,
  member = 'anchor',
): void {
  const rows = document.getIn([list])
  if (!isSeq(rows)) return
  rows.items = rows.items.filter((row) => !(isMap(row) && isGone(row.get(member))))
  if (rows.items.length === 0) document.deleteIn([list])
}

function isOf(reference: unknown, sha256: string, anchors: readonly TrustAnchor[]): boolean {
  if (typeof reference !== 'string') return false
  if (plainFingerprint(reference) === sha256) return true
  return anchors.some((anchor) => anchor.sha256 === sha256 && anchor.fileName === reference)
}
