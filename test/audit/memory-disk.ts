/**
 * A disk in memory that fails and crashes on demand. It keeps apart what a program sees and what a power cut leaves, the
 * way Linux does: what is written is in memory until a sync; a sync that fails leaves it visible, clean and lost. Of what
 * was not synced a power cut keeps any part, sector by sector and name by name, in no order: which, a seed chooses.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Disk, DiskFile, DiskLock, HeldElsewhere } from '../../agent/audit/index.ts'

/** What a disk writes whole or not at all. */
const SECTOR_BYTES = 512

/** Which operation fails, counted from 0, and whether it had its effect all the same. */
export interface Fault {
  readonly at: number
  readonly effect: 'absent' | 'present' | 'half'
  readonly code: string
}

/** What a crash leaves: everything the process wrote, or what was synced and what the seed keeps of the rest. */
export type Crash = { readonly kind: 'process' } | { readonly kind: 'power'; readonly seed: number }

/** Numbers from 0 up to 1 that a seed repeats (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Something done to a file that no sync has confirmed yet: bytes at a place, or a new length. */
type Unsynced = { readonly at: number; readonly bytes: Buffer } | { readonly length: number }

class MemoryFile {
  visible: Buffer = Buffer.alloc(0)
  durable: Buffer = Buffer.alloc(0)
  unsynced: Unsynced[] = []

  clone(): MemoryFile {
    const copy = new MemoryFile()
    // Buffers are never written into once they are here.
    copy.visible = this.visible
    copy.durable = this.durable
    copy.unsynced = [...this.unsynced]
    return copy
  }

  write(bytes: Uint8Array, at: number): void {
    const change = { at, bytes: Buffer.from(bytes) }
    this.visible = changed(this.visible, change)
    this.unsynced.push(change)
  }

  truncate(length: number): void {
    const change = { length }
    this.visible = changed(this.visible, change)
    this.unsynced.push(change)
  }

  /** The first `count` changes are on the disk. */
  flush(count = this.unsynced.length): void {
    for (const change of this.unsynced.splice(0, count)) this.durable = changed(this.durable, change)
  }

  /** What a sync that failed does: what it did not write is taken for written. */
  lose(): void {
    this.unsynced = []
  }

  /** Clean bytes are read from the disk again; where the disk has none, the file has a hole, which reads as zeros. */
  dropCache(): void {
    let fresh = changed(this.durable, { length: this.visible.length })
    for (const change of this.unsynced) fresh = changed(fresh, change)
    this.visible = fresh
  }

  powerCut(random: () => number): void {
    // Now and then the length survives, and not a byte of what it was for.
    const length = random() < 0.2 ? this.visible.length : 0
    for (const change of this.unsynced) {
      for (const piece of sectors(change)) if (random() < 0.5) this.durable = changed(this.durable, piece)
    }
    if (this.durable.length < length) this.durable = changed(this.durable, { length })
    this.visible = this.durable
    this.unsynced = []
  }
}

function changed(file: Buffer, change: Unsynced): Buffer {
  const length = 'length' in change ? change.length : Math.max(file.length, change.at + change.bytes.length)
  const fresh = Buffer.alloc(length)
  file.copy(fresh)
  if ('bytes' in change) fresh.set(change.bytes, change.at)
  return fresh
}

/** A change in the pieces that a disk writes one by one. */
function* sectors(change: Unsynced): Generator<Unsynced, void> {
  if ('length' in change) return yield change
  const { at, bytes } = change
  for (let from = at; from < at + bytes.length; ) {
    const to = Math.min(at + bytes.length, from - (from % SECTOR_BYTES) + SECTOR_BYTES)
    yield { at: from, bytes: bytes.subarray(from - at, to - at) }
    from = to
  }
}

type Node = MemoryFile | MemoryFolder

/** Something done to the names of a folder that no sync has confirmed yet. */
type Renaming = { readonly name: string; readonly node: Node | undefined; readonly gone?: string }

class MemoryFolder {
  visible = new Map<string, Node>()
  durable = new Map<string, Node>()
  unsynced: Renaming[] = []

  clone(known: Map<Node, Node>): MemoryFolder {
    const copy = new MemoryFolder()
    known.set(this, copy)
    const of = (node: Node): Node => known.get(node) ?? cloneNode(node, known)
    copy.visible = new Map(Array.from(this.visible, ([name, node]) => [name, of(node)]))
    copy.durable = new Map(Array.from(this.durable, ([name, node]) => [name, of(node)]))
    copy.unsynced = this.unsynced.map((change) => ({ ...change, node: change.node && of(change.node) }))
    return copy
  }

  /** Gives a node its name, takes a name away, or, with `gone`, moves a node from one name to another, at once. */
  change(change: Renaming): void {
    rename(this.visible, change)
    this.unsynced.push(change)
  }

  flush(): void {
    for (const change of this.unsynced) rename(this.durable, change)
    this.unsynced = []
  }

  powerCut(random: () => number): void {
    for (const change of this.unsynced) if (random() < 0.5) rename(this.durable, change)
    this.unsynced = []
    this.visible = new Map(this.durable)
    for (const node of this.visible.values()) node.powerCut(random)
  }
}

function cloneNode(node: Node, known: Map<Node, Node>): Node {
  const copy = node instanceof MemoryFile ? node.clone() : node.clone(known)
  known.set(node, copy)
  return copy
}

function rename(names: Map<string, Node>, { name, node, gone }: Renaming): void {
  if (node === undefined) names.delete(name)
  else names.set(name, node)
  if (gone !== undefined) names.delete(gone)
}

export class MemoryDisk implements Disk {
  #root = new MemoryFolder()
  readonly #locks = new Set<string>()
  #fault: Fault | undefined
  #generation = 0
  #nowMs = Date.UTC(2026, 10, 22, 20)
  /** Set to show what goes wrong on a kernel that keeps lost pages. */
  ignoresDropCache = false
  /** The names of the operations so far, and of the files and folders that they were for. */
  operations: string[] = []
  hasFailed = false
  /** Called before each operation. */
  beforeEach: () => void = () => undefined

  /** The clock of the machine: a second later each time that it is looked at, whoever does. */
  now(): number {
    this.#nowMs += 1000
    return this.#nowMs - 1000
  }

  /** A disk with the same in memory and on it, and no process. */
  clone(): MemoryDisk {
    const copy = new MemoryDisk()
    copy.#nowMs = this.#nowMs
    copy.#root = this.#root.clone(new Map())
    copy.ignoresDropCache = this.ignoresDropCache
    return copy
  }

  /** The disk as one process has it: after a crash that process does nothing more, though its promises go on in ours. */
  boot(): Disk {
    const generation = this.#generation
    const alive = <A extends unknown[], R>(operation: (...args: A) => Promise<R>) => {
      return async (...args: A): Promise<R> => {
        if (generation !== this.#generation) throw failure('EBADF')
        return await operation.apply(this, args)
      }
    }
    return {
      makeFolder: alive(this.makeFolder),
      lock: alive(this.lock),
      open: alive(this.open),
      read: alive(this.read),
      list: alive(this.list),
      rename: alive(this.rename),
      remove: alive(this.remove),
      removeFolder: alive(this.removeFolder),
      fsyncFolder: alive(this.fsyncFolder),
    }
  }

  /** The next operation is number 0. */
  arm(fault: Fault | undefined): void {
    this.#fault = fault
    this.operations = []
    this.hasFailed = false
  }

  /** Ends every process: descriptors and locks are gone. */
  crash(crash: Crash): void {
    this.#generation++
    this.#locks.clear()
    this.arm(undefined)
    this.beforeEach = () => undefined
    if (crash.kind === 'power') this.#root.powerCut(seeded(crash.seed))
  }

  /** Writes what is visible below a folder into a real one, for whoever reads only those. */
  materialise(from: string, to: string): void {
    for (const [path, bytes] of this.filesBelow(from)) {
      mkdirSync(dirname(join(to, path)), { recursive: true })
      writeFileSync(join(to, path), bytes)
    }
  }

  /** The files below a folder as a program sees them, by their paths from it. */
  filesBelow(path: string): Map<string, Buffer> {
    const files = new Map<string, Buffer>()
    const walk = (folder: Node | undefined, prefix: string): void => {
      if (!(folder instanceof MemoryFolder)) return
      for (const [name, node] of folder.visible) {
        if (node instanceof MemoryFile) files.set(`${prefix}${name}`, node.visible)
        else walk(node, `${prefix}${name}/`)
      }
    }
    walk(this.#node(path), '')
    return files
  }

  /** What a power cut would leave of a file, if it kept nothing that was not synced. */
  durableBytes(path: string): number {
    const file = this.#node(path)
    return file instanceof MemoryFile ? file.durable.length : 0
  }

  /** Puts bytes into a file, or takes the file away, as somebody who may write the folder can. */
  tamper(path: string, bytes: Uint8Array | undefined): void {
    const folder = this.#folder(dirname(path))
    const file = new MemoryFile()
    if (bytes !== undefined) file.write(bytes, 0)
    file.flush()
    folder.change({ name: basename(path), node: bytes === undefined ? undefined : file })
    folder.flush()
  }

  async makeFolder(path: string): Promise<void> {
    const parent = this.#folder(dirname(path))
    const make = (): void => {
      if (!parent.visible.has(basename(path))) {
        parent.change({ name: basename(path), node: new MemoryFolder() })
      }
    }
    this.#step(
      `makeFolder ${path}`,
      () => {
        make()
        parent.flush()
      },
      make,
    )
  }

  async lock(path: string): Promise<DiskLock | HeldElsewhere> {
    const isHeld = this.#locks.has(path)
    const generation = this.#generation
    this.#step(`lock ${path}`, () => {
      this.#locks.add(path)
      this.#create(path)
      const file = this.#node(path)
      if (file instanceof MemoryFile) file.write(Buffer.from('4711\n'), 0)
    })
    if (isHeld) return { heldBy: { process: 4711 } }
    const release = async () => {
      if (generation !== this.#generation) throw failure('EBADF')
      this.#step(`release ${path}`, () => this.#locks.delete(path))
    }
    return { release }
  }

  async open(path: string): Promise<DiskFile> {
    this.#step(`open ${path}`, () => this.#create(path))
    const file = this.#node(path)
    if (!(file instanceof MemoryFile)) throw failure('EISDIR')
    const generation = this.#generation
    const step = (name: string, effect: () => void, half?: () => void): void => {
      // A process that was killed does nothing more, though its promises may still be under way in this one.
      if (generation !== this.#generation) throw failure('EBADF')
      this.#step(`${name} ${path}`, effect, half)
    }
    return {
      write: async (bytes, position) => {
        const half = bytes.subarray(0, bytes.length >> 1)
        step(
          'write',
          () => file.write(bytes, position),
          () => file.write(half, position),
        )
        return bytes.length
      },
      fdatasync: async () => {
        if (this.#willFail('absent')) file.lose()
        step(
          'fdatasync',
          () => file.flush(),
          () => {
            file.flush(file.unsynced.length >> 1)
            file.lose()
          },
        )
      },
      truncate: async (length) => step('truncate', () => file.truncate(length)),
      dropCache: async () => step('dropCache', () => this.ignoresDropCache || file.dropCache()),
      close: async () => step('close', () => undefined),
    }
  }

  async read(path: string, bytesMax: number): Promise<Buffer | undefined> {
    this.#step(`read ${path}`, () => undefined)
    const file = this.#node(path)
    if (file === undefined) return undefined
    if (!(file instanceof MemoryFile)) throw failure('ENOTFILE')
    if (file.visible.length > bytesMax) throw failure('EFBIG')
    return Buffer.from(file.visible)
  }

  async list(path: string): Promise<readonly string[]> {
    this.#step(`list ${path}`, () => undefined)
    const folder = this.#node(path)
    // No order: the writer must not count on one.
    return folder instanceof MemoryFolder ? [...folder.visible.keys()].reverse() : []
  }

  async rename(from: string, to: string): Promise<void> {
    const folder = this.#folder(dirname(from))
    const node = folder.visible.get(basename(from))
    if (node === undefined) throw failure('ENOENT')
    this.#step(`rename ${from}`, () => folder.change({ name: basename(to), node, gone: basename(from) }))
  }

  async remove(path: string): Promise<void> {
    this.#step(`remove ${path}`, () => this.#unlink(path))
  }

  async removeFolder(path: string): Promise<void> {
    const folder = this.#node(path)
    this.#step(`removeFolder ${path}`, () => {
      if (folder instanceof MemoryFolder && folder.visible.size === 0) this.#unlink(path)
    })
  }

  async fsyncFolder(path: string): Promise<void> {
    const folder = this.#folder(path)
    this.#step(`fsyncFolder ${path}`, () => folder.flush())
  }

  #node(path: string): Node | undefined {
    let node: Node | undefined = this.#root
    for (const name of path.split('/').filter((part) => part !== '')) {
      node = node instanceof MemoryFolder ? node.visible.get(name) : undefined
    }
    return node
  }

  #folder(path: string): MemoryFolder {
    const node = this.#node(path)
    if (node instanceof MemoryFolder) return node
    throw failure('ENOENT')
  }

  #create(path: string): void {
    const folder = this.#folder(dirname(path))
    if (!folder.visible.has(basename(path))) folder.change({ name: basename(path), node: new MemoryFile() })
  }

  #unlink(path: string): void {
    const folder = this.#node(dirname(path))
    if (!(folder instanceof MemoryFolder) || !folder.visible.has(basename(path))) return
    folder.change({ name: basename(path), node: undefined })
  }

  #willFail(effect: Fault['effect']): boolean {
    return this.#fault?.at === this.operations.length && this.#fault.effect === effect
  }

  #step(name: string, effect: () => void, half: () => void = () => undefined): void {
    this.beforeEach()
    const fault = this.#fault?.at === this.operations.length ? this.#fault : undefined
    this.operations.push(name)
    if (fault === undefined) return void effect()
    this.hasFailed = true
    if (fault.effect === 'present') effect()
    if (fault.effect === 'half') half()
    throw failure(fault.code)
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code })
}
