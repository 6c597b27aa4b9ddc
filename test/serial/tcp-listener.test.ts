import { once } from 'node:events'
import net from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { DEVICE_QUEUE_BYTES_MAX, type DeviceSide, IN_USE_LINE } from '../../agent/serial/listener.ts'
import { listenOnTcp } from '../../agent/serial/tcp-listener.ts'
import { clientIs, Heard } from './heard.ts'

let device: DeviceSide | undefined
const sockets: net.Socket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await device?.unplug()
  device = undefined
})

async function listen(): Promise<{ device: DeviceSide; heard: Heard; port: number }> {
  device = await listenOnTcp('127.0.0.1', 0)
  const heard = new Heard()
  device.onBytes(heard.add)
  return { device, heard, port: Number(new URL(device.path).port) }
}

async function connect(port: number): Promise<{ socket: net.Socket; heard: Heard }> {
  const socket = net.connect(port, '127.0.0.1')
  sockets.push(socket)
  const heard = new Heard()
  socket.on('data', heard.add)
  socket.on('error', () => {})
  await once(socket, 'connect')
  return { socket, heard }
}

describe('listening on TCP', () => {
  test('the path names the port that was free', async () => {
    const { device } = await listen()
    expect(device.path).toMatch(/^tcp:\/\/127\.0\.0\.1:[1-9]\d+$/)
  })

  test('an IPv6 address is written in brackets', async () => {
    device = await listenOnTcp('::1', 0)
    expect(device.path).toMatch(/^tcp:\/\/\[::1\]:[1-9]\d+$/)
  })

  test('bytes go both ways, and the caller may reuse its buffer at once', async () => {
    const { device, heard, port } = await listen()
    const client = await connect(port)
    client.socket.write('M105\n')
    await heard.until('M105\n')
    const reused = Buffer.from('ok\n')
    device.write(reused)
    reused.fill('x')
    await client.heard.until('\n')
    expect(client.heard.text).toBe('ok\n')
  })

  test('a client is announced when it connects and again when it leaves, and the next may come', async () => {
    const { device, heard, port } = await listen()
    for (const turn of ['one', 'two']) {
      const came = clientIs(device, true)
      const { socket } = await connect(port)
      await came
      const left = clientIs(device, false)
      socket.end(turn)
      await left
      expect(heard.text.endsWith(turn)).toBe(true)
    }
  })

  test('a second client is told that the port is in use, is not heard, and disturbs nothing', async () => {
    const { device, heard, port } = await listen()
    const came = clientIs(device, true)
    const first = await connect(port)
    await came
    const second = await connect(port)
    second.socket.write('M112\n')
    await once(second.socket, 'close')
    expect(second.heard.text).toBe(`${IN_USE_LINE}\n`)
    first.socket.write('M105\n')
    await heard.until('M105\n')
    expect(heard.text).toBe('M105\n')
  })

  test('a client that does not read holds up nothing', async () => {
    const { device, heard, port } = await listen()
    const { socket } = await connect(port)
    socket.pause()
    for (let round = 0; round < 400; round++) device.write(Buffer.alloc(DEVICE_QUEUE_BYTES_MAX / 4))
    socket.write('still here')
    await heard.until('still here')
  })

  test('closing sends what was written just before', async () => {
    const { device, heard, port } = await listen()
    const { socket, heard: replies } = await connect(port)
    socket.write('x')
    await heard.until('x')
    const ended = once(socket, 'end')
    device.write(Buffer.alloc(100_000, 'z'))
    await device.close()
    await ended
    expect(replies.text).toBe('z'.repeat(100_000))
  })

  test('pulling the cable resets the connection, and nothing listens any more', async () => {
    const { device, heard, port } = await listen()
    const { socket } = await connect(port)
    socket.write('x')
    await heard.until('x')
    const failed = once(socket, 'error')
    await device.unplug()
    expect(await failed).toMatchObject([{ code: 'ECONNRESET' }])
    await device.close()
    const late = net.connect(port, '127.0.0.1')
    expect(await once(late, 'error')).toMatchObject([{ code: 'ECONNREFUSED' }])
  })

  test('a port that is taken is busy', async () => {
    const { port, device } = await listen()
    await expect(listenOnTcp('127.0.0.1', port)).rejects.toMatchObject({
      code: 'PORT_BUSY',
      message: `port \`${device.path}\` is in use by another program`,
    })
  })

  test('an address of another machine is missing here', async () => {
    await expect(listenOnTcp('192.0.2.1', 0)).rejects.toMatchObject({ code: 'PORT_MISSING' })
  })
})
