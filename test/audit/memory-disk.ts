/**
 * A disk in memory that fails and crashes on demand. It keeps apart what a program sees and what a power cut leaves,
 * the way Linux does: written bytes are dirty until a sync; a sync that fails leaves them visible, clean and lost.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Disk, DiskFile, DiskLock, HeldElsewhere } from '../../agent/audit/index.ts'

/** Which operation fails, counted from 0, and whether it had its effect all the same. */
export interface Fault {
  readonly at: number
  readonly effect: 'absent' | 'present' | 'half'
  readonly code: string
}

/** What a crash leaves: everything the process wrote, or what was synced and the first bytes of the rest. */
export type Crash = { readonly kind: 'process' } | { readonly kind: 'power'; readonly keptDirtyBytes: number }

class MemoryFile {
  visible = Buffer.alloc(0)
  durable = Buffer.alloc(0)
  /** What was written and not yet handed to the disk, as byte ranges from `start` up to `end`. */
  dirty: { readonly start: number; readonly end: number }[] = []
  isTruncated = false
  isNameDurable = false

  write(bytes: Uint8Array, position: number): void {
    this.visible = overlay(this.visible, bytes, position)
    this.dirty.push({ start: position, end: position + bytes.length })
  }

  truncate(length: number): void {
    this.visible = this.visible.subarray(0, length)
    this.dirty = this.dirty
      .map(({ start, end }) => ({ start, end: Math.min(end, length) }))
      .filter(({ start, end }) => start < end)
    this.isTruncated = true
  }

  dirtyBytes(): number {
    return this.dirty.reduce((bytes, { start, end }) => bytes + end - start, 0)
  }

  /** Hands the first `bytesMax` dirty bytes to the disk. A byte that was clean already is not written again. */
  flush(bytesMax = Number.POSITIVE_INFINITY): void {
    if (this.isTruncated) this.durable = this.durable.subarray(0, this.visible.length)
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

  /** Clean bytes are read from the disk again; where the disk has none, the file has a hole, which reads as zeros. */
  dropCache(): void {
    let fresh = Buffer.alloc(this.visible.length)
    this.durable.copy(fresh)
    for (const { start, end } of this.dirty) fresh = overlay(fresh, this.visible.subarray(start, end), start)
    this.visible = fresh
  }
}

/** `file` with `bytes` at `position`, as a new buffer; a gap between them reads as zeros. */
function overlay(file: Buffer, bytes: Uint8Array, position: number): Buffer<ArrayBuffer> {
  const grown = Buffer.alloc(Math.max(file.length, position + bytes.length))
  file.copy(grown)
  grown.set(bytes, position)
  return grown
}

export class MemoryDisk implements Disk {
  readonly files = new Map<string, MemoryFile>()
  readonly #locks = new Set<string>()
  #fault: Fault | undefined
  #generation = 0
  /** Set to show what goes wrong on a kernel that keeps lost pages. */
  ignoresDropCache = false
  /** The names of the operations so far. */
  operations: string[] = []
  hasFailed = false

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
    if (crash.kind === 'process') return
    for (const [path, file] of this.files) {
      if (!file.isNameDurable) this.files.delete(path)
      file.flush(crash.keptDirtyBytes)
      file.visible = Buffer.from(file.durable)
    }
  }

  /** Writes the visible files into a real folder, so that the reader and the verifier can have them. */
  materialise(dir: string): void {
    mkdirSync(dir, { recursive: true })
    for (const [path, { visible }] of this.files) writeFileSync(join(dir, basename(path)), visible)
  }

  async makeFolder(_path: string): Promise<void> {
    this.#step('makeFolder', () => undefined)
  }

  async lock(path: string): Promise<DiskLock | HeldElsewhere> {
    const isHeld = this.#locks.has(path)
    this.#step('lock', () => this.#locks.add(path))
    if (isHeld) return { heldBy: { process: 4711 } }
    const release = async () => this.#step('release', () => this.#locks.delete(path))
    return { release }
  }

  async open(path: string): Promise<DiskFile> {
    this.#step('open', () => {
      if (!this.files.has(path)) this.files.set(path, new MemoryFile())
    })
    const file = this.files.get(path)!
    const generation = this.#generation
    const step = (name: string, effect: () => void, half?: () => void): void => {
      // A process that was killed does nothing more, though its promises may still be under way in this one.
      if (generation !== this.#generation) throw failure('EBADF')
      this.#step(name, effect, half)
    }
    return {
      read: async (into, position) => {
        step('read', () => undefined)
        return file.visible.copy(into, 0, position)
      },
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
        const lost = this.#willFail('absent')
        if (lost) file.markClean()
        step(
          'fdatasync',
          () => file.flush(),
          () => file.flush(file.dirtyBytes() >> 1),
        )
      },
      truncate: async (length) => step('truncate', () => file.truncate(length)),
      dropCache: async () => step('dropCache', () => this.ignoresDropCache || file.dropCache()),
      close: async () => step('close', () => undefined),
    }
  }

  async fsyncFolder(path: string): Promise<void> {
    this.#step('fsyncFolder', () => {
      for (const [name, file] of this.files) if (dirname(name) === path) file.isNameDurable = true
    })
  }

  #willFail(effect: Fault['effect']): boolean {
    return this.#fault?.at === this.operations.length && this.#fault.effect === effect
  }

  #step(name: string, effect: () => void, half: () => void = () => undefined): void {
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
