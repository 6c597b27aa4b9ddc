// A licence for three copies, from the first to the last, as its user meets it: prints, a kill, a refund, the gate.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { issuer } from '../licence/fixture.ts'
import { signKind } from '../token/sign-kind.ts'
import { type Ended, endProcesses, removeFolders, run, start, until } from './command.ts'
import { expectRecords, startGate } from './gate.ts'
import { openTcp } from './gate-hosts.ts'
import { startPrinter } from './printer.ts'
import { CUBE, cubeText, licenceCube, newSite, recordsOfCopies, type Site, spooled } from './site.ts'

const LICENCE = '0c4a8f1e-7d52-4b6a-9e3f-1a2b3c4d5e6f'
const KEY = `${issuer.uri}#${LICENCE}`

afterEach(endProcesses)
afterAll(removeFolders)

interface Usage {
  readonly licence: string
  readonly limit: number
  readonly counts: Readonly<Record<string, number>>
  readonly copies: readonly { readonly copy: string; readonly state: string }[]
}

async function usage(site: Site): Promise<Usage> {
  const { stdout, status } = await run(['licence', 'usage', LICENCE, '--json', '--state', site.state])
  expect(status).toBe(0)
  return JSON.parse(stdout)[0]
}

const print = (site: Site, licence: string): Promise<Ended> =>
  run([
    'print',
    CUBE,
    '--port',
    'sim',
    '--policy',
    'maker-space',
    '--licence',
    licence,
    '--state',
    site.state,
  ])

/** What the issuer signs when somebody tells it of a copy. */
const refundOf = (site: Site, copy: string, id: string = randomUUID()): string => {
  const iat = Math.trunc(Date.now() / 1000) - 60
  const claims = { iss: issuer.uri, aud: 'portcullis', jti: id, iat, ver: 1, licence: LICENCE }
  return signKind('refund', { ...claims, machine: site.machineId, copy })
}

async function expectVerified(site: Site): Promise<void> {
  const { status, stdout } = await run(['audit', 'verify', '--json', '--state', site.state])
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, findings: [] })
  expect(status).toBe(0)
}

describe('a licence for three copies', () => {
  let site: Site
  let licence: string

  beforeAll(async () => {
    site = await newSite()
    licence = await licenceCube(site, { id: LICENCE, copies: 3 })
  })

  test('prints three, and the fourth is refused in three lines of reason', async () => {
    for (let copy = 1; copy <= 3; copy++) {
      const { status, stderr, stdout } = await print(site, licence)
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      expect(stdout).toContain('printed')
    }
    const fourth = await print(site, licence)
    expect(fourth.status).toBe(3)
    expect(fourth.stdout).toContain('3 copies are used, the licence allows 3')
    expect(fourth.stdout).toContain('ask the issuer for more copies')
    expect(await usage(site)).toMatchObject({ licence: KEY, limit: 3, counts: { printed: 3, returned: 0 } })
  })

  test('is checked against the same count, without a record', async () => {
    const args = ['--policy', 'maker-space', '--licence', licence, '--state', site.state]
    const checked = await run(['check', CUBE, ...args])
    expect(checked.status).toBe(3)
    expect(checked.stdout).toContain('3 copies are used, the licence allows 3')
  })

  test('prints once more with a refund of its issuer, applied or brought along, and each of them once', async () => {
    const { copies } = await usage(site)
    const applied = site.file('refund.jwt', refundOf(site, copies[0]!.copy))
    const done = await run(['licence', 'apply-refund', applied, '--state', site.state])
    expect({ status: done.status, stderr: done.stderr }).toEqual({ status: 0, stderr: '' })
    expect((await print(site, licence)).status).toBe(0)
    expect((await print(site, licence)).status).toBe(3)
    const again = await run(['licence', 'apply-refund', applied, '--state', site.state])
    expect(again.stderr).toMatch(/not given back: refund `.*` was used already, by record \d+/)
    expect(again.status).toBe(2)
    const bundle = site.file(
      'bundle.licence',
      `${readFileSync(licence, 'utf8').trim()}\n${refundOf(site, copies[1]!.copy)}\n`,
    )
    expect((await print(site, bundle)).status).toBe(0)
    expect((await print(site, bundle)).status).toBe(3)
    expect(await usage(site)).toMatchObject({ counts: { printed: 3, returned: 2 } })
    await expectVerified(site)
  })
})

test('a print that is killed leaves its copy uncertain, and one that never began gives it back', async () => {
  const [site, printer] = await Promise.all([newSite(), startPrinter({ speed: '1' })])
  const licence = await licenceCube(site, { id: LICENCE, copies: 2 })
  const args = ['--policy', 'maker-space', '--licence', licence, '--state', site.state]
  const agent = start(['print', CUBE, '--port', printer.port, ...args])
  await until('the print to be under way', () => printer.commands().length > 10)
  agent.signal('SIGKILL')
  await agent.ended
  const unfound = await run(['print', CUBE, '--port', '/dev/nowhere', ...args])
  expect(unfound.status).toBe(5)
  expect((await usage(site)).copies.map(({ state }) => state)).toEqual(['uncertain', 'returned'])
  expect((await print(site, licence)).status).toBe(0)
  const third = await print(site, licence)
  expect(third.stdout).toContain('2 copies are used, the licence allows 2')
  expect(third.status).toBe(3)
  await expectVerified(site)
})

test('a print that is stopped before its first layer is done gives its copy back', async () => {
  const [site, printer] = await Promise.all([newSite(), startPrinter({ speed: '1' })])
  const licence = await licenceCube(site, { id: LICENCE, copies: 1 })
  const args = ['--policy', 'maker-space', '--licence', licence, '--state', site.state]
  const agent = start(['print', CUBE, '--port', printer.port, ...args])
  await until('the print to be under way', () => printer.commands().length > 10)
  agent.signal('SIGINT')
  await agent.ended
  expect((await usage(site)).copies.map(({ state }) => state)).toEqual(['returned'])
  expect((await print(site, licence)).status).toBe(0)
  expect((await usage(site)).counts).toMatchObject({ printed: 1, returned: 1 })
  await expectVerified(site)
})

test('the gate counts what it arms: disarmed and replaced jobs come back, printed ones do not', async () => {
  const [site, printer] = await Promise.all([newSite(), startPrinter()])
  const licence = await licenceCube(site, { id: LICENCE, copies: 2 })
  const gate = await startGate(site, printer.port, { host: { jobs: 'armed' } })
  await gate.untilState('idle')
  const arm = async (): Promise<string> => {
    const { status, stdout } = await gate.ask('arm', CUBE, '--licence', licence, '--json')
    expect(status).toBe(0)
    return JSON.parse(stdout).decision.id
  }
  const states = (job: string): Promise<readonly string[]> => recordsOfCopies(site, job)
  const first = await arm()
  expect((await gate.ask('disarm')).status).toBe(0)
  await until('the first to come back', async () => (await states(first)).at(-1) === 'returned')
  const second = await arm()
  const third = await arm()
  await until('the second to come back', async () => (await states(second)).at(-1) === 'returned')
  const host = await openTcp(gate.tcpPort)
  await host.print(
    cubeText()
      .split('\n')
      .map((line) => line.replace(/;.*/, '').trim())
      .filter((line) => line !== ''),
    { isNumbered: true },
  )
  await until('the third to be printed', async () => (await states(third)).at(-1) === 'printed')
  expect(await states(third)).toEqual(['reserved', 'printing', 'printed'])
  await host.close()
  await gate.untilState('idle')
  await arm()
  // What is armed holds its copy: with the printed one these are two.
  const denied = await gate.ask('arm', CUBE, '--licence', licence, '--json')
  expect(denied.status).toBe(3)
  expect(JSON.parse(denied.stdout).decision.reasons[0].code).toBe('licence.copies-used-up')
  const refund = site.file('refund.jwt', refundOf(site, third))
  const applied = await run(['licence', 'apply-refund', refund, '--state', site.state])
  expect({ status: applied.status, stderr: applied.stderr }).toEqual({ status: 0, stderr: '' })
  await expectRecords(site, 'job-armed', [{ job: first }, { job: second }, { job: third }, {}])
  const reported = await run(['licence', 'report', LICENCE, '--text', 'one cube', '--state', site.state])
  expect({ status: reported.status, stderr: reported.stderr }).toEqual({ status: 0, stderr: '' })
  gate.command.signal('SIGTERM')
  expect((await gate.command.ended).status).toBe(0)
  expect((await usage(site)).counts).toMatchObject({ reserved: 0, printing: 0, printed: 0, returned: 4 })
  expect(spooled(site)).toEqual([])
  await expectVerified(site)
})
