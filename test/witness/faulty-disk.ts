/**
 * The real disk, one step of which fails: without its effect, after it, or half way, as a full or broken disk does. Or
 * the process that asked for it is killed there.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { nodeWitnessDisk, type WitnessDisk } from '../../agent/witness/witness-disk.ts'

/** Every step that changes something. */
export const STEPS = ['writeNew', 'rename', 'syncFolder'] as const

export type Effect = 'absent' | 'present' | 'half'

export interface Fault {
  /** Which of the steps that change something, counted from 0 from when the fault was set. */
  readonly at: number
  readonly effect: Effect
}

export class FaultyDisk implements WitnessDisk {
  /** The steps so far, by name. */
  readonly steps: string[] = []
  #fault: Fault | undefined
  #count = 0
  readonly #fail: () => never

  /** `fail` is what happens at the fault; it throws unless it is said otherwise. */
  constructor(fail: () => never = failEio) {
    this.#fail = fail
  }

  set(fault: Fault | undefined): void {
    this.#fault = fault
    this.#count = 0
  }

  makeFolder = nodeWitnessDisk.makeFolder
  read = nodeWitnessDisk.read
  list = nodeWitnessDisk.list
  remove = nodeWitnessDisk.remove

  async writeNew(path: string, bytes: Uint8Array): Promise<void> {
    await this.#step('writeNew', async (effect) => {
      if (effect === 'half') writeFileSync(path, bytes.subarray(0, bytes.length / 2), { flag: 'wx' })
      else await nodeWitnessDisk.writeNew(path, bytes)
    })
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#step('rename', () => nodeWitnessDisk.rename(from, to))
  }

  async syncFolder(path: string): Promise<void> {
    await this.#step('syncFolder', () => nodeWitnessDisk.syncFolder(path))
  }

  async #step(name: string, work: (effect: Effect) => Promise<void>): Promise<void> {
    this.steps.push(name)
    const fault = this.#fault
    if (fault === undefined || this.#count++ !== fault.at) return await work('present')
    if (fault.effect !== 'absent') await work(fault.effect)
    this.#fail()
  }
}

function failEio(): never {
  throw Object.assign(new Error('the disk failed'), { code: 'EIO' })
}

/** Changes one byte of a file. */
export function flipByte(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] ?? 0) ^ 0x01
  writeFileSync(path, bytes)
}
