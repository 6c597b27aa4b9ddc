// Opening: what a crash leaves is mended and told, what no crash leaves is refused, and a refused log is left as it is.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { nodeDisk } from '../../agent/audit/index.ts'
import { segmentPath } from '../../agent/log-format/index.ts'
import { verifyLog } from '../../agent/verify/index.ts'
import { KEYS, newKeys } from './keys.ts'
import { MemoryDisk } from './memory-disk.ts'
import {
  appendNumbers,
  DIR,
  failure,
  numbered,
  openIn,
  openOn,
  recordsOf,
  scratchFolder,
  verifyOn,
} from './records.ts'

const run = (program: string, ...args: string[]) => execFileSync(program, args)

/** A log of so many records, closed, in commits of ten. */
async function logOf(records: number, keys = KEYS): Promise<MemoryDisk> {
  const disk = new MemoryDisk()
  const log = await openOn(disk, { keys })
  await appendNumbers(log, 0, records - 1, 10)
  await log.close()
  return disk
}

const path = (name: string): string => `${DIR}/${name}`
const bytesOf = (disk: MemoryDisk, name: string): Buffer => disk.filesBelow(DIR).get(name)!

/** What is in the log's folder but the lock. */
function unlocked(disk: MemoryDisk): Map<string, Buffer> {
  const files = disk.filesBelow(DIR)
  files.delete('lock')
  return files
}

/** Opening is refused with these words, and changes nothing but the lock. */
async function expectRefused(disk: MemoryDisk, what: string | RegExp): Promise<void> {
  const before = unlocked(disk)
  const error = await failure(openOn(disk, { mayBegin: false }))
  expect(error.code).toBe('AUDIT_DAMAGED')
  if (typeof what === 'string') expect(error.message).toBe(`log \`${DIR}\` is damaged at ${what}`)
  else expect(error.message).toMatch(what)
  const after = unlocked(disk)
  expect([...after.keys()]).toEqual([...before.keys()])
  for (const [name, bytes] of before) expect(after.get(name)?.equals(bytes), name).toBe(true)
  // And it is not left locked.
  expect((await failure(openOn(disk, { mayBegin: false }))).code).toBe('AUDIT_DAMAGED')
}

const SEGMENT_0 = 'journal/00000000000000'
const SEGMENT_1 = 'journal/00000000000001'
const SEGMENT_2 = 'journal/00000000000002'

describe('the lock', () => {
  test('that another process holds is respected, and that process is named', async () => {
    const dir = scratchFolder()
    const log = await openIn(dir)
    const error = await failure(openIn(dir))
    expect(error.code).toBe('AUDIT_LOCKED')
    expect(error.message).toBe(`log \`${dir}\` is in use by another portcullis (process ${process.pid})`)
    // The refused one changed nothing for the first.
    expect((await log.append(numbered(1))).index).toBe(1)
    await log.close()
    await (await openIn(dir)).close()
  })

  test('is one that other programs see', async () => {
    const dir = scratchFolder()
    const log = await openIn(dir)
    expect(() => run('flock', '-n', join(dir, 'lock'), 'true')).toThrow()
    await log.close()
    run('flock', '-n', join(dir, 'lock'), 'true')
  })
})

describe('what a crash leaves', () => {
  const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

  test.each([
    ['a few bytes', Buffer.from('abc')],
    ['zeros', Buffer.alloc(5000)],
    ['the beginning of a commit', Buffer.concat([Buffer.from('PCF1'), Buffer.alloc(300, 7)])],
    ['a commit that has only its magics', Buffer.from('PCF1'.repeat(100))],
  ])('%s behind the last commit are cut off, and how much of what is on record', async (_, tail) => {
    const disk = await logOf(3)
    const whole = bytesOf(disk, SEGMENT_0)
    disk.tamper(path(SEGMENT_0), Buffer.concat([whole, tail]))
    expect(await recordsOf(DIR, disk)).toHaveLength(3)
    const log = await openOn(disk, { mayBegin: false })
    await log.close()
    const last = (await recordsOf(DIR, disk)).at(-1)
    expect(last).toMatchObject({ kind: 'tail-truncated', bytes: tail.length, sha256: sha256(tail), seq: 3 })
    const frame = bytesOf(disk, SEGMENT_0).subarray(whole.length)
    expect(frame.subarray(0, 4).toString()).toBe('PCF1')
    expect(frame.length).toBeGreaterThan(114)
    expect(await verifyOn(disk)).toMatchObject({ ok: true, records: 4, findings: [] })
  })

  test('a torn tail is one though the next segment was made ahead', async () => {
    const disk = await logOf(200)
    expect(bytesOf(disk, SEGMENT_1)).toHaveLength(0)
    disk.tamper(path(SEGMENT_0), Buffer.concat([bytesOf(disk, SEGMENT_0), Buffer.from('torn')]))
    expect(await recordsOf(DIR, disk)).toHaveLength(200)
    const log = await openOn(disk, { mayBegin: false })
    expect(log.size).toBe(201)
    await appendNumbers(log, 200, 100)
    await log.close()
    expect(await verifyOn(disk)).toMatchObject({ ok: true, records: 301, findings: [] })
  })

  test('a last commit that was never published may be gone, torn as a crash tears it', async () => {
    const disk = new MemoryDisk()
    const log = await openOn(disk)
    await log.append(numbered(1))
    const before = bytesOf(disk, SEGMENT_0).length
    await log.append(numbered(2))
    disk.crash({ kind: 'process' })
    const torn = Buffer.from(bytesOf(disk, SEGMENT_0))
    torn.fill(0, before + 50, before + 60)
    disk.tamper(path(SEGMENT_0), torn)
    const again = await openOn(disk, { mayBegin: false })
    await again.close()
    expect((await recordsOf(DIR, disk)).map(({ kind }) => kind)).toEqual([
      'log-opened',
      'agent-started',
      'tail-truncated',
    ])
  })

  test('a first record that was never finished is cut, and the log gets its name', async () => {
    const disk = await logOf(1)
    for (const name of ['checkpoint', 'tile/0/000.p/1', 'tile/entries/000.p/1'])
      disk.tamper(path(name), undefined)
    const fresh = new MemoryDisk()
    await fresh.makeFolder(DIR)
    await fresh.makeFolder(path('journal'))
    fresh.tamper(path(SEGMENT_0), bytesOf(disk, SEGMENT_0).subarray(0, 100))
    expect(await recordsOf(DIR, fresh)).toEqual([])
    const log = await openOn(fresh)
    await log.close()
    expect((await recordsOf(DIR, fresh)).map(({ kind }) => kind)).toEqual(['log-opened', 'tail-truncated'])
    expect(await verifyOn(fresh)).toMatchObject({ ok: true, origin: log.origin, findings: [] })
  })

  test('bundles and tiles that were never settled are made from the journal', async () => {
    const disk = await logOf(300)
    const tiles = ['tile/entries/000', 'tile/0/000']
    const whole = tiles.map((name) => bytesOf(disk, name))
    for (const spoil of [undefined, Buffer.alloc(8192), Buffer.alloc(0), Buffer.alloc(9000, 1)]) {
      for (const name of tiles) disk.tamper(path(name), spoil)
      await (await openOn(disk, { mayBegin: false })).close()
      expect(tiles.map((name) => bytesOf(disk, name))).toEqual(whole)
    }
    expect((await verifyOn(disk)).findings).toEqual([])
  })

  test('partial tiles that no head needs go with the next head', async () => {
    const disk = await logOf(270)
    await disk.makeFolder(path('tile/0/000.p'))
    for (const name of ['tile/0/000.p/200', 'tile/0/001.p/3', 'tile/entries/001.p/3', 'tile/1/000.p/9'])
      disk.tamper(path(name), Buffer.alloc(32))
    await (await openOn(disk, { mayBegin: false })).close()
    const names = [...disk.filesBelow(path('tile')).keys()].sort()
    expect(names).toEqual(['0/000', '0/001.p/14', '1/000.p/1', 'entries/000', 'entries/001.p/14'])
    expect((await verifyOn(disk)).findings).toEqual([])
  })

  test('partial tiles and a checkpoint that are wanting are made again', async () => {
    const disk = await logOf(10)
    for (const name of ['checkpoint', 'tile/0/000.p/10', 'tile/entries/000.p/10'])
      disk.tamper(path(name), undefined)
    await (await openOn(disk, { mayBegin: false })).close()
    expect(await verifyOn(disk)).toMatchObject({ ok: true, findings: [], checkpoint: { size: 10 } })
  })
})

describe('what no crash leaves is refused: ', () => {
  test('a commit in the middle of the journal that was changed', async () => {
    const disk = await logOf(60)
    const bytes = Buffer.from(bytesOf(disk, SEGMENT_0))
    const at = bytes.indexOf('number-25')
    bytes.write('x', at)
    disk.tamper(path(SEGMENT_0), bytes)
    const commit = bytes.lastIndexOf('PCF1', at)
    const what = 'it is not as it was committed, and another commit follows'
    await expectRefused(disk, `record 21, byte ${commit} of \`${SEGMENT_0}\`: ${what}`)
    expect((await failure(recordsOf(DIR, disk))).message).toContain(what)
  })

  test('a last commit that was published and changed', async () => {
    const disk = await logOf(60)
    const bytes = Buffer.from(bytesOf(disk, SEGMENT_0))
    bytes.write('x', bytes.lastIndexOf('number-'))
    disk.tamper(path(SEGMENT_0), bytes)
    await expectRefused(disk, 'record 51: it ends here, and `checkpoint` was signed for 60 records')
  })

  test('a tail longer than any commit', async () => {
    const disk = await logOf(3)
    const tail = Buffer.alloc(1_048_576 + 115)
    const whole = bytesOf(disk, SEGMENT_0)
    disk.tamper(path(SEGMENT_0), Buffer.concat([whole, tail]))
    await expectRefused(
      disk,
      `record 3, byte ${whole.length} of \`${SEGMENT_0}\`: ${tail.length} bytes follow that are no commit of this log`,
    )
  })

  test('bytes behind a full segment', async () => {
    const disk = await logOf(256)
    disk.tamper(path(SEGMENT_0), Buffer.concat([bytesOf(disk, SEGMENT_0), Buffer.from('x')]))
    await expectRefused(
      disk,
      /^log `\/log` is damaged at record 256, byte \d+ of `journal\/0{14}`: the segment is full/,
    )
  })

  test('segments that do not follow on each other', async () => {
    const disk = await logOf(600)
    expect([...disk.filesBelow(path('journal')).keys()].sort()).toEqual(['00000000000001', '00000000000002'])
    const last = bytesOf(disk, SEGMENT_2)
    const put = (bundle: number, bytes: Buffer | undefined) => disk.tamper(path(segmentPath(bundle)), bytes)
    put(3, Buffer.from('x'))
    await expectRefused(
      disk,
      'record 600: `journal/00000000000003` follows on it, which begins with record 768',
    )
    put(3, undefined)
    put(4, Buffer.alloc(0))
    await expectRefused(
      disk,
      'record 600: `journal/00000000000004` follows on it, which begins with record 1024',
    )
    put(4, undefined)
    put(2, undefined)
    put(3, last)
    await expectRefused(
      disk,
      'record 512: `journal/00000000000003` follows on it, which begins with record 768',
    )
    put(3, undefined)
    put(2, Buffer.concat([last, Buffer.from('torn')]))
    put(3, last)
    await expectRefused(
      disk,
      `record 600, byte ${last.length} of \`${SEGMENT_2}\`: what stands there is no commit of this log, and \`journal/00000000000003\` follows`,
    )
  })

  test('the last segment gone, with what was published in it', async () => {
    const disk = await logOf(600)
    disk.tamper(path(SEGMENT_2), undefined)
    await expectRefused(disk, 'record 512: it ends here, and `checkpoint` was signed for 600 records')
  })

  test('a first segment that has nothing to show for the tiles before it', async () => {
    const disk = await logOf(600)
    disk.tamper(path(SEGMENT_1), Buffer.alloc(0))
    await expectRefused(disk, `record 256, byte 0 of \`${SEGMENT_1}\`: it is no commit of this log`)
    disk.tamper(path(SEGMENT_1), undefined)
    disk.tamper(path(SEGMENT_2), Buffer.alloc(0))
    await expectRefused(disk, `record 512, byte 0 of \`${SEGMENT_2}\`: it is no commit of this log`)
  })

  test('a journal that is gone', async () => {
    const disk = await logOf(600)
    for (const bundle of [1, 2]) disk.tamper(path(segmentPath(bundle)), undefined)
    await expectRefused(disk, '`journal`: it is empty, and there is a log')
    const error = await failure(openOn(disk, { mayBegin: true }))
    expect(error.message).toContain('`journal`: it is empty, and there is a log')
    expect((await failure(recordsOf(DIR, disk))).message).toBe(error.message)
  })

  test('more segments than a writer leaves', async () => {
    const disk = await logOf(3)
    for (let bundle = 1; bundle < 17; bundle++) disk.tamper(path(segmentPath(bundle)), Buffer.alloc(0))
    await expectRefused(disk, '`journal`: it has 17 segments, above the limit of 16')
  })

  test('a segment larger than any can be', async () => {
    const disk = await logOf(3)
    disk.tamper(path(SEGMENT_0), Buffer.alloc(33 * 1024 * 1024))
    await expectRefused(disk, /`journal\/0{14}`: it is larger than the \d+ bytes that it can have$/)
  })

  test.each([
    ['cut short', (tile: Buffer) => tile.subarray(0, 8191), 'it is not a whole tile'],
    ['empty', () => Buffer.alloc(0), 'it is not a whole tile'],
    [
      'too long',
      (tile: Buffer) => Buffer.concat([tile, tile]),
      'it is larger than the 8192 bytes that it can have',
    ],
    ['gone', () => undefined, 'it is missing'],
    [
      'another',
      (tile: Buffer) => Buffer.concat([tile.subarray(32), tile.subarray(0, 32)]),
      /record 0: it does not have the hash that the tree holds for it$/,
    ],
  ])('a tile that is %s', async (_, change, what) => {
    const disk = await logOf(600)
    disk.tamper(path('tile/0/000'), change(bytesOf(disk, 'tile/0/000')))
    await expectRefused(disk, typeof what === 'string' ? `\`tile/0/000\`: ${what}` : what)
  })

  test.each([
    ['cut short', (bundle: Buffer) => bundle.subarray(0, -1)],
    ['with a record left out', (bundle: Buffer) => bundle.subarray(2 + bundle.readUInt16BE(0))],
  ])('a bundle that is %s', async (_, change) => {
    const disk = await logOf(1000)
    disk.tamper(path('tile/entries/001'), change(bytesOf(disk, 'tile/entries/001')))
    await expectRefused(disk, '`tile/entries/001`: it is not a whole bundle')
  })

  test('a bundle of which a record was changed', async () => {
    const disk = await logOf(1000)
    const bundle = Buffer.from(bytesOf(disk, 'tile/entries/001'))
    bundle.write('x', bundle.indexOf('number-299'))
    disk.tamper(path('tile/entries/001'), bundle)
    await expectRefused(disk, 'record 300: it does not have the hash that the tree holds for it')
  })
})

describe('a log that is not this one', () => {
  test('because it is of another machine, is refused and named', async () => {
    const keys = newKeys()
    for (const records of [1, 40, 600]) {
      const disk = await logOf(records, keys)
      const { origin: theirs } = await openOn(disk, { keys, mayBegin: false })
      disk.crash({ kind: 'process' })
      const ours = (await openOn(new MemoryDisk())).origin
      await expectRefused(
        disk,
        `record 0: it is log \`${theirs}\`, and not the one that this machine's keys are for, \`${ours}\``,
      )
    }
  })

  test('because only one of its keys is ours, is refused', async () => {
    for (const keys of [
      { ...KEYS, machine: newKeys().machine },
      { ...KEYS, log: newKeys().log },
    ])
      await expectRefused(await logOf(20, keys), /record 0: it is log `portcullis\/.*`, and not the one/)
  })

  test('because it only mentions our name, is refused', async () => {
    const disk = new MemoryDisk()
    const { origin } = await openOn(disk)
    const other = new MemoryDisk()
    const log = await openOn(other, { keys: newKeys() })
    await log.append({ kind: 'snapshot', fold: 'x', size: 1, state: { origin } })
    await log.close()
    await expectRefused(other, /record 0: it is log/)
  })

  test('because it is of a format to come, is refused in those words', async () => {
    const disk = new MemoryDisk()
    const later = await logOf(1)
    const text = bytesOf(later, SEGMENT_0)
      .toString('latin1')
      .replaceAll('portcullis-log-2', 'portcullis-log-3')
    const { encodeFrame, unpackEntries } = await import('../../agent/audit/frame.ts')
    const { leafHash } = await import('../../agent/audit/merkle-tree.ts')
    const [entry] = unpackEntries(Buffer.from(text, 'latin1').subarray(114)) ?? []
    await disk.makeFolder(DIR)
    await disk.makeFolder(path('journal'))
    const head = { size: 1, root: leafHash(entry!), signature: Buffer.alloc(64) }
    disk.tamper(path(SEGMENT_0), encodeFrame([entry!], head))
    const what = 'record 0: it is of the format `portcullis-log-3`, and this program knows `portcullis-log-2`'
    await expectRefused(disk, what)
    expect((await failure(recordsOf(DIR, disk))).message).toContain(what)
  })

  test('because it is of the first format, is refused in those words', async () => {
    const disk = new MemoryDisk()
    await disk.makeFolder(DIR)
    await disk.makeFolder(path('journal'))
    disk.tamper(path('records.log'), Buffer.from('...'))
    await expectRefused(disk, 'its beginning: it is of an older format')
    expect((await failure(recordsOf(DIR, disk))).message).toContain('it is of an older format')
  })
})

describe('a log that was put back to an older state', () => {
  test('is refused where a later head was published or cosigned', async () => {
    const disk = new MemoryDisk()
    const log = await openOn(disk)
    await appendNumbers(log, 0, 10)
    await log.close()
    const old = disk.clone()
    const later = await openOn(disk, { mayBegin: false })
    await appendNumbers(later, 10, 10)
    await later.keepWitnessed(await later.publish())
    for (const name of ['checkpoint', 'witnessed']) {
      const put = old.clone()
      put.tamper(path(name), bytesOf(disk, name))
      await expectRefused(put, `record 11: it ends here, and \`${name}\` was signed for 21 records`)
      expect((await failure(recordsOf(DIR, put))).message).toContain('was signed for 21 records')
    }
  })

  test('and went another way, is refused', async () => {
    const disk = await logOf(300)
    const old = disk.clone()
    const [log, fork] = [await openOn(disk, { mayBegin: false }), await openOn(old, { mayBegin: false })]
    await appendNumbers(log, 1000, 300)
    await log.close()
    await appendNumbers(fork, 2000, 1000)
    await fork.close()
    old.tamper(path('witnessed'), bytesOf(disk, 'checkpoint'))
    await expectRefused(old, '`witnessed`: the first 600 records are not those that it was signed for')
    expect((await failure(recordsOf(DIR, old))).message).toContain('are not those that it was signed for')
  })

  test('as a whole cannot be told from this folder alone', async () => {
    const disk = await logOf(10)
    const old = disk.clone()
    const log = await openOn(disk, { mayBegin: false })
    await appendNumbers(log, 10, 10)
    expect((await openOn(old, { mayBegin: false })).size).toBe(10)
  })

  test.each<[string, (note: string) => string]>([
    ['signed by nobody', (note) => note.slice(0, note.indexOf('\n\n') + 2)],
    ['signed by another key', (note) => note.replace(/ (\S{4})(\S+)\n$/, (_, _id, rest) => ` AAAA${rest}\n`)],
    [
      'of a wrong signature',
      (note) => note.replace(/(.)(===?|)\n$/, (_, c, end) => `${c === 'A' ? 'B' : 'A'}${end}\n`),
    ],
    [
      'of another root',
      (note) => note.replace(/\n.(?=.{43}\n\n)/, (found) => (found === '\nA' ? '\nB' : '\nA')),
    ],
    ['of no records', (note) => note.replace('\n10\n', '\n0\n')],
    ['of a size with zeros before it', (note) => note.replace('\n10\n', '\n010\n')],
    ['of another log', (note) => note.replaceAll('portcullis/m-', 'portcullis/m-0')],
    ['with a line more', (note) => note.replace('\n\n', '\nextension\n\n')],
    ['with bytes behind it', (note) => `${note}x`],
    ['without its last line feed', (note) => note.slice(0, -1)],
    ['empty', () => ''],
    ['not text', () => '\ud800'],
  ])('is not told by a checkpoint that is %s, which is refused', async (_, change) => {
    const disk = await logOf(10)
    const note = bytesOf(disk, 'checkpoint').toString()
    disk.tamper(path('checkpoint'), Buffer.from(change(note)))
    await expectRefused(disk, /`checkpoint`: it is not (?:a checkpoint|signed by this log's key)$/)
    expect((await failure(recordsOf(DIR, disk))).code).toBe('AUDIT_DAMAGED')
  })
})

describe('a log that is gone', () => {
  test('is missed: nothing begins in its place', async () => {
    const disk = new MemoryDisk()
    await disk.makeFolder(DIR)
    await disk.makeFolder(path('journal'))
    await expectRefused(
      disk,
      /its beginning: it is gone, and this machine had one; put it back from a backup, or /,
    )
    disk.tamper(path(SEGMENT_0), Buffer.alloc(0))
    await expectRefused(disk, /its beginning: it is gone, and this machine had one/)
    expect((await openOn(disk, { mayBegin: true })).size).toBe(1)
  })

  test('is missed where its first segment was emptied, though one may begin here', async () => {
    const disk = await logOf(5)
    disk.tamper(path(SEGMENT_0), Buffer.alloc(0))
    const error = await failure(openOn(disk, { mayBegin: true }))
    expect(error.message).toContain('`journal`: it is empty, and there is a log')
  })

  test('opens once its first record was acknowledged, whether or not it may begin', async () => {
    const disk = new MemoryDisk()
    await openOn(disk)
    disk.crash({ kind: 'power', seed: 5 })
    expect((await openOn(disk, { mayBegin: false })).size).toBe(1)
  })
})

describe('a folder that cannot hold a log', () => {
  const expectUnwritable = async (dir: string, reason: string) => {
    const error = await failure(openIn(dir))
    expect(error.code).toBe('AUDIT_UNWRITABLE')
    expect(error.message).toBe(`log \`${dir}\` cannot be written: ${reason}`)
  }

  test('because it is a file', async () => {
    const file = join(scratchFolder(), 'file')
    writeFileSync(file, '')
    await expectUnwritable(file, 'it is not a folder')
  })

  test('because nothing is above it', async () => {
    await expectUnwritable(join(scratchFolder(), 'a', 'b'), 'the folder above it does not exist')
  })

  test.each(['lock', SEGMENT_0])(
    'because `%s` is a symbolic link, which could lead anywhere',
    async (name) => {
      const dir = scratchFolder()
      mkdirSync(join(dir, 'journal'))
      symlinkSync(join(dir, 'elsewhere'), join(dir, name))
      await expectUnwritable(dir, 'one of its files is a symbolic link')
      expect(existsSync(join(dir, 'elsewhere'))).toBe(false)
    },
  )

  test('because its journal is a folder', async () => {
    const dir = scratchFolder()
    mkdirSync(join(dir, SEGMENT_0), { recursive: true })
    await expectUnwritable(dir, 'one of its files is a folder')
    // It is not left locked.
    rmSync(join(dir, 'journal'), { recursive: true })
    await (await openIn(dir)).close()
  })

  test('because its journal is a pipe', async () => {
    const dir = scratchFolder()
    mkdirSync(join(dir, 'journal'))
    run('mkfifo', join(dir, SEGMENT_0))
    await expectUnwritable(dir, 'one of its files is not a regular file')
  })

  test.skipIf(process.getuid?.() === 0)('because it may not be written', async () => {
    const dir = scratchFolder()
    chmodSync(dir, 0o500)
    await expectUnwritable(dir, 'permission denied')
    chmodSync(dir, 0o700)
  })
})

describe('a published file that is no file', () => {
  test.each<[string, (file: string) => void, string]>([
    ['a symbolic link', (file) => symlinkSync('/etc/hostname', file), 'it is a symbolic link'],
    ['a folder', (file) => mkdirSync(file), 'it is not a regular file'],
    ['a pipe', (file) => run('mkfifo', file), 'it is not a regular file'],
    [
      'a large one',
      (file) => writeFileSync(file, Buffer.alloc(70_000)),
      'it is larger than the 65536 bytes that it can have',
    ],
  ])('but %s is damage, named as what it is', async (_, put, what) => {
    const dir = scratchFolder()
    await (await openIn(dir)).close()
    rmSync(join(dir, 'checkpoint'))
    put(join(dir, 'checkpoint'))
    for (const error of [await failure(openIn(dir, { mayBegin: false })), await failure(recordsOf(dir))]) {
      expect(error.code).toBe('AUDIT_DAMAGED')
      expect(error.message).toBe(`log \`${dir}\` is damaged at \`checkpoint\`: ${what}`)
    }
  })
})

test('a log on the disk of this machine survives all of this as one in memory does', async () => {
  const dir = scratchFolder()
  for (let life = 0; life < 3; life++) {
    const log = await openIn(dir, { mayBegin: life === 0, disk: nodeDisk })
    await appendNumbers(log, life * 1000, 300, 30)
    await log.close()
  }
  expect(await verifyLog(dir)).toMatchObject({ ok: true, records: 901, findings: [] })
})
