/**
 * A life of a vault - names, rows, erasures - told on a disk that may fail anywhere, and what must be true of it after:
 * what was acknowledged is there, what was called erased is gone for good, and between the two there is nothing.
 */
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import { AgentError } from '../../agent/errors.ts'
import type { SealedRef } from '../../agent/log-format/index.ts'
import type { Vault } from '../../agent/vault/index.ts'
import type { MemoryDisk } from './memory-disk.ts'
import { DIR, inMonth, openOn, openReader, startOf } from './rig.ts'

/** `doubtful`: an erasure was asked for and never acknowledged; it is there whole, or it is gone. */
type State = 'kept' | 'doubtful' | 'erased'

interface TrackedRow {
  readonly ref: SealedRef
  readonly fields: object
  readonly month: number
  state: State
}

interface TrackedName {
  readonly name: string
  readonly subject: string
  state: State
}

export class Story {
  readonly #disk: MemoryDisk
  readonly rows: TrackedRow[] = []
  readonly names: TrackedName[] = []
  readonly errors: unknown[] = []
  /** Wrapped keys that an acknowledged erasure shredded. */
  readonly #shredded: Buffer[] = []
  /** Erasures that were asked for and failed. */
  readonly #toRepeat: { readonly subject: string; readonly keepFromMs: number | null }[] = []
  #nobody: string | undefined
  #count = 0

  constructor(disk: MemoryDisk) {
    this.#disk = disk
  }

  /** Tells it from the opening to the closing; what fails is noted, and the story goes on as well as it can. */
  async tell(): Promise<void> {
    const vault = await this.#try(() => openOn(this.#disk))
    if (vault === undefined) return
    const nobody = vault.newSubject()
    this.#nobody = nobody
    const alice = await this.#name(vault, 'Alice')
    const bob = await this.#name(vault, 'Bob')
    await Promise.all([
      this.#seal(vault, alice, 1),
      this.#seal(vault, alice, 1),
      this.#seal(vault, nobody, 2),
    ])
    await this.#seal(vault, alice, 2)
    await this.#seal(vault, bob, 1)
    await this.#erase(vault, alice, startOf(2))
    await this.#seal(vault, alice, 2)
    await this.#seal(vault, alice, 1)
    await this.#erase(vault, bob, null)
    await this.#seal(vault, bob, 1)
    await this.#seal(vault, await this.#name(vault, 'Bob'), 3)
    await this.#eraseOlderThan(vault, startOf(2))
    for (let i = 0; i < 4; i++) await this.#seal(vault, alice, 3)
    for (let i = 0; i < 3; i++) await this.#name(vault, 'Carol')
    await this.#repeatErasures(vault)
    await this.#try(() => vault.close())
  }

  /** What must hold after any crash, seen by a reader, and by a writer, who then finishes what failed. */
  async expectSound(): Promise<void> {
    await this.expectKept()
    const vault = await openOn(this.#disk)
    await this.#expectRows(vault)
    await this.#expectNames(vault)
    this.errors.length = 0
    await this.#repeatErasures(vault)
    for (const month of [1, 2, 3]) await this.#seal(vault, this.rows[0]?.ref.subject, month)
    await this.#seal(vault, this.#nobody, 2)
    expect(this.errors).toEqual([])
    await this.#expectRows(vault)
    await vault.close()
    this.#expectShredded()
  }

  /** What was acknowledged and what was called erased, seen by a reader, who changes nothing. */
  async expectKept(): Promise<void> {
    const reader = await openReader(this.#disk)
    await this.#expectRows(reader)
    await this.#expectNames(reader)
    this.#expectShredded()
  }

  async #try<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      this.errors.push(error)
      return undefined
    }
  }

  async #name(vault: Vault, name: string): Promise<string | undefined> {
    const subject = await this.#try(() => vault.subjectOf(name))
    if (subject === undefined) return undefined
    for (const known of this.names) {
      if (known.name !== name) continue
      if (known.state === 'kept') expect(subject).toBe(known.subject)
      if (known.state === 'erased') expect(subject).not.toBe(known.subject)
      if (known.state === 'doubtful') known.state = subject === known.subject ? 'kept' : 'erased'
    }
    if (!this.names.some((known) => known.subject === subject)) {
      this.names.push({ name, subject, state: 'kept' })
    }
    return subject
  }

  async #seal(vault: Vault, subject: string | undefined, month: number): Promise<void> {
    if (subject === undefined) return
    const count = this.#count++
    const fields = { text: `row ${count}`.padEnd((count * 97) % 500, 'x') }
    const ref = await this.#try(() => vault.seal(subject, fields, inMonth(month)))
    if (ref !== undefined) this.rows.push({ ref, fields, month, state: 'kept' })
  }

  async #erase(vault: Vault, subject: string | undefined, keepFromMs: number | null): Promise<void> {
    if (subject === undefined) return
    const rows = this.rows.filter(
      (row) => row.ref.subject === subject && (keepFromMs === null || startOf(row.month + 1) <= keepFromMs),
    )
    const names = keepFromMs === null ? this.names.filter((name) => name.subject === subject) : []
    const keys = this.#keyBytes(subject, keepFromMs)
    for (const doomed of [...rows, ...names]) if (doomed.state === 'kept') doomed.state = 'doubtful'
    const erasure = await this.#try(() => vault.erase(subject, { keepFromMs }))
    if (erasure === undefined) return void this.#toRepeat.push({ subject, keepFromMs })
    // A row whose sealing failed may have been there all the same.
    expect(erasure.erasedRows).toBeGreaterThanOrEqual(rows.length)
    const months = rows.map((row) => `2026-0${row.month}`)
    expect(erasure.erasedMonths).toEqual(expect.arrayContaining(months))
    for (const doomed of [...rows, ...names]) doomed.state = 'erased'
    this.#shredded.push(...keys)
  }

  async #eraseOlderThan(vault: Vault, beforeMs: number): Promise<void> {
    const rows = this.rows.filter((row) => startOf(row.month + 1) <= beforeMs)
    for (const row of rows) if (row.state === 'kept') row.state = 'doubtful'
    for (const name of this.names) if (name.state === 'kept') name.state = 'doubtful'
    const expired = await this.#try(() => vault.eraseOlderThan(beforeMs))
    for (const { subject, months } of expired ?? []) {
      for (const row of rows) {
        if (row.ref.subject === subject && months.includes(`2026-0${row.month}`)) row.state = 'erased'
      }
    }
  }

  /** The first bytes of the files that the erasure is about: keys as they lie on the disk. */
  #keyBytes(subject: string, keepFromMs: number | null): Buffer[] {
    const isDoomed = (path: string): boolean => {
      if (path.endsWith('/name')) return keepFromMs === null
      const month = Number(/2026-0(\d)\.key$/.exec(path)?.[1] ?? Number.NaN)
      return keepFromMs === null ? !Number.isNaN(month) : startOf(month + 1) <= keepFromMs
    }
    return this.#disk
      .files()
      .filter(({ path }) => path.startsWith(`${DIR}/${subject}/`) && isDoomed(path))
      .map(({ bytes }) => Buffer.from(bytes.subarray(0, 60)))
  }

  async #expectRows(vault: Vault): Promise<void> {
    const found: unknown[] = []
    for (const { ref } of this.rows) {
      const opened = await vault.open(ref)
      found.push('fields' in opened ? opened.fields : opened)
    }
    const gone = { gone: 'erased' }
    const wanted = this.rows.map(({ fields, state }, i) => {
      if (state === 'doubtful') return isDeepStrictEqual(found[i], fields) ? fields : gone
      return state === 'kept' ? fields : gone
    })
    // `expect` takes longer than all that it looks at here.
    if (!isDeepStrictEqual(found, wanted)) expect(found).toEqual(wanted)
  }

  async #expectNames(vault: Vault): Promise<void> {
    for (const { name, subject, state } of this.names) {
      const found = await vault.findSubject(name)
      if (state === 'kept') expect(found).toBe(subject)
      if (state === 'erased') expect(found).not.toBe(subject)
    }
    const named = (await vault.subjects()).flatMap((summary) => summary.name ?? [])
    expect(new Set(named).size, 'no two subjects have one name').toBe(named.length)
  }

  /** To ask again is enough, however the first time ended. */
  async #repeatErasures(vault: Vault): Promise<void> {
    for (const { subject, keepFromMs } of this.#toRepeat.splice(0)) {
      const isKnown =
        this.rows.some((row) => row.ref.subject === subject) || this.names.some((n) => n.subject === subject)
      if (isKnown) await this.#erase(vault, subject, keepFromMs)
    }
  }

  #expectShredded(): void {
    const places = [...this.#disk.files().map(({ bytes }) => bytes), ...this.#disk.remains()]
    expect(places.filter((bytes) => this.#shredded.some((key) => bytes.includes(key)))).toEqual([])
  }

  expectOnlyOurErrors(): void {
    const codes = this.errors.map((error) => (error instanceof AgentError ? error.code : String(error)))
    const ours = ['AUDIT_UNWRITABLE', 'STATE_UNUSABLE']
    expect(codes.filter((code) => !ours.includes(code))).toEqual([])
  }
}
