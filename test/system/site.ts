/** A site with a state folder that trusts the test issuer, and the licences that this issuer gives out. */
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findLog } from '../../agent/cli/audit-place.ts'
import { AgentError } from '../../agent/errors.ts'
import { issueLicence, type LicenceOrder } from '../../agent/issuer/index.ts'
import { readLedger } from '../../agent/ledger.ts'
import { issuer } from '../licence/fixture.ts'
import { newFolder, ROOT, run } from './command.ts'

/** A real job: a PrusaSlicer cube of 3239 lines. */
export const CUBE = join(ROOT, 'fixtures', 'demo', 'cube.gcode')
const CUBE_CANONICAL_SHA256 = 'ba2c7aefd3e5cef60b612a2f24622cb06450cc78cb4c7cf2f290fdf690e23bbf'
const DAY_MS = 86_400_000

export interface Site {
  readonly folder: string
  readonly state: string
  readonly machineId: string
  /** Writes a file into the site's folder and answers with its path. */
  file(name: string, content: string | Uint8Array): string
}

/** A new state folder, with the test issuer as its only trust. */
export async function newSite(): Promise<Site> {
  const folder = newFolder()
  const state = join(folder, 'state')
  mkdirSync(state, { mode: 0o700 })
  const file: Site['file'] = (name, content) => writeTo(join(folder, name), content)
  const root = file('root.pem', issuer.rootPem)
  const trusted = await run(['licence', 'trust', root, '--state', state])
  if (trusted.status !== 0) throw new Error(trusted.stderr)
  const machine = await run(['licence', 'machine', '--json', '--state', state])
  return { folder, state, machineId: JSON.parse(machine.stdout).machineId, file }
}

/** The same site with its state folder as it is now, in another place. */
export function copySite(site: Site): Site {
  const folder = newFolder()
  const state = join(folder, 'state')
  cpSync(site.state, state, { recursive: true })
  return { ...site, folder, state, file: (name, content) => writeTo(join(folder, name), content) }
}

function writeTo(path: string, content: string | Uint8Array): string {
  writeFileSync(path, content)
  return path
}

/** Issues a licence for the cube on this site's machine, but for `changes`, and writes it to a file. */
export async function licenceCube(site: Site, changes: Partial<LicenceOrder> = {}): Promise<string> {
  const nowMs = (changes.notBeforeMs ?? Date.now()) - 1000
  const order: LicenceOrder = {
    licensee: 'Riverside Makers',
    tier: 'registered',
    design: {
      id: 'cube-20',
      revision: '1',
      title: 'Calibration cube',
      digests: [{ form: 'gcode-canon', sha256: CUBE_CANONICAL_SHA256 }],
    },
    copies: 3,
    machines: [site.machineId],
    notBeforeMs: nowMs,
    expiresAtMs: nowMs + DAY_MS,
    ...changes,
  }
  return site.file('cube.licence', `${await issueLicence(issuer, order, nowMs)}\n`)
}

export const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** The records of the site's log, oldest first, with what is hidden of them; none where there is no log yet. */
export async function logRecords(site: Site): Promise<readonly Record<string, unknown>[]> {
  const records: Record<string, unknown>[] = []
  try {
    const place = await findLog(site.state, {})
    for await (const { record } of readLedger(place)) records.push({ ...record })
  } catch (error) {
    if (!(error instanceof AgentError && error.code === 'USAGE')) throw error
  }
  return records
}

/** The states of one copy, in the order of its records. */
export async function recordsOfCopies(site: Site, copy: string): Promise<readonly string[]> {
  const records = (await logRecords(site)).filter(({ kind, copy: name }) => kind === 'copy' && name === copy)
  return records.map(({ state }) => String(state))
}

/** What lies in the site's spool: nothing, once a print has ended. */
export function spooled(site: Site): readonly string[] {
  return readdirSync(join(site.state, 'spool'))
}

/** The cube as text. */
export function cubeText(): string {
  return readFileSync(CUBE, 'utf8')
}
