import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { askGate, type ControlAnswer } from '../../agent/control/index.ts'
import { AgentError } from '../../agent/errors.ts'
import { RawClient, serveStub } from './gate-stub.ts'

const STATUS = '{"do":"status"}\n'

/** Something that comes later, and who waits for it. */
function later<T>(): { readonly promise: Promise<T>; readonly give: (value: T) => void } {
  let give: (value: T) => void = () => {}
  const promise = new Promise<T>((resolve) => {
    give = resolve
  })
  return { promise, give }
}

describe('a request', () => {
  test('of each kind reaches the gate with all that was said', async () => {
    const { gate, path } = await serveStub()
    gate.armed = async (request) => ({ ok: true, message: JSON.stringify(request) })
    const arm = {
      do: 'arm',
      path: '/home/ada/bracket.gcode',
      name: 'bracket',
      licence: 'ey',
      user: 'Ada',
    } as const
    expect(JSON.parse((await askGate(path, arm)).message)).toEqual(arm)
    await askGate(path, { do: 'disarm', by: 'ada' })
    await askGate(path, { do: 'clear', by: 'root (sudo by ada)' })
    await askGate(path, { do: 'stop', by: 'ada' })
    await askGate(path, { do: 'stop', by: 'ada', reason: 'it smells' })
    expect(gate.asked).toEqual([
      'arm /home/ada/bracket.gcode',
      'disarm by ada',
      'clear by root (sudo by ada)',
      'stop by ada: undefined',
      'stop by ada: it smells',
    ])
  })

  test('may come byte by byte, and what follows it is nothing to the gate', async () => {
    const { gate, path } = await serveStub()
    const client = new RawClient(path)
    for (const byte of STATUS.trimEnd()) {
      client.socket.write(byte)
      await sleep(1)
    }
    client.socket.write('\n{"do":"clear","by":"x"}\n')
    expect(JSON.parse(await client.ended)).toMatchObject({ ok: true, status: { state: 'idle' } })
    expect(gate.asked).toEqual(['status'])
  })

  test('may be the last that its client says', async () => {
    const { path } = await serveStub()
    const client = new RawClient(path)
    client.socket.end(STATUS)
    expect(JSON.parse(await client.ended)).toMatchObject({ ok: true })
  })

  const NOT_UNDERSTOOD = 'the gate does not understand this request; is it of another version?'
  const long = (length: number) => 'x'.repeat(length)
  test.each([
    ['no JSON', 'status\n'],
    ['nothing', '\n'],
    ['null', 'null\n'],
    ['a list', '[]\n'],
    ['an unknown act', '{"do":"open"}\n'],
    ['an act of the prototype', '{"do":"__proto__"}\n'],
    ['an unknown member', '{"do":"status","more":1}\n'],
    ['no person', '{"do":"clear"}\n'],
    ['a job without path', '{"do":"arm"}\n'],
    ['a job with a relative path', '{"do":"arm","path":"a.gcode"}\n'],
    ['a job with a zero byte in its path', '{"do":"arm","path":"/a\\u0000"}\n'],
    ['a job with too long a path', `{"do":"arm","path":"/${long(4096)}"}\n`],
    ['a licence that is too long', `{"do":"arm","path":"/a","licence":"${long(256 * 1024 + 1)}"}\n`],
    ['bytes that are no UTF-8', Buffer.from('{"do":"clear","by":"\xff"}\n', 'latin1')],
  ])('that is %s is refused, and the gate is not asked', async (_, text) => {
    const { gate, path } = await serveStub()
    const answer = await new RawClient(path).ask(text)
    expect(answer).toEqual({ ok: false, code: 'USAGE', message: NOT_UNDERSTOOD })
    expect(gate.asked).toEqual([])
  })

  test.each([
    ['no name', '', 'is blank'],
    ['two lines', 'ada\nok', 'cannot be shown'],
    ['text that is turned round', 'ada\u202e', 'cannot be shown'],
    ['too many letters', long(201), 'more than 200 characters'],
  ])('of a person of %s is refused with words, and the gate is not asked', async (_, by, why) => {
    const { gate, path } = await serveStub()
    const answer = await new RawClient(path).ask(`${JSON.stringify({ do: 'clear', by })}\n`)
    expect(answer).toMatchObject({ ok: false, code: 'USAGE', message: expect.stringContaining(why) })
    expect(gate.asked).toEqual([])
  })

  test('that does not end is refused once it is too long', async () => {
    const { gate, path } = await serveStub()
    const answer = await new RawClient(path).ask(long(512 * 1024 + 1))
    expect(answer).toMatchObject({ message: 'the request is longer than the limit of 524288 bytes' })
    expect(gate.asked).toEqual([])
  })

  test('that does not come is not waited for', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const { gate, path } = await serveStub()
      const client = new RawClient(path)
      client.socket.write('{"do":')
      // The gate's limit runs from when it sees the client.
      await expect.poll(() => vi.getTimerCount(), { interval: 5 }).toBeGreaterThan(0)
      vi.advanceTimersByTime(5000)
      expect(JSON.parse(await client.ended)).toMatchObject({ message: 'no request came within 5 s' })
      expect(gate.asked).toEqual([])
    } finally {
      vi.useRealTimers()
    }
  })

  test('that a client breaks off is forgotten', async () => {
    const { gate, path } = await serveStub()
    const client = new RawClient(path)
    client.socket.end('{"do":"status"')
    expect(JSON.parse(await client.ended)).toMatchObject({ ok: false, message: 'no request came' })
    expect(gate.asked).toEqual([])
  })
})

describe('a handler that fails', () => {
  test('with an error of the agent answers with its code and sentences, in one line', async () => {
    const { gate, path } = await serveStub()
    gate.failure = new AgentError('POLICY_INVALID', ['one', 'two'])
    const answer = { ok: false, code: 'POLICY_INVALID', message: 'one; two' }
    expect(await askGate(path, { do: 'status' })).toEqual(answer)
    expect(await askGate(path, { do: 'clear', by: 'ada' })).toEqual(answer)
    expect(await askGate(path, { do: 'arm', path: '/a' })).toEqual(answer)
  })

  test.each([[new RangeError('a bug')], ['a bug']])('with %o answers all the same', async (failure) => {
    const { gate, path } = await serveStub()
    gate.failure = failure
    const answer = { ok: false, code: 'INTERNAL', message: 'internal fault of the gate: a bug' }
    expect(await askGate(path, { do: 'stop', by: 'ada' })).toEqual(answer)
    gate.failure = undefined
    expect(await askGate(path, { do: 'status' })).toMatchObject({ ok: true })
  })
})

describe('an answer', () => {
  test('too large for a client keeps its sentence and loses its decision', async () => {
    const { gate, path } = await serveStub()
    gate.armed = async () => ({
      ok: false,
      code: 'DENIED',
      message: 'denied',
      decision: 'x'.repeat(1024 * 1024),
    })
    expect(await askGate(path, { do: 'arm', path: '/a' })).toEqual({
      ok: false,
      code: 'DENIED',
      message: 'denied',
    })
  })

  test('of endless words is cut', async () => {
    const { gate, path } = await serveStub()
    gate.armed = async () => ({ ok: true, message: 'x'.repeat(100_000) })
    expect((await askGate(path, { do: 'arm', path: '/a' })).message).toHaveLength(8192)
  })
})

describe('while a job is inspected', () => {
  test('whoever asked is told how far it is', async () => {
    const { gate, path } = await serveStub()
    gate.armed = async (_, progress) => {
      for (const bytes of [10, 20]) {
        progress(bytes)
        await sleep(20)
      }
      return { ok: true, message: 'armed' }
    }
    const seen: number[] = []
    await askGate(path, { do: 'arm', path: '/a' }, (bytes) => seen.push(bytes))
    expect(seen).toEqual([10, 20])
  })

  test('a second one has to wait, and everything else is answered', async () => {
    const { gate, path } = await serveStub()
    const answer = later<ControlAnswer>()
    gate.armed = () => answer.promise
    const first = askGate(path, { do: 'arm', path: '/a' })
    await expect.poll(() => gate.asked).toEqual(['arm /a'])
    expect(await askGate(path, { do: 'arm', path: '/b' })).toEqual({
      ok: false,
      code: 'USAGE',
      message: 'another job is being inspected; ask again when it is done',
    })
    expect(await askGate(path, { do: 'stop', by: 'ada' })).toMatchObject({ ok: true })
    answer.give({ ok: true, message: 'armed' })
    expect(await first).toMatchObject({ ok: true })
    expect(await askGate(path, { do: 'arm', path: '/b' })).toMatchObject({ ok: true })
    expect(gate.asked).toEqual(['arm /a', 'stop by ada: undefined', 'arm /b'])
  })

  test.each(['end', 'destroy'] as const)(
    'a client that goes (%s) is noticed and breaks nothing',
    async (how) => {
      const { gate, path } = await serveStub()
      const answer = later<ControlAnswer>()
      const gone = later<void>()
      gate.armed = (_, progress, signal) => {
        signal.addEventListener('abort', () => {
          progress(1)
          gone.give()
        })
        progress(0)
        return answer.promise
      }
      const client = new RawClient(path)
      client.socket.write('{"do":"arm","path":"/a"}\n')
      await expect.poll(() => client.heard).toBe('{"progress":0}\n')
      client.socket[how]()
      await gone.promise
      answer.give({ ok: true, message: 'armed' })
      await client.ended
      expect(await askGate(path, { do: 'status' })).toMatchObject({ ok: true })
    },
  )

  test('a client that goes once it is answered interrupts nothing', async () => {
    const { gate, path } = await serveStub()
    const seen = later<AbortSignal>()
    gate.armed = async (_, __, signal) => {
      seen.give(signal)
      return { ok: true, message: 'armed' }
    }
    await askGate(path, { do: 'arm', path: '/a' })
    await askGate(path, { do: 'status' })
    expect((await seen.promise).aborted).toBe(false)
  })

  test('a client that does not read is not written to without end', async () => {
    const { gate, path } = await serveStub()
    const done = later<void>()
    gate.armed = async (_, progress) => {
      for (let bytes = 0; bytes < 200_000; bytes++) progress(bytes)
      done.give()
      return { ok: true, message: 'armed' }
    }
    const client = new RawClient(path)
    client.socket.pause()
    client.socket.write('{"do":"arm","path":"/a"}\n')
    await done.promise
    client.socket.resume()
    const lines = (await client.ended).trimEnd().split('\n')
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual({ ok: true, message: 'armed' })
    expect(lines.length).toBeLessThan(20_000)
  })
})

describe('many clients at once', () => {
  test('are eight; the next is told, and served when one has gone', async () => {
    const { path } = await serveStub()
    const silent = Array.from({ length: 8 }, () => new RawClient(path))
    await Promise.all(silent.map((client) => new Promise((resolve) => client.socket.on('connect', resolve))))
    expect(await askGate(path, { do: 'status' })).toEqual({
      ok: false,
      code: 'USAGE',
      message: 'the gate answers 8 others; ask again',
    })
    silent[0]?.socket.destroy()
    await expect.poll(() => askGate(path, { do: 'status' })).toMatchObject({ ok: true })
  })

  test('come and go by the hundred', async () => {
    const { gate, path } = await serveStub()
    for (let turn = 0; turn < 300; turn++) await askGate(path, { do: 'status' })
    expect(gate.asked).toHaveLength(300)
  })

  test('are hung up on when the gate ends', async () => {
    const { gate, path, server } = await serveStub()
    gate.armed = () => new Promise(() => {})
    const asking = askGate(path, { do: 'arm', path: '/a' })
    const silent = new RawClient(path)
    await expect.poll(() => gate.asked).toEqual(['arm /a'])
    const hungUp = expect(asking).rejects.toMatchObject({
      code: 'INTERRUPTED',
      message: 'the gate hung up before it answered; see `portcullis status`',
    })
    await server.close()
    await hungUp
    expect(await silent.ended).toBe('')
  })
})
