import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LEDGER_BYTES_MAX, Ledger, type LedgerFile, replayLedger } from '../../agent/issuer/ledger.ts'
import { type LedgerEntry, readLine, writeLine } from '../../agent/issuer/ledger-entry.ts'
import { NOW_MS } from '../licence/fixture.ts'

const ID = '5f0b8c1e-6a58-4f64-9d8a-3f4c5b2a1e07'
const SHA = 'a'.repeat(64)
const ROOT = 'b'.repeat(64)

/** The id of the n-th thing. */
const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

const issued = (changes: object = {}): LedgerEntry => ({
  kind: 'issued',
  licence: ID,
  sha256: SHA,
  root: ROOT,
  licensee: 'Riverside Makers',
  design: 'bracket-7',
  copies: 10,
  machines: [
    { id: 'bench-1', share: 0 },
    { id: 'bench-2', share: 0 },
    { id: 'bench-3', share: 4 },
  ],
  expires: 2_000_000_000,
  status: 0,
  ...changes,
})
const allocated = (n: number, copies: number, machine = 'bench-1'): LedgerEntry => ({
  kind: 'allocated',
  licence: ID,
  id: id(n),
  machine,
  copies,
})

/** What the disk has, and what it would have after a power cut. A step can be made to fail, with or without its effect. */
class MemoryFile implements LedgerFile {
  bytes: Buffer
  durable: Buffer
  step = 0
  faults: ReadonlyMap<number, 'before' | 'after' | 'half'>

  constructor(
    bytes: Buffer | string = '',
    faults: ReadonlyMap<number, 'before' | 'after' | 'half'> = new Map(),
  ) {
    this.bytes = Buffer.from(bytes)
    this.durable = Buffer.from(bytes)
    this.faults = faults
  }

  async read(bytesMax: number): Promise<Buffer> {
    if (this.bytes.length > bytesMax) throw Object.assign(new Error('large'), { code: 'EFBIG' })
    return Buffer.from(this.bytes)
  }

  async write(bytes: Uint8Array, position: number): Promise<number> {
    // No disk takes all of it always.
    const taken = Math.min(bytes.length, 100)
    return this.#do((share) => {
      const part = bytes.subarray(0, Math.floor(taken * share))
      const end = Math.max(this.bytes.length, position + part.length)
      const next = Buffer.concat([this.bytes], end)
      next.set(part, position)
      this.bytes = next
    }, taken)
  }

  async sync(): Promise<void> {
    this.#do(() => {
      this.durable = Buffer.from(this.bytes)
    }, undefined)
  }

  async truncate(length: number): Promise<void> {
    this.#do(() => {
      this.bytes = this.bytes.subarray(0, length)
    }, undefined)
  }

  async close(): Promise<void> {}

  #do<T>(effect: (share: number) => void, answer: T): T {
    const fault = this.faults.get(this.step++)
    if (fault !== 'before') effect(fault === 'half' ? 0.5 : 1)
    if (fault !== undefined) throw Object.assign(new Error('fault'), { code: 'EIO' })
    return answer
  }
}

const open = (file: LedgerFile): Promise<Ledger> => Ledger.open('ledger.jsonl', file)

describe('a ledger', () => {
  test('tells after a restart what it was told', async () => {
    const file = new MemoryFile()
    const ledger = await open(file)
    const entries: readonly LedgerEntry[] = [
      issued(),
      allocated(1, 3),
      allocated(2, 3, 'bench-2'),
      { kind: 'refunded', licence: ID, id: id(3), machine: 'bench-1', copy: id(9) },
      { kind: 'suspended', licence: ID, reason: null },
      { kind: 'resumed', licence: ID, reason: 'paid' },
      { kind: 'published', sha256: SHA, root: ROOT, issued: 1000, expires: null },
      { kind: 'stated', what: 'recognition', id: 'r-1', sha256: SHA },
      { kind: 'revoked', licence: ID, reason: 'lost' },
    ]
    for (const [i, entry] of entries.entries()) await ledger.append(entry, NOW_MS + i)
    const { state } = await open(new MemoryFile(file.durable))
    const row = state.licences.get(ID)
    expect(row).toMatchObject({ standing: 'revoked', issued: { licensee: 'Riverside Makers' } })
    expect([...(row?.allocations.keys() ?? [])]).toEqual([id(1), id(2)])
    expect([...(row?.refunds.keys() ?? [])]).toEqual([id(9)])
    expect(state.copiesFree(ID)).toBe(0)
    expect(state.nextStatus).toBe(1)
    expect(state.published.get(ROOT)?.issued).toBe(1000)
    expect(state.lastAtMs).toBe(NOW_MS + 8)
  })

  test.each<[string, readonly LedgerEntry[], LedgerEntry, RegExp]>([
    [
      'more copies than no machine has',
      [allocated(1, 5)],
      allocated(2, 2),
      /^2 copies are more than the 1 of 10/,
    ],
    ['more copies than there are', [], allocated(1, 7), /^7 copies are more than the 6 of 10/],
    [
      'a machine that it does not name',
      [],
      allocated(1, 1, 'bench-9'),
      /does not name the machine `bench-9`/,
    ],
    ['a machine that has its share', [], allocated(1, 1, 'bench-3'), /gives `bench-3` 4 copies itself/],
    ['an id that is taken', [allocated(1, 1)], allocated(1, 1), /the id `.*1` is taken/],
    ['a licence that was revoked', [mark('revoked')], allocated(1, 1), /the licence is revoked/],
    ['a licence twice', [], issued(), /was issued already/],
    [
      'a licence that never was',
      [],
      { ...allocated(1, 1), licence: id(5) } as LedgerEntry,
      /was never issued here/,
    ],
    [
      'a place in the list twice',
      [],
      issued({ licence: id(4), status: 0 }),
      /place in the status list is taken/,
    ],
    [
      'shares beyond the whole',
      [],
      issued({ licence: id(4), status: 1, copies: 3 }),
      /4 copies, are more than its 3/,
    ],
    ['a life after revocation', [mark('revoked')], mark('resumed'), /revoked, which is final/],
    ['a second suspension', [mark('suspended')], mark('suspended'), /suspended already/],
    ['a resumption of what goes on', [], mark('resumed'), /is not suspended/],
    [
      'a copy twice',
      [{ kind: 'refunded', licence: ID, id: id(3), machine: 'bench-1', copy: id(9) }],
      { kind: 'refunded', licence: ID, id: id(4), machine: 'bench-1', copy: id(9) },
      /was refunded already/,
    ],
    ['a list that is no later', [list(1000)], list(1000), /must be later than the one before it/],
  ])('does not take %s', async (_name, before, entry, problem) => {
    const file = new MemoryFile()
    const ledger = await open(file)
    for (const one of [issued(), ...before]) await ledger.append(one, NOW_MS)
    const bytes = Buffer.from(file.bytes)
    await expect(ledger.append(entry, NOW_MS)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(problem),
    })
    expect(file.bytes.equals(bytes)).toBe(true)
  })

  test('forgets a last line that was never acknowledged, and goes on behind what is left', async () => {
    const file = new MemoryFile()
    await (await open(file)).append(issued(), NOW_MS)
    const whole = file.bytes.length
    file.bytes = Buffer.concat([file.bytes, Buffer.from('{"at":"2026-11-2')])
    const ledger = await open(file)
    expect(file.bytes.length).toBe(whole)
    await ledger.append(allocated(1, 2), NOW_MS)
    expect((await open(new MemoryFile(file.durable))).state.copiesFree(ID)).toBe(4)
  })

  test.each<[string, (text: string) => string, RegExp]>([
    [
      'a changed number',
      (text) => text.replace('"copies":2', '"copies":1'),
      /damaged at line 3: it does not follow/,
    ],
    ['a line that is gone', (text) => text.split('\n').toSpliced(1, 1).join('\n'), /damaged at line 2/],
    ['lines that changed places', swap, /damaged at line 2/],
    [
      'an unknown member',
      (text) => text.replace('"kind":"allocated"', '"kind":"allocated","x":1'),
      /line 2: it is no entry/,
    ],
    ['an empty line', (text) => `\n${text}`, /line 1: it is no entry/],
    ['a line that is no JSON', (text) => `${text}hello\n`, /line 4: it is no entry/],
    ['a line of zeros', (text) => `${text}${'\0'.repeat(50)}\n`, /line 4: it is no entry/],
  ])('is not counted by with %s', async (_name, damage, problem) => {
    const file = new MemoryFile()
    const ledger = await open(file)
    for (const entry of [issued(), allocated(1, 2), allocated(2, 2)]) await ledger.append(entry, NOW_MS)
    const hurt = damage(file.bytes.toString())
    await expect(open(new MemoryFile(hurt))).rejects.toMatchObject({
      code: 'STATE_UNUSABLE',
      message: expect.stringMatching(problem),
    })
  })

  test('cannot be made to allow more by a line that breaks its rules, even where the digests are right', async () => {
    const file = new MemoryFile()
    await (await open(file)).append(issued(), NOW_MS)
    const { tip } = replayLedger(file.bytes, 'x')
    const forged = Buffer.concat([file.bytes, Buffer.from(`${writeLine(allocated(1, 99), NOW_MS, tip)}\n`)])
    await expect(open(new MemoryFile(forged))).rejects.toMatchObject({ code: 'STATE_UNUSABLE' })
  })

  test('is refused where it is larger than any ledger', async () => {
    const file = new MemoryFile()
    file.read = async (bytesMax) => {
      expect(bytesMax).toBe(LEDGER_BYTES_MAX)
      throw Object.assign(new Error('large'), { code: 'EFBIG' })
    }
    await expect(open(file)).rejects.toMatchObject({ code: 'STATE_UNUSABLE' })
  })

  test('does not take a line that is longer than any', async () => {
    const ledger = await open(new MemoryFile())
    const machines = Array.from({ length: 200 }, (_, i) => ({ id: `m-${i}-${'x'.repeat(190)}`, share: 0 }))
    await expect(ledger.append(issued({ machines }), NOW_MS)).rejects.toMatchObject({
      code: 'STATE_UNUSABLE',
      message: expect.stringContaining('is full'),
    })
  })

  test('writes nothing more once a write has failed', async () => {
    const file = new MemoryFile('', new Map([[1, 'before']]))
    const ledger = await open(file)
    await expect(ledger.append(issued(), NOW_MS)).rejects.toMatchObject({
      code: 'STATE_UNUSABLE',
      message: expect.stringMatching(/cannot be written: .*input\/output error; nothing was signed$/),
    })
    await expect(ledger.append(issued(), NOW_MS)).rejects.toMatchObject({ code: 'STATE_UNUSABLE' })
    expect(ledger.state.licences.size).toBe(0)
  })
})

test('what a disk could not make durable is taken back, so that a command that failed counts for nothing', async () => {
  for (const fault of ['before', 'after'] as const) {
    const file = new MemoryFile()
    await (await open(file)).append(issued(), NOW_MS)
    const bytes = Buffer.from(file.bytes)
    const ledger = await open(file)
    // The next line takes two writes and a sync.
    file.faults = new Map([[file.step + 2, fault]])
    await expect(ledger.append(allocated(1, 3), NOW_MS)).rejects.toMatchObject({ code: 'STATE_UNUSABLE' })
    expect(file.bytes.equals(bytes)).toBe(true)
    expect(file.durable.equals(bytes)).toBe(true)
  }
})

describe('whichever two steps of the disk fail,', () => {
  const kinds = ['before', 'after', 'half'] as const
  const entries: readonly LedgerEntry[] = [
    issued(),
    allocated(1, 3),
    allocated(2, 3, 'bench-2'),
    { kind: 'suspended', licence: ID, reason: null },
  ]
  const pairs = kinds.flatMap((first) => kinds.map((second) => [first, second] as const))

  test.each(pairs)(
    '%s and %s its effect, no acknowledged line is lost and no copy is given twice',
    async (first, second) => {
      const steps = await stepsOf()
      for (let i = 0; i < steps; i++) {
        for (let j = i; j < steps + 2; j++) {
          const faults = new Map([
            [i, first],
            [j, second],
          ])
          await expectKept(faults)
        }
      }
    },
  )

  async function stepsOf(): Promise<number> {
    const file = new MemoryFile()
    const ledger = await open(file)
    for (const entry of entries) await ledger.append(entry, NOW_MS)
    return file.step
  }

  async function expectKept(faults: ReadonlyMap<number, (typeof kinds)[number]>): Promise<void> {
    const file = new MemoryFile('', faults)
    const acknowledged: LedgerEntry[] = []
    // A command that fails ends; whoever ran it runs it again.
    for (let run = 0; run < 4; run++) {
      try {
        const ledger = await open(file)
        for (const entry of entries) {
          if (ledger.state.problemWith(entry) !== undefined) continue
          await ledger.append(entry, NOW_MS)
          acknowledged.push(entry)
        }
      } catch (error) {
        expect(error).toMatchObject({ code: 'STATE_UNUSABLE' })
        expect((error as Error).message).not.toContain('damaged')
      }
    }
    for (const bytes of [file.bytes, file.durable]) {
      const { state } = replayLedger(bytes, 'x')
      for (const entry of acknowledged) expect(state.problemWith(entry), JSON.stringify(entry)).toBeDefined()
      expect(state.copiesFree(ID)).toBeGreaterThanOrEqual(0)
    }
    // In the end everything is there, once.
    expect(replayLedger(file.durable, 'x').state.copiesFree(ID)).toBe(0)
  }
})

test('however it is used, the copies that machines have never pass the total', async () => {
  const command = fc.record({
    n: fc.integer({ min: 1, max: 6 }),
    copies: fc.integer({ min: 1, max: 8 }),
    machine: fc.constantFrom('bench-1', 'bench-2', 'bench-3', 'bench-4'),
    crash: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 20 }), async (commands) => {
      let file = new MemoryFile()
      let ledger = await open(file)
      await ledger.append(issued(), NOW_MS)
      for (const { n, copies, machine, crash } of commands) {
        await ledger.append(allocated(n, copies, machine), NOW_MS).catch(() => undefined)
        if (!crash) continue
        file = new MemoryFile(Buffer.concat([file.durable, Buffer.from('{"at"')]))
        ledger = await open(file)
      }
      const given = [...(ledger.state.licences.get(ID)?.allocations.values() ?? [])]
      expect(given.reduce((sum, one) => sum + one.copies, 4)).toBeLessThanOrEqual(10)
    }),
    { numRuns: 100 },
  )
})

describe('a line', () => {
  test('reads as it was written', () => {
    const line = writeLine(issued(), NOW_MS, SHA)
    expect(readLine(line)).toEqual({ atMs: NOW_MS, prev: SHA, entry: issued() })
  })

  test.each([
    ['no object', '[]'],
    ['null', 'null'],
    ['half a line', '{"at":'],
    ['no time', JSON.stringify({ ...issued(), prev: SHA })],
    ['another kind', writeLine({ ...issued(), kind: 'given' } as unknown as LedgerEntry, NOW_MS, SHA)],
    ['a number that is none', writeLine(issued({ copies: 1.5 }), NOW_MS, SHA)],
  ])('is none with %s', (_name, text) => {
    expect(readLine(text)).toBeUndefined()
  })
})

function mark(kind: 'revoked' | 'suspended' | 'resumed'): LedgerEntry {
  return { kind, licence: ID, reason: null }
}

function list(at: number): LedgerEntry {
  return { kind: 'published', sha256: SHA, root: ROOT, issued: at, expires: null }
}

function swap(text: string): string {
  const [first, second, third] = text.split('\n')
  return [first, third, second, ''].join('\n')
}
