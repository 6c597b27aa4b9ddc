import fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DescriptorWriter } from '../../agent/serial/descriptor-writer.ts'
import { makeRaw, openMaster, openTerminal } from '../../agent/serial/terminal.ts'
import { signal } from './heard.ts'

/** A pty whose two ends are bare descriptors: the kernel holds a few KiB between them and then says no. */
let master: number
let terminal: number

beforeEach(() => {
  const made = openMaster()
  master = made.master
  terminal = openTerminal(made.path)
  makeRaw(terminal)
})

afterEach(() => {
  fs.closeSync(terminal)
  fs.closeSync(master)
})

const LIMITS = { queueBytesMax: 1024 * 1024, stallMs: Number.POSITIVE_INFINITY }
const noFailure = (reason: string) => expect.unreachable(reason)
const pattern = (bytes: number) => Buffer.from(Array.from({ length: bytes }, (_, index) => index % 253))

/** Reads what has arrived; the kernel moves bytes across a pty in its own time, so an empty look means little. */
function readSome(): Buffer {
  const bytes = Buffer.alloc(4096)
  try {
    return bytes.subarray(0, fs.readSync(terminal, bytes))
  } catch {
    return bytes.subarray(0, 0)
  }
}

async function readAll(bytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  for (let got = 0; got < bytes; ) {
    const chunk = readSome()
    chunks.push(chunk)
    got += chunk.length
    if (chunk.length === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  return Buffer.concat(chunks)
}

describe('writing to a descriptor', () => {
  test('bytes go out inside the call when the device takes them', async () => {
    const writer = new DescriptorWriter(master, LIMITS, noFailure)
    expect(writer.write(Buffer.from('M105\n'))).toBe(true)
    await writer.drain()
    expect((await readAll(5)).toString()).toBe('M105\n')
  })

  test('what the device does not take at once follows in order, as it takes it', async () => {
    const writer = new DescriptorWriter(master, LIMITS, noFailure)
    const all = pattern(300_000)
    for (let from = 0; from < all.length; from += 1000) writer.write(all.subarray(from, from + 1000))
    let isDrained = false
    const drained = writer.drain().then(() => {
      isDrained = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(isDrained).toBe(false)
    expect((await readAll(all.length)).equals(all)).toBe(true)
    await drained
  })

  test('what waits is a copy, also of a Buffer', async () => {
    const writer = new DescriptorWriter(master, LIMITS, noFailure)
    const reused = Buffer.alloc(100_000, 'a')
    writer.write(reused)
    reused.fill('b')
    expect((await readAll(reused.length)).equals(Buffer.alloc(100_000, 'a'))).toBe(true)
  })

  test('no bytes are no reason to wait', async () => {
    const writer = new DescriptorWriter(master, LIMITS, noFailure)
    expect(writer.write(new Uint8Array())).toBe(true)
    await writer.drain()
  })
})

describe('a device that takes nothing', () => {
  test('past the limit of the queue nothing of a write is taken', async () => {
    const writer = new DescriptorWriter(master, { ...LIMITS, queueBytesMax: 100_000 }, noFailure)
    expect(writer.write(Buffer.alloc(100_000, 'a'))).toBe(true)
    expect(writer.write(Buffer.alloc(99_000, 'b'))).toBe(false)
    expect((await readAll(100_000)).includes('b')).toBe(false)
    await writer.drain()
    writer.write(Buffer.from('c'))
    expect((await readAll(1)).toString()).toBe('c')
  })

  test('is given up after the time allowed, once, and never from inside the call', async () => {
    const reasons: string[] = []
    const { seen, give } = signal<string>()
    const writer = new DescriptorWriter(master, { ...LIMITS, stallMs: 30 }, (reason) => {
      reasons.push(reason)
      give(reason)
    })
    writer.write(Buffer.alloc(500_000))
    expect(await seen).toBe('the device took no bytes for 0.03 s')
    await writer.drain()
    writer.write(Buffer.from('x'))
    await new Promise((resolve) => setTimeout(resolve, 40))
    expect(reasons).toHaveLength(1)
  })

  test('is not given up while it takes a little now and then', async () => {
    const writer = new DescriptorWriter(master, { ...LIMITS, stallMs: 500 }, noFailure)
    const all = pattern(120_000)
    writer.write(all)
    const startMs = performance.now()
    const chunks: Buffer[] = []
    let got = 0
    while (got < all.length) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      const chunk = readSome()
      chunks.push(chunk)
      got += chunk.length
    }
    expect(performance.now() - startMs).toBeGreaterThan(500)
    expect(Buffer.concat(chunks).equals(all)).toBe(true)
  })
})

describe('the end', () => {
  test('a device that is gone is a failure, told after the call', async () => {
    const { seen, give } = signal<string>()
    const made = openMaster()
    const gone = openTerminal(made.path)
    fs.closeSync(made.master)
    let isInside = true
    const writer = new DescriptorWriter(gone, LIMITS, (reason) => {
      expect(isInside).toBe(false)
      give(reason)
    })
    expect(writer.write(Buffer.from('x'))).toBe(true)
    isInside = false
    expect(await seen).toBe('writing to the device failed (EIO)')
    fs.closeSync(gone)
  })

  test('a stopped writer writes nothing more, for the number of its descriptor may belong to another by then', async () => {
    const writer = new DescriptorWriter(master, LIMITS, noFailure)
    writer.write(Buffer.alloc(100_000, 'a'))
    const drained = writer.drain()
    writer.stop()
    await drained
    let left = 0
    for (let chunk = readSome(); chunk.length > 0; chunk = readSome()) left += chunk.length
    expect(left).toBeLessThan(100_000)
    writer.write(Buffer.from('b'))
    await new Promise((resolve) => setTimeout(resolve, 20))
    while (readSome().includes('b')) expect.unreachable('a stopped writer wrote')
  })
})
