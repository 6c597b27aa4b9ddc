import { once } from 'node:events'
import net from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { WRITE_QUEUE_BYTES_MAX, WRITE_TIMEOUT_MS } from '../../agent/serial/port.ts'
import { listenOnTcp } from '../../agent/serial/tcp-listener.ts'
import { openTcpPort } from '../../agent/serial/tcp-port.ts'
import { portContract, Witness } from './port-contract.ts'

const OPTIONS = { baud: 115200 }

portContract('a TCP connection', {
  listen: () => listenOnTcp('127.0.0.1', 0),
  open: (name, listener, stallMs = WRITE_TIMEOUT_MS) =>
    openTcpPort(name, listener, OPTIONS, { queueBytesMax: WRITE_QUEUE_BYTES_MAX, stallMs }),
})

let server: net.Server | undefined

afterEach(async () => {
  const closing = server
  server = undefined
  if (closing !== undefined) await new Promise((resolve) => closing.close(resolve))
})

/** A server of another kind than ours, which does with its client what the test says. */
async function serve(greet: (socket: net.Socket) => void): Promise<string> {
  server = net.createServer((socket) => {
    socket.on('error', () => {})
    greet(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return `tcp://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
}

describe('what a serial server may say first', () => {
  test('a greeting at once is delivered, and after the caller has the port', async () => {
    const name = await serve((socket) => socket.write('start\nMarlin 2.1.2\n'))
    const witness = new Witness()
    const port = await openTcpPort(name, witness, OPTIONS)
    expect(witness.lines).toEqual([])
    await witness.heard.until('Marlin 2.1.2\n')
    expect(witness.lines).toEqual(['start', 'Marlin 2.1.2'])
    await port.close()
  })

  test('a printer that is busy moving is not a port that is busy', async () => {
    const name = await serve((socket) => socket.write('echo:busy: processing\n'))
    const witness = new Witness()
    const port = await openTcpPort(name, witness, OPTIONS)
    await witness.heard.until('echo:busy: processing\n')
    await port.close()
  })

  test('ser2net refusing a second client is a port in use', async () => {
    const name = await serve((socket) => socket.end('Port already in use\r\n'))
    await expect(openTcpPort(name, new Witness(), OPTIONS)).rejects.toMatchObject({ code: 'PORT_BUSY' })
  })

  test('a server that hangs up without a word has refused', async () => {
    const name = await serve((socket) => socket.destroy())
    await expect(openTcpPort(name, new Witness(), OPTIONS)).rejects.toMatchObject({
      code: 'PORT_REFUSED',
      message: `port \`${name}\` hung up as soon as it was called`,
    })
  })

  test('a far end that closes in good order is a loss all the same', async () => {
    const name = await serve((socket) => socket.on('data', () => socket.end('ok\n')))
    const witness = new Witness()
    const port = await openTcpPort(name, witness, OPTIONS)
    port.write(Buffer.from('M105\n'))
    expect(await witness.ended).toEqual({ kind: 'lost', reason: 'the far end closed the connection' })
    expect(witness.lines).toEqual(['ok'])
    await port.close()
  })
})

test('a far end that takes no bytes is lost when the time for it is over', async () => {
  const sockets: net.Socket[] = []
  const name = await serve((socket) => sockets.push(socket.pause()))
  const witness = new Witness()
  const limits = { queueBytesMax: 64 * 1024 * 1024, stallMs: 50 }
  const port = await openTcpPort(name, witness, OPTIONS, limits)
  port.write(Buffer.alloc(32 * 1024 * 1024))
  expect(await witness.ended).toEqual({ kind: 'lost', reason: 'the device took no bytes for 0.05 s' })
  await port.close()
  for (const socket of sockets) socket.destroy()
})

describe('names', () => {
  const open = (name: string) => openTcpPort(name, new Witness(), OPTIONS)

  test('IPv6 addresses are written in brackets', async () => {
    const device = await listenOnTcp('::1', 0)
    const port = await open(device.path)
    await port.close()
    await device.close()
  })

  test('a host name is looked up', async () => {
    const device = await listenOnTcp('127.0.0.1', 0)
    const port = await open(device.path.replace('127.0.0.1', 'localhost'))
    await port.close()
    await device.close()
  })

  test('what is not a host and a port is bad usage', async () => {
    const bad = [
      'tcp://',
      'tcp://host',
      'tcp://:23',
      'tcp://h:0',
      'tcp://h:65536',
      'tcp://::1:23',
      'tcp://h:23/x',
    ]
    for (const name of [...bad, 'tcp://u@h:23', 'tcp://h h:23', 'tcp://h:23\n', 'tcp://h:-1']) {
      await expect(open(name)).rejects.toMatchObject({
        code: 'USAGE',
        message: `\`${name}\` is not of the form \`tcp://host:port\``,
      })
    }
  })

  test('a port at which nothing listens is missing', async () => {
    const device = await listenOnTcp('127.0.0.1', 0)
    await device.close()
    await expect(open(device.path)).rejects.toMatchObject({
      code: 'PORT_MISSING',
      message: `nothing listens at port \`${device.path}\``,
    })
  })

  test('a machine that does not exist is missing', async () => {
    await expect(open('tcp://printer.invalid:2525')).rejects.toMatchObject({
      code: 'PORT_MISSING',
      message: expect.stringMatching(/is not known here$/),
    })
  })
})
