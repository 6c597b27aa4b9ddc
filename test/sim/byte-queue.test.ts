import { describe, expect, test } from 'vitest'
import { ByteQueue } from '../../agent/sim/byte-queue.ts'

function drain(queue: ByteQueue): number[] {
  const bytes: number[] = []
  for (let byte = queue.shift(); byte !== undefined; byte = queue.shift()) bytes.push(byte)
  return bytes
}

describe('a byte queue', () => {
  test('gives bytes in the order in which they came, however it grew meanwhile', () => {
    const queue = new ByteQueue(10_000)
    const given: number[] = []
    const taken: number[] = []
    for (let i = 0; i < 5000; i++) {
      given.push(i & 0xff)
      expect(queue.push(i & 0xff)).toBe(true)
      if (i % 3 === 0) taken.push(queue.shift()!)
    }
    expect(queue.length).toBe(given.length - taken.length)
    expect([...taken, ...drain(queue)]).toEqual(given)
  })

  test('refuses what does not fit, and nothing else', () => {
    const queue = new ByteQueue(2)
    expect([queue.push(1), queue.push(2), queue.push(3)]).toEqual([true, true, false])
    expect(drain(queue)).toEqual([1, 2])
    expect(queue.push(4)).toBe(true)
  })

  test('is empty after it was cleared', () => {
    const queue = new ByteQueue(8)
    queue.push(1)
    queue.clear()
    expect([queue.length, queue.shift()]).toEqual([0, undefined])
  })

  test('moves its bytes instead of growing while it is half empty', () => {
    const queue = new ByteQueue(1000)
    for (let i = 0; i < 100_000; i++) {
      queue.push(i & 0xff)
      expect(queue.shift()).toBe(i & 0xff)
    }
  })
})
