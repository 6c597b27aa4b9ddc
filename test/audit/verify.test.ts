import { createHash } from 'node:crypto'
import { appendFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openLog, readLog, verifyLog } from '../../agent/audit/index.ts'
import { AgentError } from '../../agent/errors.ts'
import { scratchFolder, tickingClock } from './records.ts'

const VECTOR = resolve(import.meta.dirname, '../../fixtures/audit')
/** As FORMAT.md states it. The vector was made by another program, in another language. */
const VECTOR_HEAD = 'b851f42d382e1b4050fbc9ebb8139f7f7f6ef9dc5ebb14798ff67515ce2cfa23'

const linesOf = (dir: string): string[] =>
  readFileSync(join(dir, 'records.log'), 'utf8').split('\n').slice(0, -1)

/** A copy of the vector with its lines changed by `change`. */
function changed(change: (lines: string[]) => string[]): string {
  const dir = scratchFolder()
  writeFileSync(join(dir, 'records.log'), `${change(linesOf(VECTOR)).join('\n')}\n`)
  return dir
}

/** A log of these bodies with a chain that fits them: what somebody who can write the file can always make. */
function forged(bodies: readonly (string | Buffer)[]): string {
  const dir = scratchFolder()
  let head = Buffer.alloc(32)
  const lines = bodies.map((body) => {
    head = createHash('sha256').update(head).update(body).digest()
    return Buffer.concat([Buffer.from(`${head.toString('hex')} `), Buffer.from(body), Buffer.from('\n')])
  })
  writeFileSync(join(dir, 'records.log'), Buffer.concat(lines))
  return dir
}

async function readAll(dir: string): Promise<number> {
  let count = 0
  for await (const { index } of readLog(dir)) count = index + 1
  return count
}

async function failure(promise: Promise<unknown>): Promise<AgentError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(AgentError)
  return error as AgentError
}

describe('the test vector', () => {
  test('verifies, with the head that FORMAT.md states', async () => {
    expect(await verifyLog(VECTOR)).toEqual({
      ok: true,
      origin: 'portcullis/000102030405060708090a0b0c0d0e0f',
      records: 11,
      head: VECTOR_HEAD,
      findings: [],
    })
    const format = readFileSync(resolve(import.meta.dirname, '../../agent/audit/FORMAT.md'), 'utf8')
    expect(format).toContain(VECTOR_HEAD)
    expect(format).toContain(linesOf(VECTOR)[0])
  })

  test('is what the writer writes, byte for byte', async () => {
    const dir = changed((lines) => lines.slice(0, 1))
    const clock = tickingClock()
    clock()
    const log = await openLog(dir, { nowMs: clock })
    for await (const { record } of readLog(VECTOR)) {
      const { seq: _, at: __, ...rest } = record
      if (rest.kind !== 'log-opened' && rest.kind !== 'tail-truncated') await log.append(rest)
    }
    await log.close()
    expect(linesOf(dir)).toEqual(linesOf(VECTOR).slice(0, 10))
  })

  test('is opened and appended to', async () => {
    const dir = scratchFolder()
    cpSync(VECTOR, dir, { recursive: true })
    const log = await openLog(dir)
    expect(log.origin).toBe('portcullis/000102030405060708090a0b0c0d0e0f')
    expect((await log.append({ kind: 'agent-started', version: '1', machine: 'm' })).index).toBe(11)
    await log.close()
    expect((await verifyLog(dir)).ok).toBe(true)
  })
})

describe('damage is named with its record and its place', () => {
  /** One change, and what verifier, reader and writer must say of it. */
  const cases: [string, (lines: string[]) => string[], { index: number; code: string }][] = [
    ['a changed digit', (l) => l.with(3, l[3]!.replace('300', '200')), { index: 3, code: 'broken-chain' }],
    ['a dropped record', (l) => l.toSpliced(2, 1), { index: 2, code: 'broken-chain' }],
    ['a dropped first record', (l) => l.slice(1), { index: 0, code: 'broken-chain' }],
    ['a record put in twice', (l) => l.toSpliced(4, 0, l[4]!), { index: 5, code: 'broken-chain' }],
    ['two records swapped', (l) => l.with(5, l[6]!).with(6, l[5]!), { index: 5, code: 'broken-chain' }],
    [
      'a changed last record',
      (l) => l.with(10, l[10]!.replace('17', '18')),
      { index: 10, code: 'broken-chain' },
    ],
    ['a changed hash', (l) => l.with(4, `0${l[4]!.slice(1)}`), { index: 4, code: 'broken-chain' }],
    [
      'a hash in upper case',
      (l) =>
        l.with(
          4,
          l[4]!.replace(/^\S+/, (h) => h.toUpperCase()),
        ),
      { index: 4, code: 'not-a-line' },
    ],
    ['an empty line', (l) => l.toSpliced(4, 0, ''), { index: 4, code: 'not-a-line' }],
    ['a carriage return', (l) => l.with(4, `${l[4]}\r`), { index: 4, code: 'broken-chain' }],
    [
      'a line that is too long',
      (l) => l.with(4, l[4] + 'x'.repeat(66_000)),
      { index: 4, code: 'not-a-line' },
    ],
  ]

  test.each(cases)('%s', async (_, change, { index, code }) => {
    const dir = changed(change)
    const lines = linesOf(dir)
    const offset = Buffer.byteLength(
      lines
        .slice(0, index)
        .map((line) => `${line}\n`)
        .join(''),
    )
    const verification = await verifyLog(dir)
    expect(verification.ok).toBe(false)
    expect(verification.records).toBe(lines.length)
    expect(verification.findings[0]).toMatchObject({ severity: 'damage', index, offset, code })
    for (const error of [await failure(readAll(dir)), await failure(openLog(dir))]) {
      expect(error.code).toBe('AUDIT_DAMAGED')
      expect(error.message).toContain(`log \`${dir}\` is damaged at record ${index}, byte ${offset}: `)
    }
    // A damaged log is evidence: nothing was written to it, and nothing cut off.
    expect(linesOf(dir)).toEqual(lines)
  })

  test('two changes far apart are two findings', async () => {
    const dir = changed((l) => l.with(3, l[3]!.replace('300', '200')).with(8, l[8]!.replace('un', 'in')))
    const { findings } = await verifyLog(dir)
    expect(findings.map(({ index, code }) => [index, code])).toEqual([
      [3, 'broken-chain'],
      [8, 'broken-chain'],
    ])
  })

  test('any flipped bit is found, by the verifier and by the reader', { timeout: 30_000 }, async () => {
    const bytes = readFileSync(join(VECTOR, 'records.log'))
    const dir = scratchFolder()
    for (let bit = 0; bit < bytes.length * 8; bit += 61) {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      writeFileSync(join(dir, 'records.log'), flipped)
      const { ok, findings } = await verifyLog(dir)
      if (bit >> 3 === bytes.length - 1) continue
      expect({ bit, ok, findings: findings.length > 0 }).toEqual({ bit, ok: false, findings: true })
      expect((await failure(readAll(dir))).code).toBe('AUDIT_DAMAGED')
    }
  })

  test('a log of nothing but junk has a bounded list of findings', async () => {
    const dir = scratchFolder()
    writeFileSync(join(dir, 'records.log'), 'junk\n'.repeat(5000))
    const { ok, records, findings } = await verifyLog(dir)
    expect({ ok, records, findings: findings.length }).toEqual({ ok: false, records: 5000, findings: 100 })
  })

  test('a line without end is damage to the writer, and never held in memory whole', async () => {
    const dir = changed((lines) => lines)
    for (let i = 0; i < 40; i++) appendFileSync(join(dir, 'records.log'), 'x'.repeat(100_000))
    expect((await failure(openLog(dir))).message).toMatch(
      /is damaged at record 11, byte 2718: its line has no end$/,
    )
    const { ok, findings } = await verifyLog(dir)
    expect(ok).toBe(true)
    expect(findings[0]?.message).toBe(
      'after record 10 there are 4000000 bytes of a line that was never finished',
    )
    appendFileSync(join(dir, 'records.log'), '\n')
    expect(await verifyLog(dir)).toMatchObject({
      ok: false,
      records: 12,
      findings: [{ code: 'not-a-line', index: 11, offset: 2718 }],
    })
  })
})

describe('a chain that fits does not make a record', () => {
  const first = linesOf(VECTOR)[0]!.slice(65)
  const started = '"kind":"agent-started","machine":"m","seq":1,"version":"1"'
  const deep = `"decision":{"a":${'['.repeat(40)}${']'.repeat(40)}},"kind":"decision","seq":1`
  const at = '"at":"2026-11-22T20:00:00.000Z"'
  const veryDeep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`

  test.each<[string, string | Buffer, string]>([
    ['text that is not JSON', 'hello', 'not-json'],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'not-json'],
    ['a byte order mark', `\ufeff{${at},${started}}`, 'not-json'],
    ['spaces', `{${at}, ${started}}`, 'not-canonical'],
    ['members in another order', `{${started},${at}}`, 'not-canonical'],
    ['a member twice', `{${at},${at},${started}}`, 'not-canonical'],
    ['a number in another spelling', `{${at},${started.replace('1', '1.0')}}`, 'not-canonical'],
    ['half a surrogate pair', `{${at},${started.replace('"m"', '"\\ud800"')}}`, 'not-canonical'],
    ['nesting beyond the limit', `{${at},${deep}}`, 'not-canonical'],
    ['nesting that would exhaust the stack', veryDeep, 'not-canonical'],
    ['a number', '1', 'unknown-record'],
    ['null', 'null', 'unknown-record'],
    ['an unknown kind', `{${at},${started.replace('agent', 'agents')}}`, 'unknown-record'],
    ['an unknown member', `{${at},${started},"z":1}`, 'unknown-record'],
    ['no time', `{${started}}`, 'unknown-record'],
    ['a time without milliseconds', `{${at.replace('.000', '')},${started}}`, 'unknown-record'],
    ['another sequence number', `{${at},${started.replace('"seq":1', '"seq":2')}}`, 'wrong-sequence'],
    ['a second name for the log', first.replace('"seq":0', '"seq":1'), 'wrong-first-record'],
  ])('%s', async (_, body, code) => {
    const dir = forged([first, body])
    expect(await verifyLog(dir)).toMatchObject({ ok: false, findings: [{ code, index: 1 }] })
    const error = await failure(readAll(dir))
    expect(error.code).toBe('AUDIT_DAMAGED')
    expect(error.message).toContain(`record 1, byte ${first.length + 66}`)
  })

  test('and another first record does not name the log', async () => {
    const dir = forged([`{${at},${started.replace('"seq":1', '"seq":0')}}`])
    expect(await verifyLog(dir)).toMatchObject({ ok: false, findings: [{ code: 'wrong-first-record' }] })
    expect((await failure(readAll(dir))).code).toBe('AUDIT_DAMAGED')
    expect((await failure(openLog(dir))).message).toMatch(/record 0, byte 0: it does not name the log$/)
  })

  test('nor does one that is no record at all', async () => {
    expect((await failure(openLog(forged(['{}'])))).code).toBe('AUDIT_DAMAGED')
  })
})

describe('what is not there', () => {
  test.each([
    ['an empty folder', '.'],
    ['no folder', 'missing'],
    ['a file', 'file'],
  ])('%s', async (_, name) => {
    const dir = scratchFolder()
    writeFileSync(join(dir, 'file'), '')
    const path = join(dir, name)
    for (const error of [await failure(readAll(path)), await failure(verifyLog(path))]) {
      expect(error.code).toBe('USAGE')
      expect(error.message).toBe(`there is no log in \`${path}\``)
    }
  })

  test('a log without a record does not verify', async () => {
    const dir = scratchFolder()
    writeFileSync(join(dir, 'records.log'), '')
    expect(await verifyLog(dir)).toMatchObject({
      ok: false,
      origin: null,
      records: 0,
      head: null,
      findings: [{ code: 'no-records' }],
    })
  })

  test('a line still being written is a notice, and the reader stops before it', async () => {
    const dir = changed((lines) => lines)
    appendFileSync(join(dir, 'records.log'), 'abc')
    expect(await verifyLog(dir)).toMatchObject({
      ok: true,
      records: 11,
      findings: [{ severity: 'notice', code: 'unfinished-line', index: 11, offset: 2718 }],
    })
    expect(await readAll(dir)).toBe(11)
  })
})

test('a log is read while it is written', async () => {
  const dir = scratchFolder()
  const log = await openLog(dir)
  await log.append({ kind: 'agent-started', version: '1', machine: 'm' })
  expect(await readAll(dir)).toBe(2)
  expect((await verifyLog(dir)).ok).toBe(true)
  await log.close()
})

test('a reader that stops early closes the file', async () => {
  for await (const { index } of readLog(VECTOR)) if (index === 2) break
  const entries = readLog(VECTOR)
  await entries.next()
  await entries.return()
  expect(await entries.next()).toEqual({ done: true, value: undefined })
})
