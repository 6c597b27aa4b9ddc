import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { endProcesses, removeFolders, run } from './command.ts'
import { startGate } from './gate.ts'
import { startPrinter } from './printer.ts'
import { CUBE, licenceCube, logRecords, newSite, type Site } from './site.ts'

/** A licence that names the printer: only that one prints it. */

afterEach(endProcesses)
afterAll(removeFolders)

const UUID = '6f9619ff-8b86-d011-b42d-00c04fc964ff'
const OTHER = '00112233-4455-6677-8899-aabbccddeeff'

const boundTo = (site: Site, uuid: string): Promise<string> =>
  licenceCube(site, { machines: [{ id: site.machineId, printer: { uuid } }] })

const print = async (site: Site, port: string, licence: string) => {
  const ended = await run([
    ...['print', CUBE, '--port', port, '--policy', 'maker-space', '--licence', licence],
    ...['--json', '--state', site.state],
  ])
  expect(ended.stderr).toBe('')
  return { status: ended.status, said: JSON.parse(ended.stdout) }
}

test('the printer that is named prints, and is asked before the decision and once more before the job', async () => {
  const [site, printer] = await Promise.all([newSite(), startPrinter({ uuid: UUID })])
  const { status, said } = await print(site, printer.port, await boundTo(site, UUID))
  expect(said.print).toMatchObject({ outcome: 'printed' })
  expect(status).toBe(0)
  const commands = printer.commands()
  expect(commands.slice(0, 5)).toEqual(['M110 N0', 'M115', 'M110 N0', 'M115', 'M110 N0'])
  expect(commands.filter((command) => command === 'M115')).toHaveLength(2)
})

test('another printer prints nothing, and neither does one without a name of its own', async () => {
  const [site, other, nameless] = await Promise.all([
    newSite(),
    startPrinter({ uuid: OTHER }),
    startPrinter(),
  ])
  const licence = await boundTo(site, UUID)
  const refused = await print(site, other.port, licence)
  expect(refused.status).toBe(3)
  expect(refused.said.decision.reasons[0]).toMatchObject({ code: 'licence.other-printer', value: OTHER })
  expect(other.commands()).toEqual(['M110 N0', 'M115'])
  const unknown = await print(site, nameless.port, licence)
  expect(unknown.status).toBe(3)
  expect(unknown.said.decision.reasons[0]).toMatchObject({ code: 'licence.printer-unknown' })
  expect(nameless.commands()).toEqual(['M110 N0', 'M115'])
})

test('what a licence does not ask for is not asked of a printer', async () => {
  const [site, printer] = await Promise.all([newSite(), startPrinter({ uuid: UUID })])
  expect((await print(site, printer.port, await licenceCube(site))).status).toBe(0)
  expect(printer.commands()).not.toContain('M115')
})

test('the gate arms a job for the printer that is named, and for no other', async () => {
  const [site, printer] = await Promise.all([newSite(), startPrinter({ uuid: UUID })])
  const gate = await startGate(site, printer.port, {})
  await gate.untilState('idle')
  expect(printer.commands()).not.toContain('M115')
  const right = await gate.ask('arm', CUBE, '--licence', await boundTo(site, UUID), '--json')
  expect(right.stderr).toBe('')
  expect(right.status).toBe(0)
  expect((await gate.status()).armed).not.toBeNull()
  const wrong = await gate.ask('arm', CUBE, '--licence', await boundTo(site, OTHER), '--json')
  expect(wrong.status).toBe(3)
  expect(JSON.parse(wrong.stdout).decision.reasons[0]).toMatchObject({ code: 'licence.other-printer' })
})

test('a job that is armed for one printer is armed no longer when another takes its place', async () => {
  const site = await newSite()
  const link = join(site.folder, 'cable')
  const right = await startPrinter({ uuid: UUID, link })
  const gate = await startGate(site, link, {})
  await gate.untilState('idle')
  expect((await gate.ask('arm', CUBE, '--licence', await boundTo(site, UUID))).status).toBe(0)
  right.command.signal('SIGKILL')
  await gate.untilState('no-printer')
  const other = await startPrinter({ uuid: OTHER, link })
  // Once it is greeted; until then nothing of a host goes out.
  await expect.poll(async () => (await gate.status()).armed, { timeout: 30_000 }).toBeNull()
  // On record a moment later.
  const kindsSinceArmed = async (): Promise<readonly unknown[]> => {
    const kinds = (await logRecords(site)).map(({ kind }) => kind)
    return kinds.slice(kinds.indexOf('job-armed'))
  }
  await expect.poll(kindsSinceArmed, { timeout: 10_000 }).toContain('job-disarmed')
  const again = await gate.ask('arm', CUBE, '--licence', await boundTo(site, UUID), '--json')
  expect(again.status).toBe(3)
  expect(JSON.parse(again.stdout).decision.reasons[0].code).toMatch(
    /^licence\.(other-printer|printer-unknown)$/,
  )
  expect(other.commands()).not.toContain('G28')
})

test('what whoever starts it declares is held against the licence, and stands on record', async () => {
  const [site, printer] = await Promise.all([newSite(), startPrinter()])
  const licence = await licenceCube(site, {
    terms: { materials: [{ type: 'PLA', vendor: 'Example' }], end_use: { countries: ['DE'] } },
  } as Parameters<typeof licenceCube>[1])
  const check = (...declared: readonly string[]) =>
    run([
      ...['check', CUBE, '--policy', 'maker-space', '--licence', licence, '--json'],
      ...['--state', site.state, ...declared],
    ])
  const silent = JSON.parse((await check()).stdout)
  expect(silent.reasons.map(({ code }: { code: string }) => code)).toEqual([
    'licence.material-undeclared',
    'licence.end-use-undeclared',
  ])
  const declared = ['--material', 'type=PLA,vendor=Example', '--destination', 'de', '--end-user', 'Lise M']
  const ended = await run([
    ...['print', CUBE, '--port', printer.port, '--policy', 'maker-space', '--licence', licence],
    ...['--json', '--state', site.state, ...declared],
  ])
  expect(ended.status).toBe(0)
  const said = { material: { type: 'PLA', vendor: 'Example' }, destination: 'DE', endUser: 'Lise M' }
  expect(JSON.parse(ended.stdout).decision.declared).toEqual(said)
  const decision = (await logRecords(site)).find(({ kind }) => kind === 'decision')
  expect(decision?.['decision']).toMatchObject({ declared: said })
  const wrong = await check('--material', 'PLA,vendor=x')
  expect(wrong.stderr).toMatch(/^portcullis: option `--material` wants type=PLA,/)
  expect(wrong.status).toBe(2)
})
