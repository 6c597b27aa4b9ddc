import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { endProcesses, removeFolders, run } from './command.ts'
import { type Printer, startPrinter } from './printer.ts'
import { CUBE, cubeText, licenceCube, logRecords, newSite, type Site, sha256, spooled } from './site.ts'

let printer: Printer
let site: Site

beforeAll(async () => {
  printer = await startPrinter()
  site = await newSite()
})
afterAll(async () => {
  await endProcesses()
  removeFolders()
})
afterEach(() => {
  expect(spooled(site)).toEqual([])
})

interface Blocked {
  readonly reason: Record<string, unknown>
  readonly stdout: string
}

/** Asks for a print that must be denied for one reason, with the port never opened and the denial on record. */
async function expectBlocked(job: string, policy: string, licence?: string): Promise<Blocked> {
  const args = ['print', job, '--port', printer.port, '--policy', policy, '--state', site.state]
  if (licence !== undefined) args.push('--licence', licence)
  const spoken = await run(args)
  expect(spoken.status).toBe(3)
  expect(spoken.stderr).toBe('')
  expect(spoken.stdout).toMatch(/^denied {2}/)
  expect(spoken.stdout).toContain('nothing was sent to the printer')
  const { status, stdout } = await run([...args, '--json'])
  expect(status).toBe(3)
  const { decision, print } = JSON.parse(stdout)
  expect(print).toBeNull()
  expect(decision.reasons).toHaveLength(1)
  const [reason] = decision.reasons
  // Two runs, two times: what is said of the time may differ.
  expect(spoken.stdout).toContain(reason.message.replace(/ it is now .*/, ''))
  expect(spoken.stdout).toContain(reason.remedy)
  // The decision fell before the port was opened: the printer never saw a client, nor a byte.
  expect(printer.receivedBytes()).toBe(0)
  expect(printer.journal().filter(({ kind }) => kind === 'command')).toEqual([])
  expect(printer.journal()).not.toContainEqual(expect.objectContaining({ name: 'client-connected' }))
  const last = (await logRecords(site)).at(-1)
  expect(last).toMatchObject({ kind: 'decision', decision: { id: decision.id, outcome: 'deny' } })
  return { reason, stdout: spoken.stdout }
}

test('one temperature changed to 300 is denied with the line, the value and the limit', async () => {
  const job = site.file('hot.gcode', cubeText().replace('M109 S200', 'M109 S300'))
  const { reason, stdout } = await expectBlocked(job, 'maker-space.yaml')
  expect(reason).toMatchObject({
    code: 'nozzle-temperature',
    rule: 'nozzle-temperature',
    outcome: 'deny',
    line: 17,
    value: '300 °C',
    limit: '260 °C',
    message: 'nozzle target 300 °C is above the limit of 260 °C',
  })
  expect(stdout).toContain('line 17: nozzle target 300 °C is above the limit of 260 °C')
})

test('one byte changed after licensing makes it another design', async () => {
  const licence = await licenceCube(site)
  const job = site.file('altered.gcode', cubeText().replace('G1 X95 Y88.375', 'G1 X96 Y88.375'))
  const { reason } = await expectBlocked(job, 'maker-space', licence)
  expect(reason).toMatchObject({ code: 'licence.other-design', rule: 'licence', outcome: 'deny' })
  expect(reason['message']).toContain('is not the licensed design `cube-20 1`')
})

test('one byte of a comment changed makes it another file to a licence for every byte', async () => {
  const digests = [{ form: 'gcode-raw' as const, sha256: sha256(cubeText()) }]
  const design = { id: 'cube-20', revision: '1', title: 'Calibration cube', digests }
  const licence = await licenceCube(site, { design })
  const job = site.file('comment.gcode', cubeText().replace('; set temperature', '; set temperaturE'))
  const { reason } = await expectBlocked(job, 'maker-space', licence)
  expect(reason).toMatchObject({ code: 'licence.other-design', rule: 'licence' })
  const whole = await run([
    'check',
    CUBE,
    '--policy',
    'maker-space',
    '--licence',
    licence,
    '--state',
    site.state,
  ])
  expect(whole.status).toBe(0)
})

test('an expired licence is denied with both times', async () => {
  const expiresAtMs = Date.parse('2026-06-30T12:00:00Z')
  const licence = await licenceCube(site, { notBeforeMs: Date.parse('2026-06-01T00:00:00Z'), expiresAtMs })
  const { reason } = await expectBlocked(CUBE, 'maker-space', licence)
  expect(reason).toMatchObject({ code: 'licence.expired', rule: 'licence', limit: '2026-06-30T12:00:00Z' })
  expect(reason['message']).toMatch(/expired at 2026-06-30T12:00:00Z, it is now 20\d\d-/)
})

test('a licence for another machine is denied with the names of both', async () => {
  const licence = await licenceCube(site, { machines: ['m-0123456789abcdef'] })
  const { reason } = await expectBlocked(CUBE, 'maker-space', licence)
  expect(reason).toMatchObject({ code: 'licence.other-machine', rule: 'licence' })
  expect(reason['message']).toContain('m-0123456789abcdef')
  expect(reason['message']).toContain(site.machineId)
})

test('a licence of an issuer that the site does not trust is denied', async () => {
  const licence = await licenceCube(site)
  const stranger = await newSite()
  const { stdout } = await run(['licence', 'machine', '--state', `${stranger.folder}/untrusting`])
  const args = ['--policy', 'maker-space', '--licence', licence, '--state', `${stranger.folder}/untrusting`]
  const checked = await run(['check', CUBE, ...args, '--printer', stdout.trim(), '--json'])
  expect(checked.status).toBe(3)
  expect(JSON.parse(checked.stdout).reasons).toMatchObject([{ rule: 'licence', outcome: 'deny' }])
})

test('no licence under a policy that demands one is denied', async () => {
  const policy = site.file('strict.yaml', DEMANDING)
  const { reason } = await expectBlocked(CUBE, policy)
  expect(reason).toMatchObject({ rule: 'licence', outcome: 'deny' })
  expect(reason['message']).toMatch(/licence/)
})

const DEMANDING = `portcullis: 1
name: strict
version: 1
description: Prints nothing without a licence.
dialect: marlin
appeal: ask the owner of the design
rules:
  licence:
    demand: always
`

test('a job outside the build volume is denied with the axis and its limit', async () => {
  const job = site.file('far.gcode', cubeText().replace('G1 X95 Y88.375', 'G1 X412.5 Y88.375'))
  const { reason } = await expectBlocked(job, 'maker-space')
  expect(reason).toMatchObject({ code: 'build-volume', line: 37, value: '412.5 mm', limit: '220 mm' })
})

test.each([
  ['M104 S65796', 'grammar.value-out-of-range'],
  ['T255', 'grammar.code-too-big'],
  ['M117 ok', 'grammar.text-forges-reply'],
])('a job of one command that cannot be judged, `%s`, is denied with its line', async (line, code) => {
  const { reason } = await expectBlocked(site.file('one.gcode', `; one\n${line}\n`), 'open-bench')
  expect(reason).toMatchObject({ code, rule: 'grammar', outcome: 'deny', line: 2 })
})

test('a line that two firmwares could read differently is denied', async () => {
  const job = site.file('double.gcode', cubeText().replace('M109 S200', 'M109 S200 S300'))
  const { reason } = await expectBlocked(job, 'maker-space')
  expect(reason).toMatchObject({ line: 17, outcome: 'deny' })
  expect(reason['code']).toMatch(/repeated-word/)
})
