// A witness over real HTTP: every rule of C2SP tlog-witness, and what a stranger may try.
import { once } from 'node:events'
import { request } from 'node:http'
import net from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { isProblem, parseSignatureLines, printNoteKey, signersOf } from '../../agent/verify/index.ts'
import { serveWitness, Witness, type WitnessServer } from '../../agent/witness/index.ts'
import { originHash } from '../../agent/witness/origin-store.ts'
import type { WitnessServerLimits } from '../../agent/witness/witness-server.ts'
import { scratchFolder } from '../audit/records.ts'
import { testSigner } from '../verify/signing.ts'
import { eventually } from './places.ts'
import { newSigner, TestLog, Told } from './test-log.ts'

const ORIGIN = 'example.test/log'
const log = (size: number): TestLog => new TestLog(ORIGIN, size)

const servers: WitnessServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

interface Place {
  readonly url: string
  readonly port: number
  readonly witness: Witness
  readonly server: WitnessServer
}

async function place(limits: WitnessServerLimits = {}, known: TestLog = log(0)): Promise<Place> {
  const logger = new Told()
  const logs = new Map([[known.origin, [known.key]]])
  const signer = newSigner('witness.test/w')
  const witness = await Witness.open({ dir: join(scratchFolder(), 'witness'), signer, logs, logger })
  const server = await serveWitness(witness, { host: '127.0.0.1', port: 0 }, logger, limits)
  servers.push(server)
  return { url: server.url, port: Number(new URL(server.url).port), witness, server }
}

interface Answered {
  readonly status: number
  readonly type: string | null
  readonly body: string
}

async function post(url: string, body: string | Uint8Array): Promise<Answered> {
  const response = await fetch(`${url}/add-checkpoint`, { method: 'POST', body })
  return { status: response.status, type: response.headers.get('content-type'), body: await response.text() }
}

/** Sends bytes as they are and answers what comes back until the other end hangs up. */
async function raw(port: number, bytes: string): Promise<string> {
  const socket = net.connect(port, '127.0.0.1')
  let text = ''
  socket.on('error', () => {})
  socket.on('data', (part: Buffer) => {
    text += part.toString('latin1')
  })
  socket.write(bytes)
  await once(socket, 'close')
  return text
}

describe('POST /add-checkpoint', () => {
  test('answers 200 with a cosignature, from no size and from the size that the witness knows', async () => {
    const { url, witness } = await place()
    for (const [old, size] of [
      [0, 5],
      [5, 5],
      [5, 9],
    ] as const) {
      const answer = await post(url, log(size).submission(old))
      expect(answer.status).toBe(200)
      const signatures = parseSignatureLines(answer.body)
      if (isProblem(signatures)) throw new Error(signatures.problem)
      const signers = signersOf({ text: log(size).text(), signatures }, [witness.signer.key])
      expect(signers).toMatchObject([{ key: witness.signer.key, timestamp: expect.any(Number) }])
    }
  })

  test('answers 404 to an origin that it does not know', async () => {
    const { url } = await place()
    expect(await post(url, new TestLog('example.test/unknown', 5).submission(0))).toMatchObject({
      status: 404,
    })
  })

  test('answers 403 where no key that it trusts has signed, and to a trusted key’s name with another signature', async () => {
    const { url } = await place()
    const text = log(5).text()
    const stranger = testSigner(ORIGIN, 1, 'another key of the same name')
    expect(await post(url, `old 0\n\n${text}\n${stranger.line(text)}`)).toMatchObject({ status: 403 })
    const replayed = log(5).signer.line(log(6).text())
    expect(await post(url, `old 0\n\n${text}\n${replayed}`)).toMatchObject({ status: 403 })
  })

  test('passes over the signatures of keys that it does not know', async () => {
    const { url } = await place()
    const text = log(5).text()
    const stranger = testSigner(ORIGIN, 1, 'another key of the same name')
    const body = `old 0\n\n${text}\n${stranger.line(text)}${log(5).signer.line(text)}`
    expect(await post(url, body)).toMatchObject({ status: 200 })
  })

  test('answers 400 to what is malformed, and to an old size above the checkpoint’s', async () => {
    const { url } = await place()
    for (const body of ['', 'old 0\n', 'old 00\n\n', `old 0\nx\n\n${log(5).note()}`, Buffer.alloc(500, 0xff)])
      expect(await post(url, body)).toMatchObject({ status: 400 })
    expect(await post(url, `old 6\n\n${log(5).note()}`)).toMatchObject({
      status: 400,
      body: 'the old size is above the size of the checkpoint\n',
    })
  })

  test('answers 409 with its size as text/x.tlog.size where the old size is not that', async () => {
    const { url } = await place()
    expect(await post(url, log(5).submission(3))).toEqual({
      status: 409,
      type: 'text/x.tlog.size',
      body: '0\n',
    })
    await post(url, log(7).submission(0))
    for (const old of [0, 3, 8])
      expect(await post(url, log(9).submission(old))).toEqual({
        status: 409,
        type: 'text/x.tlog.size',
        body: '7\n',
      })
  })

  test('answers 409 to another root of the size that it knows', async () => {
    const { url } = await place()
    await post(url, log(5).submission(0))
    expect(await post(url, log(5).fork(2, 5).submission(5))).toMatchObject({ status: 409 })
  })

  test('answers 422 to a proof that does not verify', async () => {
    const { url } = await place()
    const hash = Buffer.alloc(32).toString('base64')
    expect(await post(url, `old 0\n${hash}\n\n${log(5).note()}`)).toMatchObject({ status: 422 })
    await post(url, log(5).submission(0))
    const lines = log(9).submission(5).split('\n')
    expect(await post(url, lines.toSpliced(1, 1).join('\n'))).toMatchObject({ status: 422 })
    expect(await post(url, lines.toSpliced(1, 0, hash).join('\n'))).toMatchObject({ status: 422 })
    expect(await post(url, lines.toSpliced(1, 1, hash).join('\n'))).toMatchObject({ status: 422 })
    expect(await post(url, `old 5\n${hash}\n\n${log(5).note()}`)).toMatchObject({ status: 422 })
    expect(await post(url, log(5).fork(2, 9).submission(5))).toMatchObject({ status: 422 })
    expect(await post(url, log(9).submission(5))).toMatchObject({ status: 200 })
  })

  test('checks in the order of the specification: form, origin, signature, sizes, proof', async () => {
    const { url } = await place()
    const unknown = new TestLog('example.test/unknown', 5)
    expect(await post(url, `old 9\n\n${unknown.note()}`)).toMatchObject({ status: 404 })
    const text = log(5).text()
    const forged = testSigner(ORIGIN, 1, 'x').line(text)
    expect(await post(url, `old 9\n\n${text}\n${forged}`)).toMatchObject({ status: 403 })
    const hash = Buffer.alloc(32).toString('base64')
    expect(await post(url, `old 9\n${hash}\n\n${log(5).note()}`)).toMatchObject({ status: 400 })
    expect(await post(url, `old 3\n${hash}\n\n${log(5).note()}`)).toMatchObject({ status: 409 })
  })

  test('of two clients at the same time lets one through', async () => {
    const { url } = await place()
    await post(url, log(5).submission(0))
    const answers = await Promise.all([post(url, log(9).submission(5)), post(url, log(7).submission(5))])
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([200, 409])
    const [cosigned] = [9, 7].filter((_, i) => answers[i]?.status === 200)
    expect(answers.find(({ status }) => status === 409)?.body).toBe(`${cosigned}\n`)
  })

  test('takes several requests over one connection', async () => {
    const { port } = await place()
    const say = (body: string, more = ''): string =>
      `POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`
    const text = await raw(
      port,
      say(log(5).submission(0)) +
        say(log(9).submission(5)) +
        say(log(7).submission(3), 'connection: close\r\n'),
    )
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 409'])
  })

  test('takes a body in chunks', async () => {
    const { port } = await place()
    const body = Buffer.from(log(5).submission(0))
    const sent = request({ port, host: '127.0.0.1', path: '/add-checkpoint', method: 'POST' })
    for (let at = 0; at < body.length; at += 50) sent.write(body.subarray(at, at + 50))
    sent.end()
    const [response] = await once(sent, 'response')
    response.resume()
    expect(response.statusCode).toBe(200)
  })
})

describe('a stranger', () => {
  test('who says that the body is too long is refused before it comes', async () => {
    const { port } = await place()
    const head = 'POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: 65537\r\n\r\n'
    expect(await raw(port, head)).toMatch(/^HTTP\/1\.1 413 /)
  })

  test('who sends more than the limit without saying so is cut off at it', async () => {
    const { port } = await place()
    const chunk = `${(0x4000).toString(16)}\r\n${'x'.repeat(0x4000)}\r\n`
    const head = 'POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ntransfer-encoding: chunked\r\n\r\n'
    expect(await raw(port, head + chunk.repeat(5))).toMatch(/^HTTP\/1\.1 413 /)
  })

  test('whose body or headers do not come is given up', async () => {
    const { port, url } = await place({ headersMs: 50, requestMs: 100 })
    const body = await raw(port, 'POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: 10\r\n\r\nold')
    expect(body).toMatch(/^HTTP\/1\.1 408 /)
    expect(await raw(port, 'POST /add-checkpoint HTTP/1.1\r\nhost: ')).toMatch(/^HTTP\/1\.1 408 /)
    expect(await post(url, log(5).submission(0))).toMatchObject({ status: 200 })
  })

  test('who goes in the middle of a body leaves nothing behind', async () => {
    const { port, url } = await place()
    const socket = net.connect(port, '127.0.0.1')
    socket.write('POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: 10\r\n\r\nold')
    await once(socket, 'connect')
    socket.destroy()
    expect(await post(url, log(5).submission(0))).toMatchObject({ status: 200 })
  })

  test('who sends no HTTP, or headers without end, is told so and hung up on', async () => {
    const { port } = await place()
    expect(await raw(port, 'hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
    const headers = `x-a: ${'b'.repeat(10_000)}\r\n`
    expect(await raw(port, `GET / HTTP/1.1\r\nhost: w\r\n${headers}\r\n`)).toMatch(/^HTTP\/1\.1 431 /)
  })

  test('cannot hold more than 32 connections', async () => {
    const { port, url } = await place()
    const sockets = Array.from({ length: 40 }, () => net.connect(port, '127.0.0.1'))
    let closed = 0
    const hungUpOn = new Promise<void>((resolve) => {
      for (const socket of sockets) {
        socket.on('error', () => {})
        socket.on('close', () => ++closed === 8 && resolve())
      }
    })
    await hungUpOn
    expect(sockets.filter((socket) => !socket.destroyed)).toHaveLength(32)
    for (const socket of sockets) socket.destroy()
    await eventually(() => post(url, log(5).submission(0)).catch(() => undefined)).toMatchObject({
      status: 200,
    })
  })

  test('is told what a place takes, and that there is nothing elsewhere', async () => {
    const { url } = await place()
    const get = await fetch(`${url}/add-checkpoint`)
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST'])
    expect((await fetch(`${url}/`, { method: 'POST', body: 'x' })).status).toBe(405)
    expect((await fetch(`${url}/`, { method: 'DELETE' })).status).toBe(405)
    for (const path of ['/checkpoint', '/checkpoint/0', '/witness-key.json', '/%2e%2e/machine.json', '//'])
      expect((await fetch(url + path)).status, path).toBe(404)
  })
})

describe('what there is to look at', () => {
  test('is a page with name, key and the size of each log, which a terminal can show', async () => {
    const odd = new TestLog('example.test/\u009b31m\u202elog', 0)
    const { url, witness } = await place({}, odd)
    const before = await (await fetch(url)).text()
    expect(before).toContain(`key   ${printNoteKey(witness.signer.key)}\n`)
    expect(before).toContain('  example.test/?31m?log  never seen\n')
    await post(url, odd.grow(5).submission(0))
    const response = await fetch(url)
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(await response.text()).toMatch(
      / {2}example\.test\/\?31m\?log {2}5 records, seen \d{4}-\d\d-\d\dT[\d:]{8}Z\n$/,
    )
    expect(await (await fetch(url, { method: 'HEAD' })).text()).toBe('')
  })

  test('is the latest cosigned note of a log, for whoever knows its origin', async () => {
    const { url } = await place()
    const path = `${url}/checkpoint/${originHash(ORIGIN)}`
    expect((await fetch(path)).status).toBe(404)
    const { body } = await post(url, log(5).submission(0))
    expect(await (await fetch(path)).text()).toBe(`${log(5).note()}${body}`)
    expect((await fetch(`${url}/checkpoint/${originHash('another')}`)).status).toBe(404)
  })
})

describe('the end of a witness', () => {
  test('lets what is under way end, and hangs up on who only waits', async () => {
    const { server, port } = await place()
    const idle = net.connect(port, '127.0.0.1')
    idle.on('error', () => {})
    const idleGone = once(idle, 'close')
    await once(idle, 'connect')
    const sent = request({ port, host: '127.0.0.1', path: '/add-checkpoint', method: 'POST' })
    sent.write('old 0\n')
    await once(sent, 'socket')
    await eventually(() => server.busy()).toBe(1)
    const closed = server.close()
    sent.end(`\n${log(5).note()}`)
    const [response] = await once(sent, 'response')
    response.resume()
    expect(response.statusCode).toBe(200)
    await closed
    await idleGone
    await expect(fetch(server.url)).rejects.toThrow()
  })

  test('does not wait for somebody who never ends', async () => {
    const { server, port } = await place({ leaveMs: 50 })
    const slow = net.connect(port, '127.0.0.1')
    slow.on('error', () => {})
    slow.write('POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: 10\r\n\r\nold')
    await once(slow, 'connect')
    await server.close()
    await expect(fetch(server.url)).rejects.toThrow()
  })
})

test('an address that is taken, or not ours, is told in a sentence', async () => {
  const { port, witness } = await place()
  const serve = (host: string) => serveWitness(witness, { host, port }, new Told())
  await expect(serve('127.0.0.1')).rejects.toMatchObject({
    code: 'PORT_BUSY',
    message: `\`http://127.0.0.1:${port}\` is in use by another program`,
  })
  await expect(serve('192.0.2.1')).rejects.toMatchObject({ code: 'PORT_MISSING' })
})
