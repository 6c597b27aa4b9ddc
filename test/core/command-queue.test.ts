import { expect, test } from 'vitest'
import { CommandQueue, QUEUE_BYTES } from '../../agent/core/command-queue.ts'

const push = (queue: CommandQueue, text: string, isCounted = true): void => {
  const bytes = Buffer.from(`..${text}..`)
  queue.push(bytes, 2, bytes.length - 2, isCounted)
}

const first = (queue: CommandQueue): string =>
  Buffer.from(queue.buffer.subarray(queue.start, queue.end)).toString()

test('commands come out as they went in, first in first out', () => {
  const queue = new CommandQueue()
  push(queue, 'G28')
  push(queue, 'M105', false)
  push(queue, 'G1 X1')
  const seen: [string, boolean][] = []
  while (queue.length > 0) {
    seen.push([first(queue), queue.isCounted])
    queue.shift()
  }
  expect(seen).toEqual([
    ['G28', true],
    ['M105', false],
    ['G1 X1', true],
  ])
})

test('each command keeps how far it pushes the extruder', () => {
  const queue = new CommandQueue()
  const bytes = Buffer.from('G1 E1')
  for (const pushed of [1000, -2000, 2_000_000_000]) queue.push(bytes, 0, bytes.length, true, pushed)
  queue.push(bytes, 0, bytes.length, true)
  const seen: number[] = []
  for (; queue.length > 0; queue.shift()) seen.push(queue.pushed)
  expect(seen).toEqual([1000, -2000, 2_000_000_000, 0])
})

test('the bytes pushed are copied, so that their buffer may be used again', () => {
  const queue = new CommandQueue()
  const bytes = Buffer.from('G1 X1')
  queue.push(bytes, 0, bytes.length, true)
  bytes.fill(0)
  expect(first(queue)).toBe('G1 X1')
})

test('all the room is back once the queue has run empty', () => {
  const queue = new CommandQueue()
  push(queue, 'x'.repeat(1000))
  push(queue, 'y')
  expect(queue.room).toBe(QUEUE_BYTES - 1001)
  queue.shift()
  expect(queue.room).toBe(QUEUE_BYTES - 1001)
  queue.shift()
  expect(queue.room).toBe(QUEUE_BYTES)
})

test('a cleared queue holds nothing', () => {
  const queue = new CommandQueue()
  push(queue, 'G28')
  queue.clear()
  expect(queue.length).toBe(0)
  expect(queue.room).toBe(QUEUE_BYTES)
})

test('what does not fit is a bug, and nothing of it is queued', () => {
  const queue = new CommandQueue()
  push(queue, 'x'.repeat(QUEUE_BYTES - 2))
  expect(() => push(queue, 'G28')).toThrow('the queue has room')
  expect(queue.length).toBe(1)
})

test('taking from an empty queue is a bug', () => {
  expect(() => new CommandQueue().shift()).toThrow('only a command that is there is taken')
})
