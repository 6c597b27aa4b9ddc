import { describe, expect, test } from 'vitest'
import {
  BY_ID,
  DEVICE,
  DIALOUT,
  findings,
  folder,
  GATE,
  GATE_PROCESS,
  INIT,
  link,
  OCTOPRINT,
  PI,
  told,
  USB,
} from './fake-world.ts'

const RULE = `\`portcullis install-files --config /etc/portcullis/portcullis.yaml --print\``
const withDevice = (facts: object) => ({ files: { '/dev/ttyUSB0': { ...DEVICE, ...facts } } })
const DIALOUT_DEVICE = { mode: 0o660, uid: 0, gid: DIALOUT }

describe('who can open the device', () => {
  test('is only the gate where it is the gate’s alone', () => {
    expect(told('device-owner')).toEqual([
      'ok: only root and the gate’s user can open `/dev/ttyUSB0` (mode 0600, owner `portcullis`, group `portcullis`)',
    ])
  })

  test('is every member of its group, by name', () => {
    const [first] = findings('device-owner', withDevice({ mode: 0o660, gid: DIALOUT }))
    expect(first).toMatchObject({
      level: 'fail',
      message:
        '`/dev/ttyUSB0` (mode 0660, owner `portcullis`, group `dialout`) can be opened by `pi` (in group `dialout`), round the gate',
      remedy: expect.stringContaining(RULE),
    })
  })

  test('counts those whose first group it is', () => {
    const [first] = told('device-owner', withDevice({ mode: 0o660, gid: PI }))
    expect(first).toContain('can be opened by `pi` (in group `pi`)')
  })

  test('counts a running program that was given the group, though no list names it', () => {
    const octoprint = { pid: 60, command: 'tornado', uid: OCTOPRINT, gids: [OCTOPRINT, DIALOUT], open: [] }
    const [first] = told('device-owner', {
      ...withDevice({ mode: 0o660, gid: DIALOUT }),
      processes: [INIT, octoprint],
    })
    expect(first).toContain('can be opened by `pi` and `octoprint` (in group `dialout`)')
  })

  test.each([0o604, 0o602, 0o666])('is everyone with mode %o', (mode) => {
    expect(told('device-owner', withDevice({ mode }))[0]).toContain(
      'can be opened by every user of this machine, round the gate',
    )
  })

  test('is its owner, whatever the mode, for owners change modes', () => {
    const answers = told('device-owner', withDevice({ mode: 0o060, uid: PI, gid: GATE }))
    expect(answers[0]).toContain('can be opened by `pi` (its owner), round the gate')
  })

  test('is an unknown user too', () => {
    expect(told('device-owner', withDevice({ uid: 4242 }))[0]).toContain('`uid 4242` (its owner)')
  })

  test('is whoever will be put into a group that is empty now', () => {
    const group = { '/etc/group': { text: `dialout:x:${DIALOUT}:portcullis\n` } }
    const answers = told('device-owner', {
      files: { ...withDevice(DIALOUT_DEVICE).files, ...group },
    })
    expect(answers[0]).toBe(
      'warn: `/dev/ttyUSB0` opens to the group `dialout`, which nobody else has now, but any user or service may be given',
    )
    expect(answers.join()).not.toContain('cannot open')
  })

  test('is not the gate itself where mode and groups keep it out', () => {
    const answers = told('device-owner', withDevice({ ...DIALOUT_DEVICE, mode: 0o600 }))
    expect(answers).toEqual([
      'fail: the gate’s own user `portcullis` cannot open `/dev/ttyUSB0` (mode 0600, owner `root`, group `dialout`)',
    ])
  })
})

describe('an access list', () => {
  const shared = withDevice({ mode: 0o660 })

  test('is no further question where the device stands open anyway', () => {
    expect(told('device-owner', withDevice({ mode: 0o660, gid: DIALOUT }))).toHaveLength(1)
  })

  test('is told as possible where the mode leaves room for it', () => {
    expect(findings('device-owner', shared)).toMatchObject([
      { level: 'note', remedy: expect.stringContaining('`getfacl /dev/ttyUSB0`') },
    ])
  })

  test.each(['Q:uaccess\nV:1\n', 'G:uaccess\n'])('for whoever sits at the screen shows in %j', (text) => {
    const answers = told('device-owner', {
      files: { ...shared.files, '/run/udev/data/c188:0': { text } },
    })
    expect(answers).toEqual([expect.stringMatching(/^fail: .*whoever sits at this machine’s screen/)])
  })

  test('of a tag that the device no longer has is none', () => {
    const text = 'G:uaccess\nQ:systemd\nV:1\n'
    const answers = told('device-owner', {
      files: { ...shared.files, '/run/udev/data/c188:0': { text } },
    })
    expect(answers).toEqual([expect.stringMatching(/^note: an access list/)])
  })

  test('grants nothing where the mode is shut: the mode is its mask', () => {
    const text = 'Q:uaccess\nV:1\n'
    expect(told('device-owner', { files: { '/run/udev/data/c188:0': { text } } })).toEqual([
      expect.stringMatching(/^ok: /),
    ])
  })
})

describe('a device', () => {
  test('that is not there leaves the question open, and that fails', () => {
    const [answer] = findings('device-owner', { files: { '/dev/ttyUSB0': undefined } })
    expect(answer).toMatchObject({
      level: 'fail',
      message: `the printer’s device \`${BY_ID}\` is not there, so who can open it is not known`,
      remedy: expect.stringContaining(`there is \`${BY_ID}\``),
    })
  })

  test('that cannot be looked at is not taken for sound', () => {
    expect(told('device-owner', { files: { '/dev/ttyUSB0': { hidden: 'permission denied' } } })).toEqual([
      `warn: the printer’s device \`${BY_ID}\` cannot be looked at (permission denied), so nothing is known of it`,
    ])
  })

  test('that is a plain file is told', () => {
    expect(told('device-owner', { files: { '/dev/ttyUSB0': {} } })).toEqual([
      `fail: \`${BY_ID}\` is not a serial device`,
    ])
  })

  test('named by a link in a folder of others can be swapped', () => {
    const files = { '/home/pi': folder(0o755, PI), '/home/pi/printer': link('/dev/ttyUSB0', PI) }
    expect(told('device-owner', { files, port: '/home/pi/printer' })).toEqual([
      'fail: another device can be put in the place of `/home/pi/printer` by `pi` (its owner), who can write in `/home/pi`',
    ])
  })

  test.each([
    ['tcp://10.0.0.7:23', /^warn: the printer is reached over the network at `tcp:\/\/10.0.0.7:23`/],
    ['sim', /^note: the gate prints on the built-in printer$/],
  ])('named %s is none of this machine', (port, answer) => {
    expect(told('device-owner', { port })).toEqual([expect.stringMatching(answer)])
    for (const id of ['device-open', 'device-usb', 'device-name', 'meddlers']) {
      expect(told(id, { port })).toEqual([])
    }
  })
})

describe('who has the device open', () => {
  const octoprint = { pid: 77, command: 'octoprint', uid: OCTOPRINT, open: ['/dev/null', '/dev/ttyUSB0'] }

  test('may be the gate, found by the link in /usr/bin', () => {
    expect(told('device-open')).toEqual(['ok: no program but the gate has `/dev/ttyUSB0` open'])
  })

  test('may be nobody', () => {
    expect(told('device-open', { processes: [INIT] })).toEqual(['ok: no program has `/dev/ttyUSB0` open'])
  })

  test('is told with number, name and user', () => {
    expect(findings('device-open', { processes: [INIT, GATE_PROCESS, octoprint] })).toEqual([
      {
        level: 'fail',
        message: '`/dev/ttyUSB0` is open in process 77, `octoprint` of `octoprint`, which is not the gate',
        remedy: expect.stringContaining('sudo kill 77'),
      },
    ])
  })

  test('is found by the device, not by the name it was opened by', () => {
    const files = { '/dev/other': DEVICE }
    const opened = { ...octoprint, open: ['/dev/other'] }
    expect(told('device-open', { files, processes: [INIT, opened] })[0]).toContain('open in process 77')
  })

  test('is not whoever has another device open', () => {
    const files = { '/dev/ttyUSB1': { ...DEVICE, device: '188:1' } }
    const opened = { ...octoprint, open: ['/dev/ttyUSB1'] }
    expect(told('device-open', { files, processes: [INIT, opened] })).toEqual([
      expect.stringMatching(/^ok: /),
    ])
  })

  test('cannot pass for the gate by its words', () => {
    const forged = { ...GATE_PROCESS, pid: 78, uid: PI }
    expect(told('device-open', { processes: [INIT, forged] })[0]).toContain(
      'open in process 78, `node` of `pi`, which is not the gate',
    )
  })

  test('is not the gate because the gate’s user runs it', () => {
    const other = { ...GATE_PROCESS, words: ['python3', '/usr/bin/pronsole'], command: 'python3' }
    expect(told('device-open', { processes: [INIT, other] })[0]).toMatch(/^fail: /)
  })

  test('may be the gate started from its own folder', () => {
    const here = {
      ...GATE_PROCESS,
      words: ['node', 'portcullis.mjs', 'serve'],
      cwd: '/usr/lib/node_modules/portcullis/dist',
    }
    expect(told('device-open', { processes: [INIT, here] })).toEqual([
      expect.stringMatching(/^ok: no program but/),
    ])
  })

  test('is not known of programs that do not show it', () => {
    const closed = { ...octoprint, open: undefined }
    expect(findings('device-open', { processes: [INIT, GATE_PROCESS, closed] })).toEqual([
      {
        level: 'warn',
        message:
          'programs of other users (1) do not show what they have open, so one may have `/dev/ttyUSB0`',
        remedy: expect.stringContaining('sudo portcullis doctor --config /etc/portcullis/portcullis.yaml'),
      },
    ])
  })

  test('is not known where other users’ programs do not show at all', () => {
    expect(told('device-open', { processes: [GATE_PROCESS] })).toEqual([
      'warn: programs of other users do not show what they have open, so one may have `/dev/ttyUSB0`',
    ])
  })
})

describe('the USB device behind it', () => {
  const node = (mode: number, gid = 0) => ({
    '/dev/bus/usb/001/007': { type: 'character', device: '189:6', mode, gid } as const,
  })

  test('may be read by all and written by root', () => {
    expect(told('device-usb')).toEqual([
      'ok: the raw USB node of the printer, `/dev/bus/usb/001/007`, is shut to others',
    ])
  })

  test('is a way round where others can write', () => {
    expect(told('device-usb', { files: node(0o666) })).toEqual([
      'fail: the raw USB node of the printer, `/dev/bus/usb/001/007` (mode 0666), is open to every user of this machine, round the gate',
    ])
    expect(told('device-usb', { files: node(0o660, DIALOUT) })[0]).toContain(
      'open to `pi` (in group `dialout`)',
    )
  })

  test('is not taken for shut where it does not show', () => {
    expect(told('device-usb', { files: { '/dev/bus/usb/001/007': undefined } })).toEqual([
      'note: the raw USB node of the printer, `/dev/bus/usb/001/007`, cannot be looked at',
    ])
    expect(told('device-usb', { files: { [`${USB}/devnum`]: { text: '../../x' } } })[0]).toMatch(
      /^note: .* tells no bus number/,
    )
  })

  test('may have a second serial port, which is a way round as well', () => {
    const second = {
      '/sys/class/tty/ttyACM3/device': link('../../../devices/pci0/usb1/1-1/1-1:1.2'),
      [`${USB}/1-1:1.2`]: folder(0o755),
      '/dev/ttyACM3': { ...DEVICE, device: '166:3', mode: 0o660, uid: 0, gid: DIALOUT },
      // Of another device.
      '/sys/class/tty/ttyACM4/device': link('../../../devices/pci0/usb1/1-2/1-2:1.0'),
      '/sys/devices/pci0/usb1/1-2/1-2:1.0': folder(0o755),
      '/sys/devices/pci0/usb1/1-2/busnum': { text: '1\n' },
      '/dev/ttyACM4': { ...DEVICE, device: '166:4', mode: 0o666 },
    }
    const answers = told('device-usb', { files: second })
    expect(answers).toHaveLength(2)
    expect(answers[1]).toBe(
      'fail: a second serial port of the printer, `/dev/ttyACM3` (mode 0660), is open to `pi` (in group `dialout`), round the gate',
    )
  })

  test('may be none', () => {
    expect(told('device-usb', { files: { '/sys/class/tty/ttyUSB0/device': undefined } })).toEqual([
      'ok: `/dev/ttyUSB0` shows no USB device behind it',
    ])
  })
})

describe('the name of the device', () => {
  test('should not go by the order of plugging in', () => {
    expect(findings('device-name', { port: '/dev/ttyUSB0' })).toEqual([
      {
        level: 'note',
        message:
          '`/dev/ttyUSB0` goes by the order of plugging in: it may be another device after the next start',
        remedy: `write \`port: ${BY_ID}\` in the configuration`,
      },
    ])
  })

  test('has a remedy also where the device has no number of its own', () => {
    const [answer] = findings('device-name', { port: '/dev/ttyUSB0', files: { [BY_ID]: undefined } })
    expect(answer?.remedy).toContain('/dev/serial/by-path')
  })

  test('is fine by id', () => {
    expect(told('device-name')).toEqual([expect.stringMatching(/^ok: /)])
  })
})

describe('programs that reach for ports by themselves', () => {
  const run = (command: string, ...words: string[]) => ({
    processes: [INIT, { pid: 9, command, words: [command, ...words], uid: 0, open: [] }],
  })
  const udev = (text: string | undefined) => ({
    files: { '/run/udev/data/c188:0': text === undefined ? undefined : { text } },
  })

  test('are not there', () => {
    expect(told('meddlers')).toEqual(['ok: no modem, braille or login program reaches for the printer'])
  })

  test('a ModemManager that udev tells to leave the device alone is in order', () => {
    expect(told('meddlers', run('ModemManager'))).toEqual([
      'ok: `ModemManager` runs and is told to leave `/dev/ttyUSB0` alone',
    ])
  })

  test.each([
    ['E:ID_MM_DEVICE_IGNORE=0\n', 'nothing tells it to leave'],
    ['', 'nothing tells it to leave'],
    [undefined, 'does not show here'],
  ])('a ModemManager with the database %j is a warning', (text, words) => {
    const [answer] = told('meddlers', { ...run('ModemManager'), ...udev(text) })
    expect(answer).toMatch(/^warn: `ModemManager` runs/)
    expect(answer).toContain(words)
  })

  test('a brltty is a warning', () => {
    expect(told('meddlers', run('brltty'))[0]).toMatch(/^warn: `brltty` runs/)
  })

  test('a login on the device fails, one elsewhere does not', () => {
    expect(findings('meddlers', run('agetty', '115200', 'ttyUSB0', 'vt220'))).toMatchObject([
      { level: 'fail', remedy: '`sudo systemctl disable --now serial-getty@ttyUSB0.service`' },
    ])
    expect(told('meddlers', run('agetty', 'tty1'))).toEqual([expect.stringMatching(/^ok: /)])
  })

  test('the kernel’s console on the device fails', () => {
    const text = 'ttyUSB0              -W- (EC p a)  188:0\n'
    expect(told('meddlers', { files: { '/proc/consoles': { text } } })).toEqual([
      'fail: the kernel writes its messages to `/dev/ttyUSB0`, and so to the printer',
    ])
  })

  test('are not taken for absent where other users’ programs do not show', () => {
    expect(told('meddlers', { processes: [] })).toEqual([expect.stringMatching(/^warn: .* do not show/)])
  })
})
