import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { exampleConfig, readGateConfig } from '../../agent/config/index.ts'
import { planInstall } from '../../agent/install/index.ts'

type Site = Parameters<typeof planInstall>[0]

const USB = { kind: 'usb', node: '/dev/ttyUSB0', vendor: '1a86', product: '7523' } as const

const LINKED = 'host: { link: /run/portcullis/printer, group: portcullis-hosts }\n'

/** The plan for a configuration, `host` and `port` and more of it as given. */
function plan(
  yaml: { host?: string; port?: string; more?: string; path?: string } = {},
  site: Partial<Site> = {},
) {
  const { host = LINKED, port = '/dev/ttyUSB0', more = '', path = '/etc/portcullis/portcullis.yaml' } = yaml
  const text = `printer: { port: ${JSON.stringify(port)} }\n${host}policy: maker-space\n${more}`
  return planInstall({
    config: readGateConfig(text, path),
    device: USB,
    user: 'portcullis',
    hostUnit: 'octoprint',
    program: [process.execPath, '/usr/local/lib/portcullis/dist/portcullis.mjs'],
    ...site,
  })
}

/** The text of the one file whose path holds `part`; empty where there is none. */
function textOf(part: string, made = plan()): string {
  return made.files
    .filter(({ path }) => path.includes(part))
    .map(({ text }) => text)
    .join('')
}

/** The values of a unit's key, in order. */
function values(unit: string, key: string): readonly string[] {
  return [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value]) => value ?? '')
}

test('the files stand in the order in which they are placed', () => {
  expect(plan().files.map(({ path }) => path)).toEqual([
    '/etc/sysusers.d/portcullis.conf',
    '/etc/udev/rules.d/72-portcullis.rules',
    '/etc/modules-load.d/portcullis.conf',
    '/etc/tmpfiles.d/portcullis.conf',
    '/etc/systemd/system/portcullis.service',
    '/etc/systemd/system/octoprint.service.d/portcullis.conf',
    '~/.octoprint/config.yaml (a part of it)',
  ])
})

test('each gate has files of its own name', () => {
  const { files } = plan({ path: '/etc/portcullis/Prusa MK3.yaml' })
  expect(files.map(({ path }) => path)).toContain('/etc/systemd/system/portcullis-prusa-mk3.service')
  expect(textOf('tmpfiles', plan({ path: '/etc/portcullis-mk3.yml' }))).toContain(
    '/dev/ttyUSB-portcullis-mk3 ',
  )
})

test('the example can be installed once its blanks are filled in', () => {
  const config = readGateConfig(exampleConfig(), '/etc/portcullis/portcullis.yaml')
  expect(plan({}, { config }).files.length).toBe(7)
})

describe('the service', () => {
  const unit = textOf('portcullis.service')

  test('runs the configuration as a user of its own', () => {
    expect(values(unit, 'User')).toEqual(['portcullis'])
    expect(values(unit, 'SupplementaryGroups')).toEqual(['portcullis-hosts'])
    expect(values(unit, 'ExecStart')).toEqual([
      `${process.execPath} /usr/local/lib/portcullis/dist/portcullis.mjs serve --config /etc/portcullis/portcullis.yaml`,
    ])
  })

  test('leaves the guard alone when the gate dies, and both the time to stop the printer', () => {
    expect(values(unit, 'KillMode')).toEqual(['control-group'])
    expect(values(unit, 'SendSIGKILL')).toEqual([])
    expect(Number(values(unit, 'TimeoutStopSec')[0])).toBeGreaterThan(24 + 10)
  })

  test('sets nothing that Node, the printer or the log cannot live with', () => {
    for (const key of ['MemoryDenyWriteExecute', 'PrivateDevices', 'ProcSubset', 'PrivateUsers'])
      expect(values(unit, key)).toEqual([])
  })

  test.each<[string, Site['device'], readonly string[]]>([
    ['a converter chip', USB, ['char-ttyUSB rw']],
    ['USB of its own', { ...USB, node: '/dev/ttyACM1' }, ['char-ttyACM rw']],
    ['a port of the machine', { kind: 'fixed', node: '/dev/ttyAMA0' }, ['/dev/ttyAMA0 rw']],
    ['nothing plugged in', { kind: 'absent' }, ['char-ttyUSB rw', 'char-ttyACM rw']],
    ['no device', { kind: 'none' }, []],
  ])('may open, with %s, only that and virtual ports', (_name, device, more) => {
    const allowed = values(textOf('portcullis.service', plan({}, { device })), 'DeviceAllow')
    expect(allowed).toEqual(['/dev/ptmx rw', 'char-pts rw', ...more])
    expect(values(unit, 'DevicePolicy')).toEqual(['closed'])
  })

  test.each<[string, string, string, readonly string[], readonly string[]]>([
    ['no network without TCP', '/dev/ttyUSB0', LINKED, ['AF_UNIX'], ['any']],
    [
      'this machine for a loopback port',
      'sim',
      'host: { tcp: 127.0.0.1:1 }\n',
      ['AF_UNIX AF_INET AF_INET6'],
      ['any', 'localhost'],
    ],
    [
      'one address for a printer there',
      'tcp://192.0.2.7:4000',
      LINKED,
      ['AF_UNIX AF_INET AF_INET6'],
      ['any', '192.0.2.7'],
    ],
    ['what the name leads to', 'tcp://printer:4000', LINKED, ['AF_UNIX AF_INET AF_INET6'], []],
    ['hosts anywhere', 'sim', 'host: { tcp: 0.0.0.0:1, secretFile: s }\n', ['AF_UNIX AF_INET AF_INET6'], []],
  ])('reaches %s', (_name, port, host, families, addresses) => {
    const text = textOf('portcullis.service', plan({ port, host }, { device: { kind: 'none' } }))
    expect(values(text, 'RestrictAddressFamilies')).toEqual(families)
    expect([...values(text, 'IPAddressDeny'), ...values(text, 'IPAddressAllow')]).toEqual(addresses)
  })

  test('keeps its state where the configuration says, or where systemd makes it', () => {
    expect(values(unit, 'StateDirectory')).toEqual(['portcullis'])
    expect(values(unit, 'Environment')).toEqual(['PORTCULLIS_STATE=/var/lib/portcullis'])
    const own = textOf('portcullis.service', plan({ more: 'state: /srv/print log\n' }))
    expect(values(own, 'ReadWritePaths')).toEqual(['"/srv/print log"'])
    expect(values(own, 'StateDirectory')).toEqual([])
    expect(values(own, 'Environment')).toEqual([])
  })

  test('sees home folders only where its program or configuration lies in one, and only to read', () => {
    expect(values(unit, 'ProtectHome')).toEqual(['yes'])
    const home = plan({ path: '/home/pi/portcullis.yaml' })
    expect(values(textOf('portcullis.service', home), 'ProtectHome')).toEqual(['read-only'])
    expect(home.notes.join()).toContain('lies in a home folder')
  })
})

describe('the rule for the device', () => {
  const rules = (device: Site['device']): string => textOf('rules.d', plan({}, { device }))
  const active = (text: string): readonly string[] => text.split('\n').filter((line) => /^[^#]/.test(line))

  test('takes the serial port and the USB device below it away from everybody else', () => {
    const lines = active(rules({ ...USB, serial: 'A1 B2' }))
    expect(lines).toEqual([
      'SUBSYSTEM=="tty", ATTRS{idVendor}=="1a86", ATTRS{idProduct}=="7523", ATTRS{serial}=="A1 B2", OWNER:="portcullis", GROUP:="portcullis", MODE:="0600", ENV{ID_MM_DEVICE_IGNORE}="1", TAG-="uaccess"',
      'SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", ATTR{idVendor}=="1a86", ATTR{idProduct}=="7523", ATTR{serial}=="A1 B2", OWNER:="portcullis", GROUP:="portcullis", MODE:="0600", ENV{ID_MM_DEVICE_IGNORE}="1", TAG-="uaccess"',
    ])
  })

  test('covers every device of the kind where the printer has no serial number, in whichever socket', () => {
    const text = rules(USB)
    expect(active(text)).toHaveLength(2)
    expect(text).not.toContain('serial}')
    expect(text).toContain('every device of the kind 1a86:7523')
  })

  test('names a port of the machine', () => {
    expect(active(rules({ kind: 'fixed', node: '/dev/ttyAMA0' }))[0]).toMatch(
      /^SUBSYSTEM=="tty", KERNEL=="ttyAMA0", OWNER/,
    )
  })

  test('has no effect while its blanks are not filled in, and says so', () => {
    const text = rules({ kind: 'absent' })
    expect(active(text)).toEqual([])
    expect(text).toContain('NOT COMPLETE')
    expect(text).toContain('FILL_IN')
    expect(plan({}, { device: { kind: 'absent' } }).notes.join()).toContain(
      'udev rule still has to be filled in',
    )
  })

  test('is not there without a device, nor is a driver', () => {
    const { files, notes } = plan({ port: 'tcp://192.0.2.7:1' }, { device: { kind: 'none' } })
    expect(files.map(({ path }) => path).join()).not.toMatch(/udev|modules/)
    expect(notes.join()).toContain('only the network can')
  })
})

describe('the host program', () => {
  test('may open virtual ports only', () => {
    const text = textOf('.service.d', plan({}, { hostUnit: 'octoprint@mk3.service' }))
    expect(values(text, 'DevicePolicy')).toEqual(['closed'])
    expect(values(text, 'DeviceAllow')).toEqual(['char-pts rw'])
    expect(plan({}, { hostUnit: 'pronterface' }).files.map(({ path }) => path)).toContain(
      '/etc/systemd/system/pronterface.service.d/portcullis.conf',
    )
  })

  test('is shown our port and not the real one, in settings that OctoPrint reads', () => {
    expect(parse(textOf('.octoprint'))).toEqual({
      serial: {
        additionalPorts: ['/run/portcullis/printer'],
        blocklistedPorts: ['/dev/ttyUSB0', '/dev/ttyUSB[0-9]*', '/dev/ttyACM[0-9]*'],
        port: '/run/portcullis/printer',
        baudrate: 115_200,
      },
    })
    expect(textOf('.octoprint', plan({}, { hostUnit: 'pronterface' }))).toBe('')
  })

  test('has no port to find where there is TCP only', () => {
    const made = plan({ host: 'host: { tcp: 127.0.0.1:2525 }\n' })
    expect(made.files.map(({ path }) => path).join()).not.toMatch(/tmpfiles|octoprint\/config/)
    expect(values(textOf('portcullis.service', made), 'RuntimeDirectory')).toEqual([])
  })

  test('is told what it cannot do yet', () => {
    const { notes } = plan({ host: 'host: { link: /run/portcullis/printer, owner: pi }\n' })
    expect(notes.join('\n')).toContain('use `group` in place of `owner`')
    expect(notes.join('\n')).toContain('only portcullis can open the virtual port yet')
  })
})

describe('what is refused', () => {
  test.each([
    '/run/printer',
    '/run/systemd/printer',
    '/run/user/printer',
    '/dev/ttyUSB-gate',
    '/tmp/x/printer',
    '/run/portcullis/a/b',
    '/run/portcullis/a b',
    '/run/portcullis',
  ])('a link %s whose folder would be given to the gate', (link) => {
    expect(() => plan({ host: `host: { link: ${JSON.stringify(link)} }\n` })).toThrow(
      'a folder of its own under /run',
    )
  })

  test.each([
    '/',
    '/srv',
    '/home/pi/state',
    '/tmp/state',
    '/root/x',
    '/run/portcullis/state',
    '/var/tmp/x',
    '/etc/portcullis/state',
  ])('a state folder %s', (state) => {
    expect(() => plan({ more: `state: ${state}\n` })).toThrow('use `/var/lib/portcullis`')
  })

  test.each(['root', 'Pi', 'a b', 'x\nUser=root', '', '-x'])('a user %j', (user) => {
    expect(() => plan({}, { user })).toThrow(expect.objectContaining({ code: 'USAGE' }))
  })

  test.each(['../x', 'a b', 'x\ny', '', 'portcullis', 'portcullis.service'])(
    'a host service %j',
    (hostUnit) => {
      expect(() => plan({}, { hostUnit })).toThrow(expect.objectContaining({ code: 'USAGE' }))
    },
  )

  test('a path that could begin a line of its own', () => {
    const evil = '/etc/x\n[Service]\nUser=root\n/gate.yaml'
    expect(() => plan({ path: evil })).toThrow('plain ASCII')
    expect(() => plan({}, { program: ['/usr/bin/node', '/x\nExecStartPre=/bin/evil'] })).toThrow(
      'plain ASCII',
    )
  })
})

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0

describe.skipIf(!hasSystemd)('to systemd itself', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-unit-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  test.each([
    ['plain', '/etc/portcullis/portcullis.yaml', '/var/lib/portcullis'],
    ['strange', '/etc/odd $HOME %n "x" \\/b.yaml', '/srv/a "b" %n \\'],
  ])('a unit with %s paths is sound', (name, path, state) => {
    const made = plan(
      { path, more: `state: ${JSON.stringify(state)}\n` },
      { program: [process.execPath, '/opt/a b.mjs'] },
    )
    for (const { path: target, text } of made.files.filter((file) => file.path.startsWith('/etc/systemd'))) {
      mkdirSync(dirname(join(folder, name, target)), { recursive: true })
      writeFileSync(join(folder, name, target), text)
    }
    const [unit = ''] = made.files.flatMap((file) =>
      /system\/[^/]*\.service$/.test(file.path) ? [file.path] : [],
    )
    const told = spawnSync('systemd-analyze', ['verify', '--man=no', join(folder, name, unit)], {
      encoding: 'utf8',
    })
    expect(told.stderr).not.toContain(folder)
    expect(told.status).toBe(0)
  })

  test('a unit that is not sound is found', () => {
    const path = join(folder, 'bad.service')
    writeFileSync(path, textOf('portcullis.service').replace('Type=exec', 'Type=nonsense\nExecStart=nowhere'))
    expect(() => execFileSync('systemd-analyze', ['verify', '--man=no', path], { stdio: 'pipe' })).toThrow()
  })
})
