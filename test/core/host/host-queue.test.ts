import { beforeEach, describe, expect, test } from 'vitest'
import {
  HOST_QUEUE_HIGH_BYTES,
  HOST_QUEUE_LOW_BYTES,
  HostQueue,
} from '../../../agent/core/host/host-queue.ts'

let queue: HostQueue

function push(text: string, isActed = false): boolean {
  // Somewhere in the middle of a chunk, as lines come.
  const bytes = Buffer.from(`--${text}--`, 'latin1')
  return queue.push(bytes, 2, bytes.length - 2, isActed)
}

function first(): string {
  return Buffer.from(queue.buffer.subarray(queue.start, queue.end)).toString('latin1')
}

beforeEach(() => {
  queue = new HostQueue()
})

describe('the queue of a host', () => {
  test('gives lines back in their order, as they came', () => {
    for (const line of ['G28', '', 'M105\xff', 'G1 X5']) push(line)
    const out: string[] = []
    while (queue.length > 0) {
      out.push(first())
      queue.shift()
    }
    expect(out).toEqual(['G28', '', 'M105\xff', 'G1 X5'])
    expect(queue.waiting).toBe(0)
  })

  test('remembers what was obeyed when it came', () => {
    push('M105')
    push('M112', true)
    expect(queue.isActed).toBe(false)
    queue.shift()
    expect(queue.isActed).toBe(true)
  })

  test('keeps a copy: the chunk may be used again', () => {
    const chunk = Buffer.from('G28')
    queue.push(chunk, 0, 3, false)
    chunk.fill(0x58)
    expect(first()).toBe('G28')
  })

  test('counts what waits, and says when it is much and when it is little again', () => {
    const line = 'x'.repeat(64)
    while (!queue.isHigh) push(line)
    expect(queue.waiting).toBe(HOST_QUEUE_HIGH_BYTES)
    while (!queue.isLow) queue.shift()
    expect(queue.waiting).toBe(HOST_QUEUE_LOW_BYTES)
    expect(queue.isHigh).toBe(false)
  })

  test('counts lines as well: empty ones take no bytes', () => {
    let lines = 0
    while (!queue.isHigh) {
      push('')
      lines++
    }
    expect(lines).toBeLessThan(65_536)
    expect(queue.waiting).toBe(0)
  })

  test.each(['', 'G1 X5 Y5 E0.1', 'x'.repeat(4096)])(
    'is bounded, and refuses what does not fit (%#)',
    (line) => {
      let lines = 0
      while (push(line)) lines++
      expect(lines * line.length).toBeLessThanOrEqual(HOST_QUEUE_HIGH_BYTES + 2 * 65_536)
      expect(lines).toBeLessThanOrEqual(HOST_QUEUE_HIGH_BYTES + 65_536)
      expect(queue.length).toBe(lines)
      queue.shift()
      expect(push(line)).toBe(true)
      expect(queue.length).toBe(lines)
    },
  )

  test('asks the host to wait before much has come that goes on when it leaves without a word', () => {
    let lines = 0
    for (; !queue.isHigh; lines++) push('G1 X100.001 Y100.001 E0.12345')
    expect(lines).toBeLessThan(150)
    // And for longer than the next read takes: a printer takes a line in half a millisecond at best.
    while (!queue.isLow) queue.shift()
    expect(queue.length).toBeGreaterThan(30)
  })

  test('has room for a read and one more, of long lines or short, when it asks the host to wait', () => {
    for (const line of ['x'.repeat(100), 'x'.repeat(5), 'x']) {
      queue.clear()
      while (!queue.isHigh) push('w')
      const room = 2 * 65_536
      for (let bytes = 0; bytes < room; bytes += line.length + 1) expect(push(line)).toBe(true)
    }
  })

  test('never mixes lines up, however long it goes on without running empty', () => {
    let pushed = 0
    let taken = 0
    const line = (n: number): string => `G1 X${n} ${'e'.repeat(n % 90)}`
    push(line(pushed++))
    for (let round = 0; round < 60_000; round++) {
      // More in than out, until it is full; then as many.
      for (let i = 0; i < 2; i++) if (push(line(pushed), pushed % 3 === 0)) pushed++
      if (first() !== line(taken) || queue.isActed !== (taken > 0 && taken % 3 === 0))
        expect.fail(`line ${taken} came out as ${first()}`)
      queue.shift()
      taken++
    }
    expect(queue.length).toBe(pushed - taken)
  })

  test('forgets all when it is cleared', () => {
    push('G28')
    queue.clear()
    expect(queue.length).toBe(0)
    push('M105')
    expect(first()).toBe('M105')
  })
})
