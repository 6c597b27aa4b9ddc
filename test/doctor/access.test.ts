import { describe, expect, test } from 'vitest'
import {
  ENTER,
  gateMay,
  gateStopsAt,
  othersWho,
  READ,
  usersOf,
  WRITE,
  weaknessesOf,
  whoWords,
} from '../../agent/doctor/access.ts'
import { People } from '../../agent/doctor/people.ts'
import { readProcesses } from '../../agent/doctor/processes.ts'
import { follow } from '../../agent/doctor/trail.ts'
import { type FileFacts, seen } from '../../agent/doctor/world.ts'
import {
  DIALOUT,
  type FakeFile,
  fakeWorld,
  folder,
  GATE,
  INIT,
  link,
  OCTOPRINT,
  PI,
  PRINTING,
} from './fake-world.ts'

const people = new People(fakeWorld(), [], () => GATE)
const rootGate = new People(fakeWorld(), [], () => 0)
const file = (mode: number, uid = 0, gid = 0): FileFacts => ({ type: 'file', mode, uid, gid, device: '' })

describe('who else may use a file', () => {
  const who = (facts: FileFacts, wanted: number, asked = people) =>
    whoWords(asked, othersWho(asked, facts, wanted))

  test.each([
    [file(0o600), READ | WRITE, undefined],
    [file(0o600, GATE), READ | WRITE, undefined],
    [file(0o644), WRITE, undefined],
    [file(0o644), READ, 'every user of this machine'],
    [file(0o640, 0, PRINTING), WRITE, undefined],
    [file(0o640, 0, PRINTING), READ, '`octoprint` and `pi` (in group `printing`)'],
    [file(0o620, GATE, DIALOUT), READ | WRITE, '`pi` (in group `dialout`)'],
    // The owner is named once, though in the group too.
    [file(0o660, PI, PRINTING), WRITE, '`pi` (its owner) and `octoprint` (in group `printing`)'],
    [file(0o000, PI), WRITE, '`pi` (its owner)'],
    [file(0o666, PI, PRINTING), WRITE, 'every user of this machine'],
    [file(0o660, 0, 4321), WRITE, undefined],
  ])('%j for %d: %s', (facts, wanted, words) => {
    expect(who(facts, wanted)).toBe(words)
  })

  test('counts the gate’s user among the others where the gate runs as another', () => {
    expect(who(file(0o600, GATE), READ)).toBeUndefined()
    expect(who(file(0o600, GATE), READ, rootGate)).toBe('`portcullis` (its owner)')
  })

  test('lists users by number for further questions', () => {
    expect(usersOf(othersWho(people, file(0o660, PI, PRINTING), WRITE))).toEqual([PI, OCTOPRINT, PI])
    expect(usersOf(othersWho(people, file(0o600), WRITE))).toEqual([])
  })
})

describe('the gate itself', () => {
  test.each([
    [file(0o400, GATE), READ, true],
    // Its own bits count, not those of the group or all.
    [file(0o044, GATE), READ, false],
    [file(0o040, 0, GATE), READ, true],
    [file(0o404, 0, GATE), READ, false],
    [file(0o004), READ, true],
    [file(0o004), READ | WRITE, false],
    [file(0o006), READ | WRITE, true],
  ])('may with %j do %d: %s', (facts, wanted, may) => {
    expect(gateMay(people, facts, wanted)).toBe(may)
  })

  test('may do all as root', () => {
    expect(gateMay(rootGate, file(0), READ | WRITE | ENTER)).toBe(true)
  })

  test('stops at the first folder that it may not enter', () => {
    const world = fakeWorld({ files: { '/a/b/c': {}, '/a': folder(0o711), '/a/b': folder(0o744) } })
    expect(gateStopsAt(people, follow(world, '/a/b/c'))).toBe('/a/b')
    expect(gateStopsAt(people, follow(world, '/a/b'))).toBeUndefined()
  })
})

describe('what a path leads to', () => {
  const weak = (path: string, files: Record<string, FakeFile>) =>
    weaknessesOf(people, follow(fakeWorld({ files }), path)).map((found) => `${found.folder}: ${found.who}`)

  test('is safe in folders of root and the gate', () => {
    expect(weak('/a/b/file', { '/a/b/file': {}, '/a/b': folder(0o700, GATE) })).toEqual([])
  })

  test('can be swapped in any folder on the way', () => {
    const files = { '/a/b/file': {}, '/a': folder(0o777), '/a/b': { ...folder(0o775), gid: PRINTING } }
    expect(weak('/a/b/file', files)).toEqual([
      '/a: every user of this machine',
      '/a/b: `octoprint` and `pi` (in group `printing`)',
    ])
  })

  test('can be swapped in the folder of a link on the way, and in that where it leads', () => {
    const files = {
      '/home/pi/link': link('/srv/open/file'),
      '/home/pi': folder(0o755, PI),
      '/srv/open/file': {},
      '/srv/open': folder(0o777),
    }
    expect(weak('/home/pi/link', files)).toEqual([
      '/home/pi: `pi` (its owner)',
      '/srv/open: every user of this machine',
    ])
  })

  test('can be made by anyone where it is missing in a folder of all', () => {
    expect(weak('/tmp/state', { '/tmp': folder(0o1777) })).toEqual(['/tmp: every user of this machine'])
  })

  test.each([
    [0, []],
    [GATE, []],
    [PI, ['/tmp: `pi` (its owner)']],
  ])('of user %d in a sticky folder is its owner’s to swap', (uid, expected) => {
    expect(
      weak('/tmp/state/x', {
        '/tmp': folder(0o1777),
        '/tmp/state': folder(0o700, uid),
        '/tmp/state/x': { uid: GATE },
      }).filter((words) => words.startsWith('/tmp:')),
    ).toEqual(expected)
  })

  test('is the sticky folder’s owner’s to swap as well', () => {
    expect(weak('/shared/x', { '/shared': folder(0o1777, PI), '/shared/x': {} })).toEqual([
      '/shared: `pi` (its owner)',
    ])
  })
})

describe('users and groups', () => {
  const read = (passwd: string, group: string) =>
    new People(
      fakeWorld({ files: { '/etc/passwd': { text: passwd }, '/etc/group': { text: group } } }),
      [],
      () => GATE,
    )

  test('are read past lines that are none', () => {
    const odd = read(
      '# comment\n\n::1:1:::\nbroken\n+nis::::::\nneg:x:-5:1::\nhex:x:0x3e8:1::\nanna:x:1001:1002:Anna:/home/anna:/bin/sh',
      'no\n:x:5:anna\nlab:x:nan:anna\nlab:x:77:anna,,bob\n',
    )
    expect(odd.accounts().map(({ name }) => name)).toEqual(['anna'])
    expect(odd.account(1001)).toEqual({ name: 'anna', uid: 1001, gid: 1002, shell: '/bin/sh' })
    // Nobody knows bob; a member without an account cannot log in.
    expect(odd.othersIn(77)).toEqual([1001])
    expect(odd.groupName(5)).toBe('gid 5')
  })

  test('count every line of a group that has two', () => {
    const twice = read('a:x:1:1:::\nb:x:2:2:::\n', 'lab:x:77:a\nlab2:x:77:b\n')
    expect(twice.othersIn(77)).toEqual([1, 2])
  })

  test('that do not show leave numbers', () => {
    const hidden = new People(
      fakeWorld({ files: { '/etc/passwd': { hidden: 'no' }, '/etc/group': undefined } }),
      [],
      () => GATE,
    )
    expect(hidden.userName(0)).toBe('uid 0')
    expect(hidden.othersIn(DIALOUT)).toEqual([])
    expect(hidden.gateGroups()).toEqual([])
  })

  test('of the configuration may be names or numbers', () => {
    expect([people.uidOf('pi'), people.uidOf(5), people.uidOf('PI')]).toEqual([PI, 5, undefined])
    expect([people.gidOf('printing'), people.gidOf(5), people.gidOf('')]).toEqual([PRINTING, 5, undefined])
  })
})

describe('running programs', () => {
  const proc = (files: Record<string, FakeFile>) =>
    readProcesses(fakeWorld({ processes: [INIT], files })).list

  test('that end while they are read are left out', () => {
    expect(proc({ '/proc/44': folder(0o555) }).map(({ pid }) => pid)).toEqual([1])
  })

  test('whose status cannot be read as one are left out, not taken for root’s', () => {
    expect(
      proc({ '/proc/44/status': { text: 'Name:\tx\nUid:\tnone\nGid:\t\n' } }).map(({ pid }) => pid),
    ).toEqual([1])
  })

  test('are told by the effective user, and named past what their name pretends', () => {
    const status =
      'Name:\tevil\\nUid:\t0 0 0 0\nUid:\t1000\t1001\t1001\t1001\nGid:\t5\t6\t6\t6\nGroups:\t7 8 \n'
    const [, found] = proc({ '/proc/44/status': { text: status }, '/proc/44/cmdline': { text: 'a\0b c\0' } })
    expect(found).toEqual({
      pid: 44,
      command: 'evil\\nUid:\t0 0 0 0',
      words: ['a', 'b c'],
      uid: 1001,
      gids: [6, 7, 8],
    })
  })

  test('are only those with a number', () => {
    expect(seen(fakeWorld().list('/proc'))).toContain('consoles')
    expect(proc({ '/proc/x1/status': { text: 'Uid:\t0\t0\nGid:\t0\t0\n' } })).toHaveLength(1)
  })
})
