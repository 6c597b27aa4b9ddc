/** What an issuer's folder holds, for people to look at. Nothing is locked, no private key is opened. */
import { X509Certificate } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { systemErrorCode } from '../errors.ts'
import { readBoundedFile } from '../token/index.ts'
import { ISSUER_PARTS, type IssuerPart } from './authority.ts'
import { issuerRoots, keyStates, loadCertificates, pendingRenewals, RETIRED_FOLDER } from './issuer-store.ts'
import { readLedger } from './ledger-file.ts'
import type { LicenceState } from './ledger-state.ts'

const CERTIFICATE_BYTES_MAX = 16 * 1024

/** Of times that some were renewed, the latest are told. */
const RETIRED_MAX = 32

export interface CertificateOverview {
  readonly part: IssuerPart
  readonly serial: string
  readonly from: string
  readonly until: string
}

export interface IssuerOverview {
  readonly name: string
  readonly uri: string
  readonly certificates: readonly (CertificateOverview & {
    readonly key: 'encrypted' | 'open' | 'absent'
  })[]
  /** The certificates that others took the place of, the latest first, each with when that was. */
  readonly retired: readonly (CertificateOverview & { readonly retired: string })[]
  /** A renewal that a crash interrupted; the next command that signs ends it. */
  readonly isRenewalPending: boolean
  readonly licences: Readonly<Record<'issued' | 'current' | 'suspended' | 'revoked' | 'ended', number>>
  readonly allocations: number
  readonly refunds: number
  /** The latest that was published under the root in force. */
  readonly statusList: { readonly issued: string; readonly until: string | null } | null
}

/** Looks at an issuer's folder. Fails where it holds none, or its ledger is damaged. */
export async function overviewOf(dir: string, nowMs: number): Promise<IssuerOverview> {
  const { name, uri, rootPem, intermediatePem, signerPem } = await loadCertificates(dir)
  const pems = { root: rootPem, intermediate: intermediatePem, signer: signerPem }
  const keys = await keyStates(dir)
  const { licences, published } = await readLedger(dir)
  const rows = [...licences.values()]
  const root = (await issuerRoots(dir)).at(-1)?.sha256 ?? ''
  const list = published.get(root)
  const count = (matches: (row: LicenceState) => boolean): number => rows.filter(matches).length
  const isCurrent = ({ issued }: LicenceState): boolean => issued.expires * 1000 > nowMs
  return {
    name,
    uri,
    certificates: ISSUER_PARTS.map((part) => ({ ...overviewOfPem(part, pems[part]), key: keys[part] })),
    retired: await retiredIn(dir),
    isRenewalPending: (await pendingRenewals(dir)).length > 0,
    licences: {
      issued: rows.length,
      current: count((row) => row.standing === 'valid' && isCurrent(row)),
      suspended: count((row) => row.standing === 'suspended' && isCurrent(row)),
      revoked: count((row) => row.standing === 'revoked'),
      ended: count((row) => row.standing !== 'revoked' && !isCurrent(row)),
    },
    allocations: rows.reduce((sum, row) => sum + row.allocations.size, 0),
    refunds: rows.reduce((sum, row) => sum + row.refunds.size, 0),
    statusList: list
      ? { issued: iso(list.issued), until: list.expires === null ? null : iso(list.expires) }
      : null,
  }
}

async function retiredIn(dir: string): Promise<IssuerOverview['retired']> {
  const folder = join(dir, RETIRED_FOLDER)
  const names = (await listed(folder)).sort().reverse().slice(0, RETIRED_MAX)
  const found: IssuerOverview['retired'][number][] = []
  for (const retired of names) {
    for (const part of ISSUER_PARTS) {
      const path = join(folder, retired, `${part}.pem`)
      const pem = await readBoundedFile(path, CERTIFICATE_BYTES_MAX, 'certificate').catch(() => undefined)
      if (pem !== undefined) found.push({ ...overviewOfPem(part, pem.toString('latin1')), retired })
    }
  }
  return found
}

async function listed(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return []
    throw error
  }
}

function overviewOfPem(part: IssuerPart, pem: string): CertificateOverview {
  const { serialNumber, validFrom, validTo } = new X509Certificate(pem)
  return {
    part,
    serial: serialNumber.toLowerCase(),
    from: iso(Date.parse(validFrom) / 1000),
    until: iso(Date.parse(validTo) / 1000),
  }
}

function iso(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`
}
