import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SealedRef } from '../../agent/log-format/index.ts'
import type { Vault } from '../../agent/vault/index.ts'
import { type Crash, MemoryDisk } from './memory-disk.ts'
import { inMonth, openOn, openReader, startOf } from './rig.ts'

const NAMES = ['Alice', 'Bob', 'Çağla', '用户']
const MONTHS = 4

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('seal' as const), who: fc.nat(3), month: fc.nat(MONTHS - 1) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('erase' as const),
      who: fc.nat(3),
      keep: fc.option(fc.nat(MONTHS)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('expire' as const), before: fc.nat(MONTHS) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const), kept: fc.option(fc.nat(200)) }) },
)
const fields = fc.dictionary(
  fc.string({ unit: 'grapheme' }),
  fc.jsonValue({ maxDepth: 3, stringUnit: 'grapheme' }),
  { minKeys: 1 },
)

interface ModelRow {
  readonly ref: SealedRef
  readonly fields: unknown
  readonly month: number
  isErased: boolean
}

/** What a vault should be, in the simplest words. Months count from 0; one is over where the next begins. */
class Model {
  readonly rows: ModelRow[] = []
  readonly subjects = new Map<string, string>()
  readonly usedNames = new Set<string>()

  of(subject: string): ModelRow[] {
    return this.rows.filter((row) => row.ref.subject === subject)
  }

  here(subject: string): ModelRow[] {
    return this.of(subject).filter((row) => !row.isErased)
  }

  /** Erases months below `before`; the name goes with the last row. */
  erase(subject: string, before: number): { rows: number; months: string[] } {
    const doomed = this.here(subject).filter((row) => row.month < before)
    for (const row of doomed) row.isErased = true
    return { rows: doomed.length, months: monthsOf(doomed) }
  }

  forgetName(subject: string): void {
    for (const [name, holder] of this.subjects) if (holder === subject) this.subjects.delete(name)
  }
}

const monthsOf = (rows: readonly ModelRow[]): string[] =>
  [...new Set(rows.map((row) => `2026-0${row.month + 1}`))].sort()

const firstMs = (month: number): number => startOf(month + 1)

async function expectAgreement(vault: Vault, model: Model): Promise<void> {
  for (const { ref, fields, isErased } of model.rows) {
    const opened = await vault.open(ref)
    expect('fields' in opened ? { fields: opened.fields } : opened).toEqual(
      isErased ? { gone: 'erased' } : { fields },
    )
  }
  const expected = new Map<string, { name: string | null; months: string[]; rows: number }>()
  for (const { ref } of model.rows) {
    const here = model.here(ref.subject)
    if (here.length > 0) expected.set(ref.subject, { name: null, months: monthsOf(here), rows: here.length })
  }
  for (const [name, subject] of model.subjects) {
    expected.set(subject, { ...(expected.get(subject) ?? { months: [], rows: 0 }), name })
  }
  const told = (await vault.subjects()).map(({ subject, ...rest }) => [subject, rest] as const)
  expect(new Map(told)).toEqual(expected)
}

async function seal(vault: Vault, model: Model, who: number, month: number, value: object): Promise<void> {
  const name = NAMES[who]!
  const subject = await vault.subjectOf(name)
  expect(subject).toBe(model.subjects.get(name) ?? subject)
  if (!model.subjects.has(name)) expect(model.of(subject)).toEqual([])
  model.subjects.set(name, subject)
  const ref = await vault.seal(subject, value, inMonth(month + 1))
  // By way of JSON, which has no minus zero.
  model.rows.push({ ref, fields: JSON.parse(JSON.stringify(value)), month, isErased: false })
}

async function erase(vault: Vault, model: Model, who: number, keep: number | null): Promise<void> {
  const subject = model.subjects.get(NAMES[who]!)
  if (subject === undefined) return
  const erasure = await vault.erase(subject, { keepFromMs: keep === null ? null : firstMs(keep) })
  model.erase(subject, keep ?? MONTHS)
  const gone = model.of(subject).filter((row) => row.isErased)
  const here = model.here(subject)
  expect(erasure).toEqual({
    erasedRows: gone.length,
    erasedMonths: monthsOf(gone),
    deferredRows: here.length,
    deferredMonths: monthsOf(here),
  })
  if (here.length === 0) model.forgetName(subject)
}

async function expire(vault: Vault, model: Model, before: number): Promise<void> {
  const expired = await vault.eraseOlderThan(firstMs(before))
  const expected = [...model.subjects.values()].flatMap((subject) => {
    const { rows, months } = model.erase(subject, before)
    if (rows === 0) return []
    if (model.here(subject).length === 0) model.forgetName(subject)
    return [{ subject, months, rows }]
  })
  const bySubject = (a: { subject: string }, b: { subject: string }): number =>
    a.subject < b.subject ? -1 : 1
  expect(expired.toSorted(bySubject)).toEqual(expected.sort(bySubject))
}

test('a vault does what its model does, through any erasures, openings and power cuts', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(step, fields), { maxLength: 25 }), async (steps) => {
      const disk = new MemoryDisk()
      const model = new Model()
      let vault = await openOn(disk)
      const reader = await openReader(disk)
      for (const [action, value] of steps) {
        if (action.do === 'seal') await seal(vault, model, action.who, action.month, value)
        if (action.do === 'erase') await erase(vault, model, action.who, action.keep)
        if (action.do === 'expire') await expire(vault, model, action.before)
        if (action.do === 'reopen') {
          const { kept } = action
          const power: Crash = {
            kind: 'power',
            keptDirtyBytes: kept ?? 0,
            keepsName: (change) => (kept ?? 0) % (change + 2) === 0,
          }
          disk.crash(kept === null ? { kind: 'process' } : power)
          vault = await openOn(disk)
        } else if (steps.every(([other]) => other.do !== 'reopen')) {
          await expectAgreement(reader, model)
        }
      }
      await expectAgreement(vault, model)
      await expectAgreement(await openReader(disk), model)
    }),
    { numRuns: 150 },
  )
})

test('nothing that is asked for at the same time gets in the way of anything else', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const disk = new MemoryDisk()
      const vault = await openOn(disk)
      const names = await Promise.all(NAMES.map((name) => vault.subjectOf(name)))
      const sealed: { ref: SealedRef; n: number }[] = []
      await Promise.all(
        steps.map(async (action, n) => {
          if (action.do === 'seal') {
            const ref = await vault.seal(names[action.who]!, { n }, inMonth(action.month + 1))
            sealed.push({ ref, n })
          } else if (action.do === 'erase') {
            await vault.erase(names[action.who]!, {
              keepFromMs: action.keep === null ? null : firstMs(action.keep),
            })
          } else if (action.do === 'expire') await vault.eraseOlderThan(firstMs(action.before))
          else await vault.subjects()
        }),
      )
      const isErasing = steps.some((action) => action.do === 'erase' || action.do === 'expire')
      for (const seen of [vault, await openReader(disk)]) {
        for (const { ref, n } of sealed) {
          const opened = await seen.open(ref)
          if ('fields' in opened) expect(opened.fields).toEqual({ n })
          else expect([opened, isErasing]).toEqual([{ gone: 'erased' }, true])
        }
      }
    }),
    { numRuns: 100 },
  )
})
