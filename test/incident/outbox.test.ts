// What waits to be sent: in order, tried again, bounded, and given up when the agent ends.
import { describe, expect, test } from 'vitest'
import { Outbox, type OutboxOptions, type Outcome } from '../../agent/incident/outbox.ts'
import type { Sink } from '../../agent/incident/sink.ts'
import { Undeliverable } from '../../agent/incident/undeliverable.ts'
import { dispatch } from './dispatch.ts'

const PATIENCE = { firstMs: 1, longestMs: 2, attemptsMax: 4 }
const LONG = { firstMs: 3_600_000, longestMs: 3_600_000, attemptsMax: 9 }

/** A sink that fails as told, each time anew, and then takes everything. */
class FaultySink implements Sink {
  readonly tried: string[] = []
  readonly faults: Error[]

  constructor(faults: readonly Error[] = []) {
    this.faults = [...faults]
  }

  async send({ event }: Parameters<Sink['send']>[0]): Promise<void> {
    this.tried.push(event.subject)
    const fault = this.faults.shift()
    if (fault !== undefined) throw fault
  }
}

/** A sink that takes nothing until it is told to. */
class SlowSink implements Sink {
  readonly begun: string[] = []
  readonly #open: (() => void)[] = []

  send({ event }: Parameters<Sink['send']>[0], signal: AbortSignal): Promise<void> {
    this.begun.push(event.subject)
    return new Promise((resolve, reject) => {
      this.#open.push(resolve)
      signal.addEventListener('abort', () => reject(signal.reason))
    })
  }

  open(): void {
    for (const resolve of this.#open.splice(0)) resolve()
  }
}

function outbox(sink: Sink, more: Partial<OutboxOptions> = {}) {
  const outcomes: Outcome[] = []
  const box = new Outbox({ sink, told: (outcome) => outcomes.push(outcome), patience: PATIENCE, ...more })
  return { box, outcomes, put: (i: number) => box.put({ ...dispatch(i), incident: i }) }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('items are sent one after the other, and each is told of', async () => {
  const sink = new FaultySink()
  const { box, outcomes, put } = outbox(sink)
  for (const i of [1, 2, 3]) put(i)
  await box.idle()
  expect(sink.tried).toEqual(['emergency-stop-1', 'emergency-stop-2', 'emergency-stop-3'])
  expect(outcomes).toEqual([1, 2, 3].map((incident) => ({ incident, isSent: true })))
})

test('whoever puts something in does not wait for the sink', () => {
  const { box, put } = outbox(new SlowSink())
  put(1)
  put(2)
  expect(box.waiting).toBe(1)
})

test('what fails is tried again, and told of once', async () => {
  const sink = new FaultySink([new Error('gone'), new Error('gone')])
  const { box, outcomes, put } = outbox(sink)
  put(1)
  await box.idle()
  expect(sink.tried).toHaveLength(3)
  expect(outcomes).toEqual([{ incident: 1, isSent: true }])
})

test('what fails too often is given up, and the next has its turn', async () => {
  const sink = new FaultySink(Array(4).fill(new Error('gone')))
  const { box, outcomes, put } = outbox(sink)
  put(1)
  put(2)
  await box.idle()
  expect(outcomes).toEqual([
    { incident: 1, isSent: false, why: 'gone' },
    { incident: 2, isSent: true },
  ])
})

test('what was refused for good is not tried again', async () => {
  const sink = new FaultySink([new Undeliverable('no')])
  const { box, outcomes, put } = outbox(sink)
  put(1)
  await box.idle()
  expect(sink.tried).toHaveLength(1)
  expect(outcomes).toEqual([{ incident: 1, isSent: false, why: 'no' }])
})

test('of too many the oldest are dropped, and each of them is told of', async () => {
  const sink = new SlowSink()
  const { box, outcomes, put } = outbox(sink, { waitingMax: 2 })
  for (const i of [1, 2, 3, 4, 5]) put(i)
  expect(box.waiting).toBe(2)
  const why = 'too many waited to be sent'
  expect(outcomes).toEqual([
    { incident: 2, isSent: false, why },
    { incident: 3, isSent: false, why },
  ])
  for (let i = 0; i < 4; i++) {
    sink.open()
    await turn()
  }
  expect(sink.begun).toEqual([1, 4, 5].map((i) => `emergency-stop-${i}`))
})

describe('an agent that ends', () => {
  test('does not wait for what is being sent, and says nothing of it', async () => {
    const { box, outcomes, put } = outbox(new SlowSink(), { patience: LONG })
    put(1)
    put(2)
    await box.close()
    expect([outcomes, box.waiting]).toEqual([[], 0])
  })

  test('does not wait for the next attempt', async () => {
    const sink = new FaultySink(Array(9).fill(new Error('gone')))
    const { box, outcomes, put } = outbox(sink, { patience: LONG })
    put(1)
    await turn()
    await box.close()
    expect([sink.tried.length, outcomes]).toEqual([1, []])
  })

  test('takes nothing more', async () => {
    const sink = new FaultySink()
    const { box, put } = outbox(sink)
    await box.close()
    put(1)
    await box.idle()
    expect(sink.tried).toEqual([])
  })
})
