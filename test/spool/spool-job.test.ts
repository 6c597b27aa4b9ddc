import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { AgentError } from '../../agent/errors.ts'
import { JOB_BYTES_MAX, type JobSource, removeLeftovers, spoolJob } from '../../agent/spool/index.ts'
import { isOwnerGone, ownStamp } from '../../agent/spool/owner-stamp.ts'

const JOB = 'G28\nG1 X10 Y20 F3000\n'

/** A folder with a spool and a job in it. */
function scratch(): { dir: string; spool: string; job: string } {
  const dir = mkdtempSync(join(tmpdir(), 'portcullis-test-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const spool = join(dir, 'spool')
  mkdirSync(spool, { mode: 0o700 })
  const job = join(dir, 'job.gcode')
  writeFileSync(job, JOB)
  return { dir, spool, job }
}

const run = (program: string, ...args: string[]) => execFileSync(program, args)

const sha256 = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex')

async function failure(promise: Promise<unknown>): Promise<AgentError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(AgentError)
  return error as AgentError
}

/** The job is refused with this message, and nothing of it stays in the spool. */
async function expectRefused(spool: string, source: JobSource, message: string): Promise<void> {
  const error = await failure(spoolJob(spool, source))
  expect(error.code).toBe('JOB_UNREADABLE')
  expect(error.message).toBe(message)
  expect(readdirSync(spool)).toEqual([])
}

describe('a spooled job', () => {
  test('is a private copy, told by the digest of the bytes as they came', async () => {
    const { spool, job } = scratch()
    const spooled = await spoolJob(spool, { path: job })
    expect(spooled).toMatchObject({ name: job, bytes: JOB.length, sha256: sha256(JOB) })
    expect(readFileSync(spooled.path, 'utf8')).toBe(JOB)
    expect(statSync(spooled.path).mode & 0o777).toBe(0o600)
    expect(readdirSync(spool)).toHaveLength(1)
  })

  test('does not change when the file it came from does', async () => {
    const { spool, job } = scratch()
    const spooled = await spoolJob(spool, { path: job })
    writeFileSync(job, 'M104 S300\n')
    expect(readFileSync(spooled.path, 'utf8')).toBe(JOB)
  })

  test('is removed when it is done with, once and for all', async () => {
    const { spool, job } = scratch()
    const spooled = await spoolJob(spool, { path: job })
    await spooled.remove()
    expect(readdirSync(spool)).toEqual([])
    await spooled.remove()
  })

  test('can be any bytes, and longer than what is copied at once', async () => {
    const { spool, job } = scratch()
    const bytes = Buffer.alloc(1_000_003, 'G1 X1\n\0\xff', 'latin1')
    writeFileSync(job, bytes)
    const seen: [number, number | undefined][] = []
    const progress = (done: number, total: number | undefined) => seen.push([done, total])
    const spooled = await spoolJob(spool, { path: job }, { progress })
    expect(spooled.sha256).toBe(sha256(bytes))
    expect(readFileSync(spooled.path).equals(bytes)).toBe(true)
    expect(seen.length).toBeGreaterThan(1)
    expect(seen.at(-1)).toEqual([1_000_003, 1_000_003])
  })

  test('comes through a symbolic link as well', async () => {
    const { dir, spool, job } = scratch()
    symlinkSync(job, join(dir, 'link'))
    expect((await spoolJob(spool, { path: join(dir, 'link') })).sha256).toBe(sha256(JOB))
  })

  test('comes from a stream as well, under the name it is given', async () => {
    const { spool, job } = scratch()
    const stream = createReadStream(job, { highWaterMark: 7 })
    const spooled = await spoolJob(spool, { stream, name: '-' })
    expect(spooled).toMatchObject({ name: '-', bytes: JOB.length, sha256: sha256(JOB) })
  })

  test('two jobs of one name are two copies', async () => {
    const { spool, job } = scratch()
    const [a, b] = await Promise.all([spoolJob(spool, { path: job }), spoolJob(spool, { path: job })])
    expect(a.path).not.toBe(b.path)
    await a.remove()
    expect(existsSync(b.path)).toBe(true)
  })
})

describe('a job is refused when it', () => {
  test('does not exist', async () => {
    const { dir, spool, job } = scratch()
    const missing = join(dir, 'missing')
    await expectRefused(spool, { path: missing }, `job \`${missing}\` does not exist`)
    await expectRefused(spool, { path: join(job, 'x') }, `job \`${join(job, 'x')}\` does not exist`)
  })

  test('is a directory', async () => {
    const { spool } = scratch()
    await expectRefused(spool, { path: spool }, `job \`${spool}\` is a directory`)
  })

  test('is empty, as a file and as a stream', async () => {
    const { spool, job } = scratch()
    writeFileSync(job, '')
    await expectRefused(spool, { path: job }, `job \`${job}\` is empty`)
    await expectRefused(spool, { stream: Readable.from([]), name: '-' }, 'job `-` is empty')
  })

  test('is a device, which opening could reset', async () => {
    const { spool } = scratch()
    await expectRefused(
      spool,
      { path: '/dev/null' },
      'job `/dev/null` is not a regular file; to read standard input give `-`',
    )
  })

  test('is a pipe that nobody writes to, without waiting for one', async () => {
    const { dir, spool } = scratch()
    const pipe = join(dir, 'pipe')
    run('mkfifo', pipe)
    const message = `job \`${pipe}\` is not a regular file; to read standard input give \`-\``
    await expectRefused(spool, { path: pipe }, message)
  })

  test('is a socket', async () => {
    const { dir, spool } = scratch()
    const path = join(dir, 's')
    const server = createServer().listen(path)
    await once(server, 'listening')
    await expectRefused(
      spool,
      { path },
      `job \`${path}\` is not a regular file; to read standard input give \`-\``,
    )
    server.close()
  })

  test.skipIf(process.getuid?.() === 0)('may not be read', async () => {
    const { spool, job } = scratch()
    chmodSync(job, 0)
    await expectRefused(spool, { path: job }, `job \`${job}\` cannot be read: permission denied`)
  })

  test('is a circle of links', async () => {
    const { dir, spool } = scratch()
    const path = join(dir, 'circle')
    symlinkSync(path, path)
    await expectRefused(
      spool,
      { path },
      `job \`${path}\` cannot be read: its symbolic links lead in a circle`,
    )
  })

  test('has a name with a zero byte', async () => {
    const { spool } = scratch()
    const error = await failure(spoolJob(spool, { path: 'a\0b' }))
    expect(error.code).toBe('JOB_UNREADABLE')
  })

  test('is a file that is longer than the limit, before a byte is copied', async () => {
    const { spool, job } = scratch()
    truncateSync(job, JOB_BYTES_MAX + 1)
    const message = `job \`${job}\` is longer than the limit of 2147483648 bytes`
    await expectRefused(spool, { path: job }, message)
  })

  test('is a stream that turns out longer than the limit', async () => {
    const { spool } = scratch()
    let given = 0
    async function* endless(): AsyncGenerator<Buffer> {
      for (; ; given++) yield Buffer.alloc(1000)
    }
    const error = await failure(spoolJob(spool, { stream: endless(), name: '-' }, { bytesMax: 100_500 }))
    expect(error.message).toBe('job `-` is longer than the limit of 100500 bytes')
    expect(given).toBe(100)
    expect(readdirSync(spool)).toEqual([])
  })

  test('is exactly one byte too long, and not when it is exactly as long as allowed', async () => {
    const { spool, job } = scratch()
    const options = { bytesMax: JOB.length }
    await (await spoolJob(spool, { path: job }, options)).remove()
    writeFileSync(job, `${JOB}\n`)
    expect((await failure(spoolJob(spool, { path: job }, options))).code).toBe('JOB_UNREADABLE')
  })

  test('is a stream that breaks off with an error', async () => {
    const { spool } = scratch()
    async function* broken(): AsyncGenerator<Buffer> {
      yield Buffer.from(JOB)
      throw Object.assign(new Error('EIO'), { code: 'EIO' })
    }
    const message = 'job `-` cannot be read: the disk reported an input/output error'
    await expectRefused(spool, { stream: broken(), name: '-' }, message)
  })
})

describe('a spool that cannot take a job', () => {
  test('because it does not exist is named, not the job', async () => {
    const { dir, job } = scratch()
    const error = await failure(spoolJob(join(dir, 'no'), { path: job }))
    expect(error.code).toBe('STATE_UNUSABLE')
    expect(error.message).toBe(`spool \`${join(dir, 'no')}\` cannot be written: it does not exist`)
  })

  test('because the disk is full keeps nothing of it', async () => {
    const { dir, spool, job } = scratch()
    writeFileSync(job, 'x'.repeat(200_000))
    // The shell's limit on the size of a file stands for the disk's: the write fails half-way in the same manner.
    const program = join(dir, 'child.mts')
    const door = join(import.meta.dirname, '../../agent/spool/index.ts')
    writeFileSync(
      program,
      `import { spoolJob } from ${JSON.stringify(door)}
       process.on('SIGXFSZ', () => undefined)
       spoolJob(${JSON.stringify(spool)}, { path: ${JSON.stringify(job)} }).catch((error) => {
         process.stdout.write(error.code + ' ' + error.message)
       })`,
    )
    const tsx = join(import.meta.dirname, '../../node_modules/tsx/dist/loader.mjs')
    const said = run('sh', '-c', `ulimit -f 100; exec "$0" --import "${tsx}" "${program}"`, process.execPath)
    expect(said.toString()).toBe(
      `STATE_UNUSABLE spool \`${spool}\` cannot be written: the file would be larger than this process may write`,
    )
    expect(readdirSync(spool)).toEqual([])
  })

  test('lets an error in what watches the progress through, and keeps nothing of the job', async () => {
    const { spool, job } = scratch()
    const progress = () => {
      throw new RangeError('a bug')
    }
    await expect(spoolJob(spool, { path: job }, { progress })).rejects.toThrow(RangeError)
    expect(readdirSync(spool)).toEqual([])
  })
})

describe('leftovers', () => {
  /** A spool file of a process that is gone by now. */
  async function deadStamp(): Promise<string> {
    const child = spawn('sleep', ['60'])
    await once(child, 'spawn')
    const stat = readFileSync(`/proc/${child.pid}/stat`, 'latin1')
    const startedAt = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    const [boot, space] = (await ownStamp()).split('-')
    const stamp = `${boot}-${space}-${child.pid}-${startedAt}`
    expect(await isOwnerGone(stamp)).toBe(false)
    child.kill('SIGKILL')
    await once(child, 'close')
    return stamp
  }

  const spoolName = (stamp: string) => `job-${stamp}-${'0'.repeat(32)}.gcode`

  test('of a process that died are removed when the next job comes', async () => {
    const { spool, job } = scratch()
    writeFileSync(join(spool, spoolName(await deadStamp())), 'old')
    const spooled = await spoolJob(spool, { path: job })
    expect(readdirSync(spool)).toEqual([spooled.path.slice(spool.length + 1)])
  })

  test('of an earlier boot, and of a process whose number was used again, are removed', async () => {
    const { spool } = scratch()
    const [boot, space, pid, startedAt] = (await ownStamp()).split('-')
    writeFileSync(join(spool, spoolName(`00000000-${space}-${pid}-${startedAt}`)), 'old')
    writeFileSync(join(spool, spoolName(`${boot}-${space}-${pid}-${Number(startedAt) - 1}`)), 'old')
    expect(await removeLeftovers(spool)).toBe(2)
    expect(readdirSync(spool)).toEqual([])
  })

  test('are left alone where the owner lives, cannot be seen from here, or is not told by the name', async () => {
    const { spool } = scratch()
    const own = await ownStamp()
    const [boot, , pid, startedAt] = own.split('-')
    const kept = [
      spoolName(own),
      spoolName(`${boot}-1-${pid}-${startedAt}`),
      spoolName('0-0'),
      'job.gcode',
      'notes.txt',
    ]
    for (const name of kept) writeFileSync(join(spool, name), 'x')
    expect(await removeLeftovers(spool)).toBe(0)
    expect(readdirSync(spool).sort()).toEqual(kept.sort())
  })
})
