import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { DeviceSide } from '../../agent/serial/listener.ts'
import { listenOnPty } from '../../agent/serial/pty-port.ts'
import { listenOnTcp } from '../../agent/serial/tcp-listener.ts'
import { openTerminal } from '../../agent/serial/terminal.ts'
import { Heard } from './heard.ts'

/** A client of either kind that sends as much as the link takes, and the rest when it takes more. */
interface Client {
  send(bytes: Buffer): void
  /** Bytes that the link has not taken yet. */
  readonly unsent: number
  close(): Promise<unknown>
  /** Closes without sending the rest. */
  leave(): Promise<unknown>
}

interface Kind {
  /** More than the kernel holds between the two ends. */
  readonly muchBytes: number
  listen(folder: string): Promise<DeviceSide>
  connect(path: string): Promise<Client>
}

class SendingPtyClient implements Client {
  #fd: number | undefined
  #queue = Buffer.alloc(0)
  #timer: NodeJS.Timeout | undefined

  constructor(path: string) {
    this.#fd = openTerminal(path)
  }

  get unsent(): number {
    return this.#queue.length
  }

  send(bytes: Buffer): void {
    this.#queue = Buffer.concat([this.#queue, bytes])
    this.#flush()
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    if (this.#fd !== undefined) fs.closeSync(this.#fd)
    this.#fd = undefined
  }

  leave(): Promise<void> {
    return this.close()
  }

  readonly #flush = (): void => {
    try {
      while (this.#queue.length > 0) this.#queue = this.#queue.subarray(fs.writeSync(this.#fd!, this.#queue))
    } catch {
      this.#timer = setTimeout(this.#flush, 1)
    }
  }
}

class TcpClient implements Client {
  readonly #socket: net.Socket

  constructor(socket: net.Socket) {
    this.#socket = socket
    socket.on('error', () => {})
    socket.resume()
  }

  get unsent(): number {
    return this.#socket.writableLength
  }

  send(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  async close(): Promise<void> {
    if (!this.#socket.destroyed) await new Promise<void>((resolve) => this.#socket.end(resolve))
  }

  async leave(): Promise<void> {
    const gone = once(this.#socket, 'close')
    this.#socket.destroy()
    await gone
  }
}

const ptyBytes = 1024 * 1024
const pty = async (path: string): Promise<Client> => new SendingPtyClient(path)

const KINDS: Record<string, Kind> = {
  'a shared pty': { muchBytes: ptyBytes, listen: () => listenOnPty(), connect: pty },
  'a pty for one client': {
    muchBytes: ptyBytes,
    listen: (folder) => listenOnPty({ link: path.join(folder, 'printer'), inUseLine: 'in use' }),
    connect: pty,
  },
  TCP: {
    muchBytes: 16 * 1024 * 1024,
    listen: () => listenOnTcp('127.0.0.1', 0),
    connect: async (path) => {
      const socket = net.connect(Number(new URL(path).port), '127.0.0.1')
      await once(socket, 'connect')
      return new TcpClient(socket)
    },
  },
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 50))
const numbered = (count: number) =>
  Buffer.from(Array.from({ length: count }, (_, index) => `N${index}\n`).join(''))

describe.each(Object.entries(KINDS))('a pause on %s', (_name, kind) => {
  let folder: string
  let device: DeviceSide
  let heard: Heard
  let told: (boolean | string)[]
  let client: Client

  beforeEach(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'portcullis-pause-'))
    device = await kind.listen(folder)
    heard = new Heard()
    told = []
    device.onBytes((bytes) => {
      told.push(Buffer.from(bytes).toString('latin1'))
      heard.add(bytes)
    })
    device.onClient((connected) => told.push(connected))
    client = await kind.connect(device.path)
    client.send(Buffer.from('hello\n'))
    await heard.until('hello\n')
  })

  afterEach(async () => {
    // A test may have closed it.
    await client.close().catch(() => {})
    await device.unplug()
    fs.rmSync(folder, { recursive: true, force: true })
  })

  test('nothing comes, the client has to wait, and everything comes in order afterwards', async () => {
    device.pause()
    const all = Buffer.alloc(kind.muchBytes, numbered(10_000))
    client.send(all)
    await settle()
    expect(heard.text).toBe('hello\n')
    const unsent = client.unsent
    expect(unsent).toBeGreaterThan(0)
    await settle()
    expect(client.unsent).toBe(unsent)
    device.resume()
    await heard.until((text) => text.length >= all.length + 6)
    expect(heard.text.slice(6) === all.toString('latin1')).toBe(true)
  })

  test('asked for from inside the callback, no other chunk follows; and none comes from inside resume', async () => {
    device.onBytes((bytes) => {
      heard.add(bytes)
      device.pause()
    })
    const all = numbered(100_000)
    client.send(all)
    let turns = 0
    while (heard.text.length < all.length + 6) {
      const before = heard.text.length
      await heard.until((text) => text.length > before)
      const paused = heard.text
      await new Promise((resolve) => setImmediate(resolve))
      expect(heard.text).toBe(paused)
      device.resume()
      expect(heard.text).toBe(paused)
      turns += 1
    }
    expect(turns).toBeGreaterThan(1)
    expect(heard.text === `hello\n${all}`).toBe(true)
  })

  test('a client that leaves is told of meanwhile, and what nobody has read goes with it', async () => {
    device.pause()
    client.send(Buffer.from('M104 S200\n'))
    await settle()
    client.send(Buffer.from('G1 X10\n'))
    await settle()
    expect(told).toEqual([true, 'hello\n'])
    await client.close()
    await expect.poll(() => told).toEqual([true, 'hello\n', false])
    device.resume()
    await settle()
    expect(told).toEqual([true, 'hello\n', false])
  })

  test('a client that left with as much unread as the link holds prints no more of it', async () => {
    device.pause()
    client.send(Buffer.alloc(kind.muchBytes, numbered(10_000)))
    await settle()
    await client.leave()
    // The end of a connection that is full cannot be seen before the far end has to refuse something.
    device.write(Buffer.from('ok\n'))
    await new Promise((resolve) => setTimeout(resolve, 5))
    device.resume()
    await expect.poll(() => told.at(-1)).toBe(false)
    await settle()
    expect(heard.text).toBe('hello\n')
  })

  test('a client that left without a word is told of too', async () => {
    device.pause()
    await client.close()
    await expect.poll(() => told).toEqual([true, 'hello\n', false])
  })

  test('one that only waits is not taken for gone', async () => {
    device.pause()
    client.send(Buffer.from('M105\n'))
    await new Promise((resolve) => setTimeout(resolve, 250))
    expect(told).toEqual([true, 'hello\n'])
    device.resume()
    await heard.until('M105\n')
  })

  test('the next client is paused as well', async () => {
    device.pause()
    await client.close()
    await settle()
    client = await kind.connect(device.path)
    client.send(Buffer.from('next\n'))
    await settle()
    expect(heard.text).toBe('hello\n')
    device.resume()
    await heard.until('next\n')
    expect(heard.text).toBe('hello\nnext\n')
  })

  test('pausing twice, resuming twice and pausing at once again are harmless', async () => {
    device.pause()
    device.pause()
    device.resume()
    device.resume()
    device.pause()
    client.send(Buffer.from('M105\n'))
    await settle()
    expect(heard.text).toBe('hello\n')
    device.resume()
    device.resume()
    await heard.until('M105\n')
  })

  test('replies still reach the client, and the end is the end', async () => {
    device.pause()
    client.send(Buffer.from('M105\n'))
    device.write(Buffer.from('wait\n'))
    await device.close()
    device.resume()
    device.pause()
    await settle()
    expect(heard.text).toBe('hello\n')
  })
})
