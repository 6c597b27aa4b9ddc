/**
 * A disk in memory that fails and crashes on demand. It keeps apart what a program sees and what a power cut leaves, the
 * way Linux does: bytes are dirty until their file is synced, names until their folder is; a sync that fails leaves
 * bytes visible, clean and lost. A file may have several names; an open file stays when its name goes.
 */
import { basename, dirname } from 'node:path'
import type { FolderEntry, OpenAs, VaultDisk, VaultFile } from '../../agent/vault/disk.ts'

/** Which operation fails, counted from 0, and whether it had its effect all the same. */
export interface Fault {
  readonly at: number
  /** Whether those that only read are counted too. To die in one of them is to die before the next that does not. */
  readonly of: 'all' | 'changes'
  readonly effect: 'absent' | 'present' | 'half'
  readonly code: string
  /** After so many changes more the process dies: nothing has an effect any more. */
  readonly diesAfter?: number
}

const CHANGES = [
  'write',
  'fdatasync',
  'truncate',
  'link',
  'renameFolder',
  'unlink',
  'removeFolder',
  'fsyncFolder',
]
/** Whether an operation changes what is on the disk. */
export const isChange = (name: string): boolean =>
  CHANGES.includes(name) || name === 'makeFolder' || name === 'open new' || name === 'open append'

/**
 * What a crash leaves: everything that the process did, or what was synced and some of the rest: the first bytes of what
 * each file still had to write, and those changes of names for which `keepsName` says so.
 */
export type Crash =
  | { readonly kind: 'process' }
  | {
      readonly kind: 'power'
      readonly keptDirtyBytes: number
      readonly keepsName: (change: number) => boolean
    }

class MemoryFile {
  visible = Buffer.alloc(0)
  durable = Buffer.alloc(0)
  /** What was written and not yet handed to the disk, as byte ranges from `start` up to `end`. */
  dirty: { readonly start: number; readonly end: number }[] = []
  isTruncated = false

  write(bytes: Uint8Array, position: number): void {
    this.visible = overlay(this.visible, bytes, position)
    this.dirty.push({ start: position, end: position + bytes.length })
  }

  truncate(length: number): void {
    this.visible = Buffer.from(this.visible.subarray(0, length))
    this.dirty = this.dirty
      .map(({ start, end }) => ({ start, end: Math.min(end, length) }))
      .filter(({ start, end }) => start < end)
    this.isTruncated = true
  }

  dirtyBytes(): number {
    return this.dirty.reduce((bytes, { start, end }) => bytes + end - start, 0)
  }

  /** Hands the first `bytesMax` dirty bytes to the disk. */
  flush(bytesMax = Number.POSITIVE_INFINITY): void {
    if (this.isTruncated) this.durable = Buffer.from(this.durable.subarray(0, this.visible.length))
    let left = bytesMax
    for (const { start, end } of this.dirty) {
      const bytes = this.visible.subarray(start, Math.min(end, start + left))
      if (bytes.length > 0) this.durable = overlay(this.durable, bytes, start)
      left -= bytes.length
    }
    this.markClean()
  }

  markClean(): void {
    this.dirty = []
    this.isTruncated = false
  }
}

type Names = Map<string, MemoryFile | MemoryFolder>

class MemoryFolder {
  visible: Names = new Map()
  durable: Names = new Map()
  /** Changes of names that are not durable yet, oldest first. Each happens whole or not at all. */
  pending: ((names: Names) => void)[] = []

  change(change: (names: Names) => void): void {
    change(this.visible)
    this.pending.push(change)
  }

  /** Hands the first changes to the disk. Those that did not get there wait for the next time: names have a journal. */
  sync(changesMax = this.pending.length): void {
    for (const change of this.pending.splice(0, changesMax)) change(this.durable)
  }

  lose(crash: Crash & { readonly kind: 'power' }): void {
    for (const [i, change] of this.pending.entries()) if (crash.keepsName(i)) change(this.durable)
    this.pending = []
    this.visible = new Map(this.durable)
    for (const node of this.visible.values()) {
      if (node instanceof MemoryFolder) node.lose(crash)
      else {
        node.flush(crash.keptDirtyBytes)
        node.visible = Buffer.from(node.durable)
      }
    }
  }
}

/** `file` with `bytes` at `position`, as a new buffer; a gap between them reads as zeros. */
function overlay(file: Buffer, bytes: Uint8Array, position: number): Buffer<ArrayBuffer> {
  const grown = Buffer.alloc(Math.max(file.length, position + bytes.length))
  file.copy(grown)
  grown.set(bytes, position)
  return grown
}

export class MemoryDisk implements VaultDisk {
  readonly #root = new MemoryFolder()
  readonly #everMade: MemoryFile[] = []
  #fault: Fault | undefined
  #generation = 0
  #isDead = false
  /** Operations and changes so far. */
  #counts = { all: 0, changes: 0 }
  /** The names of the operations so far. */
  operations: string[] = []
  hasFailed = false

  /** The next operation is number 0. */
  arm(fault: Fault | undefined): void {
    this.#fault = fault
    this.#counts = { all: 0, changes: 0 }
    this.operations = []
    this.hasFailed = false
  }

  /** Ends every process. */
  crash(crash: Crash): void {
    this.#generation++
    this.#isDead = false
    this.arm(undefined)
    if (crash.kind === 'power') this.#root.lose(crash)
  }

  /** A disk for another process: it goes on as it is until the next crash. */
  process(): VaultDisk {
    const generation = this.#generation
    const alive = <T>(work: () => Promise<T>): Promise<T> => {
      // A process that was killed does nothing more, though its promises may still be under way in this one.
      const isAlive = generation === this.#generation && !this.#isDead
      return isAlive ? work() : Promise.reject(failure('EBADF'))
    }
    const file = (opened: VaultFile): VaultFile => ({
      size: () => alive(() => opened.size()),
      read: (into, position) => alive(() => opened.read(into, position)),
      write: (bytes, position) => alive(() => opened.write(bytes, position)),
      fdatasync: () => alive(() => opened.fdatasync()),
      truncate: (length) => alive(() => opened.truncate(length)),
      close: () => alive(() => opened.close()),
    })
    return {
      makeFolder: (path) => alive(() => this.makeFolder(path)),
      list: (path, namesMax) => alive(() => this.list(path, namesMax)),
      open: (path, as) => alive(async () => file(await this.open(path, as))),
      link: (from, to) => alive(() => this.link(from, to)),
      renameFolder: (from, to) => alive(() => this.renameFolder(from, to)),
      unlink: (path) => alive(() => this.unlink(path)),
      removeFolder: (path) => alive(() => this.removeFolder(path)),
      fsyncFolder: (path) => alive(() => this.fsyncFolder(path)),
    }
  }

  /** Every file that can be seen, with its path. `isDurable`: every one that a power cut would leave. */
  files(isDurable = false): { path: string; bytes: Buffer }[] {
    const found: { path: string; bytes: Buffer }[] = []
    const walk = (folder: MemoryFolder, path: string): void => {
      for (const [name, node] of isDurable ? folder.durable : folder.visible) {
        if (node instanceof MemoryFolder) walk(node, `${path}/${name}`)
        else found.push({ path: `${path}/${name}`, bytes: isDurable ? node.durable : node.visible })
      }
    }
    walk(this.#root, '')
    return found
  }

  /** What somebody finds who reads the bare disk: the bytes of every file that it ever had, with a name or without. */
  remains(): Buffer[] {
    return this.#everMade.map((file) => file.durable)
  }

  /** Puts a file where it is told to, whatever was there, as an attacker may. */
  put(path: string, bytes: Uint8Array): void {
    const file = new MemoryFile()
    file.write(bytes, 0)
    file.flush()
    const parent = this.#parent(path)
    parent.change((names) => names.set(basename(path), file))
    parent.sync()
  }

  /** A copy of all that can be seen, as an attacker may make and put back. */
  copy(): MemoryDisk {
    const copy = new MemoryDisk()
    const walk = (from: MemoryFolder, to: MemoryFolder): void => {
      for (const [name, node] of from.visible) {
        if (node instanceof MemoryFolder) {
          const folder = new MemoryFolder()
          to.change((names) => names.set(name, folder))
          walk(node, folder)
        } else {
          const file = new MemoryFile()
          file.write(node.visible, 0)
          file.flush()
          to.change((names) => names.set(name, file))
        }
      }
      to.sync()
    }
    walk(this.#root, copy.#root)
    return copy
  }

  async makeFolder(path: string): Promise<void> {
    const parent = this.#parent(path)
    if (parent.visible.get(basename(path)) instanceof MemoryFile) throw failure('ENOTDIR')
    this.#step('makeFolder', () => {
      if (parent.visible.has(basename(path))) return
      const folder = new MemoryFolder()
      parent.change((names) => names.set(basename(path), folder))
    })
  }

  async list(path: string, namesMax: number): Promise<FolderEntry[]> {
    const folder = this.#folder(path)
    this.#step('list', () => undefined)
    if (folder.visible.size > namesMax) throw failure('ETOOMANY')
    return [...folder.visible].map(([name, node]) => ({ name, isFolder: node instanceof MemoryFolder }))
  }

  async open(path: string, as: OpenAs): Promise<VaultFile> {
    const parent = this.#parent(path)
    const there = parent.visible.get(basename(path))
    if (there instanceof MemoryFolder) throw failure('ENOTFILE')
    if (there !== undefined && as === 'new') throw failure('EEXIST')
    if (there === undefined && (as === 'read' || as === 'overwrite')) throw failure('ENOENT')
    const file = there ?? new MemoryFile()
    this.#step(`open ${as}`, () => {
      if (there !== undefined) return
      this.#everMade.push(file)
      parent.change((names) => names.set(basename(path), file))
    })
    return this.#opened(file, as)
  }

  #opened(file: MemoryFile, as: OpenAs): VaultFile {
    return {
      size: async () => {
        this.#step('size', () => undefined)
        return file.visible.length
      },
      read: async (into, position) => {
        this.#step('read', () => undefined)
        return file.visible.copy(into, 0, position)
      },
      write: async (bytes, position) => {
        const at = as === 'append' ? file.visible.length : position
        const half = bytes.subarray(0, bytes.length >> 1)
        this.#step(
          'write',
          () => file.write(bytes, at),
          () => file.write(half, at),
        )
        return bytes.length
      },
      fdatasync: async () => {
        if (this.#faultAt('fdatasync')?.effect === 'absent') file.markClean()
        this.#step(
          'fdatasync',
          () => file.flush(),
          () => file.flush(file.dirtyBytes() >> 1),
        )
      },
      truncate: async (length) => this.#step('truncate', () => file.truncate(length)),
      close: async () => this.#step('close', () => undefined),
    }
  }

  async link(from: string, to: string): Promise<void> {
    const file = this.#parent(from).visible.get(basename(from))
    if (file === undefined) throw failure('ENOENT')
    const parent = this.#parent(to)
    if (parent.visible.has(basename(to))) throw failure('EEXIST')
    this.#step('link', () => parent.change((names) => names.set(basename(to), file)))
  }

  async renameFolder(from: string, to: string): Promise<void> {
    const parent = this.#parent(from)
    const folder = this.#folder(from)
    this.#step('renameFolder', () =>
      parent.change((names) => {
        names.delete(basename(from))
        names.set(basename(to), folder)
      }),
    )
  }

  async unlink(path: string): Promise<void> {
    const parent = this.#parent(path)
    if (!parent.visible.has(basename(path))) throw failure('ENOENT')
    this.#step('unlink', () => parent.change((names) => names.delete(basename(path))))
  }

  async removeFolder(path: string): Promise<void> {
    if (this.#folder(path).visible.size > 0) throw failure('ENOTEMPTY')
    this.#step('removeFolder', () => this.#parent(path).change((names) => names.delete(basename(path))))
  }

  async fsyncFolder(path: string): Promise<void> {
    const folder = this.#folder(path)
    this.#step(
      'fsyncFolder',
      () => folder.sync(),
      () => folder.sync(folder.pending.length >> 1),
    )
  }

  #folder(path: string): MemoryFolder {
    if (path === '/') return this.#root
    const node = this.#parent(path).visible.get(basename(path))
    if (node === undefined) throw failure('ENOENT')
    if (node instanceof MemoryFile) throw failure('ENOTDIR')
    return node
  }

  #parent(path: string): MemoryFolder {
    return this.#folder(dirname(path))
  }

  /** The fault, if it is this operation's turn to fail. */
  #faultAt(name: string): Fault | undefined {
    const fault = this.#fault
    if (fault === undefined || (fault.of === 'changes' && !isChange(name))) return undefined
    return this.#counts[fault.of] === fault.at ? fault : undefined
  }

  #step(name: string, effect: () => void, half: () => void = () => undefined): void {
    const fault = this.#faultAt(name)
    this.operations.push(name)
    this.#counts.all++
    if (isChange(name)) this.#counts.changes++
    const { diesAfter, at = 0, of } = this.#fault ?? {}
    if (diesAfter !== undefined && of === 'changes' && this.#counts.changes > at + diesAfter)
      this.#isDead = true
    if (fault === undefined) {
      if (this.#isDead) throw failure('EBADF')
      return void effect()
    }
    this.hasFailed = true
    if (fault.effect === 'present') effect()
    if (fault.effect === 'half') half()
    throw failure(fault.code)
  }
}

/** Without a stack: there are many, and nobody looks where they come from. */
function failure(code: string): Error {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  const error = Object.assign(new Error(code), { code })
  Error.stackTraceLimit = stackTraceLimit
  return error
}
