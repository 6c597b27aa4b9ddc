// Logs from an attacker: any bit flipped, any file replaced by rubbish, by a pipe, a link or a folder, names that claim
// what is not there. The check always ends, always says so, and never throws anything raw.
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Verification, verifyLog } from '../../agent/verify/index.ts'
import { plain, segment, TestKeys, TestLog } from './log-maker.ts'

const RIGHT = new TestLog({ records: plain(299) })
const NAMES = [...RIGHT.files.keys()].filter((name) => name !== 'lock')
/** Made again from the journal when the log is opened, so that a wrong one is only a notice. */
const isPartial = (name: string): boolean => name.includes('.p/')
const copyOf = (log: TestLog): TestLog => {
  const copy = new TestLog({ records: [] })
  copy.files.clear()
  for (const [name, bytes] of log.files) copy.files.set(name, bytes)
  return copy
}
const check = (log: TestLog): Promise<Verification> => verifyLog(log.write())

test('the right log is right', async () => {
  expect(await check(RIGHT)).toMatchObject({ ok: true, findings: [] })
})

/** Checks the right log with one file changed, many times in one folder. */
async function changed(
  name: string,
  changes: fc.Arbitrary<(bytes: Buffer) => Uint8Array>,
  numRuns: number,
): Promise<void> {
  const dir = RIGHT.write()
  await fc.assert(
    fc.asyncProperty(changes, async (change) => {
      writeFileSync(join(dir, name), change(Buffer.from(RIGHT.files.get(name)!)))
      const found = await verifyLog(dir)
      expect(found.findings.length).toBeGreaterThan(0)
      if (!isPartial(name)) expect(found.ok).toBe(false)
    }),
    { numRuns },
  )
}

describe('any file', () => {
  test.each(NAMES)('%s with any bit flipped is found', async (name) => {
    const bits = fc.nat(RIGHT.files.get(name)!.length * 8 - 1)
    await changed(
      name,
      bits.map((bit) => (bytes) => {
        bytes[bit >> 3]! ^= 1 << (bit & 7)
        return bytes
      }),
      40,
    )
  })

  test.each(NAMES)('%s cut short is found', async (name) => {
    const lengths = fc.nat(RIGHT.files.get(name)!.length - 1)
    await changed(
      name,
      lengths.map((length) => (bytes) => bytes.subarray(0, length)),
      15,
    )
  })

  test.each(NAMES)('%s of rubbish is found', async (name) => {
    await changed(
      name,
      fc.uint8Array({ maxLength: 5000 }).map((rubbish) => () => rubbish),
      15,
    )
  })

  test.each(NAMES)('%s that is something else is found', async (name) => {
    for (const make of [makePipe, makeLink, makeFolder, makeHuge]) {
      const dir = RIGHT.write()
      rmSync(join(dir, name))
      make(join(dir, name), dir)
      const found = await verifyLog(dir)
      expect(found.findings.length, make.name).toBeGreaterThan(0)
      if (!isPartial(name)) expect(found.ok, make.name).toBe(false)
    }
  })
})

function makePipe(path: string): void {
  execFileSync('mkfifo', [path])
}
function makeLink(path: string, dir: string): void {
  symlinkSync(join(dir, 'lock'), path)
}
function makeFolder(path: string): void {
  mkdirSync(path)
}
/** A file of a terabyte that takes no room. */
function makeHuge(path: string): void {
  writeFileSync(path, '')
  truncateSync(path, 2 ** 40)
}

describe('names', () => {
  test('of folders that are files, and files that are folders, are found or do not matter', async () => {
    for (const name of ['tile', 'journal', 'tile/0', 'tile/entries']) {
      const dir = RIGHT.write()
      rmSync(join(dir, name), { recursive: true })
      writeFileSync(join(dir, name), 'x')
      expect((await verifyLog(dir)).ok, name).toBe(false)
    }
  })

  test('of segments of any number are not waited for', async () => {
    for (const name of [segment(99_999_999_999_999), segment(1_000_000), segment(2)]) {
      const log = copyOf(RIGHT)
      log.files.set(name, Buffer.from('x'))
      const found = await check(log)
      expect(found.ok, name).toBe(false)
      expect(found.findings.map(({ code }) => code)).toContain('broken-journal')
    }
  })

  test('of a segment alone, of any number, are not waited for', async () => {
    const log = copyOf(RIGHT).remove(segment(0)).remove(segment(1))
    log.files.set(segment(99_999_999_999_999), Buffer.from('x'))
    const found = await check(log)
    expect(found.ok).toBe(false)
    expect(found.findings.map(({ message }) => message)).toContain(
      'bundles 1001 to 99999999999998 were not looked for',
    )
  })

  test('of thousands of segments are not all read', async () => {
    const log = copyOf(RIGHT)
    for (let bundle = 2; bundle < 3000; bundle++) log.files.set(segment(bundle), Buffer.alloc(0))
    expect((await check(log)).findings.map(({ code }) => code)).toContain('broken-journal')
  })

  test('of tiles beyond the end are found, however deep', async () => {
    for (const name of [
      'tile/0/002',
      'tile/1/000',
      'tile/63/000',
      'tile/entries/x999/x999/x999/x999/x999/999',
    ]) {
      const log = copyOf(RIGHT)
      log.files.set(name, Buffer.alloc(8192))
      const found = await check(log)
      expect(found.findings, name).toMatchObject([{ code: 'beyond-end', file: name }])
    }
  })

  test('with a line end in them are told in one line', async () => {
    const log = copyOf(RIGHT)
    log.files.set('a\nb', Buffer.from('x'))
    const [finding] = (await check(log)).findings
    expect(finding).toMatchObject({ code: 'stray-file' })
    expect(finding!.message).not.toContain('\n')
  })

  test('of folders in folders without end are not followed', async () => {
    const dir = RIGHT.write()
    const path = `tile/entries${'/x000'.repeat(100)}/000`
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), 'x')
    expect((await verifyLog(dir)).findings).toMatchObject([{ code: 'stray-file' }])
  })
})

describe('frames', () => {
  test('that look like frames and are none do not take for ever', async () => {
    const log = new TestLog({ records: plain(49) })
    // Each of these has the form of a frame: a head, and one record of one byte.
    const lookalike = Buffer.alloc(114 + 3)
    lookalike.write('PCF1')
    lookalike.writeUInt32BE(3, 4)
    lookalike.writeUInt16BE(1, 8)
    lookalike.writeBigUInt64BE(51n, 10)
    lookalike.writeUInt16BE(1, 114)
    log.change(segment(0), (bytes) =>
      Buffer.concat([bytes, ...Array.from({ length: 9000 }, () => lookalike)]),
    )
    expect((await check(log)).findings).toMatchObject([{ severity: 'damage', code: 'broken-journal' }])
  })

  test('of another log’s key are not this log’s', async () => {
    const thief = new TestLog({ records: plain(299), keys: new TestKeys('a machine', 'thief') })
    const log = copyOf(RIGHT)
    log.files.set(segment(1), thief.files.get(segment(1))!)
    expect((await check(log)).ok).toBe(false)
  })

  test('of any bytes never make the check throw', async () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom(RIGHT.frame(256, 270), RIGHT.frame(270, 299), RIGHT.frame(0, 5), Buffer.from('PCF1')),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 6 }), async (pieces) => {
        const log = copyOf(RIGHT)
        log.files.set(segment(1), Buffer.concat(pieces))
        const found = await check(log)
        // Only a right beginning, or what a crash leaves of it, can be without damage; the checkpoint is of 300 records.
        expect(found.ok).toBe(false)
      }),
      { numRuns: 60 },
    )
  })
})
