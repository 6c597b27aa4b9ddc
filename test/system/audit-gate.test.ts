import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { endProcesses, removeFolders, run, start, until } from './command.ts'
import { type Gate, type GateSetUp, startGate } from './gate.ts'
import { openTcp } from './gate-hosts.ts'
import { type Printer, startPrinter } from './printer.ts'
import { logRecords, newSite, type Site } from './site.ts'

/** The log of a gate that runs: followed, killed, and what of it people are told to look at. */

let site: Site
let printer: Printer

beforeEach(async () => {
  site = await newSite()
  printer = await startPrinter({ link: join(site.folder, 'printer') })
})
afterEach(endProcesses)
afterAll(removeFolders)

const audit = (...args: string[]) => run(['audit', ...args, '--state', site.state])

async function begin(setUp: GateSetUp = {}): Promise<Gate> {
  const gate = await startGate(site, printer.port, setUp)
  await gate.untilState('idle', 'latched')
  return gate
}

async function kill(gate: Gate): Promise<void> {
  gate.command.signal('SIGKILL')
  await gate.command.ended
}

const arm = (gate: Gate, ...more: string[]) =>
  gate.ask('arm', site.file('hot.gcode', 'G28\nM104 S300\n'), ...more)

test('`audit tail -f` lists each record as it comes, once, whoever makes it, and ends when it is asked to', async () => {
  const gate = await begin()
  const from = (await logRecords(site)).length
  const tail = start(['audit', 'tail', '-f', '--config', gate.config, '--from', `${from}`])
  const decisions = start(['audit', 'tail', '-f', '--state', site.state, '--kind', 'decision', '--json'])
  await arm(gate, '--user', 'ada')
  await until('the decision', () => tail.stdout().includes('decision deny for hot.gcode'))
  const host = await openTcp(gate.tcpPort)
  await host.print(['G28', 'M104 S999'], { isNumbered: true })
  await until('the refused line', () => / line 2 refused: .*999/.test(tail.stdout()))
  await host.close()
  await gate.ask('clear')
  await until('the clearing', () => / cleared by /.test(tail.stdout()))
  const { stdout } = await audit('show', '--from', `${from}`)
  await until('all of them', () => tail.stdout().split('\n').length >= stdout.split('\n').length)
  for (const [signal, { ended, signal: send }] of [
    ['SIGINT', tail],
    ['SIGTERM', decisions],
  ] as const) {
    send(signal)
    expect(await ended).toMatchObject({ status: 0, stderr: '' })
  }
  expect(tail.stdout().startsWith(stdout)).toBe(true)
  const lines = decisions.stdout().trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ record: { kind: 'decision', user: 'ada' } }])
}, 90_000)

describe('a gate that is killed', () => {
  test('has lost nothing that it acknowledged, and the log verifies before and after the next one begins', async () => {
    const gate = await begin()
    await arm(gate, '--user', 'ada')
    const { stdout } = await run([
      'audit',
      'appeal',
      '--config',
      gate.config,
      '5',
      '--text',
      'why',
      '--by',
      'ada',
      '--json',
    ])
    await kill(gate)
    const { index } = JSON.parse(stdout)
    // Nobody publishes a head of it any more.
    const proof = await audit('prove', `${index}`, '--out', '-')
    expect(proof.stderr).toMatch(
      /^portcullis: record \d+ is under no published head yet; a gate publishes one every /,
    )
    expect(proof.status).toBe(2)
    const acknowledged = await logRecords(site)
    expect(acknowledged[index]).toMatchObject({ kind: 'appeal-filed', decision: 5, text: 'why', by: 'ada' })
    expect((await audit('verify')).stdout).toMatch(new RegExp(`^whole {2}${acknowledged.length} records`))
    await begin()
    expect((await audit('verify')).stdout).toMatch(/^whole/)
    expect((await audit('prove', `${index}`, '--out', '-')).stdout).toMatch(/^c2sp\.org\/tlog-proof@v1\n/)
    expect((await logRecords(site)).slice(0, acknowledged.length)).toEqual(acknowledged)
  })
})

describe('incidents', () => {
  test('are listed, shown as they would leave, exported by a person, and that is on record', async () => {
    await kill(await begin())
    const gate = await begin()
    const index = await until('the incident', async () => {
      const at = (await logRecords(site)).findIndex(({ kind }) => kind === 'incident')
      return at >= 0 && at
    })
    const listed = await audit('incidents')
    expect(listed.stdout).toMatch(
      new RegExp(
        `^ +${index}  \\S+Z  low  .*had not ended in good order.*\\n.*unclean-end, once, .*; not sent\\n`,
      ),
    )
    const preview = await audit('incidents', '--index', `${index}`)
    const event = JSON.parse(preview.stdout.slice(preview.stdout.indexOf('{')))
    expect(event).toMatchObject({
      specversion: '1.0',
      type: 'portcullis.incident',
      data: { class_uid: 2004, finding_info: { analytic: { uid: 'unclean-end' } } },
    })
    expect(JSON.stringify(event)).not.toContain(site.folder)
    const file = join(site.folder, 'incidents.jsonl')
    const exported = await run([
      'audit',
      'incidents',
      '--export',
      file,
      '--by',
      'dora',
      '--config',
      gate.config,
    ])
    expect(exported.stdout).toBe(`1 incident written to \`${file}\`\n`)
    expect(statSync(file).mode & 0o077).toBe(0)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(event)
    expect((await audit('incidents')).stdout).toContain('; exported by a person\n')
    const records = await logRecords(site)
    expect(records.find(({ kind }) => kind === 'incident-exported')).toMatchObject({
      incident: index,
      to: 'person',
      by: 'dora',
    })
    expect((await audit('verify')).stdout).toMatch(/^whole/)
  })

  test('go by themselves where the site has said so, to the file that it named', async () => {
    const path = join(site.folder, 'events.jsonl')
    const sink = { kind: 'file', path }
    await kill(await begin({ incidents: { sink } }))
    const quiet = await begin({ incidents: { sink } })
    await until('the incident', async () => (await audit('incidents')).stdout.includes('; not sent\n'))
    expect(existsSync(path)).toBe(false)
    await kill(quiet)
    await begin({ incidents: { automatic: true, sink } })
    await until('the event', () => existsSync(path) && readFileSync(path, 'utf8').endsWith('\n'))
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    for (const line of lines)
      expect(JSON.parse(line)).toMatchObject({ type: 'portcullis.incident', data: { class_uid: 2004 } })
    await until('the record of it', async () =>
      (await audit('incidents')).stdout.includes('; sent to a file\n'),
    )
  })

  test('none leave where there are none', async () => {
    const gate = await begin()
    expect((await audit('incidents')).stdout).toBe('no incidents\n')
    const file = join(site.folder, 'none.jsonl')
    const { status, stderr } = await run(['audit', 'incidents', '--export', file, '--config', gate.config])
    expect(stderr).toBe('portcullis: there are no incidents, so nothing was written\n')
    expect(status).toBe(2)
    expect(existsSync(file)).toBe(false)
  })
})

test('a log that a gate has open is nobody else’s to write', async () => {
  const gate = await begin()
  const print = await run([
    'print',
    site.file('a.gcode', 'G28\n'),
    ...['--port', 'sim', '--policy', 'maker-space', '--state', site.state],
  ])
  expect(print.stderr).toBe(
    `portcullis: log \`${join(site.state, 'log')}\` is in use by another portcullis (process ${gate.command.pid})\n`,
  )
  expect(print.status).toBe(1)
})
