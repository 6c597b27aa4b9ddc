// The log's own writer and its checker, which share the format and no code: what the one writes the other finds right,
// while it is being written too, and in threads as without them.
import { generateKeyPairSync } from 'node:crypto'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type AuditLog, openLog, proveConsistency, proveInclusion } from '../../agent/audit/index.ts'
import type { OpenRecord } from '../../agent/log-format/index.ts'
import {
  isProblem,
  leafHash,
  parseCheckpoint,
  parseTlogPolicy,
  parseTlogProof,
  type Verification,
  verifyConsistency,
  verifyInclusion,
  verifyLog,
  verifyProof,
} from '../../agent/verify/index.ts'

const ROOT = join(import.meta.dirname, '..', '..')
/** What the built command has too: CommonJS dependencies call `require`. */
const REQUIRE = `import { createRequire as r } from 'node:module'; const require = r(import.meta.url);`
const KEYS = {
  machine: generateKeyPairSync('ed25519').privateKey,
  log: generateKeyPairSync('ed25519').privateKey,
}

function newFolder(): string {
  const dir = fs.mkdtempSync(join(tmpdir(), 'portcullis-verify-'))
  onTestFinished(() => fs.rmSync(dir, { recursive: true, force: true }))
  return dir
}
const open = (dir: string): Promise<AuditLog> => openLog(dir, { keys: KEYS, mayBegin: true })
const record = (lines: number): OpenRecord => ({ kind: 'host-closed', lines })

async function append(log: AuditLog, count: number): Promise<void> {
  for (let from = 0; from < count; from += 1000) {
    const batch = Array.from({ length: Math.min(1000, count - from) }, (_, i) => log.append(record(from + i)))
    await Promise.all(batch)
  }
}

describe('what the writer writes', () => {
  test('is right at every stage of its growth, opened again and again', async () => {
    const dir = newFolder()
    let size = 1
    for (const count of [0, 1, 60, 194, 1, 255, 257, 3, 700]) {
      const log = await open(dir)
      await append(log, count)
      size += count
      await log.close()
      expect(await verifyLog(dir)).toMatchObject({
        ok: true,
        records: size,
        origin: log.origin,
        key: log.verifierKey,
        checkpoint: { size },
        findings: [],
      })
    }
  })

  test('fits every head that it ever published', async () => {
    const dir = newFolder()
    const log = await open(dir)
    const earlier = []
    for (let i = 0; i < 12; i++) {
      await append(log, 61)
      earlier.push({ name: `head ${i}`, note: Buffer.from(await log.publish()) })
    }
    await log.close()
    expect(await verifyLog(dir, { earlier })).toMatchObject({ ok: true, findings: [] })
    const [first, last] = [earlier[0]!, earlier.at(-1)!].map(({ note }) => parseCheckpoint(note))
    if (first === undefined || last === undefined || isProblem(first) || isProblem(last))
      throw new Error('no heads')
    const [old, now] = [first.checkpoint, last.checkpoint]
    const proof = await proveConsistency(dir, old.size, now.size)
    expect(
      verifyConsistency({
        oldSize: old.size,
        oldRoot: old.root,
        newSize: now.size,
        newRoot: now.root,
        proof,
      }),
    ).toBeNull()
  })

  test('is never damaged to who looks while it is written', async () => {
    const dir = newFolder()
    const log = await open(dir)
    let isWriting = true
    const looks: Verification[] = []
    const looking = (async () => {
      while (isWriting) looks.push(await verifyLog(dir))
    })()
    for (let i = 0; i < 40; i++) {
      await append(log, 97)
      if (i % 3 === 0) await log.publish()
    }
    isWriting = false
    await looking
    await log.close()
    expect(looks.length).toBeGreaterThan(3)
    for (const { ok, findings } of looks) expect({ ok, findings }).toMatchObject({ ok: true })
    const sizes = looks.map(({ records }) => records)
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b))
    expect(await verifyLog(dir)).toMatchObject({ ok: true, records: 1 + 40 * 97, findings: [] })
  })

  test('is proved record by record', async () => {
    const dir = newFolder()
    const log = await open(dir)
    await append(log, 599)
    await log.close()
    const policy = parseTlogPolicy(Buffer.from(`log ${log.verifierKey}\nquorum none\n`))
    if (isProblem(policy)) throw new Error(policy.problem)
    for (const index of [0, 1, 255, 256, 511, 512, 598, 599]) {
      const file = await proveInclusion(dir, index)
      const proof = parseTlogProof(Buffer.from(file))
      if (isProblem(proof)) throw new Error(proof.problem)
      const { size, root } = proof.checkpoint.checkpoint
      const bundle = Math.floor(index / 256)
      const folder = join(dir, 'tile', 'entries')
      const bytes = fs.readFileSync(
        bundle < 2 ? join(folder, `00${bundle}`) : join(folder, '002.p', String(600 - 512)),
      )
      let at = 0
      for (let i = bundle * 256; i < index; i++) at += 2 + bytes.readUInt16BE(at)
      const entry = bytes.subarray(at + 2, at + 2 + bytes.readUInt16BE(at))
      expect(
        verifyInclusion({ leafHash: leafHash(entry), index, size, proof: proof.hashes, root }),
      ).toBeNull()
      expect(verifyProof(Buffer.from(file), policy, entry)).toMatchObject({ index, record: { seq: index } })
    }
  })
})

describe('a large log', () => {
  /** Enough for a full tile of the level above, and one bundle more. */
  const COUNT = 65_536 + 300
  let programs: string
  let program: string
  let dir: string

  beforeAll(async () => {
    programs = fs.mkdtempSync(join(tmpdir(), 'portcullis-checker-'))
    program = join(programs, 'checker.mjs')
    dir = join(programs, 'log')
    await build({
      absWorkingDir: ROOT,
      entryPoints: ['agent/verify/bundle-thread-main.ts'],
      bundle: true,
      platform: 'node',
      format: 'esm',
      banner: { js: REQUIRE },
      outfile: program,
    })
    const log = await open(dir)
    await append(log, COUNT - 1)
    await log.close()
  }, 120_000)

  afterAll(() => fs.rmSync(programs, { recursive: true, force: true }))

  /** Changes a file for the length of one check, which is made in threads and without. */
  async function changed(name: string, change: (bytes: Buffer) => Uint8Array): Promise<Verification> {
    const path = join(dir, name)
    const bytes = fs.readFileSync(path)
    fs.writeFileSync(path, change(Buffer.from(bytes)))
    try {
      const [inThreads, here] = [await verifyLog(dir, { program }), await verifyLog(dir)]
      expect(inThreads).toEqual(here)
      return here
    } finally {
      fs.writeFileSync(path, bytes)
    }
  }

  test('is right, in threads and without them', async () => {
    const seen: number[] = []
    const onProgress = (records: number): void => void seen.push(records)
    const inThreads = await verifyLog(dir, { program, onProgress })
    expect(inThreads).toMatchObject({ ok: true, records: COUNT, checkpoint: { size: COUNT }, findings: [] })
    expect(inThreads).toEqual(await verifyLog(dir))
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
    expect(seen.at(-1)).toBe(COUNT)
  })

  test('has a full tile above its bundles, of which any change is named', async () => {
    const found = await changed('tile/1/000', (bytes) => {
      bytes[100 * 32 + 5]! ^= 1
      return bytes
    })
    expect(found.findings).toMatchObject([
      { code: 'changed-tile', index: 100 * 256, file: 'tile/1/000', offset: 100 * 32 },
    ])
  })

  test('has one changed record named among them all', async () => {
    const found = await changed('tile/entries/123', (bytes) => {
      bytes[bytes.length - 5]! ^= 1
      return bytes
    })
    expect(found).toMatchObject({ ok: false, records: COUNT })
    expect(found.findings.filter(({ code }) => code === 'changed-record')).toMatchObject([
      { index: 123 * 256 + 255, file: 'tile/entries/123' },
    ])
    // The tile above tells that the hash is right and the record wrong: nothing else is damaged by it.
    expect(found.findings.every(({ index }) => index === 123 * 256 + 255)).toBe(true)
  })

  test('is told apart from its tile by the tile above', async () => {
    const found = await changed('tile/0/123', (bytes) => {
      bytes[7 * 32]! ^= 1
      return bytes
    })
    expect(found.findings).toMatchObject([{ code: 'changed-record', index: 123 * 256 + 7 }])
  })

  test('cannot be checked by a program that is not there, which is said', async () => {
    const missing = join(programs, 'missing.mjs')
    await expect(verifyLog(dir, { program: missing })).rejects.toMatchObject({ code: 'STATE_UNUSABLE' })
  })

  test('cannot be checked by a program that ends, which is said', async () => {
    const ends = join(programs, 'ends.mjs')
    fs.writeFileSync(ends, '')
    await expect(verifyLog(dir, { program: ends })).rejects.toMatchObject({ code: 'STATE_UNUSABLE' })
  })
})
