import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { LicenceOrder } from '../agent/issuer/index.ts'
import { makeLicence } from '../agent/issuer/issuer.ts'
import type { Ledger } from '../agent/ledger.ts'
import type { PrinterIdentity } from '../agent/licence/index.ts'
import { licencePlace } from '../agent/licence-place.ts'
import { loadPolicy } from '../agent/load-policy.ts'
import { type PrintedJob, printJob } from '../agent/print-job.ts'
import { startSimulator } from '../agent/simulator.ts'
import type { StateFolder } from '../agent/state-folder.ts'
import { keepStatusList } from '../agent/status-folder.ts'
import { addTrustAnchor, revokeIssuer } from '../agent/trust/index.ts'
import { FIXTURES, issuer } from './licence/fixture.ts'
import { recordsOf, scratchLedger } from './state-scratch.ts'
import { STATUS_URI, statusToken } from './token/sign-kind.ts'
import { rowFor, screeningClaims, signed } from './trust/signed.ts'

/** A print under a licence that asks for more than its own lines: for one printer, for a status list. */

const ROOT = join(import.meta.dirname, '..')
const CUBE = join(ROOT, 'fixtures', 'demo', 'cube.gcode')
const CUBE_CANONICAL_SHA256 = 'ba2c7aefd3e5cef60b612a2f24622cb06450cc78cb4c7cf2f290fdf690e23bbf'
const DAY_MS = 86_400_000
const UUID = '6f9619ff-8b86-d011-b42d-00c04fc964ff'
const HERE: PrinterIdentity = { level: 'reported', uuid: UUID, firmware: 'Marlin bench', usbSerial: null }

let state: StateFolder
let ledger: Ledger
let port: string
let commands: string[]

beforeEach(async () => {
  ;({ state, ledger } = await scratchLedger())
  await addTrustAnchor(state.trustDir, issuer.rootPem)
  commands = []
  const simulator = await startSimulator({
    speed: 'max',
    uuid: UUID,
    firmware: 'Marlin bench',
    journal: (line) => {
      const record = JSON.parse(line)
      if (record.kind === 'command') commands.push(record.text)
    },
  })
  onTestFinished(() => simulator.stop())
  port = simulator.path
})

async function licence(changes: Partial<LicenceOrder> = {}, index = 0): Promise<string> {
  const nowMs = Date.now()
  const order: LicenceOrder = {
    licensee: 'Riverside Makers',
    tier: 'open',
    design: {
      id: 'cube-20',
      revision: '1',
      digests: [{ form: 'gcode-canon', sha256: CUBE_CANONICAL_SHA256 }],
    },
    copies: 3,
    machines: [state.machineId],
    notBeforeMs: nowMs - DAY_MS,
    expiresAtMs: nowMs + DAY_MS,
    ...changes,
  }
  const status = { uri: STATUS_URI, index }
  return (await makeLicence(issuer, order, nowMs - DAY_MS, status)).token
}

/** Prints the cube, as if this printer had answered before the decision. */
const print = (licenceText: string, printer: PrinterIdentity | null): Promise<PrintedJob> =>
  printJob({
    source: { path: CUBE },
    spoolDir: state.spoolDir,
    loaded: loadPolicy(join(ROOT, 'policies', 'library', 'maker-space.yaml')),
    openLog: async () => ledger,
    place: () => licencePlace(state, { ledger, printer }),
    licenceText,
    portName: port,
    baud: 115_200,
    guardProgram: undefined,
  })

const kinds = async (): Promise<readonly unknown[]> =>
  (await recordsOf(state)).map((record) =>
    'state' in record && 'copy' in record ? record.state : Object(record).kind,
  )

describe('a licence that names the printer', () => {
  const bound = (): Promise<string> =>
    licence({ machines: [{ id: state.machineId, printer: { uuid: UUID } }] })

  test('prints where the printer is the one of the decision', async () => {
    const { session } = await print(await bound(), HERE)
    expect(session).toMatchObject({ outcome: 'printed' })
    expect(commands.slice(0, 3)).toEqual(['M110 N0', 'M115', 'M110 N0'])
  })

  test('prints nothing where it is another one by now, and the copy is given back', async () => {
    const before = { ...HERE, firmware: 'Marlin before' }
    await expect(print(await bound(), before)).rejects.toMatchObject({
      code: 'PRINTER_FAULT',
      message: expect.stringContaining('is not known to be the one that was allowed'),
    })
    expect(commands).toEqual(['M110 N0', 'M115'])
    expect(await kinds()).toEqual(['log-opened', 'decision', 'reserved', 'returned'])
  })

  test('asks a printer nothing where the licence names none', async () => {
    expect((await print(await licence(), null)).session).toMatchObject({ outcome: 'printed' })
    expect(commands).not.toContain('M115')
  })
})

describe('a signer that was revoked from a record on', () => {
  test('made the licence that was printed before, and none that bears its id since', async () => {
    const id = '5f0b8c1e-6a58-4f64-9d8a-3f4c5b2a1e99'
    const known = await licence({ id, copies: 2 })
    expect((await print(known, null)).session).toMatchObject({ outcome: 'printed' })
    const certificate = await readFile(new URL('issuer/signer.pem', FIXTURES), 'utf8')
    const fromRecord = (await recordsOf(state)).length
    await revokeIssuer(state.trustDir, certificate, { fromRecord }, Date.now())
    expect((await print(known, null)).session).toMatchObject({ outcome: 'printed' })
    const { session, decision } = await print(await licence({ id, copies: 1000 }), null)
    expect(session).toBeUndefined()
    expect(decision.reasons.map(({ code }) => code)).toEqual(['licence.issuer-revoked'])
  })
})

describe('a screening list that a job is looked up in', () => {
  test('is on record before the decision, once, and no older one counts after it', async () => {
    await writeFile(join(state.trustDir, 'authorities.yaml'), rowFor('may: [license, screen]'))
    const listAt = (hoursAgo: number): Promise<string> =>
      signed(
        'screeningList',
        screeningClaims({ iat: Math.floor(Date.now() / 1000) - hoursAgo * 3600, exp: 2e9 }),
      )
    const place = join(state.trustDir, 'screening', 'a.jwt')
    const put = async (text: string): Promise<void> => await writeFile(place, text)
    await mkdir(join(state.trustDir, 'screening'))
    await put(await listAt(1))
    const codes = async (): Promise<readonly string[]> => {
      const token = await licence({ tier: 'controlled' })
      return (await print(token, null)).decision.reasons.map(({ code, outcome }) => `${code} ${outcome}`)
    }
    expect(await codes()).toEqual([])
    expect(await codes()).toEqual([])
    const seen = (await recordsOf(state)).filter((record) => Object(record).kind === 'list-seen')
    expect(seen).toMatchObject([{ type: 'screening-list', uri: `${issuer.uri}#national` }])
    expect((await kinds()).slice(1, 3)).toEqual(['list-seen', 'decision'])
    await put(await listAt(2))
    expect(await codes()).toEqual(['licence.screening-unready hold'])
    await rm(place)
    expect(await codes()).toEqual(['licence.screening-unready hold'])
    await put(await listAt(0))
    expect(await codes()).toEqual([])
  })
})

describe('a status list that a licence is used with', () => {
  const withStatus = (index?: number): Promise<string> =>
    licence({ status: { ageSecondsMax: 30 * 86_400, beyond: 'deny' } }, index)
  const listAt = (issuedAtMs: number, status = 0): string =>
    statusToken([0, 0, 0, 0].fill(status), { issuedAtMs })

  test('is on record before the first byte, once, and no older one is used again', async () => {
    const nowMs = Math.floor(Date.now() / 1000) * 1000
    const token = await withStatus()
    const list = listAt(nowMs - 2000)
    expect((await print(`${token}\n${list}`, null)).session).toMatchObject({ outcome: 'printed' })
    const seen = (await recordsOf(state)).find((record) => Object(record).kind === 'list-seen')
    expect(seen).toMatchObject({ type: 'status-list', uri: STATUS_URI, issuedAt: nowMs / 1000 - 2 })
    const order = await kinds()
    expect(order.indexOf('list-seen')).toBeLessThan(order.indexOf('job-opened'))
    await print(`${token}\n${list}`, null)
    expect((await kinds()).filter((kind) => kind === 'list-seen')).toHaveLength(1)
    const older = await print(`${token}\n${listAt(nowMs - 4000)}`, null)
    expect(older).toMatchObject({
      session: undefined,
      decision: { outcome: 'deny', reasons: [{ code: 'licence.status-rolled-back' }] },
    })
  })

  test('is on record where it withdraws the licence, so that it cannot be left out the next time', async () => {
    const nowMs = Math.floor(Date.now() / 1000) * 1000
    const token = await withStatus()
    const codes = async (text: string): Promise<readonly string[]> =>
      (await print(text, null)).decision.reasons.map(({ code }) => code)
    expect(await codes(`${token}\n${listAt(nowMs - 2000, 1)}`)).toEqual(['licence.revoked'])
    expect((await kinds()).slice(1)).toEqual(['list-seen', 'decision'])
    expect(await codes(`${token}\n${listAt(nowMs - 4000)}`)).toEqual(['licence.status-rolled-back'])
  })

  test('may be the one that the site keeps', async () => {
    const token = await withStatus()
    expect((await print(token, null)).decision.reasons[0]).toMatchObject({ code: 'licence.status-missing' })
    const issuedAtMs = Date.now() - 5000
    const list = { uri: STATUS_URI, issuedAtMs, compact: listAt(issuedAtMs, 1) }
    await keepStatusList(state.trustDir, list)
    expect((await print(token, null)).decision.reasons[0]).toMatchObject({ code: 'licence.revoked' })
  })
})
