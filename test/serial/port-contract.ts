import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { REPLY_BYTES_MAX } from '../../agent/serial/line-reader.ts'
import type { DeviceSide } from '../../agent/serial/listener.ts'
import type { Port, PortEnd, PortListener } from '../../agent/serial/port.ts'
import { Heard, signal } from './heard.ts'

/** One kind of port, and a device of the kind it opens. */
export interface PortKind {
  listen(): Promise<DeviceSide>
  /** A short `stallMs` makes the test of a stuck device short. */
  open(name: string, listener: PortListener, stallMs?: number): Promise<Port>
}

/** What the session of the agent was told by its port. */
export class Witness implements PortListener {
  readonly lines: string[] = []
  readonly ends: PortEnd[] = []
  readonly heard = new Heard()
  readonly #ended = signal<PortEnd>()
  overlongs = 0

  line(text: string): void {
    expect(this.ends, 'no line comes after the end').toEqual([])
    this.lines.push(text)
    this.heard.add(`${text}\n`)
  }

  overlong(): void {
    this.overlongs += 1
  }

  end(end: PortEnd): void {
    this.ends.push(end)
    this.#ended.give(end)
  }

  get ended(): Promise<PortEnd> {
    return this.#ended.seen
  }
}

/** What holds for every port, whatever it is made of. */
export function portContract(kindName: string, kind: PortKind): void {
  let device: DeviceSide
  let commands: Heard
  let witness: Witness
  let port: Port

  beforeEach(async () => {
    device = await kind.listen()
    commands = new Heard()
    device.onBytes(commands.add)
    witness = new Witness()
    port = await kind.open(device.path, witness)
    // A virtual port knows its client by its first byte, so each test begins with one.
    port.write(Buffer.from('M115\n'))
    await commands.until('M115\n')
  })

  afterEach(async () => {
    await port.close()
    await device.unplug()
    expect(witness.ends).toHaveLength(1)
  })

  const say = (text: string) => device.write(Buffer.from(text, 'latin1'))
  /** Long enough for anything that would wrongly come to have come. */
  const settle = () => new Promise((resolve) => setTimeout(resolve, 20))

  describe(`${kindName}: reading`, () => {
    test('the name is what was asked for', () => {
      expect(port.name).toBe(device.path)
    })

    test('any chunking of the same bytes gives the same lines', async () => {
      const text = 'start\r\n\necho:\xb0\nok T:19.3 /0.00\nResend: 7\nok\n'
      for (const size of [1, 2, 3, 5, 8, 13, text.length]) {
        witness.lines.length = 0
        witness.heard.text = ''
        for (let from = 0; from < text.length; from += size) {
          say(text.slice(from, from + size))
          await new Promise((resolve) => setImmediate(resolve))
        }
        await witness.heard.until('\nok\n')
        expect(witness.lines).toEqual(['start', 'echo:\xb0', 'ok T:19.3 /0.00', 'Resend: 7', 'ok'])
      }
    })

    test('a reply that is too long is dropped and reported, and the link goes on', async () => {
      say(`ok\n${'x'.repeat(3 * REPLY_BYTES_MAX)}\nok 2\n`)
      await witness.heard.until('ok 2\n')
      expect(witness.lines).toEqual(['ok', 'ok 2'])
      expect(witness.overlongs).toBe(1)
      expect(witness.ends).toEqual([])
    })

    test('many lines at once all arrive in order', async () => {
      const all = Array.from({ length: 5000 }, (_, index) => `ok N${index}`)
      say(`${all.join('\n')}\n`)
      await witness.heard.until('ok N4999\n')
      expect(witness.lines).toEqual(all)
    })

    test('half a line is not delivered when the link ends', async () => {
      say('ok\nok T:2')
      await witness.heard.until('ok\n')
      await device.unplug()
      expect(await witness.ended).toMatchObject({ kind: 'lost' })
      await settle()
      expect(witness.lines).toEqual(['ok'])
    })
  })

  describe(`${kindName}: writing`, () => {
    test('writes arrive whole and in order', async () => {
      const all = Array.from({ length: 2000 }, (_, index) => `N${index} G1 X${index}\n`)
      const expected = `M115\n${all.join('')}`
      for (const line of all) port.write(Buffer.from(line))
      await commands.until((text) => text.length >= expected.length)
      expect(commands.text).toBe(expected)
    })

    test('the buffer of a write may be reused at once', async () => {
      const reused = Buffer.alloc(60_000, 'a')
      port.write(reused)
      reused.fill('b')
      await commands.until((text) => text.length >= reused.length + 5)
      expect(commands.text).toBe(`M115\n${'a'.repeat(reused.length)}`)
    })

    test('drain resolves when everything has left', async () => {
      await port.drain()
      port.write(Buffer.alloc(50_000, 'a'))
      await port.drain()
      await commands.until((text) => text.length >= 50_005)
    })

    test('more than the queue holds ends the link as lost, and nothing is called from inside write', async () => {
      port.write(Buffer.alloc(1024 * 1024))
      port.write(Buffer.alloc(1024 * 1024))
      expect(witness.ends).toEqual([])
      expect(await witness.ended).toEqual({
        kind: 'lost',
        reason: expect.stringContaining('wait for the device'),
      })
    })
  })

  describe(`${kindName}: the end`, () => {
    test('closing gives exactly one end, and a second close gives none', async () => {
      await port.close()
      await port.close()
      expect(witness.ends).toEqual([{ kind: 'closed' }])
    })

    test('after closing, the device sees its client leave, and replies are not delivered', async () => {
      const { seen, give } = signal()
      device.onClient((connected) => {
        if (!connected) give()
      })
      say('ok\n')
      await port.close()
      await seen
      await settle()
      expect(witness.lines.length).toBeLessThanOrEqual(1)
    })

    test('a port that was closed can be opened again', async () => {
      for (let turn = 0; turn < 5; turn++) {
        await port.close()
        port = await kind.open(device.path, new Witness())
      }
      port.write(Buffer.from('again\n'))
      await commands.until('again\n')
    })

    test('pulling the cable is a loss, told once', async () => {
      await device.unplug()
      const end = await witness.ended
      expect(end).toEqual({ kind: 'lost', reason: expect.stringMatching(/^[a-z][^\n]+[^.]$/) })
      await settle()
      await port.close()
      expect(witness.ends).toEqual([end])
    })

    test('pulling the cable just after a reply is seen too', async () => {
      for (let turn = 0; turn < 10; turn++) {
        const other = await kind.listen()
        const heard = new Heard()
        other.onBytes(heard.add)
        const told = new Witness()
        const line = told.line.bind(told)
        told.line = (text) => {
          line(text)
          other.unplug()
        }
        const link = await kind.open(other.path, told)
        link.write(Buffer.from('M105\n'))
        await heard.until('M105\n')
        other.write(Buffer.from('ok\n'))
        expect(await told.ended).toMatchObject({ kind: 'lost' })
        expect(told.lines).toEqual(['ok'])
      }
    })

    test('writing after a loss never throws and changes nothing', async () => {
      await device.unplug()
      for (let turn = 0; turn < 100; turn++) port.write(Buffer.from('G1 X1\n'))
      expect(await witness.ended).toMatchObject({ kind: 'lost' })
      port.write(Buffer.alloc(1024 * 1024))
      await port.drain()
      await settle()
      expect(witness.ends).toHaveLength(1)
    })

    test('a listener that closes the port from inside a line gets no further line', async () => {
      const other = await kind.listen()
      const heard = new Heard()
      other.onBytes(heard.add)
      const told = new Witness()
      const line = told.line.bind(told)
      told.line = (text) => {
        line(text)
        link.close()
      }
      const link = await kind.open(other.path, told)
      link.write(Buffer.from('M105\n'))
      await heard.until('M105\n')
      other.write(Buffer.from('ok 1\nok 2\nok 3\n'))
      expect(await told.ended).toEqual({ kind: 'closed' })
      await link.close()
      expect(told.lines).toEqual(['ok 1'])
      await other.unplug()
    })

    test('a drain that waits is not left hanging by the end', async () => {
      port.write(Buffer.alloc(60_000))
      const drained = port.drain()
      await port.close()
      await drained
    })
  })

  describe(`${kindName}: one program at a time`, () => {
    test('a second open is refused as busy, and the first is not disturbed', async () => {
      await expect(kind.open(device.path, new Witness())).rejects.toMatchObject({
        code: 'PORT_BUSY',
        message: `port \`${device.path}\` is in use by another program`,
      })
      say('ok\n')
      await witness.heard.until('ok\n')
      port.write(Buffer.from('M105\n'))
      await commands.until('M105\n')
    })

    test('the descriptor for the guard is there while the link is', async () => {
      expect(port.descriptor).toBeGreaterThan(2)
      await port.close()
      expect(port.descriptor).toBeUndefined()
    })
  })
}
