import { once } from 'node:events'
import net from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { askForSecret, SecretKeeper, type SecretVerdict } from '../../agent/serial/tcp-secret.ts'
import { signal } from './heard.ts'

const WRONG = { ok: false, line: 'echo:the secret is wrong or missing' }
/** A little over the shortest. */
const SECRET = 's3cret of the lab'

let keeper: SecretKeeper

beforeEach(() => {
  keeper = new SecretKeeper(SECRET)
})

const judge = (text: string, by = keeper) => by.judge(Buffer.from(text))

describe('the first line', () => {
  test('with the secret is accepted with either line end, and the rest is handed back', () => {
    expect(judge(`Bearer ${SECRET}\nM105\n`)).toEqual({ ok: true, rest: Buffer.from('M105\n') })
    expect(judge(`Bearer ${SECRET}\r\n`)).toEqual({ ok: true, rest: Buffer.alloc(0) })
  })

  test('that is anything else is wrong', () => {
    for (const line of [
      '',
      'Bearer ',
      `Bearer ${SECRET.slice(0, -1)}`,
      `Bearer ${SECRET}s`,
      ` Bearer ${SECRET}`,
      `Bearer ${SECRET}\r\r`,
    ]) {
      expect(judge(`${line}\n`)).toEqual(WRONG)
    }
    expect(judge(`Bearer ${SECRET.toUpperCase()}\n`)).toEqual(WRONG)
    expect(judge(`\0Bearer ${SECRET}\n`)).toEqual(WRONG)
  })

  test('that has not ended is waited for', () => {
    const whole = `Bearer ${SECRET}\r\n`
    for (let at = 0; at < whole.length; at++) expect(judge(whole.slice(0, at))).toBeUndefined()
  })

  test('may be 256 bytes long and not one more, ended or not', () => {
    const longest = 's'.repeat(256 - 'Bearer '.length)
    const other = new SecretKeeper(longest)
    expect(judge(`Bearer ${longest}\r\n`, other)).toMatchObject({ ok: true })
    expect(judge(`Bearer ${longest}\r`, other)).toBeUndefined()
    expect(judge(`Bearer ${longest}x\n`, other)).toEqual(WRONG)
    expect(judge('x'.repeat(258), other)).toEqual(WRONG)
  })

  test('is bytes: a secret beyond ASCII is compared in UTF-8', () => {
    const other = new SecretKeeper('ein langer Schlüssel')
    expect(judge('Bearer ein langer Schlüssel\n', other)).toMatchObject({ ok: true })
    expect(other.judge(Buffer.from('Bearer ein langer Schlüssel\n', 'latin1'))).toEqual(WRONG)
  })

  test('of a secret that cannot be one is a fault of the caller', () => {
    expect(() => new SecretKeeper('fifteen letters')).toThrow('too long to be guessed')
    expect(() => new SecretKeeper('x'.repeat(250))).toThrow('fits in its line')
    expect(() => new SecretKeeper('sixteen letters\nb')).toThrow('is one line')
  })
})

describe('wrong secrets', () => {
  test('however many keep nobody out who has the right one', () => {
    for (let turn = 0; turn < 1000; turn++) expect(judge(`Bearer ${turn}\n`)).toEqual(WRONG)
    expect(judge(`Bearer ${SECRET}\nM105\n`)).toEqual({ ok: true, rest: Buffer.from('M105\n') })
  })
})

describe('a connection', () => {
  let server: net.Server
  let client: net.Socket
  let socket: net.Socket

  beforeEach(async () => {
    const { seen, give } = signal<net.Socket>()
    server = net.createServer(give).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    client = net.connect(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1')
    socket = await seen
  })

  afterEach(() => {
    vi.useRealTimers()
    client.destroy()
    socket.destroy()
    server.close()
  })

  test('that says nothing is given up after five seconds', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const verdicts: SecretVerdict[] = []
    askForSecret(socket, keeper, (verdict) => verdicts.push(verdict))
    vi.advanceTimersByTime(4999)
    expect(verdicts).toEqual([])
    vi.advanceTimersByTime(1)
    expect(verdicts).toEqual([WRONG])
    vi.advanceTimersByTime(60_000)
    expect(verdicts).toHaveLength(1)
  })

  test('that is judged is left paused, with nobody listening to it', async () => {
    const { seen, give } = signal<SecretVerdict>()
    askForSecret(socket, keeper, give)
    for (const byte of `Bearer ${SECRET}\nG1`) client.write(byte)
    expect((await seen).ok).toBe(true)
    expect(socket.isPaused()).toBe(true)
    expect(socket.listenerCount('data')).toBe(0)
  })

  test('that ends first is told of to nobody', async () => {
    const verdicts: SecretVerdict[] = []
    askForSecret(socket, keeper, (verdict) => verdicts.push(verdict))
    client.end('Bearer s3cr')
    await once(socket, 'close')
    expect(verdicts).toEqual([])
  })
})
