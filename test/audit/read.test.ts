// Reading: every record, while a writer goes on, and nothing that is not what the log signed.
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Files, logSize, proveInclusion, readEntry, readLog, scrubLog } from '../../agent/audit/index.ts'
import { canonicalJson } from '../../agent/log-format/index.ts'
import { verifyLog } from '../../agent/verify/index.ts'
import { MemoryDisk } from './memory-disk.ts'
import { appendNumbers, DIR, failure, numberOf, openIn, openOn, recordsOf, scratchFolder } from './records.ts'

/** A log of so many records, in commits of 50. */
async function logOf(records: number): Promise<MemoryDisk> {
  const disk = new MemoryDisk()
  const log = await openOn(disk)
  await appendNumbers(log, 0, records - 1, 50)
  await log.close()
  return disk
}

const path = (name: string): string => `${DIR}/${name}`
const bytesOf = (disk: MemoryDisk, name: string): Buffer => disk.filesBelow(DIR).get(name)!

/** The bundles that a scrub comes to, until it ends or fails. */
async function scrubbed(files: Files): Promise<{ bundles: number[]; error: unknown }> {
  const bundles: number[] = []
  try {
    for await (const index of scrubLog(DIR, files)) bundles.push(index)
    return { bundles, error: undefined }
  } catch (error) {
    return { bundles, error }
  }
}

describe('a log', () => {
  test('is read from any record on', async () => {
    const disk = await logOf(700)
    for (const from of [0, 1, 255, 256, 257, 511, 512, 699, 700, 10_000]) {
      const indexes: number[] = []
      for await (const { index, record } of readLog(DIR, { files: disk, from })) {
        expect(numberOf(record)).toBe(index === 0 ? undefined : index - 1)
        indexes.push(index)
      }
      expect(indexes).toEqual(Array.from({ length: Math.max(0, 700 - from) }, (_, i) => from + i))
    }
    expect(await logSize(DIR, disk)).toBe(700)
  })

  test('gives single records as they stand in it', async () => {
    const disk = await logOf(600)
    const records = await recordsOf(DIR, disk)
    for (const index of [0, 5, 255, 256, 599])
      expect((await readEntry(DIR, index, disk)).toString()).toBe(canonicalJson(records[index]))
    const error = await failure(readEntry(DIR, 600, disk))
    expect(error.code).toBe('USAGE')
    expect(error.message).toBe('there is no record 600 in log `/log`')
  })

  test('gives hidden members to whoever can unseal them, and tells where they are gone', async () => {
    const disk = new MemoryDisk()
    const log = await openOn(disk)
    const subject = (n: number): string => `s-000000000000000${n}`
    const commitment = 'cd'.repeat(32)
    for (const n of [1, 2]) await log.append({ kind: 'cleared', sealed: { subject: subject(n), commitment } })
    const asked: string[] = []
    const read: unknown[] = []
    const unseal = async (reference: { subject: string }): Promise<object | undefined> => {
      asked.push(reference.subject)
      return reference.subject === subject(1) ? { by: 'Ada', other: 'not of this kind' } : undefined
    }
    for await (const { record } of readLog(DIR, { files: disk, from: 1, unseal })) read.push(record)
    expect(asked).toEqual([subject(1), subject(2)])
    expect(read).toMatchObject([{ kind: 'cleared', by: 'Ada' }, { kind: 'cleared' }])
    expect(read[0]).not.toHaveProperty('other')
    expect(read[1]).not.toHaveProperty('by')
  })

  test('is left alone by a reader that stops early', async () => {
    const disk = await logOf(600)
    for await (const { index } of readLog(DIR, { files: disk })) if (index === 300) break
    const entries = readLog(DIR, { files: disk })
    await entries.next()
    await entries.return()
    expect(await entries.next()).toEqual({ done: true, value: undefined })
  })
})

describe('while a writer goes on', () => {
  /** Over the end of a bundle, and over so many that segments are removed. */
  const ADDED = [20, 700]
  let start = new MemoryDisk()
  beforeAll(async () => {
    start = await logOf(500)
  }, 60_000)

  /**
   * Reads with `look`, and before its operation number `at` lets a writer append so many records and publish. Answers how
   * many operations there were.
   */
  async function amidst<T>(
    at: number,
    added: number,
    look: (files: Files) => Promise<T>,
  ): Promise<{ result: T; count: number }> {
    const disk = start.clone()
    const log = await openOn(disk, { mayBegin: false })
    let count = 0
    const writeAt = async (): Promise<void> => {
      if (count++ !== at) return
      await appendNumbers(log, 1000, added, 100)
      await log.keepWitnessed(await log.publish())
    }
    const files: Files = {
      read: async (name, bytesMax) => {
        await writeAt()
        return await disk.read(name, bytesMax)
      },
      list: async (name) => {
        await writeAt()
        return await disk.list(name)
      },
    }
    const result = await look(files)
    await log.close()
    return { result, count }
  }

  test.each(ADDED)('by %i records, a reader sees the log as it was at one moment', async (added) => {
    for (let at = 0; ; at++) {
      const { result, count } = await amidst(at, added, async (files) => (await recordsOf(DIR, files)).length)
      if (at >= count) break
      expect([500, 500 + added], `operation ${at}`).toContain(result)
    }
  })

  test.each(ADDED)('by %i records, its size, single records and a scrub are right', async (added) => {
    for (let at = 0; ; at++) {
      const { result, count } = await amidst(at, added, async (files) => {
        const entry = await readEntry(DIR, 257, files)
        return [
          await logSize(DIR, files),
          JSON.parse(entry.toString()).version,
          await scrubbed(files),
        ] as const
      })
      if (at >= count) break
      const [size, version, { bundles, error }] = result
      expect([500, 500 + added]).toContain(size)
      expect(version).toBe('number-256')
      expect(error).toBeUndefined()
      expect([[0], [0, 1, 2].slice(0, added === 20 ? 1 : 3).reverse(), []]).toContainEqual(bundles)
    }
  })

  test.each(ADDED)('by %i records, a proof is made under a head that is published', async (added) => {
    for (let at = 0; ; at++) {
      const { result, count } = await amidst(at, added, (files) => proveInclusion(DIR, 497, { files }))
      if (at >= count) break
      expect(['500', String(500 + added)]).toContain(/\n\n[^\n]+\n(\d+)\n/.exec(result)?.[1])
    }
  })

  test('in another process, on a real disk, nothing looks damaged', { timeout: 180_000 }, async () => {
    const dir = scratchFolder()
    const log = await openIn(dir)
    let isWriting = true
    const writing = (async () => {
      for (let n = 0; n < 4000; n += 40) {
        await appendNumbers(log, n, 40)
        if (n % 200 === 0) await log.publish()
      }
      isWriting = false
    })()
    let looks = 0
    let size = 0
    for (; isWriting; looks++) {
      const records = await recordsOf(dir)
      expect(records.length).toBeGreaterThanOrEqual(size)
      size = records.length
      if (looks % 4 !== 0) continue
      const { findings } = await verifyLog(dir)
      expect(findings.filter(({ severity }) => severity === 'damage')).toEqual([])
    }
    await writing
    await log.close()
    expect(looks).toBeGreaterThan(3)
    expect(await verifyLog(dir)).toMatchObject({ ok: true, records: 4001, findings: [] })
  })
})

describe('a log that was changed', () => {
  test('gives the records before the change, and then says where it is', async () => {
    const disk = await logOf(1000)
    const bundle = Buffer.from(bytesOf(disk, 'tile/entries/001'))
    bundle.write('x', bundle.indexOf('number-299'))
    disk.tamper(path('tile/entries/001'), bundle)
    const seen: number[] = []
    const error = await failure(
      (async () => {
        for await (const { index } of readLog(DIR, { files: disk })) seen.push(index)
      })(),
    )
    expect(seen).toHaveLength(256)
    const what = 'record 300: it does not have the hash that the tree holds for it'
    expect(error.message).toBe(`log \`${DIR}\` is damaged at ${what}`)
  })

  test('together with its tile, is told by what the log signed, before a record of it is given', async () => {
    const disk = await logOf(1000)
    const { packEntries, unpackEntries } = await import('../../agent/audit/frame.ts')
    const { leafHash } = await import('../../agent/audit/merkle-tree.ts')
    const entries = [...unpackEntries(bytesOf(disk, 'tile/entries/001'))!]
    entries[44] = Buffer.from(entries[44]!.toString().replace('number-299', 'number-777'))
    disk.tamper(path('tile/entries/001'), packEntries(entries))
    disk.tamper(path('tile/0/001'), Buffer.concat(entries.map(leafHash)))
    const seen: number[] = []
    const error = await failure(
      (async () => {
        for await (const { index } of readLog(DIR, { files: disk, from: 300 })) seen.push(index)
      })(),
    )
    expect(seen).toEqual([])
    expect(error.message).toBe(
      'log `/log` is damaged at record 512, byte 0 of `journal/00000000000002`: it is no commit of this log',
    )
  })

  test('at its end gives every record, and then says that some are missing', async () => {
    const disk = await logOf(1000)
    const segment = bytesOf(disk, 'journal/00000000000003')
    disk.tamper(path('journal/00000000000003'), segment.subarray(0, segment.lastIndexOf('PCF1')))
    const seen: number[] = []
    const error = await failure(
      (async () => {
        for await (const { index } of readLog(DIR, { files: disk })) seen.push(index)
      })(),
    )
    expect(seen).toHaveLength(951)
    expect(error.message).toContain('record 951: it ends here, and `checkpoint` was signed for 1000 records')
  })

  test('in the first record is told, whatever else is there', async () => {
    for (const records of [1, 40, 1000]) {
      const disk = await logOf(records)
      const name = records < 256 ? 'journal/00000000000000' : 'tile/entries/000'
      for (const [from, to] of [
        ['"logKey":"', '"logKey":"A'],
        ['"kind":"log-opened"', '"kind":"log-closed"'],
        ['portcullis-log-2', 'portcullis-log-x'],
        ['"seq":0', '"seq":1'],
      ] as const) {
        const bytes = Buffer.from(bytesOf(disk, name))
        bytes.write(to, bytes.indexOf(from))
        const changed = disk.clone()
        changed.tamper(path(name), bytes)
        const error = await failure(recordsOf(DIR, changed))
        expect(error.code).toBe('AUDIT_DAMAGED')
        expect(error.message).toMatch(/ is damaged at record 0\b/)
      }
    }
  })
})

describe('what is not there', () => {
  test.each(['.', 'missing', 'file'])('is told as that: `%s`', async (name) => {
    const dir = scratchFolder()
    writeFileSync(join(dir, 'file'), '')
    const log = join(dir, name)
    for (const error of [
      await failure(recordsOf(log)),
      await failure(logSize(log)),
      await failure(readEntry(log, 0)),
    ]) {
      expect(error.code).toBe('USAGE')
      expect(error.message).toBe(`there is no log in \`${log}\``)
    }
  })

  test('a log in which nothing was written yet has no records', async () => {
    const dir = scratchFolder()
    mkdirSync(join(dir, 'journal'))
    writeFileSync(join(dir, 'journal/00000000000000'), '')
    expect(await recordsOf(dir)).toEqual([])
    expect(await logSize(dir)).toBe(0)
  })

  test('a log of which only what was published is left is damaged, and says of what', async () => {
    const dir = scratchFolder()
    await (await openIn(dir)).close()
    rmSync(join(dir, 'journal'), { recursive: true })
    expect((await failure(recordsOf(dir))).message).toMatch(/`journal`: it is empty, and there is a log$/)
  })
})

describe('a file of the log that is none', () => {
  test.each<[string, (file: string) => void, string]>([
    ['a symbolic link', (file) => symlinkSync('/etc/hostname', file), 'it is a symbolic link'],
    ['a folder', (file) => mkdirSync(file), 'it is not a regular file'],
    ['too large', (file) => writeFileSync(file, Buffer.alloc(40 * 1024 * 1024)), 'it is larger than the '],
  ])('is named: %s', async (_, put, what) => {
    for (const name of ['journal/00000000000001', 'tile/0/000', 'tile/entries/000']) {
      const dir = scratchFolder()
      const log = await openIn(dir)
      await appendNumbers(log, 0, 600)
      await log.close()
      rmSync(join(dir, name))
      put(join(dir, name))
      const error = await failure(recordsOf(dir))
      expect(error.code).toBe('AUDIT_DAMAGED')
      expect(error.message).toContain(`is damaged at \`${name}\`: ${what}`)
    }
  })

  test('and a disk that does not answer is no damage', async () => {
    const disk = await logOf(600)
    for (let at = 0; ; at++) {
      const files = disk.clone()
      files.arm({ at, effect: 'absent', code: 'EIO' })
      const error = await recordsOf(DIR, files).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      if (!files.hasFailed) break
      expect(error).toMatchObject({
        code: 'STATE_UNUSABLE',
        message: 'log `/log` cannot be read: the disk reported an input/output error',
      })
    }
  })
})

test('a record that a process has been told of is there for the next reader at once', async () => {
  const disk = new MemoryDisk()
  const log = await openOn(disk)
  for (let n = 0; n < 300; n += 10) {
    const receipts = await appendNumbers(log, n, 10)
    expect(await logSize(DIR, disk)).toBe(receipts[9]!.index + 1)
  }
})
