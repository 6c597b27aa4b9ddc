import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson } from '../../agent/audit/canonical-json.ts'
import { openLog, type Receipt, readLog, verifyLog } from '../../agent/audit/index.ts'
import { MemoryDisk } from '../audit/memory-disk.ts'
import { numbered } from '../audit/records.ts'

const json = fc.jsonValue({ maxDepth: 4, stringUnit: 'grapheme' })

test('the canonical form reads back as the same document, and is the same for the same document', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), json), (document) => {
      const text = canonicalJson(document)
      const back: unknown = JSON.parse(text)
      // By way of JSON, which has no minus zero.
      expect(back).toEqual(JSON.parse(JSON.stringify(document)))
      expect(canonicalJson(back)).toBe(text)
      expect(text).not.toContain('\n')
    }),
  )
})

test('any decision that JSON can hold is read back as it was, and the independent verifier agrees', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'portcullis-test-'))
  try {
    const disk = new MemoryDisk()
    const log = await openLog('/log', { disk })
    const decisions: object[] = []
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string({ unit: 'grapheme' }), json), async (decision) => {
        await log.append({ kind: 'decision', decision })
        decisions.push(JSON.parse(JSON.stringify(decision)))
      }),
      { numRuns: 300 },
    )
    disk.materialise(dir)
    expect(await verifyLog(dir)).toMatchObject({ ok: true, findings: [] })
    const read: unknown[] = []
    for await (const { record } of readLog(dir)) if (record.kind === 'decision') read.push(record.decision)
    expect(read).toEqual(decisions)
  } finally {
    rmSync(dir, { recursive: true })
  }
})

/** One life of the agent: how many records it tries, what fails under it, how it ends. */
const life = fc.record({
  appends: fc.integer({ min: 0, max: 6 }),
  fault: fc.option(
    fc.record({
      at: fc.integer({ min: 0, max: 25 }),
      effect: fc.constantFrom('absent' as const, 'present' as const, 'half' as const),
      code: fc.constantFrom('ENOSPC', 'EIO'),
    }),
    { nil: undefined },
  ),
  crash: fc.oneof(
    fc.constant({ kind: 'process' as const }),
    fc.record({ kind: fc.constant('power' as const), keptDirtyBytes: fc.integer({ min: 0, max: 2000 }) }),
  ),
})

test('no chain of faults, kills and power cuts loses an acknowledged record', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 8 }), async (lives) => {
      const disk = new MemoryDisk()
      const acknowledged = new Map<string, Receipt>()
      let number = 0
      for (const { appends, fault, crash } of [
        ...lives,
        { appends: 1, fault: undefined, crash: lives[0]!.crash },
      ]) {
        disk.arm(fault)
        const log = await openLog('/log', { disk }).catch(() => undefined)
        for (let i = 0; log !== undefined && i < appends; i++) {
          const id = ++number
          const receipt = await log.append(numbered(id)).catch(() => undefined)
          if (receipt !== undefined) acknowledged.set(`decision-${id}`, receipt)
        }
        disk.crash(crash)
      }
      const dir = mkdtempSync(join(tmpdir(), 'portcullis-test-'))
      try {
        disk.materialise(dir)
        expect(await verifyLog(dir)).toMatchObject({ ok: true })
        const found = new Map<string, { index: number; hash: string }>()
        for await (const { index, hash, record } of readLog(dir)) {
          if (record.kind !== 'decision') continue
          const { id } = record.decision as { id: string }
          expect(found.has(id)).toBe(false)
          found.set(id, { index, hash })
        }
        for (const [id, { index, hash }] of acknowledged) expect(found.get(id)).toEqual({ index, hash })
      } finally {
        rmSync(dir, { recursive: true })
      }
    }),
    { numRuns: 300 },
  )
})
