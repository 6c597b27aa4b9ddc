import { describe, expect, test } from 'vitest'
import {
  DEVICE,
  DIALOUT,
  findings,
  folder,
  GATE,
  INIT,
  LINK,
  link,
  OCTOPRINT,
  ownedBy,
  PI,
  PRINTING,
  STATE,
  told,
} from './fake-world.ts'

describe('the virtual port', () => {
  test('leads to the gate, as the configuration says', () => {
    expect(told('virtual-port')[0]).toBe(
      `ok: \`${LINK}\` leads to \`/dev/pts/5\` (mode 0660, group \`printing\`)`,
    )
  })

  test('is told with the settings that make OctoPrint list it', () => {
    expect(findings('virtual-port')[1]).toMatchObject({
      level: 'note',
      remedy: expect.stringMatching(
        /`additionalPorts: \["\/run\/portcullis\/printer"\]`.*`blocklistedPorts:/,
      ),
    })
  })

  test('in /dev, with a name that OctoPrint lists, needs no settings', () => {
    const name = '/dev/ttyUSB_gate'
    const answers = told('virtual-port', {
      host: { link: name },
      files: { [name]: link('/dev/pts/5', GATE) },
    })
    expect(answers).toContain(`ok: \`${name}\` has a name that OctoPrint lists by itself`)
  })

  test('elsewhere is not listed for its name', () => {
    const name = '/run/portcullis/ttyUSB_gate'
    const answers = told('virtual-port', {
      host: { link: name },
      files: { [name]: link('/dev/pts/5', GATE) },
    })
    expect(answers).toContain(`note: \`${name}\` has a name that OctoPrint does not list by itself`)
  })

  test.each([
    [folder(0o777, GATE), 'every user of this machine'],
    [{ ...folder(0o775, GATE), gid: PRINTING }, '`octoprint` and `pi` (in group `printing`)'],
    [folder(0o755, PI), '`pi` (its owner)'],
  ])('whose folder others can write can be led elsewhere', (changed, who) => {
    expect(told('virtual-port', { files: { '/run/portcullis': changed } })).toContain(
      `fail: the link \`${LINK}\` can be led elsewhere by ${who}, who can write in \`/run/portcullis\``,
    )
  })

  test('in a sticky folder is the gate’s, unless another made it', () => {
    const name = '/shared/printer'
    const sticky = { '/shared': folder(0o1777) }
    const by = (uid: number) =>
      told('virtual-port', { host: { link: name }, files: { ...sticky, [name]: link('/dev/pts/5', uid) } })
    expect(by(GATE).filter((answer) => answer.startsWith('fail'))).toEqual([])
    expect(by(PI)[0]).toContain('can be led elsewhere by `pi`')
    // A name that is free there can be taken by anyone before the gate starts.
    const free = told('virtual-port', { host: { link: name }, files: sticky })
    expect(free[0]).toContain('can be led elsewhere by every user')
  })

  test('is not there while the gate does not run', () => {
    expect(told('virtual-port', { files: { [LINK]: undefined } })[0]).toBe(
      `note: \`${LINK}\` is not there: the gate does not run now`,
    )
    expect(told('virtual-port', { files: { '/dev/pts/5': undefined } })[0]).toBe(
      `note: \`${LINK}\` is left over: the gate does not run now`,
    )
    expect(told('virtual-port', { files: { [LINK]: undefined, '/run/portcullis': undefined } })[0]).toMatch(
      /^note: the folder `\/run\/portcullis` is not there/,
    )
  })

  test('needs a folder in which the gate may make it', () => {
    const answers = told('virtual-port', { files: { '/run/portcullis': folder(0o755) } })
    expect(answers).toContain('fail: the gate’s user `portcullis` cannot make its link in `/run/portcullis`')
  })

  test.each([
    [link('/dev/ttyUSB0'), 'leads to `/dev/ttyUSB0`'],
    [{}, 'is no link'],
  ])('is not something else in its place', (file, what) => {
    expect(told('virtual-port', { files: { [LINK]: file } })[0]).toBe(
      `fail: \`${LINK}\` ${what}, not to a virtual port of the gate`,
    )
  })

  test('whose terminal is open to everyone fails', () => {
    const files = { '/dev/pts/5': { ...DEVICE, device: '136:5', mode: 0o666 } }
    expect(told('virtual-port', { files })[0]).toMatch(/^fail: `\/dev\/pts\/5` .* is open to every user/)
  })

  test.each([
    { mode: 0o620, gid: PRINTING },
    { mode: 0o660, gid: DIALOUT },
  ])('with other mode or group than the configuration says is a warning', (facts) => {
    const files = { '/dev/pts/5': { ...DEVICE, device: '136:5', ...facts } }
    expect(told('virtual-port', { files })[0]).toMatch(
      /^warn: .*; the configuration says mode 0660, group `printing`$/,
    )
  })

  test('that only the gate’s user may open is a warning: its hosts would be the gate', () => {
    const host = { group: 'portcullis', mode: 0o600 }
    expect(told('virtual-port', { host })[0]).toMatch(/^warn: only root and the gate’s own user can open/)
    expect(told('virtual-port', { host: { ...host, tcp: { host: '127.0.0.1', port: 1 } } })[0]).not.toMatch(
      /only root/,
    )
    expect(told('virtual-port', { host: { ...host, owner: 'octoprint' } })[0]).not.toMatch(/only root/)
  })

  test('names users and groups that exist', () => {
    expect(told('virtual-port', { host: { group: 'nobodies' } })[0]).toBe(
      'fail: the group `nobodies` of `host.group` does not exist on this machine',
    )
    expect(told('virtual-port', { host: { owner: 'nobody-here' } })[0]).toBe(
      'fail: the user `nobody-here` of `host.owner` does not exist on this machine',
    )
  })
})

describe('the TCP port', () => {
  const local = { tcp: { host: '127.0.0.1', port: 2525 } }
  const wide = { tcp: { host: '::', port: 2525 } }
  const SECRET = '/etc/portcullis/secret'
  const withSecret = (facts: object, host: object = local) => ({
    host: { ...host, secretFile: SECRET },
    files: { [SECRET]: { ...ownedBy(GATE, 0o600), ...facts } },
  })

  test('of this machine without a secret is open to every user of it', () => {
    expect(told('tcp', { host: local })).toEqual([
      expect.stringMatching(
        /^note: any program of any user on this machine can be the host at `127.0.0.1:2525`/,
      ),
    ])
  })

  test('open to the network is a warning, with a secret too', () => {
    expect(told('tcp', withSecret({}, wide))[0]).toBe(
      'warn: `[::]:2525` takes hosts from the network, and the secret travels in the clear',
    )
  })

  test('with a secret of the gate alone is in order', () => {
    expect(told('tcp', withSecret({}))).toEqual([
      'ok: `127.0.0.1:2525` takes hosts of this machine that know the secret',
      `ok: the secret \`${SECRET}\` shows only to root and the gate’s user`,
    ])
  })

  test.each([
    [{ mode: 0o604 }, 'every user of this machine'],
    [{ mode: 0o640, gid: PRINTING }, '`octoprint` and `pi` (in group `printing`)'],
    [{ uid: PI }, '`pi` (its owner)'],
  ])('with a secret that others can read fails', (facts, who) => {
    expect(told('tcp', withSecret(facts))[1]).toMatch(`is open to ${who}`)
    expect(findings('tcp', withSecret(facts))[1]).toMatchObject({
      level: 'fail',
      remedy: expect.stringContaining(`sudo chown portcullis ${SECRET} && sudo chmod 600 ${SECRET}`),
    })
  })

  test('with a secret that is not there, or in a folder of others, fails', () => {
    expect(told('tcp', { host: { ...local, secretFile: SECRET } })[1]).toBe(
      `fail: the secret \`${SECRET}\` is not there`,
    )
    const files = { '/home/pi': folder(0o755, PI), '/home/pi/secret': ownedBy(GATE, 0o600) }
    expect(told('tcp', { host: { ...local, secretFile: '/home/pi/secret' }, files })[1]).toBe(
      'fail: the secret `/home/pi/secret` can be replaced by `pi` (its owner), who can write in `/home/pi`',
    )
  })

  test('with a secret that cannot be looked at is not taken for in order', () => {
    expect(told('tcp', withSecret({ hidden: 'permission denied' }))[1]).toMatch(/^warn: /)
  })
})

describe('the gate’s user', () => {
  test('is the owner of the state folder', () => {
    expect(told('gate-user')).toEqual([
      'ok: the gate is taken to run as `portcullis` (the owner of the state folder)',
    ])
  })

  const noState = { site: { state: '/srv/none' } }
  test('before there is a state folder is the usual account, or who asks', () => {
    expect(told('gate-user', noState)[0]).toBe(
      'ok: the gate is taken to run as `portcullis` (the account of that name, as there is no state folder yet)',
    )
    expect(told('gate-user', { ...noState, uid: PI })[0]).toBe(
      'ok: the gate is taken to run as `pi` (who asks, as there is no state folder yet)',
    )
    expect(
      told('gate-user', { ...noState, files: { '/etc/passwd': { text: 'root:x:0:0:::/bin/sh' } } })[0],
    ).toMatch(/^warn: the gate is taken to run as `root` \(who asks/)
  })

  test('should not be root', () => {
    const [answer] = told('gate-user', { files: { [STATE]: folder(0o700) } })
    expect(answer).toMatch(/^warn: the gate is taken to run as `root`/)
  })

  test('should not be one that people log in as', () => {
    expect(told('gate-user', { files: { [STATE]: folder(0o700, PI) } })[2]).toBe(
      'warn: `pi`, as whom the gate runs, can log in (`/bin/bash`): whoever is logged in as it can open the printer',
    )
  })

  test.each([
    ['sudo:x:27:portcullis', /^warn: .* in the group `sudo`, which makes it as strong as root$/],
    ['dialout:x:20:portcullis', /^note: .* in the group `dialout`, which it does not need$/],
  ])('should not be in %s', (line, answer) => {
    const answers = told('gate-user', { files: { '/etc/group': { text: `${line}\n` } } })
    expect(answers[1]).toMatch(answer)
  })

  test('may be in the group that the device has', () => {
    const files = {
      '/etc/group': { text: `dialout:x:${DIALOUT}:portcullis\n` },
      '/dev/ttyUSB0': { ...DEVICE, uid: 0, gid: DIALOUT, mode: 0o660 },
    }
    expect(told('gate-user', { files })).toHaveLength(1)
  })
})

describe('a host program', () => {
  const host = (words: readonly string[], uid: number, space = 1) => ({
    processes: [INIT, { pid: 70, command: words[0] ?? '', words, uid, open: [], space }],
  })

  test.each([
    [['/home/pi/oprint/bin/python3', '/home/pi/oprint/bin/octoprint', 'serve']],
    [['python3', '-m', 'octoprint', 'serve']],
    [['/usr/bin/python3', '/usr/bin/pronterface']],
    [['/opt/PrusaSlicer', '--single']],
    [['node', '/usr/lib/node_modules/cncjs/bin/cncjs']],
  ])('%j is known as one', (words) => {
    expect(told('host-user', host(words, OCTOPRINT))).toEqual([
      'ok: the host programs that run have users of their own',
    ])
  })

  test.each([
    [['vim', 'octoprint.md']],
    [['python3', 'webcam.py', '--for', 'octoprint']],
    [['tail', '/var/log/octoprint.log']],
  ])('%j is none', (words) => {
    expect(told('host-user', host(words, 0))).toEqual([])
  })

  const octoprint = ['python3', '/usr/bin/octoprint']
  test('that runs as the gate’s user can open the printer', () => {
    expect(told('host-user', host(octoprint, GATE))).toEqual([
      'fail: the host program `octoprint` (process 70) runs as the gate’s own user `portcullis` and can open the printer',
    ])
  })

  test('that runs as root cannot be held, but perhaps in a container', () => {
    expect(told('host-user', host(octoprint, 0))[0]).toMatch(
      /^fail: .* runs as root: nothing on this machine/,
    )
    expect(told('host-user', host(octoprint, 0, 2))[0]).toMatch(/^warn: .* runs as root in a container/)
  })
})
