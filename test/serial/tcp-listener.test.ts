import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { DEVICE_QUEUE_BYTES_MAX, type DeviceSide, IN_USE_LINE } from '../../agent/serial/listener.ts'
import { listenOnTcp, type TcpOptions } from '../../agent/serial/tcp-listener.ts'
import { clientIs, Heard } from './heard.ts'

let device: DeviceSide | undefined
const sockets: net.Socket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await device?.unplug()
  device = undefined
})

async function listen(options?: TcpOptions): Promise<{ device: DeviceSide; heard: Heard; port: number }> {
  device = await listenOnTcp('127.0.0.1', 0, options)
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

/** Long enough for what must not happen to have happened. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 30))

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

  test('a client is announced with its first byte and again when it leaves, and the next may come', async () => {
    const { device, heard, port } = await listen()
    for (const turn of ['one', 'two']) {
      const seen: boolean[] = []
      device.onClient((connected) => seen.push(connected))
      const { socket } = await connect(port)
      await settle()
      expect(seen).toEqual([])
      socket.write(turn)
      await heard.until(turn)
      expect(seen).toEqual([true])
      socket.end()
      await expect.poll(() => seen).toEqual([true, false])
    }
    expect(heard.text).toBe('onetwo')
  })

  test('who only connects is nobody: it keeps no one out and hears nothing', async () => {
    const { device, heard, port } = await listen()
    const silent = await connect(port)
    const client = await connect(port)
    client.socket.write('M105\n')
    await heard.until('M105\n')
    device.write(Buffer.from('ok\n'))
    await client.heard.until('ok\n')
    silent.socket.write('M112\n')
    await once(silent.socket, 'close')
    expect(silent.heard.text).toBe(`${IN_USE_LINE}\n`)
    expect(heard.text).toBe('M105\n')
  })

  test('a client that speaks is served among hundreds that only connect, and descriptors stay few', async () => {
    const { heard, port } = await listen()
    const before = fs.readdirSync('/proc/self/fd').length
    for (let turn = 0; turn < 300; turn++) await connect(port)
    await expect.poll(() => fs.readdirSync('/proc/self/fd').length).toBeLessThan(before + 150)
    const client = await connect(port)
    client.socket.write('M105\n')
    await heard.until('M105\n')
  })

  test('a client that leaves and comes back at once is never taken for a second one', async () => {
    const { device, heard, port } = await listen()
    for (let turn = 0; turn < 50; turn++) {
      const { socket, heard: said } = await connect(port)
      socket.write(`N${turn}\n`)
      await Promise.race([heard.until(`N${turn}\n`), once(socket, 'close')])
      expect(said.text).toBe('')
      if (turn % 2 === 0) device.pause()
      // Its last bytes keep its end from being read.
      socket.write('last\n')
      socket.destroy()
      setTimeout(() => device.resume(), 5)
    }
  })

  test('a second client is told that the port is in use, is not heard, and disturbs nothing', async () => {
    const { heard, port } = await listen()
    const first = await connect(port)
    first.socket.write('M115\n')
    await heard.until('M115\n')
    const second = await connect(port)
    second.socket.write('M112\n')
    await once(second.socket, 'close')
    expect(second.heard.text).toBe(`${IN_USE_LINE}\n`)
    first.socket.write('M105\n')
    await heard.until('M105\n')
    expect(heard.text).toBe('M115\nM105\n')
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

describe('a second client', () => {
  test('is told in the words that were asked for', async () => {
    const { device, port } = await listen({ inUseLine: 'Error:the gate serves another program' })
    const came = clientIs(device, true)
    const first = await connect(port)
    first.socket.write('x')
    await came
    const second = await connect(port)
    await once(second.socket, 'close')
    expect(second.heard.text).toBe('Error:the gate serves another program\n')
  })

  test('that goes on sending does not stay for that', async () => {
    const { device, port } = await listen()
    const came = clientIs(device, true)
    const first = await connect(port)
    first.socket.write('x')
    await came
    const second = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    sockets.push(second)
    const gone = new Promise((resolve) => second.on('error', () => {}).on('close', resolve))
    const sending = setInterval(() => second.write('M105\n'), 5)
    await gone
    clearInterval(sending)
  })
})

describe('a listener with a secret', () => {
  const SECRET = { secret: 'open sesame, please' }
  const WRONG = 'echo:the secret is wrong or missing\n'

  test('serves who shows it, from the byte after the first line on', async () => {
    const { device, heard, port } = await listen(SECRET)
    const seen: boolean[] = []
    device.onClient((connected) => seen.push(connected))
    const client = await connect(port)
    client.socket.write('Bearer open')
    client.socket.write(' sesame, please\r\nM105\nM1')
    client.socket.write('15\n')
    await heard.until('M115\n')
    expect(heard.text).toBe('M105\nM115\n')
    device.write(Buffer.from('ok\n'))
    await client.heard.until('ok\n')
    expect(client.heard.text).toBe('ok\n')
    expect(seen).toEqual([true])
  })

  test('tells anybody else that it is wrong, hears nothing of theirs and announces nobody', async () => {
    const { device, heard, port } = await listen(SECRET)
    const seen: boolean[] = []
    device.onClient((connected) => seen.push(connected))
    const wrong = ['M112\n', 'Bearer open sesame\n', 'bearer open sesame, please\n', '\n', 'x'.repeat(10_000)]
    for (const text of wrong) {
      const client = await connect(port)
      client.socket.write(`${text}M104 S300\nBearer open sesame, please\n`)
      await once(client.socket, 'close')
      expect(client.heard.text).toBe(WRONG)
    }
    expect(heard.text).toBe('')
    expect(seen).toEqual([])
  })

  test('is free while a stranger keeps silent', async () => {
    const { device, heard, port } = await listen(SECRET)
    const stranger = await connect(port)
    const client = await connect(port)
    client.socket.write('Bearer open sesame, please\nM105\n')
    await heard.until('M105\n')
    stranger.socket.write('Bearer open sesame, please\nM112\n')
    await once(stranger.socket, 'close')
    expect(stranger.heard.text).toBe(`${IN_USE_LINE}\n`)
    device.write(Buffer.from('ok\n'))
    await client.heard.until('ok\n')
    expect(heard.text).toBe('M105\n')
  })

  test('sends the oldest stranger away when there are many, and still serves its client', async () => {
    const { heard, port } = await listen(SECRET)
    const first = await connect(port)
    const gone = once(first.socket, 'close')
    for (let turn = 0; turn < 80; turn++) await connect(port)
    await gone
    expect(first.heard.text).toBe('')
    const client = await connect(port)
    client.socket.write('Bearer open sesame, please\nM105\n')
    await heard.until('M105\n')
  })

  test('keeps what follows the secret to itself while it is paused', async () => {
    const { device, heard, port } = await listen(SECRET)
    device.pause()
    const came = clientIs(device, true)
    const client = await connect(port)
    client.socket.write('Bearer open sesame, please\nM105\n')
    await came
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(heard.text).toBe('')
    device.resume()
    await heard.until('M105\n')
  })

  test('ends with its strangers', async () => {
    const { device, port } = await listen(SECRET)
    const stranger = await connect(port)
    // It may also see a reset, which `once` would take for a failure.
    const gone = new Promise((resolve) => stranger.socket.on('close', resolve))
    stranger.socket.write('Bear')
    await device.close()
    await gone
  })

  test('frees its place when its client leaves, and asks the next again', async () => {
    const { device, heard, port } = await listen(SECRET)
    for (const turn of ['one\n', 'two\n']) {
      const left = clientIs(device, false)
      const client = await connect(port)
      client.socket.write(`Bearer open sesame, please\n${turn}`)
      await heard.until(turn)
      client.socket.end()
      await left
    }
    const client = await connect(port)
    client.socket.write('M112\n')
    await once(client.socket, 'close')
    expect(heard.text).toBe('one\ntwo\n')
  })
})

test('the kernel is told to notice a client whose machine has vanished', async () => {
  const { device, port } = await listen()
  const came = clientIs(device, true)
  const { socket } = await connect(port)
  socket.write('x')
  await came
  // Timer 2 is keep-alive; the column after it says in how many ticks it runs out.
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = fs.readFileSync('/proc/net/tcp', 'latin1').split('\n')
  const row = rows.map((text) => text.trim().split(/\s+/)).find((one) => one[1] === local && one[3] === '01')
  expect(row?.[5]?.slice(0, 2)).toBe('02')
  expect(Number.parseInt(row?.[5]?.slice(3) ?? '', 16)).toBeLessThanOrEqual(1000)
})
