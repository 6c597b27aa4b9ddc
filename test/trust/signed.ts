/** Tokens of the fixture's issuer, and trust folders that believe it. */
import { X509Certificate } from 'node:crypto'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { signToken } from '../../agent/token/index.ts'
import { DAY_MS, issuer, NOW_MS } from '../licence/fixture.ts'

export const ANCHOR = new X509Certificate(issuer.rootPem)
export const ANCHOR_SHA256 = ANCHOR.fingerprint256.replaceAll(':', '').toLowerCase()
export const ANCHOR_FILE = `${ANCHOR_SHA256.slice(0, 32)}.pem`

/** A trust folder with the fixture's root and these files. */
export async function trustFolder(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'trust-'))
  for (const [name, text] of Object.entries({ [ANCHOR_FILE]: issuer.rootPem, ...files })) {
    await mkdir(dirname(join(dir, name)), { recursive: true })
    await writeFile(join(dir, name), text, { mode: 0o644 })
  }
  return dir
}

/** A row for the fixture's issuer. */
export function rowFor(...lines: readonly string[]): string {
  return ['authorities:', `  - anchor: ${ANCHOR_SHA256}`, ...lines.map((line) => `    ${line}`), ''].join(
    '\n',
  )
}

export async function signed(
  kind: 'recognition' | 'screeningList' | 'licence',
  claims: object | string,
): Promise<string> {
  const payload = Buffer.from(typeof claims === 'string' ? claims : JSON.stringify(claims))
  const chain = [issuer.signerPem, issuer.intermediatePem].map((pem) => new X509Certificate(pem).raw)
  return await signToken(payload, issuer.signingKey, [chain[0]!, chain[1]!], kind)
}

const common = {
  iss: issuer.uri,
  aud: 'portcullis',
  jti: '5f0b8c1e-6a58-4f64-9d8a-3f4c5b2a1e07',
  iat: (NOW_MS - DAY_MS) / 1000,
  exp: (NOW_MS + 30 * DAY_MS) / 1000,
  ver: 1,
} as const

export function recognitionClaims(changes: object = {}): Record<string, unknown> {
  return {
    ...common,
    of: 'https://other.example/regime',
    tiers: { controlled: 'registered' },
    classes: { 'jp-meti:1B': 'eu:1B001' },
    ...changes,
  }
}

export const ENTRIES = [
  { id: 'p1', kind: 'party', names: ['Severny Zavod', 'Северный Завод'], why: 'diverted goods in 2025' },
  { id: 'c1', kind: 'country', countries: ['XX'], why: 'no export' },
  { id: 'm1', kind: 'material', vendor: 'Grey Polymers', lot: 'L-77/2', why: 'stolen' },
] as const

export function screeningClaims(changes: object = {}): Record<string, unknown> {
  return {
    ...common,
    sub: 'national',
    version: '2026-11-20',
    source: 'ministry',
    entries: ENTRIES,
    ...changes,
  }
}

export async function complaint(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => 'no complaint',
    (error: unknown) => {
      if (!(error instanceof Error) || !('code' in error)) throw error
      return `${String(error.code)} ${error.message}`
    },
  )
}
