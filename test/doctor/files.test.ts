import { describe, expect, test } from 'vitest'
import {
  CONFIG,
  type FakeFile,
  findings,
  folder,
  GATE,
  GB,
  link,
  OCTOPRINT,
  ownedBy,
  PI,
  POLICY,
  PRINTING,
  PROGRAM,
  STATE,
  told,
} from './fake-world.ts'

const PLAIN_USER = 1001
const USERS = {
  '/etc/passwd': {
    text: `root:x:0:0:::/bin/bash
portcullis:x:${GATE}:${GATE}:::/usr/sbin/nologin
octoprint:x:${OCTOPRINT}:${OCTOPRINT}:::/bin/bash
pi:x:${PI}:${PI}:::/bin/bash
anna:x:${PLAIN_USER}:${PLAIN_USER}:::/bin/bash
`,
  },
}

describe.each([
  ['policy-file', 'the policy', POLICY],
  ['config-file', 'the configuration', CONFIG],
])('%s', (id, what, path) => {
  const change = (file: object | undefined) => ({ files: { ...USERS, [path]: file } })

  test('is in order where root owns it', () => {
    expect(told(id)).toEqual([`ok: ${what} \`${path}\` can be changed only by root and the gate’s user`])
  })

  test.each([
    [{ mode: 0o646 }, 'every user of this machine'],
    [{ mode: 0o664, gid: PRINTING }, '`octoprint` and `pi` (in group `printing`)'],
    [ownedBy(OCTOPRINT, 0o644), '`octoprint` (its owner)'],
  ])('that those who print can change fails', (file, who) => {
    const [answer] = told(id, change(file))
    expect(answer).toMatch(/^fail: /)
    expect(answer).toContain(`can be changed by ${who}`)
  })

  test('of somebody who does not print here is a warning', () => {
    expect(told(id, change(ownedBy(PLAIN_USER, 0o644)))).toEqual([
      `warn: ${what} \`${path}\` (mode 0644) can be changed by \`anna\` (its owner)`,
    ])
  })

  test('of somebody who does not print here, but runs a host, fails', () => {
    const octoprint = { pid: 5, command: 'octoprint', uid: PLAIN_USER, open: [] }
    const [answer] = told(id, { ...change(ownedBy(PLAIN_USER, 0o644)), processes: [octoprint] })
    expect(answer).toMatch(/^fail: /)
  })

  test('with an empty group that may write is in order', () => {
    expect(told(id, change({ mode: 0o664, gid: GATE }))).toEqual([expect.stringMatching(/^ok: /)])
  })

  test('in a folder of others can be replaced', () => {
    expect(told(id, { files: { '/etc/portcullis': folder(0o777) } })).toEqual([
      `fail: ${what} \`${path}\` can be replaced by every user of this machine, who can write in \`/etc/portcullis\``,
    ])
  })

  test('in a folder that all share, or of somebody, is to be moved: the folder is not ours to shut', () => {
    const remedyWith = (file: FakeFile) =>
      findings(id, { files: { ...USERS, '/etc/portcullis': file, [path]: {} } })[0]?.remedy
    expect(remedyWith(folder(0o777))).toContain('or `sudo chmod go-w /etc/portcullis`')
    expect(remedyWith(folder(0o755, PI))).not.toContain('chmod')
    const shared = findings(id, { files: { '/etc/portcullis': folder(0o1777), [path]: ownedBy(PI, 0o644) } })
    expect(shared.find(({ message }) => message.includes('replaced'))?.remedy).not.toContain('chmod')
  })

  test('that is a link is judged by where it leads, and by the way there', () => {
    const files = {
      [path]: link('/home/pi/own.yaml'),
      '/home/pi': folder(0o755, PI),
      '/home/pi/own.yaml': { mode: 0o666 },
    }
    expect(told(id, { files })).toEqual([
      `fail: ${what} \`/home/pi/own.yaml\` (mode 0666) can be changed by every user of this machine`,
      `fail: ${what} \`${path}\` can be replaced by \`pi\` (its owner), who can write in \`/home/pi\``,
    ])
  })

  test('must be readable by the gate, and its folders open to it', () => {
    expect(findings(id, change({ mode: 0o600 }))[0]).toEqual({
      level: 'fail',
      message: `${what} \`${path}\` (mode 0600) cannot be read by the gate’s user \`portcullis\``,
      remedy: `\`sudo chmod o+r ${path}\``,
    })
    expect(told(id, { files: { '/etc/portcullis': folder(0o700) } })).toEqual([
      `fail: ${what} \`${path}\` cannot be read by the gate’s user \`portcullis\`, who may not enter \`/etc/portcullis\``,
    ])
  })

  test('that is missing, hidden or no file is told', () => {
    expect(told(id, change(undefined))).toEqual([`fail: ${what} \`${path}\` is not there`])
    expect(told(id, change({ hidden: 'permission denied' }))[0]).toMatch(/^warn: .*nothing is known of it$/)
    expect(told(id, change({ type: 'pipe' }))).toEqual([`fail: ${what} \`${path}\` is not a regular file`])
  })
})

test('a path with odd characters is one word of the command', () => {
  const path = "/etc/portcullis/o'hara; rm -rf *.yaml"
  const [answer] = findings('policy-file', { files: { [path]: { mode: 0o666 } }, site: { policy: path } })
  expect(answer?.remedy).toContain(`chmod go-w '/etc/portcullis/o'\\''hara; rm -rf *.yaml'`)
})

describe('the program', () => {
  test('is in order where only root can write', () => {
    expect(told('program')).toEqual([
      `ok: the program in \`${PROGRAM}\` can be changed only by root and the gate’s user`,
    ])
  })

  test.each([
    [`${PROGRAM}/dist/portcullis.mjs`, { mode: 0o666 }],
    [`${PROGRAM}/node_modules/zod/index.js`, { mode: 0o646 }],
    [`${PROGRAM}/node_modules/zod`, folder(0o777)],
    [`${PROGRAM}/package.json`, { mode: 0o666 }],
    ['/usr/bin/node', { mode: 0o777 }],
    ['/usr/lib', folder(0o777)],
  ])('of which others can write %s fails', (path, file) => {
    expect(told('program', { files: { [path]: file } })).toEqual([
      `fail: the gate’s own program can be changed by every user of this machine: \`${path}\``,
    ])
  })

  test('tells by whom, and not a thousand names', () => {
    const files = Object.fromEntries(
      Array.from({ length: 9 }, (_, i) => [`${PROGRAM}/dist/${i}.mjs`, ownedBy(PI, 0o644)]),
    )
    expect(told('program', { files: { ...files, '/usr/bin/node': ownedBy(OCTOPRINT, 0o755) } })).toEqual([
      expect.stringMatching(/by `pi` \(its owner\): `.*0\.mjs`, .*4\.mjs` and 4 more$/),
      'fail: the gate’s own program can be changed by `octoprint` (its owner): `/usr/bin/node`',
    ])
  })

  test('is looked at also where its packages are links', () => {
    const files = {
      [`${PROGRAM}/node_modules/linked`]: link('/srv/linked'),
      '/srv/linked/index.js': { mode: 0o666 },
      // A circle.
      '/srv/linked/self': link('/srv/linked'),
    }
    expect(told('program', { files })).toEqual([
      'fail: the gate’s own program can be changed by every user of this machine: `/srv/linked/index.js`',
    ])
  })

  test('that does not show whole is not taken for sound', () => {
    const files = { [`${PROGRAM}/node_modules/zod`]: { ...folder(0o755), hidden: 'permission denied' } }
    expect(told('program', { files })).toEqual([
      expect.stringMatching(/^warn: not all of the program .* closed$/),
    ])
  })

  test('has its guard', () => {
    const path = `${PROGRAM}/dist/guard.mjs`
    expect(told('guard')).toEqual([`ok: the guard \`${path}\` is there`])
    for (const file of [undefined, { mode: 0o600 }, folder(0o755)])
      expect(told('guard', { files: { [path]: file } })).toEqual([expect.stringMatching(/^fail: the guard/)])
  })
})

describe('the state folder', () => {
  const change = (name: string, file: object | undefined) => ({ files: { [`${STATE}${name}`]: file } })

  test('is in order where it is private', () => {
    expect(told('state-folder')).toEqual([`ok: the state folder \`${STATE}\` is private to its owner`])
  })

  test.each([
    ['', folder(0o770, GATE), 'can be written by others'],
    ['/log', folder(0o722, GATE), 'can be written by others'],
    ['/trust', folder(0o777, GATE), 'can be written by others'],
    ['/machine.json', ownedBy(GATE, 0o640), 'is open to others'],
    ['/machine.json', ownedBy(GATE, 0o602), 'can be written by others'],
    ['/log/checkpoint', ownedBy(GATE, 0o620), 'can be written by others'],
    ['/control.sock', { type: 'socket', ...ownedBy(GATE, 0o660) }, 'can be written by others'],
    ['/log', ownedBy(GATE, 0o600), 'is not what the gate makes there'],
    ['/spool', { ...link('/tmp'), uid: GATE }, 'is not what the gate makes there'],
    ['/log', folder(0o700), 'belongs to `root`, not to the owner of the state folder'],
    ['/machine.json', undefined, 'there is a log but no machine key'],
    ['/trust/evil.pem', ownedBy(PI, 0o644), 'could be changed by others than the gate’s user'],
    ['/trust/root.pem', ownedBy(GATE, 0o664), 'could be changed by others than the gate’s user'],
    [
      '/trust/link.pem',
      { ...link('/home/pi/x'), uid: GATE },
      'could be changed by others than the gate’s user',
    ],
  ])('fails where %s is %j', (name, file, words) => {
    const answers = told('state-folder', change(name, file))
    expect(answers.filter((answer) => answer.startsWith('fail: '))).toEqual([expect.stringContaining(words)])
    expect(answers.join()).not.toContain('is private to its owner')
  })

  test.each([
    ['', folder(0o755, GATE)],
    ['/log/journal', folder(0o755, GATE)],
    ['/spool', folder(0o711, GATE)],
  ])('is a warning where others can look into %s', (name, file) => {
    expect(told('state-folder', change(name, file))).toEqual([
      expect.stringMatching(/^warn: .* is open to others$/),
    ])
  })

  test('may hold the certificates of issuers', () => {
    expect(told('state-folder', change('/trust/root.pem', ownedBy(GATE, 0o644)))).toHaveLength(1)
  })

  test('says of a key that others could read that it may be copied', () => {
    expect(findings('state-folder', change('/machine.json', ownedBy(GATE, 0o604)))[0]?.remedy).toMatch(
      /take the key for copied/,
    )
  })

  test('in a folder of others can be replaced', () => {
    expect(told('state-folder', { files: { '/var/lib': folder(0o777) } })).toEqual([
      expect.stringMatching(/^fail: the state folder .* can be replaced by every user of this machine/),
    ])
  })

  test('that the gate cannot reach fails', () => {
    expect(told('state-folder', { files: { '/var/lib': folder(0o700) } })).toEqual([
      `fail: the gate’s user \`portcullis\` cannot reach \`${STATE}\`: it may not enter \`/var/lib\``,
    ])
  })

  test('that is not there yet, or cannot be looked at, is told', () => {
    expect(told('state-folder', { site: { state: '/srv/none' } })).toEqual([
      expect.stringMatching(/^note: the state folder `\/srv\/none` is not there yet/),
    ])
    expect(told('state-folder', { files: { [STATE]: { hidden: 'permission denied' } } })).toEqual([
      expect.stringMatching(/^warn: .*nothing is known of it$/),
    ])
    expect(told('state-folder', { files: { [`${STATE}/log`]: { hidden: 'permission denied' } } })[0]).toMatch(
      /^warn: what the gate keeps in .* cannot be looked at/,
    )
    expect(told('state-folder', change('', {}))).toEqual([`fail: \`${STATE}\` is not a folder`])
  })

  test('should be named, and not where systems clear up', () => {
    expect(told('state-folder', { stateUnnamed: true })[0]).toMatch(
      /^note: the configuration names no state folder/,
    )
    for (const state of ['/tmp/state', '/var/tmp/state'])
      expect(told('state-folder', { site: { state } })).toContainEqual(
        expect.stringMatching(/^fail: .* is where the system clears old files/),
      )
  })
})

describe('the disk of the state folder', () => {
  test('is in order with room on it', () => {
    expect(told('state-disk')).toEqual([`ok: the disk of \`${STATE}\` has 20000 MB free`])
  })

  test.each([
    [0x01021994, /^fail: .* lies in memory \(tmpfs\)/],
    [0x858458f6, /^fail: .* lies in memory \(ramfs\)/],
    [0x4d44, /^fail: .* without owners and modes \(FAT\)/],
    [0x794c7630, /^warn: .* layered file system \(overlay\)/],
    [0x6969, /^note: .* \(NFS\)/],
    [0xff534d42, /^note: .* \(CIFS\)/],
  ])('of kind %d is told', (type, answer) => {
    expect(told('state-disk', { space: { type } })).toEqual([expect.stringMatching(answer)])
  })

  test.each([
    [19e6, 'fail'],
    [21e6, 'warn'],
    [99e6, 'warn'],
    // Five in a hundred of 32 GB.
    [1.5 * GB, 'warn'],
    [1.7 * GB, 'ok'],
  ])('with %d bytes free is %s', (bytesFree, level) => {
    expect(findings('state-disk', { space: { bytesFree } })).toMatchObject([{ level }])
  })

  test('that is huge need not keep a twentieth free', () => {
    expect(findings('state-disk', { space: { bytes: 4000 * GB, bytesFree: 3 * GB } })).toMatchObject([
      { level: 'ok' },
    ])
  })

  test('that takes no more files fails; one that does not count them does not', () => {
    expect(told('state-disk', { space: { filesFree: 99 } })).toEqual([
      `fail: the disk of \`${STATE}\` takes only 99 more files`,
    ])
    expect(findings('state-disk', { space: { files: 0, filesFree: 0 } })).toMatchObject([{ level: 'ok' }])
  })

  const mounts = (...lines: readonly string[]) => ({
    '/proc/self/mountinfo': { text: `${['1 0 8:1 / / rw - ext4 /dev/sda1 rw', ...lines].join('\n')}\n` },
  })
  test.each([
    ['2 1 8:2 / /var ro,nosuid - ext4 /dev/sdb rw'],
    ['2 1 8:2 / /var rw - ext4 /dev/sdb ro,errors=remount-ro'],
  ])('that is mounted read-only fails: %s', (line) => {
    expect(told('state-disk', { files: mounts(line) })).toEqual([
      `fail: \`${STATE}\` is mounted read-only, so nothing can be recorded and nothing prints`,
    ])
  })

  test('is the nearest mount, not one above it or of a like name', () => {
    const files = mounts(
      '2 1 8:2 / /var ro - ext4 a ro',
      '3 2 8:3 / /var/lib rw - ext4 b rw',
      '4 2 8:4 / /var/li ro - ext4 c ro',
    )
    expect(findings('state-disk', { files })).toMatchObject([{ level: 'ok' }])
  })

  test('is found also by a name with spaces, and before the folder is there', () => {
    const files = { ...mounts('2 1 8:2 / /srv/the\\040log ro - ext4 a ro'), '/srv/the log': folder(0o755) }
    expect(told('state-disk', { files, site: { state: '/srv/the log/state' } })).toEqual([
      expect.stringMatching(/^fail: `\/srv\/the log` is mounted read-only/),
    ])
  })
})
