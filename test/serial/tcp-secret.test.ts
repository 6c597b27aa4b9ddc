import { once } from 'node:events'
import net from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { askForSecret, SecretKeeper, type SecretVerdict } from '../../agent/serial/tcp-secret.ts'
import { signal } from './heard.ts'

const WRONG = { ok: false, line: 'echo:the secret is wrong or missing' }
const TOO_MANY = { ok: false, line: 'echo:too many wrong secrets came from there, try again in a minute' }
const HERE = '192.0.2.1'

let nowMs: number
let keeper: SecretKeeper

beforeEach(() => {
  nowMs = 1000
  keeper = new SecretKeeper('s3cret', () => nowMs)
})

const judge = (text: string, address = HERE) => keeper.judge(Buffer.from(text), address)
const guess = (address = HERE, count = 1) => {
  for (let turn = 0; turn < count; turn++) expect(judge(`Bearer ${turn}\n`, address)).toEqual(WRONG)
}

describe('the first line', () => {
  test('with the secret is accepted with either line end, and the rest is handed back', () => {
    expect(judge('Bearer s3cret\nM105\n')).toEqual({ ok: true, rest: Buffer.from('M105\n') })
    expect(judge('Bearer s3cret\r\n')).toEqual({ ok: true, rest: Buffer.alloc(0) })
  })

  test('that is anything else is wrong', () => {
    for (const line of [
      '',
      'Bearer ',
      'Bearer s3cre',
      'Bearer s3crets',
      ' Bearer s3cret',
      'Bearer s3cret\r\r',
    ]) {
      expect(judge(`${line}\n`, line)).toEqual(WRONG)
    }
    expect(judge('Bearer S3CRET\n')).toEqual(WRONG)
    expect(judge('\0Bearer s3cret\n')).toEqual(WRONG)
  })

  test('that has not ended is waited for', () => {
    const whole = 'Bearer s3cret\r\n'
    for (let at = 0; at < whole.length; at++) expect(judge(whole.slice(0, at))).toBeUndefined()
  })

  test('may be 256 bytes long and not one more, ended or not', () => {
    const longest = 's'.repeat(256 - 'Bearer '.length)
    const other = new SecretKeeper(longest)
    expect(other.judge(Buffer.from(`Bearer ${longest}\r\n`), HERE)).toMatchObject({ ok: true })
    expect(other.judge(Buffer.from(`Bearer ${longest}\r`), HERE)).toBeUndefined()
    expect(other.judge(Buffer.from(`Bearer ${longest}x\n`), HERE)).toEqual(WRONG)
    expect(other.judge(Buffer.alloc(258, 'x'), HERE)).toEqual(WRONG)
  })

  test('is bytes: a secret beyond ASCII is compared in UTF-8', () => {
    const other = new SecretKeeper('schlüssel')
    expect(other.judge(Buffer.from('Bearer schlüssel\n'), HERE)).toMatchObject({ ok: true })
    expect(other.judge(Buffer.from('Bearer schlüssel\n', 'latin1'), HERE)).toEqual(WRONG)
  })

  test('of a secret that cannot be one is a fault of the caller', () => {
    expect(() => new SecretKeeper('')).toThrow('fits in its line')
    expect(() => new SecretKeeper('x'.repeat(250))).toThrow('fits in its line')
    expect(() => new SecretKeeper('a\nb')).toThrow('is one line')
  })
})

describe('guesses', () => {
  test('past ten in a minute are not even compared, the right one neither', () => {
    guess(HERE, 10)
    expect(judge('Bearer 11\n')).toEqual(TOO_MANY)
    expect(judge('Bearer s3cret\n')).toEqual(TOO_MANY)
    nowMs += 59_999
    expect(judge('Bearer s3cret\n')).toEqual(TOO_MANY)
    nowMs += 1
    expect(judge('Bearer s3cret\n')).toMatchObject({ ok: true })
  })

  test('refused for their number do not make the wait longer', () => {
    guess(HERE, 10)
    nowMs += 30_000
    for (let turn = 0; turn < 100; turn++) expect(judge('Bearer x\n')).toEqual(TOO_MANY)
    nowMs += 30_000
    expect(judge('Bearer s3cret\n')).toMatchObject({ ok: true })
  })

  test('from one network are no reason to refuse another', () => {
    guess(HERE, 10)
    expect(judge('Bearer s3cret\n', '192.0.2.2')).toMatchObject({ ok: true })
    expect(judge('Bearer s3cret\n', `::ffff:${HERE}`)).toEqual(TOO_MANY)
  })

  test('from all addresses of an IPv6 network count together, however they are written', () => {
    const same = ['2001:db8::1', '2001:db8:0:0:ffff::', '2001:db8::5:6:7:8', '2001:db8:0:0:1:2:3:4']
    for (const address of [...same, ...same]) guess(address)
    guess(same[0], 2)
    for (const address of same) expect(judge('Bearer s3cret\n', address)).toEqual(TOO_MANY)
    for (const address of ['2001:db8:0:1::1', '::1', 'fe80::1%eth0']) {
      expect(judge('Bearer s3cret\n', address)).toMatchObject({ ok: true })
    }
  })

  test('are forgotten one network at a time when there are very many', () => {
    guess(HERE, 10)
    for (let turn = 0; turn < 1023; turn++) guess(`10.0.${turn >> 8}.${turn & 255}`)
    expect(judge('Bearer s3cret\n')).toEqual(TOO_MANY)
    guess('10.1.0.0')
    expect(judge('Bearer s3cret\n')).toMatchObject({ ok: true })
  })

  test('that never ended are none', () => {
    for (let turn = 0; turn < 100; turn++) expect(judge('x'.repeat(300))).toEqual(WRONG)
    expect(judge('Bearer s3cret\n')).toMatchObject({ ok: true })
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
    for (const byte of 'Bearer s3cret\nG1') client.write(byte)
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
