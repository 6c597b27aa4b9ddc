import { chmodSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { endProcesses, removeFolders, run, start, until } from './command.ts'
import { commandsFrom, type Gate, startGate, writeConfig } from './gate.ts'
import { openSerial, openTcp } from './gate-hosts.ts'
import { type Printer, startPrinter } from './printer.ts'
import { newSite, type Site } from './site.ts'

/** Where hosts reach a gate, and which of them; and a gate that is set up wrongly. */

const IN_USE = 'echo:this gate is in use by another host'
const SECRET = 'correct horse battery staple'

let site: Site

beforeEach(async () => {
  site = await newSite()
})
afterAll(removeFolders)

describe('a gate with a virtual port and a TCP port', () => {
  let printer: Printer
  let gate: Gate

  beforeAll(async () => {
    const own = await newSite()
    printer = await startPrinter()
    gate = await startGate(own, printer.port)
    await gate.untilState('idle')
  })
  afterAll(endProcesses)

  test('lets nobody but its own user open the virtual port, unless it is told otherwise', () => {
    expect(readlinkSync(gate.link)).toMatch(/^\/dev\/pts\/\d+$/)
    expect(statSync(gate.link).mode & 0o777).toBe(0o600)
  })

  test('tells a second host on TCP why it is sent away, and the first goes on', async () => {
    const first = await openTcp(gate.tcpPort)
    await first.say('M105')
    const second = await openTcp(gate.tcpPort)
    await second.hear(new RegExp(`^${IN_USE}$`))
    await until('the second to be hung up on', () => second.isClosed)
    expect((await first.say('M105')).at(-1)).toMatch(/^ok T:/)
    await first.close()
  })

  test('tells a host on the virtual port why, while one on TCP is active', async () => {
    const first = await openTcp(gate.tcpPort)
    await first.say('M105')
    const sent = printer.commands().length
    const second = await openSerial(gate.link)
    second.send('G28\n')
    await second.hear(new RegExp(`^${IN_USE}$`))
    expect((await first.say('M114')).at(-1)).toBe('ok')
    expect(commandsFrom(printer, sent)).toEqual(['M114'])
    await second.close()
    await first.close()
    // Whose turn it is now is served.
    const third = await openSerial(gate.link)
    expect((await third.say('M105')).at(-1)).toMatch(/^ok T:/)
    await third.close()
  })

  test('is told apart by its status: who is there, and on what', async () => {
    const host = await openTcp(gate.tcpPort)
    await host.say('M105')
    expect(await gate.status()).toMatchObject({
      state: 'idle',
      host: `tcp://127.0.0.1:${gate.tcpPort}`,
      printer: printer.port,
      policy: 'maker-space version 1',
      jobs: 'any',
      latch: null,
    })
    await host.close()
  })

  test('is the only one on its state folder', async () => {
    const { status, stderr } = await run(['serve', '--config', gate.config])
    expect(stderr).toMatch(/^portcullis: .*\n$/)
    expect(stderr).toMatch(/another|in use|runs already/)
    expect(status).not.toBe(0)
    expect((await gate.status()).state).toBe('idle')
    expect(statSync(gate.link).isCharacterDevice()).toBe(true)
  })
})

describe('a gate of its own', () => {
  afterEach(endProcesses)

  test('asks whoever connects for its secret, and knows nobody before', async () => {
    const printer = await startPrinter()
    const secretFile = site.file('secret', `${SECRET}\n`)
    const gate = await startGate(site, printer.port, { host: { secretFile } })
    await gate.untilState('idle')
    const stranger = await openTcp(gate.tcpPort)
    stranger.send('G28\n')
    await until('the stranger to be hung up on', () => stranger.isClosed)
    const wrong = await openTcp(gate.tcpPort)
    wrong.send(`Bearer ${SECRET}!\nG28\n`)
    await until('the impostor to be hung up on', () => wrong.isClosed)
    expect(printer.commands()).not.toContain('G28')
    const host = await openTcp(gate.tcpPort)
    host.send(`Bearer ${SECRET}\n`)
    await host.say('G28')
    expect(printer.commands().at(-1)).toBe('G28')
    expect(JSON.stringify(printer.journal())).not.toContain(Buffer.from('Bearer').toString('hex'))
  })

  test.skipIf(process.getuid?.() !== 0)(
    'gives the virtual port the group and mode that it is told (needs root)',
    async () => {
      const printer = await startPrinter()
      const gate = await startGate(site, printer.port, { host: { group: 'tty', mode: '0660' } })
      const { gid, mode } = statSync(gate.link)
      expect(mode & 0o777).toBe(0o660)
      expect(gid).toBe(Number(/^tty:[^:]*:(\d+):/m.exec(readFileSync('/etc/group', 'utf8'))?.[1]))
    },
  )

  test('waits for a printer that is not there yet, and serves it once it is', async () => {
    const link = join(site.folder, 'printer')
    const gate = await startGate(site, link)
    expect((await gate.status()).state).toBe('no-printer')
    const printer = await startPrinter({ link })
    await gate.untilState('idle')
    const host = await openTcp(gate.tcpPort)
    await host.say('G28')
    expect(printer.commands().at(-1)).toBe('G28')
  })
})

describe('a configuration', () => {
  test('that is wrong is told with line and column, all of it at once', async () => {
    const config = site.file(
      'wrong.yaml',
      'printer:\n  port: sim\n  bauds: 9600\nhost: { link: gate, profile: mine }\npolicy: open-bench\n',
    )
    const { status, stdout, stderr } = await run(['serve', '--config', config])
    expect(stderr).toContain(`${config}:3:3 `)
    expect(stderr).toContain(`${config}:4:`)
    expect(stderr).not.toMatch(/^ +at |internal fault/m)
    expect(stdout).toBe('')
    expect(status).toBe(2)
  })

  test('that the command itself prints can be served, but for the printer', async () => {
    const { stdout, status } = await run(['serve', '--print-example'])
    expect(status).toBe(0)
    const example = stdout
      .replace('/run/portcullis/printer\n', `${site.folder}/gate\n`)
      .replace('state: /var/lib/portcullis', `state: ${site.state}`)
      .replace('/dev/serial/by-id/usb-FILL_IN\n\n  # The line speed', 'sim\n\n  # The line speed')
    const gate = start(['serve', '--config', site.file('example.yaml', example)])
    await until('the gate', () => gate.stdout().includes('gate open for hosts at'))
    expect(gate.stdout()).toContain(`gate open for hosts at ${site.folder}/gate\n`)
    gate.signal('SIGTERM')
    expect((await gate.ended).status).toBe(0)
  })

  test('without a gate that runs is no answer to `status`', async () => {
    const config = writeConfig(site, 'sim')
    const { status, stderr } = await run(['status', '--config', config])
    expect(stderr).toMatch(/^portcullis: no gate .*\n$/)
    expect(status).not.toBe(0)
  })
})

describe('doctor', () => {
  test('tells in JSON what it found, and by its status whether that is sound', async () => {
    const config = writeConfig(site, join(site.folder, 'nowhere'))
    const { status, stdout, stderr } = await run(['doctor', '--config', config, '--json'])
    expect(stderr).toBe('')
    const { ok, findings } = JSON.parse(stdout)
    expect(status).toBe(ok ? 0 : 1)
    expect(findings.length).toBeGreaterThan(3)
    for (const { id, level, message, remedy } of findings) {
      expect(id).toMatch(/^[a-z-]+$/)
      expect(['ok', 'note', 'warn', 'fail']).toContain(level)
      expect(message).not.toBe('')
      if (level === 'fail') expect(remedy).not.toBeNull()
    }
  })

  test('fails where everybody may write to the log’s folder', async () => {
    const config = writeConfig(site, 'sim')
    chmodSync(site.state, 0o777)
    const { status, stdout } = await run(['doctor', '--config', config])
    expect(status).toBe(1)
    expect(stdout).toContain('not sound')
    expect(stdout).toContain('what to do:')
    chmodSync(site.state, 0o700)
  })
})

describe('install-files', () => {
  test('prints the unit, the udev rule and the rest, and writes nothing', async () => {
    const config = site.file('gate.yaml', (await run(['serve', '--print-example'])).stdout)
    const folder = join(site.folder, 'empty')
    mkdirSync(folder)
    const { status, stdout, stderr } = await run(['install-files', '--config', config, '--print'], {
      cwd: folder,
    })
    expect(stderr).toBe('')
    expect(status).toBe(0)
    for (const path of [
      '/etc/systemd/system/portcullis-gate.service',
      '/etc/udev/rules.d/72-portcullis-gate.rules',
      '/etc/tmpfiles.d/portcullis-gate.conf',
    ])
      expect(stdout).toContain(`  ${path}\n`)
    expect(stdout).toContain('ProtectSystem=strict')
    expect(stdout).toContain(config)
    const documents = JSON.parse((await run(['install-files', '--config', config, '--json'])).stdout)
    expect(documents.files.length).toBeGreaterThan(2)
    expect(readdirSync(folder)).toEqual([])
  })

  test('without --print is bad usage', async () => {
    const { status, stderr } = await run(['install-files', '--config', writeConfig(site, 'sim')])
    expect(stderr).toContain('--print')
    expect(status).toBe(2)
  })
})
