import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadGateConfig, readGateConfig } from '../../agent/config/index.ts'
import { CONFIG_LOG_LEVELS } from '../../agent/config/schema.ts'
import { AgentError } from '../../agent/errors.ts'
import { LOG_LEVELS } from '../../agent/logger.ts'

const FILE = '/etc/portcullis/mk3.yaml'
const LEAST =
  'printer: { port: /dev/ttyUSB0 }\nhost: { link: /run/portcullis/printer }\npolicy: maker-space\n'

/** The problems of a text without the name of its file. */
function problemsOf(text: string): readonly string[] {
  try {
    readGateConfig(text, FILE)
    return []
  } catch (error) {
    if (!(error instanceof AgentError)) throw error
    expect(error.code).toBe('CONFIG_INVALID')
    expect(error.exitStatus).toBe(2)
    return error.sentences.map((sentence) => sentence.replace(`${FILE}:`, ''))
  }
}

const withHost = (host: string): string =>
  `printer: { port: /dev/ttyUSB0 }\npolicy: maker-space\nhost:\n${host.replace(/^/gm, '  ')}\n`
const withPort = (port: string): string =>
  `host: { tcp: 127.0.0.1:2525 }\npolicy: open-bench\nprinter:\n  port: ${port}\n`
const withStop = (stop: string): string => `${LEAST}stop:\n  ${stop}\n`

describe('a configuration', () => {
  test('of the least form has a safe default for everything else', () => {
    expect(readGateConfig(LEAST, FILE)).toEqual({
      path: FILE,
      printer: { port: '/dev/ttyUSB0', baud: 115_200, dialect: 'marlin' },
      host: { link: '/run/portcullis/printer', mode: 0o600, profile: 'auto', interlude: false },
      policy: 'maker-space',
      stop: { hostLostMs: 30_000, hostSilentMs: 1_800_000, refusedHotMs: 120_000, park: [] },
      evidence: {
        witnesses: null,
        incidents: { automatic: false, perHourMax: 12 },
        privacy: { keepDays: null, mustKeepDays: 0 },
        answers: { holdHours: 72, appealDays: 30, appealAnswerDays: 14 },
      },
      logLevel: 'info',
    })
  })

  test('may have the form that the design names', () => {
    const text = `printer: { port: /dev/serial/by-id/usb-x, baud: 115200, dialect: marlin }
host:    { link: /run/portcullis/printer, tcp: 127.0.0.1:2525 }
policy:  maker-space.yaml
state:   /var/lib/portcullis
`
    expect(readGateConfig(text, FILE)).toMatchObject({
      host: { tcp: { host: '127.0.0.1', port: 2525 } },
      policy: '/etc/portcullis/maker-space.yaml',
      state: '/var/lib/portcullis',
    })
  })

  test('may set everything', () => {
    const text = `
printer: { port: tcp://ser2net_host:4000, baud: 250000, dialect: marlin }
host:
  link: links/printer
  owner: 1000
  group: portcullis-hosts
  mode: "0640"
  tcp: "[::]:2525"
  secretFile: ../secret
  profile: cura
  jobs: armed
  pauses: allow
policy: ./maker-space
state: state
stop: { hostLostSeconds: 1.5, hostSilentMinutes: 2, refusedSeconds: 3600, park: [G91, g1  z10 f600 ; up, G28 X Y] }
witnesses: { policy: witnesses.txt, required: jobs, waitSeconds: 2.5 }
incidents:
  automatic: true
  perHourMax: 5
  sink: { kind: http, url: https://incidents.example.org/x, secretFile: token, insecure: false }
privacy: { keepDays: 365, mustKeepDays: 30 }
answers: { holdHours: 1, appealDays: 2, appealAnswerDays: 3 }
log: debug
`
    expect(readGateConfig(text, FILE)).toEqual({
      path: FILE,
      printer: { port: 'tcp://ser2net_host:4000', baud: 250_000, dialect: 'marlin' },
      host: {
        link: '/etc/portcullis/links/printer',
        owner: 1000,
        group: 'portcullis-hosts',
        mode: 0o640,
        tcp: { host: '::', port: 2525 },
        secretFile: '/etc/secret',
        profile: 'cura',
        jobs: 'armed',
        interlude: true,
      },
      policy: '/etc/portcullis/maker-space',
      state: '/etc/portcullis/state',
      stop: {
        hostLostMs: 1500,
        hostSilentMs: 120_000,
        refusedHotMs: 3_600_000,
        park: ['G91', 'G1 Z10 F600', 'G28 X Y'],
      },
      evidence: {
        witnesses: { policyFile: '/etc/portcullis/witnesses.txt', required: 'jobs', waitMs: 2500 },
        incidents: {
          automatic: true,
          perHourMax: 5,
          sink: {
            kind: 'http',
            url: 'https://incidents.example.org/x',
            secretFile: '/etc/portcullis/token',
            insecure: false,
          },
        },
        privacy: { keepDays: 365, mustKeepDays: 30 },
        answers: { holdHours: 1, appealDays: 2, appealAnswerDays: 3 },
      },
      logLevel: 'debug',
    })
  })

  test('lets the group in where one is named', () => {
    expect(readGateConfig(withHost('link: /run/x/p\ngroup: makers'), FILE).host.mode).toBe(0o660)
  })

  test('takes the built-in printer by its name, and a file of that name by its path', () => {
    expect(readGateConfig(withPort('sim'), FILE).printer.port).toBe('sim')
    expect(readGateConfig(withPort('./sim'), FILE).printer.port).toBe('/etc/portcullis/sim')
  })

  test('has the levels that the logger has', () => {
    expect(CONFIG_LOG_LEVELS).toEqual(LOG_LEVELS)
  })
})

describe('problems', () => {
  test.each<[string, string, readonly string[]]>([
    ['an empty file', '', ['1:1 the configuration must be a map of keys and values, not nothing']],
    ['a list', '- 1\n', ['1:1 the configuration must be a map of keys and values, not a list']],
    [
      'missing parts, all at once',
      'log: info\n',
      ['1:1 missing key `printer`', '1:1 missing key `host`', '1:1 missing key `policy`'],
    ],
    ['a misspelt key', `${LEAST}polcy: x\n`, ['4:1 unknown key `polcy`; did you mean `policy`?']],
    [
      'a misspelt key inside a part',
      withHost('link: /run/p/x\npause: allow'),
      ['5:3 unknown key `pause`; did you mean `pauses`?'],
    ],
    [
      'a part that is no map',
      'printer: /dev/ttyUSB0\nhost: { link: /a/b }\npolicy: x\n',
      ['1:10 `printer` must be a map of keys and values, not `/dev/ttyUSB0`'],
    ],
    [
      'incidents that would be sent nowhere',
      `${LEAST}incidents: { automatic: true }\n`,
      ['4:25 `automatic` sends to a `sink`, and there is none'],
    ],
    [
      'jobs that wait for witnesses, and hosts that print what nobody armed',
      `${withHost('link: /run/x/p\njobs: any')}witnesses: { policy: w.txt, required: jobs }\n`,
      [
        '6:39 `required: jobs` asks for armed jobs, and `host` has `jobs: any`, which lets hosts print others',
      ],
    ],
    [
      'privacy that must keep longer than it keeps',
      `${LEAST}privacy: { keepDays: 5, mustKeepDays: 6 }\n`,
      ['4:22 `keepDays` is less than `mustKeepDays`'],
    ],
    ['an empty part', `${LEAST}stop:\n`, ['4:1 `stop` must be a map of keys and values, not nothing']],
    [
      'HTTP, which an administrator could believe to be there',
      `${LEAST}http: { listen: 127.0.0.1:8765 }\n`,
      ['4:7 `http` cannot be used: this version has no HTTP yet; leave it out'],
    ],
    ['an alias', 'a: &x 1\nb: *x\n', ['2:4 alias `*x` is not allowed in a configuration']],
    ['a second document', `${LEAST}---\na: 1\n`, ['4:1 a configuration file holds one document']],
    ['a key twice', `${LEAST}policy: open-bench\n`, ['4:1 this key stands twice in its map']],
    ['a key that is none of ours', `${LEAST}__proto__: { a: 1 }\n`, ['4:1 unknown key `__proto__`']],
    [
      'problems of several parts',
      'printer: { port: "" }\nhost: { profile: mine }\npolicy: 5\n',
      [
        '1:18 `port` must have at least 1 character',
        '2:18 `profile` must be one of `auto`, `octoprint`, `printrun`, `cura`, `repetier`, `prusalink`, `cncjs`, `generic`, not `mine`',
        '3:9 `policy` must be text, not `5`; put it in quotes',
      ],
    ],
  ])('%s', (_name, text, problems) => {
    expect(problemsOf(text)).toEqual(expect.arrayContaining([...problems]))
  })

  test.each([
    ['ttyUSB0', '`port` must be a path such as `/dev/ttyUSB0`, `tcp://HOST:PORT`, or `sim`'],
    ['COM3', '`port` must be a path such as `/dev/ttyUSB0`, `tcp://HOST:PORT`, or `sim`'],
    ['~/printer', '`port` must not begin with `~`, which means nothing here; write it out'],
    ['"/dev/tty\\nUSB0"', '`port` must not hold control characters'],
    ['tcp://printer', '`port` must be of the form `tcp://HOST:PORT`'],
    ['tcp://printer:0', '`port` must be of the form `tcp://HOST:PORT`'],
    ['tcp://printer:65536', '`port` must be of the form `tcp://HOST:PORT`'],
    ['tcp:printer:2525', '`port` must be of the form `tcp://HOST:PORT`'],
    ['TCP://printer:2525', '`port` must be of the form `tcp://HOST:PORT`'],
    ['rfc2217://printer:2525', '`port` must be of the form `tcp://HOST:PORT`'],
    ['tcp://a b:2525', '`port` must be of the form `tcp://HOST:PORT`'],
  ])('a port %s is none', (port, message) => {
    expect(problemsOf(withPort(port))).toContain(`4:9 ${message}`)
  })

  test.each([
    ['1200', '`baud` must be at least 2400, not `1200`'],
    ['9600.5', '`baud` must be a whole number, not `9600.5`'],
    ['"115200"', '`baud` must be a number, not `115200`'],
    ['.nan', '`baud` must be a number, not `NaN`'],
    ['5000000', '`baud` must be at most 4000000, not `5000000`'],
  ])('a line speed of %s', (baud, message) => {
    expect(problemsOf(withPort(`/dev/x\n  baud: ${baud}`))).toEqual([`5:9 ${message}`])
  })

  test.each([
    ['0660', '`mode` must be text, not `660`; put it in quotes'],
    ['0o660', '`mode` must be text, not `432`; put it in quotes'],
    ['"660 "', '`mode` must be three octal digits in quotes, such as "0660"'],
    ['"0668"', '`mode` must be three octal digits in quotes, such as "0660"'],
    ['"4660"', '`mode` must be three octal digits in quotes, such as "0660"'],
    ['"0666"', '`mode` would let everyone write to the port; use "0660" and name a `group`'],
    ['"0622"', '`mode` would let everyone write to the port; use "0660" and name a `group`'],
    ['"0664"', '`mode` would let everyone read the port; use "0660" and name a `group`'],
    ['"0770"', '`mode` makes the port a program, which it is not; use "0600" or "0660"'],
    ['"0060"', '`mode` would keep the port’s own owner out; use "0600" or "0660"'],
    ['"0660"', '`mode` lets a group in; name it with `group`'],
  ])('a mode of %s', (mode, message) => {
    expect(problemsOf(withHost(`link: /run/p/x\nmode: ${mode}`))).toEqual([`5:9 ${message}`])
  })

  test.each(['"1000"', '-1', '4294967295', '1.5', '"a b"', '"../x"', 'true', '[root]', '""'])(
    'an owner %s is no account',
    (owner) => {
      expect(problemsOf(withHost(`link: /run/p/x\nowner: ${owner}`))).toEqual([
        '5:10 `owner` must be a name, or the number of one without quotes',
      ])
    },
  )

  test.each(['2525', '"2525"', 'localhost', '127.0.0.1:65536', '"[localhost]:1"', '"::1:2525"', '1.2.3:80'])(
    'a TCP address %s is none',
    (tcp) => {
      const [problem = '', ...others] = problemsOf(withHost(`tcp: ${tcp}`))
      expect(problem).toMatch(/^4:8 `tcp` must be (of the form|text)/)
      expect(others).toEqual([])
    },
  )

  test.each(['0.0.0.0:2525', '192.168.1.5:2525', '"[::]:2525"', 'localhost.example.org:1', '128.0.0.1:1'])(
    'a TCP address %s that others can reach needs a secret',
    (tcp) => {
      expect(problemsOf(withHost(`tcp: ${tcp}`))).toEqual([
        '4:8 `tcp` needs a `secretFile`: others than this machine can connect there, and whoever connects can print; or listen on 127.0.0.1',
      ])
      expect(problemsOf(withHost(`tcp: ${tcp}\nsecretFile: secret`))).toEqual([])
    },
  )

  test.each(['127.0.0.1:2525', '127.1.2.3:2525', '"[::1]:2525"', 'localhost:2525', '127.0.0.1:0'])(
    'a TCP address %s that only this machine can reach needs none',
    (tcp) => {
      expect(problemsOf(withHost(`tcp: ${tcp}`))).toEqual([])
    },
  )

  test('a host part without any way in', () => {
    expect(problemsOf(withHost('profile: auto'))).toEqual([
      '4:3 `host` needs `link` or `tcp`: without either no host can reach the gate',
    ])
  })

  test('settings that would have no effect, which their writer did not mean', () => {
    expect(problemsOf(withHost('tcp: 127.0.0.1:1\ngroup: makers'))).toEqual([
      '5:3 `group` is about the virtual port, which is only there with `link`',
    ])
    expect(problemsOf(withHost('link: /run/p/x\nsecretFile: /etc/s'))).toEqual([
      '5:3 `secretFile` is asked for on `tcp` only, and there is no `tcp`',
    ])
  })

  test('a gate that would print to itself', () => {
    expect(problemsOf(withHost('link: /dev/../dev/ttyUSB0'))).toEqual([
      '4:9 `link` is the printer’s own port; choose another name',
    ])
    for (const port of ['tcp://127.0.0.1:2525', 'tcp://localhost:2525']) {
      expect(problemsOf(withPort(port))).toEqual([
        '1:14 `tcp` is the printer’s own address: the gate would print to itself',
      ])
    }
    expect(problemsOf(withPort('tcp://127.0.0.1:2526'))).toEqual([])
  })

  test.each([
    ['hostLostSeconds: 0', '5:20 `hostLostSeconds` must be at least 1, not `0`'],
    ['hostLostSeconds: 3601', '5:20 `hostLostSeconds` must be at most 3600, not `3601`'],
    ['hostSilentMinutes: .inf', '5:22 `hostSilentMinutes` must be a number, not `Infinity`'],
    ['refusedSeconds: "60"', '5:19 `refusedSeconds` must be a number, not `60`'],
    ['park: G28', '5:9 `park` must be a list, not `G28`'],
    ['park: [1, 2, 3, 4, 5, 6, 7, 8, 9]', '5:9 `park` must have at most 8 entries'],
  ])('a limit %s', (stop, message) => {
    expect(problemsOf(withStop(stop))).toContain(message)
  })

  test('are named by the line of park that has them', () => {
    expect(problemsOf(withStop('park: [G28, M104 S200]'))).toEqual([
      '5:15 `M104 S200` in `park` must be one of G0, G1, G4, G28, G90, G91, M18, M84, M400, M300: after a stop nothing else is sent',
    ])
  })
})

describe('a hostile text', () => {
  test('that is too large is refused before it is parsed', () => {
    expect(problemsOf(`${LEAST}#${'x'.repeat(70_000)}`)).toEqual([
      `configuration \`${FILE}\` is larger than the limit of 65536 characters`,
    ])
  })

  test('nested past any use is refused in words', () => {
    expect(problemsOf(`a: ${'['.repeat(20_000)}`).length).toBeGreaterThan(0)
  })

  test('with thousands of wrong keys is answered with a hundred problems', () => {
    expect(problemsOf(Array.from({ length: 3000 }, (_, i) => `k${i}: 1`).join('\n'))).toHaveLength(100)
  })
})

describe('a configuration file', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'portcullis-config-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const errorOf = (path: string): string => {
    try {
      loadGateConfig(path)
      return ''
    } catch (error) {
      return error instanceof AgentError ? `${error.code} ${error.message}` : `raw ${String(error)}`
    }
  }

  test('is read from its own folder', () => {
    const path = join(folder, 'gate.yaml')
    writeFileSync(path, 'printer: { port: sim }\nhost: { link: printer }\npolicy: own.yaml\n')
    expect(loadGateConfig(path)).toMatchObject({
      path,
      host: { link: join(folder, 'printer') },
      policy: join(folder, 'own.yaml'),
    })
  })

  test('names its problems with file, line and column', () => {
    const path = join(folder, 'wrong.yaml')
    writeFileSync(path, `${LEAST}log: loud\n`)
    expect(errorOf(path)).toBe(
      `CONFIG_INVALID ${path}:4:6 \`log\` must be one of \`silent\`, \`error\`, \`warn\`, \`info\`, \`debug\`, not \`loud\``,
    )
  })

  test('that is missing, a folder, no text or too large is refused in words', () => {
    const path = join(folder, 'odd')
    expect(errorOf(path)).toBe(`CONFIG_INVALID configuration \`${path}\` does not exist`)
    writeFileSync(path, Uint8Array.of(0xff, 0xfe))
    expect(errorOf(path)).toBe(`CONFIG_INVALID configuration \`${path}\` is not UTF-8 text`)
    writeFileSync(path, '#'.repeat(65_537))
    expect(errorOf(path)).toBe(
      `CONFIG_INVALID configuration \`${path}\` is larger than the limit of 65536 bytes`,
    )
    rmSync(path)
    mkdirSync(path)
    expect(errorOf(path)).toBe(`CONFIG_INVALID configuration \`${path}\` is not a regular file`)
  })
})
