import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson } from '../../agent/log-format/index.ts'
import { parseTlogPolicy } from '../../agent/verify/index.ts'
import { type Acknowledged, expectSound } from '../audit/crash-runs.ts'
import { MemoryDisk } from '../audit/memory-disk.ts'
import { appendNumbers, DIR, numbered, openOn, recordsOf, verifyOn } from '../audit/records.ts'
import { Specimen } from '../audit/tampered.ts'

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

test('any document that JSON can hold is read back as it was, and the independent verifier agrees', async () => {
  const disk = new MemoryDisk()
  const log = await openOn(disk)
  const states: unknown[] = []
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.string({ unit: 'grapheme' }), json), async (state) => {
      await log.append({ kind: 'snapshot', fold: 'x', size: 1, state })
      states.push(JSON.parse(JSON.stringify(state)))
    }),
    { numRuns: 150 },
  )
  await log.close()
  const [, ...records] = await recordsOf(DIR, disk)
  expect(records.map((record) => record.kind === 'snapshot' && record.state)).toEqual(states)
  expect(await verifyOn(disk)).toMatchObject({ ok: true, records: 1 + states.length, findings: [] })
})

/** One life of the agent: what it appends and publishes, what fails under it, how it ends. */
const life = fc.record({
  groups: fc.array(fc.record({ appends: fc.integer({ min: 1, max: 180 }), isPublished: fc.boolean() }), {
    maxLength: 4,
  }),
  isClosed: fc.boolean(),
  fault: fc.option(
    fc.record({
      at: fc.integer({ min: 0, max: 150 }),
      effect: fc.constantFrom('absent' as const, 'present' as const, 'half' as const),
      code: fc.constantFrom('ENOSPC', 'EIO'),
    }),
    { nil: undefined },
  ),
  crash: fc.oneof(
    fc.constant({ kind: 'process' as const }),
    fc.record({ kind: fc.constant('power' as const), seed: fc.nat() }),
  ),
})

test('no chain of faults, kills and power cuts loses an acknowledged record', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 6 }), async (lives) => {
      const disk = new MemoryDisk()
      const acknowledged: Acknowledged = new Map()
      let number = 0
      const last = { groups: [{ appends: 1, isPublished: true }], isClosed: true, fault: undefined }
      for (const { groups, isClosed, fault, crash } of [...lives, { ...last, crash: lives[0]!.crash }]) {
        disk.arm(fault)
        const log = await openOn(disk, { mayBegin: acknowledged.size === 0 }).catch(() => undefined)
        for (const { appends, isPublished } of log === undefined ? [] : groups) {
          const group = Array.from({ length: appends }, async () => {
            const mine = number++
            const receipt = await log?.append(numbered(mine)).catch(() => undefined)
            if (receipt !== undefined) acknowledged.set(mine, receipt.index)
          })
          if (isPublished) await log?.publish().catch(() => undefined)
          await Promise.all(group)
        }
        if (isClosed) await log?.close().catch(() => undefined)
        disk.crash(crash)
      }
      expect(acknowledged.size).toBeGreaterThan(0)
      await expectSound(disk, [acknowledged])
    }),
    { numRuns: 60 },
  )
})

/** What somebody who may write the folder does to one of its files, which are numbered. */
const change = fc.record({
  file: fc.nat(),
  other: fc.nat(),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  what: fc.constantFrom('flip', 'cut', 'insert', 'zero', 'double', 'swap', 'remove', 'replace'),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
})

test('whatever is done to the files, nobody takes another record for one of the log', {
  timeout: 120_000,
}, async () => {
  const disk = new MemoryDisk()
  const log = await openOn(disk)
  await appendNumbers(log, 0, 500, 60)
  await log.keepWitnessed(await log.publish())
  await appendNumbers(log, 500, 90)
  await log.publish()
  await appendNumbers(log, 590, 2)
  disk.crash({ kind: 'process' })
  const policy = parseTlogPolicy(Buffer.from(`log ${log.verifierKey}\nquorum none\n`))
  if ('problem' in policy) throw new Error(policy.problem)
  const specimen = await Specimen.of(disk, policy)
  const names = [...disk.filesBelow(DIR).keys()].filter((name) => name !== 'lock').sort()
  const outcomes = new Map<string, number>()
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const judgement = await specimen.judge((changed) => {
          for (const { file, other, at, what, bytes } of changes) {
            const name = names[file % names.length]!
            const files = changed.filesBelow(DIR)
            const old = Buffer.from(files.get(name) ?? '')
            const place = Math.floor(at * old.length)
            const put = (put: Uint8Array | undefined, where = name) => changed.tamper(`${DIR}/${where}`, put)
            switch (what) {
              case 'flip':
                if (place < old.length) old.writeUInt8(old.readUInt8(place) ^ 0x10, place)
                put(old)
                break
              case 'cut':
                put(old.subarray(0, place))
                break
              case 'insert':
                put(Buffer.concat([old.subarray(0, place), bytes, old.subarray(place)]))
                break
              case 'zero':
                put(old.fill(0, place, Math.min(old.length, place + 512)))
                break
              case 'double':
                put(Buffer.concat([old, old.subarray(place)]))
                break
              case 'swap':
                if (!files.has(name) || !files.has(names[other % names.length]!)) break
                put(files.get(names[other % names.length]!))
                put(old, names[other % names.length]!)
                break
              case 'remove':
                // Without any head it is an older log, and nobody here can tell.
                if (!['checkpoint', 'witnessed'].includes(name)) put(undefined)
                break
              case 'replace':
                put(bytes)
                break
            }
          }
        })
        expect(judgement.proving).not.toBe('invalid')
        const key = `${judgement.opening} ${judgement.reading}`
        outcomes.set(key, (outcomes.get(key) ?? 0) + 1)
      }),
      { numRuns: 150 },
    )
  } finally {
    specimen.dispose()
  }
  // Each of the two ends that it can have was among them.
  expect([...outcomes.keys()]).toEqual(expect.arrayContaining(['refused refused', 'mended whole']))
})
