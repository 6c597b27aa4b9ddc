import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { descriptorOf } from '../../agent/serial/descriptor-of.ts'
import { hasHungUp } from '../../agent/serial/hang-up.ts'
import { makeRaw, openMaster, openPeer, readWaiting } from '../../agent/serial/terminal.ts'

const cleanUps: (() => unknown)[] = []
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp()
})

describe('the terminal of a master', () => {
  test('has hung up when the last of its descriptors is closed, whether or not its bytes have been read', () => {
    const { master } = openMaster()
    cleanUps.push(() => fs.closeSync(master))
    const first = openPeer(master)
    makeRaw(first)
    expect(hasHungUp(master)).toBe(false)
    const second = openPeer(master)
    fs.writeSync(first, 'last words')
    expect(hasHungUp(master)).toBe(false)
    fs.closeSync(first)
    expect(hasHungUp(master)).toBe(false)
    fs.closeSync(second)
    expect(hasHungUp(master)).toBe(true)
    cleanUps.push(
      (
        (fd) => () =>
          fs.closeSync(fd)
      )(openPeer(master)),
    )
    expect(hasHungUp(master)).toBe(false)
  })

  test('leaves nothing to its next one once what waited was dropped', () => {
    const { master } = openMaster()
    cleanUps.push(() => fs.closeSync(master))
    const first = openPeer(master)
    makeRaw(first)
    let bytes = 0
    try {
      for (;;) bytes += fs.writeSync(first, 'x'.repeat(1000))
    } catch {
      // All that the kernel takes.
    }
    expect(bytes).toBeGreaterThan(4096)
    fs.closeSync(first)
    readWaiting(master, () => true)
    const next = openPeer(master)
    cleanUps.push(() => fs.closeSync(next))
    fs.writeSync(next, 'M105')
    const into = Buffer.alloc(100)
    expect(into.toString('latin1', 0, fs.readSync(master, into))).toBe('M105')
    // With a client and nothing of its own it does not wait either.
    readWaiting(master, () => true)
  })
})

describe('a TCP connection', () => {
  async function connected(): Promise<{ client: net.Socket; served: net.Socket; fd: number }> {
    const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(0, '127.0.0.1')
    cleanUps.push(() => server.close())
    await once(server, 'listening')
    const address = server.address()
    const client = net.connect(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1')
    cleanUps.push(() => client.destroy())
    const [served]: net.Socket[] = await once(server, 'connection')
    served?.on('error', () => {})
    cleanUps.push(() => served?.destroy())
    return { client, served: served!, fd: descriptorOf(served!)! }
  }

  test('has not hung up while its client waits', async () => {
    const { client, fd } = await connected()
    client.write('M105\n')
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(hasHungUp(fd)).toBe(false)
  })

  test.each(['end', 'destroy', 'resetAndDestroy'] as const)(
    'has hung up after %s of its client, with bytes unread',
    async (way) => {
      const { client, fd } = await connected()
      await new Promise((resolve) => client.write('M105\n', resolve))
      client[way]()
      await expect.poll(() => hasHungUp(fd)).toBe(true)
    },
  )
})

test('of a descriptor that is none is no hang-up, and harmless', () => {
  expect(hasHungUp(-1)).toBe(false)
})
