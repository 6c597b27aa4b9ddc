// Incidents as syslog messages, to real sockets.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openSink } from '../../agent/incident/sink.ts'
import { SyslogSink, syslogMessage } from '../../agent/incident/syslog-sink.ts'
import { dispatch, never } from './dispatch.ts'

/** RFC 5424, section 6: what a message of ours must look like. */
const MESSAGE =
  /^<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) - portcullis - ([!-~]{1,32}) - (\{[ -~]*\})$/

async function collector(talk: (socket: Socket, received: Buffer) => void = () => {}) {
  const frames: string[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      talk(socket, chunk)
    })
    socket.on('end', () => {
      frames.push(Buffer.concat(chunks).toString())
      socket.end()
    })
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { frames, port: (server.address() as AddressInfo).port }
}

describe('a message', () => {
  test.each([
    ['low', 13 * 8 + 5],
    ['medium', 13 * 8 + 4],
    ['high', 13 * 8 + 3],
    ['critical', 13 * 8 + 2],
  ] as const)('of severity %s has the priority %i', (severity, priority) => {
    expect(MESSAGE.exec(syslogMessage(dispatch(7, severity)))?.[1]).toBe(`${priority}`)
  })

  test('has the time of the finding, its rule, and the event', () => {
    const sent = dispatch()
    const [, , time, id, json] = MESSAGE.exec(syslogMessage(sent)) ?? []
    expect([time, id]).toEqual([sent.finding.lastAt, 'emergency-stop'])
    expect(JSON.parse(json!)).toEqual(sent.event)
  })
})

describe('over TCP', () => {
  const options = { kind: 'syslog', host: '127.0.0.1', protocol: 'tcp' } as const

  test('it is framed by its length, one connection each', async () => {
    const { frames, port } = await collector()
    const sink = openSink({ ...options, port })
    await sink.send(dispatch(1), never())
    await sink.send(dispatch(2), never())
    for (const [i, frame] of frames.entries()) {
      const message = syslogMessage(dispatch(i + 1))
      expect(frame).toBe(`${message.length} ${message}`)
    }
    expect(frames).toHaveLength(2)
  })

  test('by name, it goes to an address of the private network', async () => {
    const { frames, port } = await collector()
    await openSink({ ...options, host: 'localhost', port }).send(dispatch(), never())
    expect(frames).toHaveLength(1)
  })

  test('a collector that is not there, or that hangs up, has not taken it', async () => {
    const { port } = await collector((socket) => socket.resetAndDestroy())
    await expect(openSink({ ...options, port }).send(dispatch(), never())).rejects.toThrow()
    const gone = createServer().listen(0, '127.0.0.1')
    await once(gone, 'listening')
    const { port: free } = gone.address() as AddressInfo
    gone.close()
    await expect(openSink({ ...options, port: free }).send(dispatch(), never())).rejects.toThrow(
      'ECONNREFUSED',
    )
  })

  test('an agent that ends does not wait for it', async () => {
    const ending = new AbortController()
    const server = createServer({ allowHalfOpen: true }, () => ending.abort())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    await expect(openSink({ ...options, port }).send(dispatch(), ending.signal)).rejects.toThrow()
  })
})

describe('over UDP', () => {
  test('it is one datagram', async () => {
    const socket = createSocket('udp4')
    onTestFinished(() => void socket.close())
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const heard = once(socket, 'message')
    const sink = openSink({ kind: 'syslog', host: 'localhost', port: socket.address().port, protocol: 'udp' })
    await sink.send(dispatch(), never())
    const [message] = (await heard) as [Buffer]
    expect(message.toString()).toBe(syslogMessage(dispatch()))
  })
})

describe('plain text does not leave the private network', () => {
  test.each(['tcp', 'udp'] as const)('over %s', async (protocol) => {
    const far = { kind: 'syslog', host: '203.0.113.7', port: 514, protocol } as const
    expect(() => openSink(far)).toThrow('set `insecure: true`')
    expect(() => openSink({ ...far, insecure: true })).not.toThrow()
    // An address that got past the options is not sent to either.
    if (protocol === 'udp')
      await expect(new SyslogSink(far).send(dispatch(), never())).rejects.toThrow(
        'beyond the private network',
      )
  })
})
