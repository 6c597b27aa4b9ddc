// Reading a part of a log: only its end, only records of some kinds.
import { generateKeyPairSync } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { type LogEntry, openLog, type ReadOptions, readLog } from '../../agent/audit/index.ts'
import type { OpenRecord } from '../../agent/log-format/index.ts'
import { MemoryDisk } from './memory-disk.ts'

const DIR = '/log'
const KEYS = {
  machine: generateKeyPairSync('ed25519').privateKey,
  log: generateKeyPairSync('ed25519').privateKey,
}
const ENDED: OpenRecord = { kind: 'agent-ended' }
/** Looks like a record of another kind to whoever does not read it. */
const DISGUISED: OpenRecord = {
  kind: 'snapshot',
  fold: 'other',
  size: 0,
  state: { kind: 'agent-ended', text: '"kind":"agent-ended"' },
}

const disk = new MemoryDisk()
const SIZE = 701

beforeAll(async () => {
  const log = await openLog(DIR, { keys: KEYS, mayBegin: true, disk })
  const records = Array.from({ length: SIZE - 1 }, (_, i): OpenRecord => {
    if (i % 100 === 99) return ENDED
    return i % 100 === 50 ? DISGUISED : { kind: 'host-closed', lines: i }
  })
  await Promise.all(records.map((record) => log.append(record)))
  await log.close()
})

async function indexes(options: ReadOptions): Promise<readonly number[]> {
  const found: LogEntry[] = []
  for await (const entry of readLog(DIR, { ...options, files: disk })) found.push(entry)
  for (const { index, record } of found) expect(record.seq).toBe(index)
  return found.map(({ index }) => index)
}
const upTo = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from }, (_, i) => from + i)

describe('the last records of a log', () => {
  test.each([1, 188, 189, 190, 300, 701])('are read alone: %i of them', async (last) => {
    expect(await indexes({ last })).toEqual(upTo(SIZE - last, SIZE))
  })

  test('are all where more are asked for', async () => {
    expect(await indexes({ last: 5000 })).toEqual(upTo(0, SIZE))
  })

  test('are none where none are asked for, or they begin behind the end', async () => {
    expect(await indexes({ last: 0 })).toEqual([])
    expect(await indexes({ last: 10, from: SIZE })).toEqual([])
  })

  test('begin no earlier than asked', async () => {
    expect(await indexes({ last: 10, from: SIZE - 3 })).toEqual(upTo(SIZE - 3, SIZE))
    expect(await indexes({ last: 3, from: SIZE - 10 })).toEqual(upTo(SIZE - 3, SIZE))
  })
})

describe('records of some kinds', () => {
  test('are read alone, and what only looks like them is not', async () => {
    expect(await indexes({ kinds: ['agent-ended'] })).toEqual([100, 200, 300, 400, 500, 600, 700])
    expect(await indexes({ kinds: ['snapshot'], from: 152, last: 500 })).toEqual([251, 351, 451, 551, 651])
    expect(await indexes({ kinds: ['log-opened'] })).toEqual([0])
    expect(await indexes({ kinds: ['decision'] })).toEqual([])
    expect(await indexes({ kinds: [] })).toEqual([])
    expect(await indexes({ kinds: ['agent-ended', 'log-opened', 'snapshot'], last: 250 })).toEqual([
      451, 500, 551, 600, 651, 700,
    ])
  })

  test('are not read past a record that is not as it was written, of whatever kind', async () => {
    const path = `${DIR}/tile/entries/000`
    const bytes = await disk.read(path, 1 << 20)
    expect(bytes?.includes('"lines":7')).toBe(true)
    const changed = Buffer.from(bytes ?? [])
    changed[changed.indexOf('"lines":7') + 8] = 0x38
    const files = {
      list: (name: string) => disk.list(name),
      read: async (name: string, max: number) => (name === path ? changed : await disk.read(name, max)),
    }
    const read = async (): Promise<void> => {
      for await (const _ of readLog(DIR, { kinds: ['decision'], files }));
    }
    await expect(read()).rejects.toMatchObject({
      code: 'AUDIT_DAMAGED',
      message: /record 8: it does not have the hash/,
    })
  })
})
