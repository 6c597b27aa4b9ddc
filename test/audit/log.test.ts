import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  type AuditRecord,
  type LogEntry,
  nodeDisk,
  openLog,
  readLog,
  verifyLog,
} from '../../agent/audit/index.ts'
import { AgentError, InvariantError } from '../../agent/errors.ts'
import { MemoryDisk } from './memory-disk.ts'
import { numbered, scratchFolder, tickingClock } from './records.ts'

const sha256 = 'ab'.repeat(32)

const run = (program: string, ...args: string[]) => execFileSync(program, args)

/** The error of a promise that must fail with one of ours. */
async function failure(promise: Promise<unknown>): Promise<AgentError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(AgentError)
  return error as AgentError
}

async function entriesOf(dir: string): Promise<LogEntry[]> {
  const entries: LogEntry[] = []
  for await (const entry of readLog(dir)) entries.push(entry)
  return entries
}

describe('a new log', () => {
  test('begins with a record that names it, and no two logs have the same name', async () => {
    const [a, b] = [scratchFolder(), scratchFolder()]
    const [logA, logB] = [await openLog(a, { nowMs: tickingClock() }), await openLog(b)]
    expect(logA.origin).toMatch(/^portcullis\/[0-9a-f]{32}$/)
    expect(logA.origin).not.toBe(logB.origin)
    expect(logA.size).toBe(1)
    const [first] = await entriesOf(a)
    expect(first?.record).toEqual({
      kind: 'log-opened',
      format: 'portcullis-log-1',
      origin: logA.origin,
      seq: 0,
      at: '2026-11-22T20:00:00.000Z',
    })
    await Promise.all([logA.close(), logB.close()])
  })

  test('makes its folder, and nobody else may read it', async () => {
    const dir = join(scratchFolder(), 'log')
    const log = await openLog(dir)
    expect(statSync(dir).mode & 0o777).toBe(0o700)
    expect(statSync(join(dir, 'records.log')).mode & 0o777).toBe(0o600)
    expect(statSync(join(dir, 'lock')).mode & 0o777).toBe(0o600)
    await log.close()
  })
})

describe('append', () => {
  test('answers the place and the hash at which the record is read back', async () => {
    const dir = scratchFolder()
    const log = await openLog(dir)
    const receipt = await log.append(numbered(7))
    expect(receipt).toEqual({ origin: log.origin, index: 1, hash: expect.stringMatching(/^[0-9a-f]{64}$/) })
    expect(log.size).toBe(2)
    await log.close()
    const [, second] = await entriesOf(dir)
    expect(second).toMatchObject({ index: 1, hash: receipt.hash, record: numbered(7) })
    expect((await verifyLog(dir)).head).toBe(receipt.hash)
  })

  test('goes on where the last process stopped', async () => {
    const dir = scratchFolder()
    for (let n = 0; n < 3; n++) {
      const log = await openLog(dir)
      expect((await log.append(numbered(n))).index).toBe(n + 1)
      await log.close()
    }
    expect(await verifyLog(dir)).toMatchObject({ ok: true, records: 4, findings: [] })
  })

  test('keeps the order of the calls and shares one sync among those made together', async () => {
    const disk = new MemoryDisk()
    const log = await openLog('/log', { disk })
    disk.arm(undefined)
    const receipts = await Promise.all(Array.from({ length: 500 }, (_, n) => log.append(numbered(n))))
    expect(receipts.map((receipt) => receipt.index)).toEqual(Array.from({ length: 500 }, (_, n) => n + 1))
    expect(disk.operations).toEqual(['write', 'fdatasync'])
    expect(log.size).toBe(501)
  })

  test('does not resolve before the record is durable', async () => {
    const disk = new MemoryDisk()
    const log = await openLog('/log', { disk })
    let isAcknowledged = false
    const open = disk.files.get('/log/records.log')!
    const before = open.durable.length
    const flush = open.flush.bind(open)
    open.flush = () => {
      expect(isAcknowledged).toBe(false)
      flush()
    }
    await log.append(numbered(1)).then(() => {
      isAcknowledged = true
    })
    expect(open.durable.length).toBeGreaterThan(before)
  })

  test('splits what waits into batches that a crash can leave half written', async () => {
    const disk = new MemoryDisk()
    const log = await openLog('/log', { disk })
    disk.arm(undefined)
    const text = 'x'.repeat(60_000)
    await Promise.all(Array.from({ length: 40 }, () => log.append({ kind: 'decision', decision: { text } })))
    expect(disk.operations.filter((name) => name === 'fdatasync')).toHaveLength(3)
  })

  test('takes every kind of record and gives it back as it was', async () => {
    const dir = scratchFolder()
    const records: AuditRecord[] = [
      { kind: 'agent-started', version: '0.1.0', machine: 'm-0123456789abcdef' },
      { kind: 'policy-loaded', name: 'maker-space', version: 1, sha256 },
      { kind: 'decision', decision: { outcome: 'deny', licence: null, facts: { sizeMm: [1, 2.5, 3] } } },
      { kind: 'job-opened', job: 'j', decision: 3, canonicalSha256: sha256, commands: 10 },
      { kind: 'job-sealed', job: 'j', commandsSent: 5, sha256 },
      { kind: 'line-refused', job: null, line: 9, code: 'policy', rule: 'feedrate', message: 'too fast' },
      { kind: 'safe-stop', job: 'j', reason: 'unplugged', confirmed: false },
      {
        kind: 'job-closed',
        job: 'j',
        outcome: 'failed',
        reason: 'unplugged',
        commandsSent: 6,
        commandsTotal: 10,
        sha256,
      },
      {
        kind: 'job-closed',
        job: 'k',
        outcome: 'printed',
        reason: null,
        commandsSent: 1,
        commandsTotal: 1,
        sha256,
      },
    ]
    const log = await openLog(dir, { nowMs: tickingClock() })
    await Promise.all(records.map((record) => log.append(record)))
    await log.close()
    const [, ...entries] = await entriesOf(dir)
    expect(entries.map(({ record: { seq: _, at: __, ...rest } }) => rest)).toEqual(records)
    expect(entries.map(({ record }) => record.seq)).toEqual(records.map((_, i) => i + 1))
    expect(await verifyLog(dir)).toMatchObject({ ok: true, findings: [] })
  })

  test.each([
    ['an unknown member', { kind: 'safe-stop', job: null, reason: 'x', confirmed: true, extra: 1 }],
    ['a kind that only the log writes', { kind: 'log-opened', format: 'portcullis-log-1', origin: 'x' }],
    ['an unknown kind', { kind: 'coffee' }],
    ['a digest in upper case', { kind: 'job-sealed', job: 'j', commandsSent: 1, sha256: 'AB'.repeat(32) }],
    ['a list in the place of a decision', { kind: 'decision', decision: [] }],
  ])('takes a record with %s for an error in the code', async (_, record) => {
    const log = await openLog('/log', { disk: new MemoryDisk() })
    await expect(log.append(record as AuditRecord)).rejects.toBeInstanceOf(InvariantError)
    expect((await log.append(numbered(1))).index).toBe(1)
  })

  test('refuses a record above the limit, names both sizes, and goes on', async () => {
    const log = await openLog('/log', { disk: new MemoryDisk() })
    const error = await failure(log.append({ kind: 'decision', decision: { text: 'x'.repeat(65_536) } }))
    expect(error.code).toBe('AUDIT_UNWRITABLE')
    expect(error.message).toMatch(
      /^log `\/log` cannot be written: a `decision` record of 65\d\d\d bytes is above the limit of 65536 bytes$/,
    )
    expect((await log.append(numbered(1))).index).toBe(1)
  })

  test('takes a record that is exactly at the limit, and reads it back', async () => {
    const dir = scratchFolder()
    const log = await openLog(dir)
    const overhead = JSON.stringify({
      at: '2026-11-22T20:00:00.000Z',
      decision: { text: '' },
      kind: 'decision',
      seq: 1,
    }).length
    await log.append({ kind: 'decision', decision: { text: 'x'.repeat(65_536 - overhead) } })
    await log.close()
    expect(await verifyLog(dir)).toMatchObject({ ok: true, records: 2 })
    expect(await entriesOf(dir)).toHaveLength(2)
    const again = await openLog(dir)
    expect(again.size).toBe(2)
    await again.close()
  })

  test('refuses a value that JSON cannot hold, names where it is, and goes on', async () => {
    const log = await openLog('/log', { disk: new MemoryDisk() })
    const decision = { facts: { heights: [0.2, Number.NaN] } }
    const error = await failure(log.append({ kind: 'decision', decision }))
    expect(error.message).toBe(
      'log `/log` cannot be written: `decision.facts.heights[1]` is the number NaN, which a record cannot hold',
    )
    expect((await log.append(numbered(1))).index).toBe(1)
  })

  test('refuses more than memory should hold while the disk stalls, and goes on when it recovers', async () => {
    const log = await openLog('/log', { disk: new MemoryDisk() })
    const text = 'x'.repeat(60_000)
    const results = await Promise.allSettled(
      Array.from({ length: 300 }, () => log.append({ kind: 'decision', decision: { text } })),
    )
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
    const log = await openLog('/log', { disk })
    disk.arm({ at: 0, effect: 'absent', code })
    const error = await failure(log.append(numbered(1)))
    expect(error.code).toBe('AUDIT_UNWRITABLE')
    expect(error.message).toBe(`log \`/log\` cannot be written: ${reason}`)
    expect(error.cause).toMatchObject({ code })
  })

  test('ends the writing: every later append is refused without touching the disk', async () => {
    const disk = new MemoryDisk()
    const log = await openLog('/log', { disk })
    disk.arm({ at: 1, effect: 'absent', code: 'EIO' })
    const together = await Promise.allSettled([log.append(numbered(1)), log.append(numbered(2))])
    expect(together.map((result) => result.status)).toEqual(['rejected', 'rejected'])
    await failure(log.append(numbered(3)))
    expect(disk.operations).toEqual(['write', 'fdatasync'])
    expect(log.size).toBe(1)
    await log.close()
  })

  test('refuses what waits behind the batch that failed', async () => {
    const disk = new MemoryDisk()
    const log = await openLog('/log', { disk })
    disk.arm({ at: 0, effect: 'half', code: 'ENOSPC' })
    const first = log.append(numbered(1))
    // In the next turn the first batch is at the disk already.
    await Promise.resolve()
    const second = log.append(numbered(2))
    await failure(first)
    await failure(second)
  })

  test('a disk that takes a few bytes at a time gets all of them in order', async () => {
    const dir = scratchFolder()
    const disk = {
      ...nodeDisk,
      open: async (path: string) => {
        const file = await nodeDisk.open(path)
        return {
          read: file.read.bind(file),
          write: (bytes: Uint8Array, position: number) => file.write(bytes.subarray(0, 7), position),
          fdatasync: file.fdatasync.bind(file),
          truncate: file.truncate.bind(file),
          dropCache: file.dropCache.bind(file),
          close: file.close.bind(file),
        }
      },
    }
    const log = await openLog(dir, { disk })
    await log.append(numbered(1))
    await log.close()
    expect(await verifyLog(dir)).toMatchObject({ ok: true, records: 2 })
  })

  test('a disk that takes nothing is not asked for ever', async () => {
    const disk = new MemoryDisk()
    const open = disk.open.bind(disk)
    disk.open = async (path) => ({ ...(await open(path)), write: async () => 0 })
    const error = await failure(openLog('/log', { disk }))
    expect(error.message).toBe('log `/log` cannot be written: the disk takes no more bytes')
  })
})

describe('opening', () => {
  test('a log that another process holds is refused and names that process', async () => {
    const dir = scratchFolder()
    const log = await openLog(dir)
    const error = await failure(openLog(dir))
    expect(error.code).toBe('AUDIT_LOCKED')
    expect(error.message).toBe(`log \`${dir}\` is in use by another portcullis (process ${process.pid})`)
    await log.close()
    await (await openLog(dir)).close()
  })

  test('the lock is one that other programs see', async () => {
    const dir = scratchFolder()
    const log = await openLog(dir)
    expect(() => run('flock', '-n', join(dir, 'lock'), 'true')).toThrow()
    await log.close()
    run('flock', '-n', join(dir, 'lock'), 'true')
  })

  test('a refused second opener leaves the first one working', async () => {
    const dir = scratchFolder()
    const log = await openLog(dir)
    await failure(openLog(dir))
    expect((await log.append(numbered(1))).index).toBe(1)
    await log.close()
  })

  test('cuts a torn tail, and records how much of what was cut', async () => {
    const dir = scratchFolder()
    const log = await openLog(dir)
    await log.append(numbered(1))
    await log.close()
    appendFileSync(join(dir, 'records.log'), 'abc')
    const again = await openLog(dir)
    expect(again.size).toBe(3)
    await again.close()
    const entries = await entriesOf(dir)
    expect(entries.at(-1)?.record).toMatchObject({
      kind: 'tail-truncated',
      bytes: 3,
      sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    })
    expect(await verifyLog(dir)).toMatchObject({ ok: true, origin: log.origin })
  })

  test('a first record that was never finished is cut, and the log gets its name again', async () => {
    const dir = scratchFolder()
    await (await openLog(dir)).close()
    const path = join(dir, 'records.log')
    writeFileSync(path, readFileSync(path).subarray(0, 100))
    const log = await openLog(dir)
    await log.close()
    expect((await entriesOf(dir)).map(({ record }) => record.kind)).toEqual(['log-opened', 'tail-truncated'])
    expect((await verifyLog(dir)).origin).toBe(log.origin)
  })

  test('an empty file is a new log', async () => {
    const dir = scratchFolder()
    writeFileSync(join(dir, 'records.log'), '', { mode: 0o600 })
    const log = await openLog(dir)
    expect(log.size).toBe(1)
    await log.close()
  })

  test('an append after close is refused', async () => {
    const log = await openLog(scratchFolder())
    await log.close()
    expect((await failure(log.append(numbered(1)))).message).toMatch(/cannot be written: it was closed$/)
  })

  test('close waits for the appends under way', async () => {
    const dir = scratchFolder()
    const log = await openLog(dir)
    const append = log.append(numbered(1))
    await log.close()
    expect((await append).index).toBe(1)
    expect(await entriesOf(dir)).toHaveLength(2)
  })
})

describe('a folder that cannot hold a log', () => {
  const expectUnwritable = async (dir: string, reason: string) => {
    const error = await failure(openLog(dir))
    expect(error.code).toBe('AUDIT_UNWRITABLE')
    expect(error.message).toBe(`log \`${dir}\` cannot be written: ${reason}`)
  }

  test('because it is a file', async () => {
    const path = join(scratchFolder(), 'file')
    writeFileSync(path, '')
    await expectUnwritable(path, 'it is not a folder')
  })

  test('because nothing is above it', async () => {
    await expectUnwritable(join(scratchFolder(), 'a', 'b'), 'the folder above it does not exist')
  })

  test('because its records are a symbolic link, which could lead anywhere', async () => {
    const dir = scratchFolder()
    symlinkSync(join(dir, 'elsewhere'), join(dir, 'records.log'))
    await expectUnwritable(dir, 'one of its files is a symbolic link')
    expect(existsSync(join(dir, 'elsewhere'))).toBe(false)
  })

  test('because its records are a folder', async () => {
    const dir = scratchFolder()
    mkdirSync(join(dir, 'records.log'))
    await expectUnwritable(dir, 'one of its files is a folder')
  })

  test('because its records are a pipe', async () => {
    const dir = scratchFolder()
    run('mkfifo', join(dir, 'records.log'))
    await expectUnwritable(dir, 'one of its files is not a regular file')
  })

  test.skipIf(process.getuid?.() === 0)('because it may not be written', async () => {
    const dir = scratchFolder()
    chmodSync(dir, 0o500)
    await expectUnwritable(dir, 'permission denied')
    chmodSync(dir, 0o700)
  })

  test('a refused log is not left locked', async () => {
    const dir = scratchFolder()
    mkdirSync(join(dir, 'records.log'))
    await failure(openLog(dir))
    rmSync(join(dir, 'records.log'), { recursive: true })
    await (await openLog(dir)).close()
  })
})
