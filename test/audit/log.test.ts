// The writer: what it says is durable, how it shares syncs, what it refuses, and how it ends.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type AuditLog, type Disk, nodeDisk, proveInclusion, readLog } from '../../agent/audit/index.ts'
import { InvariantError } from '../../agent/errors.ts'
import { type OpenRecord, RECORD_BYTES_MAX } from '../../agent/log-format/index.ts'
import { parseCheckpoint, parseNoteKey, verifyCheckpoint, verifyLog } from '../../agent/verify/index.ts'
import { KEYS, newKeys } from './keys.ts'
import { MemoryDisk } from './memory-disk.ts'
import {
  appendNumbers,
  DIR,
  failure,
  numbered,
  numberOf,
  openIn,
  openOn,
  recordsOf,
  scratchFolder,
  sized,
  tickingClock,
  verifyOn,
} from './records.ts'

const sha256 = 'ab'.repeat(32)

/** How often a disk was told to do something to a file whose path begins so. */
const times = (disk: MemoryDisk, operation: string): number =>
  disk.operations.filter((done) => done.startsWith(operation)).length

/** A disk whose syncs of the journal wait, from `close` on, until they are let go. */
class Gate {
  readonly disk: Disk
  /** Settles once a sync waits. */
  arrived: Promise<void> = Promise.resolve()
  #arrive = (): void => undefined
  #shut: Promise<void> = Promise.resolve()
  #open = (): void => undefined

  constructor(disk: MemoryDisk) {
    const inner = disk.boot()
    this.disk = {
      ...inner,
      open: async (path) => {
        const file = await inner.open(path)
        if (!path.includes('/journal/')) return file
        const fdatasync = async (): Promise<void> => {
          this.#arrive()
          await this.#shut
          await file.fdatasync()
        }
        return { ...file, fdatasync }
      },
    }
  }

  close(): void {
    this.arrived = new Promise((resolve) => {
      this.#arrive = resolve
    })
    this.#shut = new Promise((resolve) => {
      this.#open = resolve
    })
  }

  open(): void {
    this.#open()
  }
}

/** Lets others go on. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a new log', () => {
  test('begins with a record that names it after its keys, signed by the machine', async () => {
    const disk = new MemoryDisk()
    const log = await openOn(disk)
    const [first] = await recordsOf(DIR, disk)
    expect(log.origin).toMatch(/^portcullis\/m-[0-9a-f]{16}\/l-[0-9a-f]{16}$/)
    expect(first).toMatchObject({
      kind: 'log-opened',
      format: 'portcullis-log-2',
      origin: log.origin,
      seq: 0,
      at: '2026-11-22T20:00:00.000Z',
    })
    expect(log.size).toBe(1)
    expect((await verifyOn(disk)).findings).toEqual([])
    const other = await openOn(new MemoryDisk(), { keys: newKeys() })
    expect(other.origin).not.toBe(log.origin)
  })

  test('makes its folders, and nobody else may read them', async () => {
    const dir = join(scratchFolder(), 'log')
    const log = await openIn(dir)
    await appendNumbers(log, 0, 300)
    await log.close()
    const names = readdirSync(dir, { recursive: true, encoding: 'utf8' })
    expect(names).toEqual(expect.arrayContaining(['checkpoint', 'lock', 'tile/0/000', 'tile/entries/000']))
    for (const name of ['.', ...names]) {
      const stats = statSync(join(dir, name))
      expect(stats.mode & 0o777, name).toBe(stats.isDirectory() ? 0o700 : 0o600)
    }
  })
})

describe('append', () => {
  test('answers the place and the time at which the record is read back', async () => {
    const dir = scratchFolder()
    const log = await openIn(dir, { nowMs: tickingClock() })
    const receipt = await log.append(numbered(7))
    expect(receipt).toEqual({ origin: log.origin, index: 1, at: '2026-11-22T20:00:01.000Z' })
    expect(log.size).toBe(2)
    await log.close()
    const [, second] = await recordsOf(dir)
    expect(second).toEqual({ ...numbered(7), seq: 1, at: receipt.at })
  })

  test('goes on where the last process stopped', async () => {
    const dir = scratchFolder()
    for (let n = 0; n < 3; n++) {
      const log = await openIn(dir, { mayBegin: n === 0 })
      expect((await log.append(numbered(n))).index).toBe(n + 1)
      await log.close()
    }
    expect(await verifyLog(dir)).toMatchObject({ ok: true, records: 4, findings: [] })
  })

  test('keeps the order of 10,000 calls and shares a sync among those made together', async () => {
    const disk = new MemoryDisk()
    const log = await openOn(disk)
    disk.arm(undefined)
    const receipts = await Promise.all(Array.from({ length: 10_000 }, (_, n) => log.append(numbered(n))))
    expect(receipts.map(({ index }) => index)).toEqual(Array.from({ length: 10_000 }, (_, n) => n + 1))
    // One for each bundle that they touch: no frame crosses the end of its segment.
    expect(times(disk, 'fdatasync /log/journal/')).toBe(40)
    expect(times(disk, 'write /log/journal/')).toBe(40)
    await log.close()
    const numbers = (await recordsOf(DIR, disk)).map(numberOf)
    expect(numbers).toEqual([undefined, ...Array.from({ length: 10_000 }, (_, n) => n)])
    expect(await verifyOn(disk)).toMatchObject({ ok: true, records: 10_001, findings: [] })
  })

  test('does not resolve, nor count, before the record is durable', async () => {
    const disk = new MemoryDisk()
    const gate = new Gate(disk)
    const log = await openOn(disk, { disk: gate.disk })
    gate.close()
    let isAcknowledged = false
    const append = log.append(numbered(1)).then(() => {
      isAcknowledged = true
    })
    await gate.arrived
    await turn()
    expect(disk.operations.at(-1)).toBe('write /log/journal/00000000000000')
    expect({ isAcknowledged, size: log.size }).toEqual({ isAcknowledged: false, size: 1 })
    const before = disk.durableBytes('/log/journal/00000000000000')
    gate.open()
    await append
    expect(log.size).toBe(2)
    expect(disk.durableBytes('/log/journal/00000000000000')).toBeGreaterThan(before)
  })

  test('splits what waits into commits that a crash can leave half written', async () => {
    const disk = new MemoryDisk()
    const log = await openOn(disk)
    disk.arm(undefined)
    await Promise.all(Array.from({ length: 40 }, () => log.append(sized(60_000))))
    expect(times(disk, 'fdatasync /log/journal/')).toBe(3)
    expect(await verifyOn(disk)).toMatchObject({ ok: true, records: 41 })
  })

  test('takes records with and without hidden members and gives them back as they stand', async () => {
    const sealed = { subject: 's-0123456789abcdef', commitment: sha256 }
    const records: OpenRecord[] = [
      { kind: 'policy-loaded', name: 'maker-space', version: 1, sha256 },
      { kind: 'cleared', sealed },
      { kind: 'host-closed', lines: 3 },
      { kind: 'odometer', job: null, printer: null, sent: { filamentMm: 1.5, commands: 7 } },
      { kind: 'agent-ended' },
    ]
    const disk = new MemoryDisk()
    const log = await openOn(disk)
    await Promise.all(records.map((record) => log.append(record)))
    const [, ...read] = await recordsOf(DIR, disk)
    expect(read.map(({ seq: _, at: __, ...rest }) => rest)).toEqual([
      records[0],
      records[1],
      // Nothing was sealed, so there was nothing to hide.
      { ...records[2], place: null },
      records[3],
      records[4],
    ])
  })

  test.each<[string, unknown]>([
    ['an unknown member', { kind: 'agent-ended', extra: 1 }],
    ['a hidden member', { kind: 'cleared', by: 'Ada' }],
    ['an unknown kind', { kind: 'coffee' }],
    ['no kind', {}],
    ['a digest in upper case', { kind: 'policy-loaded', name: 'x', version: 1, sha256: 'AB'.repeat(32) }],
    ['a place of its own', { kind: 'agent-ended', seq: 12 }],
  ])('takes a record with %s for an error in the code, and goes on', async (name, record) => {
    const log = await openOn(new MemoryDisk())
    const append = log.append(record as OpenRecord)
    // The log stamps its own place over whatever stood there.
    if (name === 'a place of its own') expect((await append).index).toBe(1)
    else await expect(append).rejects.toBeInstanceOf(InvariantError)
    expect(await log.append(numbered(1))).toMatchObject({ index: name === 'a place of its own' ? 2 : 1 })
  })

  test('refuses a record above the limit, names both sizes, and goes on', async () => {
    const log = await openOn(new MemoryDisk())
    const error = await failure(log.append(sized(RECORD_BYTES_MAX)))
    expect(error.code).toBe('AUDIT_UNWRITABLE')
    expect(error.message).toMatch(
      /^log `\/log` cannot be written: a `snapshot` record of 61\d\d\d bytes is above the limit of 61440 bytes$/,
    )
    expect((await log.append(numbered(1))).index).toBe(1)
  })

  test('takes a record that is exactly at the limit, and reads it back', async () => {
    const disk = new MemoryDisk()
    const log = await openOn(disk)
    const { length } = JSON.stringify({ ...sized(0), seq: 1, at: '2026-11-22T20:00:00.000Z' })
    const filling = RECORD_BYTES_MAX - length
    await failure(log.append(sized(filling + 1)))
    expect((await log.append(sized(filling))).index).toBe(1)
    await log.close()
    expect(await recordsOf(DIR, disk)).toHaveLength(2)
    expect(await verifyOn(disk)).toMatchObject({ ok: true, records: 2 })
    expect((await openOn(disk, { mayBegin: false })).size).toBe(2)
  })

  test.each([
    ['a number that is none', { heights: [0.2, Number.NaN] }, '`state.heights[1]` is the number NaN'],
    ['half a surrogate pair', { name: '\ud800' }, '`state.name` holds half a surrogate pair'],
    ['a date', { at: new Date(0) }, '`state.at` is not a plain object'],
  ])('refuses %s, names where it is, and goes on', async (_, state, what) => {
    const log = await openOn(new MemoryDisk())
    const error = await failure(log.append({ kind: 'snapshot', fold: 'x', size: 1, state }))
    expect(error.message).toBe(`log \`/log\` cannot be written: ${what}, which a record cannot hold`)
    expect((await log.append(numbered(1))).index).toBe(1)
  })

  test('refuses more than memory should hold while the disk stalls, and goes on when it recovers', async () => {
    const log = await openOn(new MemoryDisk())
    const results = await Promise.allSettled(Array.from({ length: 300 }, () => log.append(sized(60_000))))
    const refused = results.filter((result) => result.status === 'rejected')
    expect(refused.length).toBeGreaterThan(0)
    expect(refused.length).toBeLessThan(100)
    expect(String(refused[0]?.reason)).toContain('the disk is more than 16777216 bytes behind')
    expect((await log.append(numbered(1))).index).toBe(301 - refused.length)
  })
})

describe('a disk that fails', () => {
  test.each([
    ['ENOSPC', 'no space is left on the disk'],
    ['EIO', 'the disk reported an input/output error'],
    ['EROFS', 'its file system is read-only'],
    ['EACCES', 'permission denied'],
    ['EDQUOT', 'the disk quota is used up'],
    ['EWHATEVER', 'EWHATEVER'],
  ])('with %s is told in one sentence', async (code, reason) => {
    const disk = new MemoryDisk()
    const log = await openOn(disk)
    disk.arm({ at: 0, effect: 'absent', code })
    const error = await failure(log.append(numbered(1)))
    expect(error.code).toBe('AUDIT_UNWRITABLE')
    expect(error.message).toBe(`log \`/log\` cannot be written: ${reason}`)
    expect(error.cause).toMatchObject({ code })
  })

  test('ends the writing: whatever is asked later is refused without touching the disk', async () => {
    const disk = new MemoryDisk()
    const log = await openOn(disk)
    disk.arm({ at: 1, effect: 'absent', code: 'EIO' })
    const together = await Promise.allSettled([log.append(numbered(1)), log.append(numbered(2))])
    expect(together.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    const { operations } = disk
    const before = [...operations]
    for (const later of [log.append(numbered(3)), log.publish(), log.keepWitnessed('x')])
      expect((await failure(later)).message).toContain('an input/output error')
    expect(operations).toEqual(before)
    expect(log.size).toBe(1)
    await log.close()
    // It is closed, and nothing of what is not known was published.
    expect(operations.slice(before.length).map((operation) => operation.split(' ')[0])).toEqual([
      'close',
      'release',
    ])
  })

  test('refuses what waits behind the commit that failed', async () => {
    const disk = new MemoryDisk()
    const gate = new Gate(disk)
    const log = await openOn(disk, { disk: gate.disk })
    gate.close()
    disk.arm({ at: 1, effect: 'absent', code: 'ENOSPC' })
    const first = log.append(numbered(1))
    await gate.arrived
    const asked = [first, log.append(numbered(2)), log.publish()]
    gate.open()
    for (const promise of asked) expect((await failure(promise)).code).toBe('AUDIT_UNWRITABLE')
    await log.close()
  })

  test('while it settles a bundle ends the writing too', async () => {
    const disk = new MemoryDisk()
    const log = await openOn(disk)
    await appendNumbers(log, 0, 200)
    const probe = disk.clone()
    const other = await openOn(probe, { mayBegin: false })
    probe.arm(undefined)
    await appendNumbers(other, 0, 60)
    await other.close()
    const at = probe.operations.findIndex((done) => done.startsWith('write /log/tile/entries/000.new'))
    expect(at).toBeGreaterThan(0)
    disk.arm({ at, effect: 'half', code: 'ENOSPC' })
    // They are durable, whatever becomes of the tiles.
    expect(await appendNumbers(log, 0, 60)).toHaveLength(60)
    expect((await failure(log.publish())).message).toContain('no space is left on the disk')
    expect((await failure(log.append(numbered(1)))).message).toContain('no space is left on the disk')
    await log.close()
    disk.crash({ kind: 'power', seed: 1 })
    expect((await openOn(disk, { mayBegin: false })).size).toBe(261)
  })

  test('that takes a few bytes at a time gets all of them in order', async () => {
    const dir = scratchFolder()
    const disk: Disk = {
      ...nodeDisk,
      open: async (path) => {
        const file = await nodeDisk.open(path)
        return {
          write: (bytes, position) => file.write(bytes.subarray(0, 700), position),
          fdatasync: () => file.fdatasync(),
          truncate: (length) => file.truncate(length),
          dropCache: () => file.dropCache(),
          close: () => file.close(),
        }
      },
    }
    const log = await openIn(dir, { disk })
    await appendNumbers(log, 0, 300)
    await log.close()
    expect(await verifyLog(dir)).toMatchObject({ ok: true, records: 301, findings: [] })
  })

  test.each(['journal', 'tile', 'checkpoint.new'])(
    'that takes nothing for `%s` is not asked for ever',
    async (name) => {
      const memory = new MemoryDisk()
      const inner = memory.boot()
      const disk: Disk = {
        ...inner,
        open: async (path) => ({
          ...(await inner.open(path)),
          ...(path.includes(name) ? { write: async () => 0 } : {}),
        }),
      }
      const error = await failure(openOn(memory, { disk }))
      expect(error.message).toBe('log `/log` cannot be written: no space is left on the disk')
    },
  )
})

describe('publish', () => {
  const key = (log: AuditLog) => {
    const read = parseNoteKey(log.verifierKey)
    if ('problem' in read) throw new Error(read.problem)
    return read
  }
  const headIn = (note: string, log: AuditLog) => {
    const parsed = parseCheckpoint(Buffer.from(note))
    if ('problem' in parsed) throw new Error(parsed.problem)
    const verified = verifyCheckpoint(parsed, [key(log)])
    if ('problem' in verified) throw new Error(verified.problem)
    return verified.checkpoint
  }

  test('answers a signed head that an independent checker takes, and writes it down', async () => {
    const disk = new MemoryDisk()
    const log = await openOn(disk)
    await appendNumbers(log, 0, 5)
    const note = await log.publish()
    expect(headIn(note, log)).toMatchObject({ origin: log.origin, size: 6, extensions: [] })
    expect(disk.filesBelow(DIR).get('checkpoint')?.toString()).toBe(note)
  })

  test('keeps the files that the present head needs, and no others', async () => {
    const disk = new MemoryDisk()
    const log = await openOn(disk)
    const tiles = (): string[] => [...disk.filesBelow(`${DIR}/tile`).keys()].sort()
    expect(tiles()).toEqual(['0/000.p/1', 'entries/000.p/1'])
    await appendNumbers(log, 0, 4)
    await log.publish()
    expect(tiles()).toEqual(['0/000.p/5', 'entries/000.p/5'])
    await appendNumbers(log, 4, 251)
    await log.publish()
    expect(tiles()).toEqual(['0/000', '1/000.p/1', 'entries/000'])
    await appendNumbers(log, 255, 300)
    await log.publish()
    const full = ['0/000', '0/001', 'entries/000', 'entries/001']
    expect(tiles()).toEqual([...full, '0/002.p/44', '1/000.p/2', 'entries/002.p/44'].sort())
    expect((await verifyOn(disk)).findings).toEqual([])
  })

  test('leaves at every moment a head with all that it needs', async () => {
    const disk = new MemoryDisk()
    const log = await openOn(disk)
    await appendNumbers(log, 0, 100)
    await log.publish()
    const moments: MemoryDisk[] = []
    disk.beforeEach = () => void moments.push(disk.clone())
    await appendNumbers(log, 100, 10)
    await log.publish()
    await appendNumbers(log, 110, 200)
    await log.publish()
    expect(moments.length).toBeGreaterThan(40)
    for (const moment of moments) {
      const size = Number(/\n(\d+)\n/.exec(moment.filesBelow(DIR).get('checkpoint')!.toString())?.[1])
      for (const index of [0, size - 1])
        expect(await proveInclusion(DIR, index, { files: moment })).toContain(`\n${size}\n`)
    }
  })

  test('while a commit is on its way tells the head that is durable when it is its turn', async () => {
    const disk = new MemoryDisk()
    const gate = new Gate(disk)
    const log = await openOn(disk, { disk: gate.disk })
    gate.close()
    const append = log.append(numbered(1))
    await gate.arrived
    const wish = log.publish()
    const later = log.append(numbered(2))
    await turn()
    gate.open()
    await Promise.all([append, later])
    const { size } = headIn(await wish, log)
    expect(size).toBeGreaterThanOrEqual(2)
    expect(size).toBeLessThanOrEqual(3)
    expect((await verifyOn(disk)).findings).toEqual([])
  })

  test('many times at once, among appends, tells heads that only grow', async () => {
    const disk = new MemoryDisk()
    const log = await openOn(disk)
    const notes: Promise<string>[] = []
    const appends: Promise<unknown>[] = []
    for (let n = 0; n < 700; n++) {
      appends.push(log.append(numbered(n)))
      if (n % 7 === 0) notes.push(log.publish())
      if (n % 50 === 0) await turn()
    }
    await Promise.all(appends)
    const sizes = (await Promise.all(notes)).map((note) => headIn(note, log).size)
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b))
    await log.close()
    expect(await verifyOn(disk)).toMatchObject({
      ok: true,
      records: 701,
      findings: [],
      checkpoint: { size: 701 },
    })
  })
})

describe('a head that witnesses cosigned', () => {
  test('is kept beside the latest one', async () => {
    const disk = new MemoryDisk()
    const log = await openOn(disk)
    const note = await log.publish()
    await appendNumbers(log, 0, 300)
    await log.keepWitnessed(note)
    await log.close()
    expect(disk.filesBelow(DIR).get('witnessed')?.toString()).toBe(note)
    expect(await verifyOn(disk)).toMatchObject({
      ok: true,
      witnessed: { size: 1 },
      checkpoint: { size: 301 },
    })
    expect((await openOn(disk, { mayBegin: false })).size).toBe(301)
  })

  test('is refused if it is no head of this log: with it in its place the log would not open again', async () => {
    const disk = new MemoryDisk()
    const log = await openOn(disk)
    const other = await openOn(new MemoryDisk(), { keys: newKeys() })
    const ahead = await openOn(disk.clone(), { mayBegin: false })
    await appendNumbers(ahead, 0, 2)
    const note = await log.publish()
    for (const wrong of ['', 'hello', note.slice(0, -1), `${note}\n`, note.replace('\n1\n', '\n01\n')])
      expect((await failure(log.keepWitnessed(wrong))).message).toContain('is no head of it')
    for (const wrong of [await other.publish(), await ahead.publish()])
      expect((await failure(log.keepWitnessed(wrong))).message).toContain('is no head of it')
    await log.keepWitnessed(note)
    expect((await log.append(numbered(1))).index).toBe(1)
  })
})

describe('close', () => {
  test('waits for the appends under way, over the ends of bundles, and publishes the last of them', async () => {
    const disk = new MemoryDisk()
    const log = await openOn(disk)
    const appends = Array.from({ length: 1000 }, (_, n) => log.append(numbered(n)))
    const wish = log.publish()
    await log.close()
    const receipts = await Promise.all(appends)
    expect(receipts.at(-1)?.index).toBe(1000)
    await wish
    expect(await verifyOn(disk)).toMatchObject({ ok: true, findings: [], checkpoint: { size: 1001 } })
    disk.crash({ kind: 'power', seed: 3 })
    // What a closed log has published needs no further sync.
    expect(await verifyOn(disk)).toMatchObject({ ok: true, checkpoint: { size: 1001 } })
  })

  test('closes whatever it opened, and gives the lock back', async () => {
    const disk = new MemoryDisk()
    disk.arm(undefined)
    const log = await openOn(disk)
    await appendNumbers(log, 0, 700, 50)
    await log.close()
    expect(times(disk, 'open ')).toBe(times(disk, 'close '))
    expect(times(disk, 'release ')).toBe(1)
    await (await openOn(disk, { mayBegin: false })).close()
  })

  test('twice is once', async () => {
    const disk = new MemoryDisk()
    const log = await openOn(disk)
    await log.append(numbered(1))
    disk.arm(undefined)
    await Promise.all([log.close(), log.close()])
    await log.close()
    expect(times(disk, 'release ')).toBe(1)
    expect(times(disk, 'rename /log/checkpoint.new')).toBe(1)
  })

  test('is the end: what is asked after it is refused', async () => {
    const log = await openOn(new MemoryDisk())
    const closed = log.close()
    for (const later of [log.append(numbered(1)), log.publish(), log.keepWitnessed('')])
      expect((await failure(later)).message).toMatch(/cannot be written: it was closed$/)
    await closed
  })

  test('that cannot publish says so, and gives the lock back all the same', async () => {
    const disk = new MemoryDisk()
    const log = await openOn(disk)
    await appendNumbers(log, 0, 3)
    disk.arm({ at: 2, effect: 'absent', code: 'EIO' })
    expect((await failure(log.close())).code).toBe('AUDIT_UNWRITABLE')
    disk.arm(undefined)
    expect((await openOn(disk, { mayBegin: false })).size).toBe(4)
  })
})

test('records of one process are read by another while it writes them', async () => {
  const dir = scratchFolder()
  const log = await openIn(dir, { keys: KEYS })
  await log.append(numbered(1))
  const seen: (number | undefined)[] = []
  for await (const { record } of readLog(dir)) seen.push(numberOf(record))
  expect(seen).toEqual([undefined, 1])
  await log.close()
})
