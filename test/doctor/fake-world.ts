/**
 * A machine made of plain data: files with owners and modes, processes, a clock. It starts as a machine on which
 * everything is in order; a test changes what it is about.
 */
import { dirname } from 'node:path'
import { EVIDENCE_DEFAULTS, type EvidenceConfig, type GateConfig } from '../../agent/config/index.ts'
import type { Finding } from '../../agent/doctor/finding.ts'
import { examine } from '../../agent/doctor/index.ts'
import type { Site } from '../../agent/doctor/subject.ts'
import { follow } from '../../agent/doctor/trail.ts'
import type { FileFacts, Look, Space, World } from '../../agent/doctor/world.ts'

export interface FakeFile extends Partial<FileFacts> {
  readonly text?: string
  /** Of a link. */
  readonly target?: string
  /** Why it cannot be looked at. */
  readonly hidden?: string
}

export interface FakeProcess {
  readonly pid: number
  readonly command: string
  readonly words?: readonly string[]
  readonly uid: number
  readonly gids?: readonly number[]
  /** Paths that it has open; undefined where that does not show. */
  readonly open?: readonly string[] | undefined
  readonly cwd?: string
  /** The number of its process space. */
  readonly space?: number
}

/** Users and groups of the machine. */
export const GATE = 990
export const OCTOPRINT = 991
export const PI = 1000
export const PRINTING = 400
export const DIALOUT = 20

const PASSWD = `root:x:0:0:root:/root:/bin/bash
portcullis:x:${GATE}:${GATE}::/var/lib/portcullis:/usr/sbin/nologin
octoprint:x:${OCTOPRINT}:${OCTOPRINT}::/home/octoprint:/bin/bash
pi:x:${PI}:${PI}:,,,:/home/pi:/bin/bash
`
const GROUP = `root:x:0:
dialout:x:${DIALOUT}:pi
printing:x:${PRINTING}:octoprint,pi
portcullis:x:${GATE}:
octoprint:x:${OCTOPRINT}:
pi:x:${PI}:
`
export const BY_ID = '/dev/serial/by-id/usb-Prusa_MK3-if00'
export const STATE = '/var/lib/portcullis'
export const PROGRAM = '/usr/lib/node_modules/portcullis'
export const CONFIG = '/etc/portcullis/portcullis.yaml'
export const POLICY = '/etc/portcullis/maker-space.yaml'
export const LINK = '/run/portcullis/printer'
export const USB = '/sys/devices/pci0/usb1/1-1'

export const NOW = '2026-11-23T12:00:00.000Z'
const EXT4 = 0xef53
export const GB = 1e9

export const ownedBy = (uid: number, mode: number) => ({ uid, gid: uid, mode })
export const folder = (mode: number, uid = 0): FakeFile => ({ type: 'folder', ...ownedBy(uid, mode) })
export const link = (target: string, uid = 0): FakeFile => ({ type: 'link', target, uid })
const device = (number: string, mode: number, uid = 0, gid = uid): FakeFile => ({
  type: 'character',
  device: number,
  mode,
  uid,
  gid,
})

export const DEVICE = device('188:0', 0o600, GATE)

/** Where every check finds things in order. */
function soundFiles(): Record<string, FakeFile> {
  return {
    '/etc/passwd': { text: PASSWD },
    '/etc/group': { text: GROUP },
    [CONFIG]: { text: '' },
    [POLICY]: { text: '' },
    '/usr/bin/node': { mode: 0o755 },
    '/usr/bin/portcullis': link('../lib/node_modules/portcullis/dist/portcullis.mjs'),
    [`${PROGRAM}/package.json`]: {},
    [`${PROGRAM}/dist/portcullis.mjs`]: { mode: 0o755 },
    [`${PROGRAM}/dist/guard.mjs`]: {},
    [`${PROGRAM}/node_modules/zod/index.js`]: {},
    [STATE]: folder(0o700, GATE),
    [`${STATE}/log`]: folder(0o700, GATE),
    [`${STATE}/log/checkpoint`]: { ...ownedBy(GATE, 0o600), text: '' },
    [`${STATE}/log/journal`]: folder(0o700, GATE),
    [`${STATE}/trust`]: folder(0o700, GATE),
    [`${STATE}/spool`]: folder(0o700, GATE),
    [`${STATE}/machine.json`]: ownedBy(GATE, 0o600),
    [`${STATE}/control.sock`]: { type: 'socket', ...ownedBy(GATE, 0o600) },
    '/run/portcullis': folder(0o755, GATE),
    [LINK]: link('/dev/pts/5', GATE),
    '/dev/pts/5': device('136:5', 0o660, GATE, PRINTING),
    '/dev/ttyUSB0': DEVICE,
    [BY_ID]: link('../../ttyUSB0'),
    '/dev/bus/usb/001/007': device('189:6', 0o664),
    '/run/udev/data/c188:0': { text: 'I:1\nE:ID_MM_DEVICE_IGNORE=1\nG:systemd\nQ:systemd\nV:1\n' },
    '/sys/class/tty/ttyUSB0/device': link('../../../devices/pci0/usb1/1-1/1-1:1.0/ttyUSB0'),
    [`${USB}/1-1:1.0/ttyUSB0`]: folder(0o755),
    [`${USB}/busnum`]: { text: '1\n' },
    [`${USB}/devnum`]: { text: '7\n' },
    '/sys/class/rtc/rtc0': folder(0o755),
    '/run/systemd/timesync/synchronized': {},
    '/proc/consoles': { text: 'tty0                 -WU (EC p  )    4:2\n' },
    '/proc/self/ns/pid': link('pid:[1]'),
    '/proc/self/mountinfo': {
      text: '22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n23 22 0:5 / /proc rw - proc proc rw\n',
    },
  }
}

export const INIT: FakeProcess = { pid: 1, command: 'systemd', words: ['/sbin/init'], uid: 0, open: [] }
export const GATE_PROCESS: FakeProcess = {
  pid: 500,
  command: 'node',
  words: ['node', '/usr/bin/portcullis', 'serve', '--config', CONFIG],
  uid: GATE,
  open: ['/dev/ttyUSB0', '/dev/null'],
}

const SPACE: Space = { type: EXT4, bytes: 32 * GB, bytesFree: 20 * GB, files: 1e6, filesFree: 9e5 }

export interface Changes {
  /** Undefined takes a file away. */
  readonly files?: Readonly<Record<string, FakeFile | undefined>>
  readonly processes?: readonly FakeProcess[]
  readonly host?: Partial<GateConfig['host']>
  readonly port?: string
  readonly site?: Partial<Site>
  readonly space?: Partial<Space>
  readonly uid?: number
  readonly now?: string
  readonly evidence?: Partial<EvidenceConfig>
  /** The state folder of the configuration is left out. */
  readonly stateUnnamed?: true
}

export function fakeSite(changes: Changes): Site {
  const config: GateConfig = {
    path: CONFIG,
    printer: { port: changes.port ?? BY_ID, baud: 115_200, dialect: 'marlin' },
    host: { link: LINK, group: 'printing', mode: 0o660, profile: 'auto', interlude: false, ...changes.host },
    policy: POLICY,
    ...(changes.stateUnnamed ? {} : { state: STATE }),
    stop: { hostLostMs: 30_000, hostSilentMs: 60_000, refusedHotMs: 120_000, park: [] },
    evidence: { ...EVIDENCE_DEFAULTS, ...changes.evidence },
    logLevel: 'info',
  }
  return { config, state: STATE, program: PROGRAM, node: '/usr/bin/node', policy: POLICY, ...changes.site }
}

export function fakeWorld(changes: Changes = {}): World {
  const files = new Map<string, FakeFile>(Object.entries(soundFiles()))
  for (const process of changes.processes ?? [INIT, GATE_PROCESS]) {
    for (const [path, file] of processFiles(process)) files.set(path, file)
  }
  for (const [path, file] of Object.entries(changes.files ?? {})) {
    if (file === undefined) files.delete(path)
    else files.set(path, file)
  }
  for (const path of [...files.keys()]) addFoldersAbove(files, path)
  return new FakeWorld(files, changes)
}

/** The findings of one check, on a machine that is in order but for the changes. */
export function findings(id: string, changes: Changes = {}): readonly Omit<Finding, 'id'>[] {
  return examine(fakeWorld(changes), fakeSite(changes))
    .findings.filter((finding) => finding.id === id)
    .map(({ level, message, remedy }) => ({ level, message, remedy }))
}

/** The same as text: `fail: message`. */
export function told(id: string, changes: Changes = {}): readonly string[] {
  return findings(id, changes).map(({ level, message }) => `${level}: ${message}`)
}

function processFiles(process: FakeProcess): readonly (readonly [string, FakeFile])[] {
  const { pid, command, words = [command], uid, gids = [uid], open, cwd = '/', space = 1 } = process
  const root = `/proc/${pid}`
  const status = `Name:\t${command}\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\nGid:\t${gids[0]}\t${gids[0]}\t0\t0\nGroups:\t${gids.slice(1).join(' ')} \n`
  return [
    [`${root}/status`, { text: status }],
    [`${root}/cmdline`, { text: words.map((text) => `${text}\0`).join('') }],
    [`${root}/cwd`, link(cwd)],
    [`${root}/ns/pid`, link(`pid:[${space}]`)],
    [`${root}/fd`, open === undefined ? { type: 'folder', hidden: 'permission denied' } : folder(0o500)],
    ...(open ?? []).map((path, i) => [`${root}/fd/${i}`, link(path)] as const),
  ]
}

function addFoldersAbove(files: Map<string, FakeFile>, path: string): void {
  for (let above = dirname(path); !files.has(above); above = dirname(above)) files.set(above, folder(0o755))
}

class FakeWorld implements World {
  readonly nowMs: number
  readonly uid: number
  readonly #files: ReadonlyMap<string, FakeFile>
  readonly ownNames = () => ['mk3', '192.0.2.10', 'fe80::1%eth0', '2001:db8::10']
  readonly #space: Space

  constructor(files: ReadonlyMap<string, FakeFile>, changes: Changes) {
    this.#files = files
    this.#space = { ...SPACE, ...changes.space }
    this.nowMs = Date.parse(changes.now ?? NOW)
    this.uid = changes.uid ?? 0
  }

  lstat(path: string): Look<FileFacts> {
    return this.#look(path, (file) => ({
      type: file.type ?? 'file',
      mode: file.mode ?? (file.type === 'link' ? 0o777 : 0o644),
      uid: file.uid ?? 0,
      gid: file.gid ?? 0,
      device: file.device ?? '',
    }))
  }

  stat(path: string): Look<FileFacts> {
    return follow(this, path).end
  }

  readlink(path: string): Look<string> {
    return this.#look(path, ({ target }) => target ?? '')
  }

  readText(path: string): Look<string> {
    return this.#look(follow(this, path).real, ({ text }) => text ?? '')
  }

  readEnd(path: string, bytesMax: number): Look<string> {
    return this.#look(path, ({ text }) => (text ?? '').slice(-bytesMax))
  }

  list(path: string): Look<readonly string[]> {
    return this.#look(path, () =>
      [...this.#files.keys()]
        .filter((name) => name !== '/' && dirname(name) === path)
        .map((name) => name.slice(path === '/' ? 1 : path.length + 1)),
    )
  }

  space(path: string): Look<Space> {
    return this.#look(path, () => this.#space)
  }

  #look<T>(path: string, answer: (file: FakeFile) => T): Look<T> {
    const file = this.#files.get(path)
    if (file === undefined) return { kind: 'missing' }
    if (file.hidden !== undefined) return { kind: 'hidden', reason: file.hidden }
    return { kind: 'seen', value: answer(file) }
  }
}
