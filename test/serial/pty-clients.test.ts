import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { DeviceSide } from '../../agent/serial/listener.ts'
import { listenOnPty } from '../../agent/serial/pty-port.ts'
import { openTerminal } from '../../agent/serial/terminal.ts'
import { clientIs, Heard } from './heard.ts'
import { PtyClient } from './pty-client.ts'

/** The port of a gate: one client at a time, and the second is told. */

const IN_USE = 'Error:the printer is in use by another program'

let folder: string
let link: string
let device: DeviceSide
let heard: Heard
let told: (boolean | string)[]

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'portcullis-clients-'))
  link = path.join(folder, 'printer')
  device = await listenOnPty({ link, inUseLine: IN_USE })
  heard = new Heard()
  told = []
  device.onBytes((bytes) => {
    told.push(Buffer.from(bytes).toString('latin1'))
    heard.add(bytes)
  })
  device.onClient((connected) => told.push(connected))
})

afterEach(async () => {
  await device.unplug()
  expect(fs.existsSync(folder) ? fs.readdirSync(folder) : []).toEqual([])
  fs.rmSync(folder, { recursive: true, force: true })
})

/** Opens the link and waits until it has been heard. */
async function firstClient(): Promise<PtyClient> {
  const client = new PtyClient(link)
  client.write('M105\n')
  await heard.until('M105\n')
  return client
}

const descriptors = () => fs.readdirSync('/proc/self/fd').length

describe('a second client', () => {
  test('is told that the port is in use, is hung up on, and its bytes are nobody’s', async () => {
    const first = await firstClient()
    const second = new PtyClient(link)
    second.write('M104 S300\n')
    await second.ended
    expect(second.heard.text).toBe(`${IN_USE}\n`)
    expect(() => second.write('M104 S300\n')).toThrow('EIO')
    first.write('M115\n')
    await heard.until('M115\n')
    device.write(Buffer.from('ok\n'))
    await first.heard.until('ok\n')
    expect(told).toEqual([true, 'M105\n', 'M115\n'])
    expect(first.heard.text).toBe('ok\n')
    await second.close()
    await first.close()
  })

  test('that goes on talking is not heard while it is being told', async () => {
    const first = await firstClient()
    const second = new PtyClient(link)
    second.write('M104 S300\n')
    await second.heard.until(IN_USE)
    second.write('M112\n')
    await second.ended
    expect(heard.text).toBe('M105\n')
    await second.close()
    await first.close()
  })

  test('and many more are sent away, and leave no descriptor behind', async () => {
    const first = await firstClient()
    const before = descriptors()
    for (let turn = 0; turn < 30; turn++) {
      const target = fs.readlinkSync(link)
      const second = openTerminal(link)
      fs.writeSync(second, 'G28\n')
      await expect.poll(() => fs.readlinkSync(link), { interval: 1 }).not.toBe(target)
      fs.closeSync(second)
    }
    await expect.poll(descriptors, { interval: 5 }).toBe(before)
    expect(heard.text).toBe('M105\n')
    await first.close()
  })

  test('more at once than are told by words are sent away without', async () => {
    const first = await firstClient()
    const clients: PtyClient[] = []
    for (let turn = 0; turn < 12; turn++) {
      const target = fs.readlinkSync(link)
      const client = new PtyClient(link)
      clients.push(client)
      client.write('G28\n')
      await expect.poll(() => fs.readlinkSync(link), { interval: 1 }).not.toBe(target)
    }
    for (const client of clients) await client.ended
    expect(clients.filter((client) => client.heard.text === `${IN_USE}\n`).length).toBeGreaterThanOrEqual(8)
    expect(heard.text).toBe('M105\n')
    for (const client of [...clients, first]) await client.close()
  })

  test('that speaks only when the first has left is the next one', async () => {
    const first = await firstClient()
    const second = new PtyClient(link)
    const left = clientIs(device, false)
    await first.close()
    await left
    second.write('M115\n')
    await heard.until('M115\n')
    device.write(Buffer.from('ok\n'))
    await second.heard.until('ok\n')
    await second.close()
  })

  test('is refused while the first is paused, too', async () => {
    const first = await firstClient()
    device.pause()
    first.write('M115\n')
    const second = new PtyClient(link)
    second.write('G28\n')
    await second.ended
    expect(second.heard.text).toBe(`${IN_USE}\n`)
    device.resume()
    await heard.until('M115\n')
    expect(heard.text).toBe('M105\nM115\n')
    await second.close()
    await first.close()
  })

  test.skipIf(process.getuid?.() !== 0)('does not get in by the name of the terminal either', async () => {
    const terminal = fs.readlinkSync(link)
    fs.chmodSync(terminal, 0o666)
    const first = await firstClient()
    const code = `process.setuid(65534); require('node:fs').openSync(${JSON.stringify(terminal)}, 'r+')`
    expect(spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' }).stderr).toContain('EBUSY')
    await first.close()
  })
})

describe('a host that closes and opens at once', () => {
  test('is never taken for a second one', async () => {
    const count = 100
    for (let turn = 0; turn < count; turn++) {
      const client = openTerminal(link)
      fs.writeSync(client, `N${turn} first\n`)
      await heard.until(`N${turn} first\n`)
      fs.writeSync(client, `N${turn} last\n`)
      // The news of this close and the next client's first byte come in any order.
      fs.closeSync(client)
    }
    await heard.until(`N${count - 1} last\n`)
    await expect.poll(() => told.at(-1), { interval: 1 }).toBe(false)
    const said = told.filter((one) => typeof one === 'string').join('')
    expect(said).toBe(Array.from({ length: count }, (_, turn) => `N${turn} first\nN${turn} last\n`).join(''))
    const clients = told.filter((one) => typeof one === 'boolean')
    expect(clients).toEqual(Array.from({ length: 2 * count }, (_, index) => index % 2 === 0))
    for (const [index, one] of told.entries()) {
      // What a client sent is told between its coming and its going.
      if (typeof one === 'string' && one.includes('first')) expect(told[index - 1]).toBe(true)
      if (one === false) expect(String(told[index - 1])).toContain('last')
    }
  })

  test('whatever comes between: pauses, chunks, waits', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.constant('write' as const) },
      { weight: 2, arbitrary: fc.constant('reopen' as const) },
      fc.constantFrom('pause' as const, 'resume' as const, 'wait' as const),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        told.length = 0
        heard.text = ''
        let client = openTerminal(link)
        let number = 0
        /** The lines of each client. */
        const sent: string[][] = [[]]
        const write = () => {
          number += 1
          fs.writeSync(client, `N${number}\n`)
          sent.at(-1)?.push(`N${number}`)
        }
        for (const one of steps) {
          if (one === 'write') write()
          else if (one === 'pause') device.pause()
          else if (one === 'resume') device.resume()
          else if (one === 'wait') await new Promise((resolve) => setTimeout(resolve, 2))
          else {
            fs.closeSync(client)
            client = openTerminal(link)
            sent.push([])
          }
        }
        write()
        device.resume()
        await heard.until(`N${number}\n`)
        fs.closeSync(client)
        await expect.poll(() => told.at(-1), { interval: 1 }).toBe(false)
        const lines = heard.text.trimEnd().split('\n')
        // A client that left while it was paused loses its last lines and no others; one that is still here, none.
        const kept = sent.map((own) => own.filter((line) => lines.includes(line)))
        expect(lines).toEqual(kept.flat())
        for (const [index, own] of kept.entries()) expect(own).toEqual(sent[index]?.slice(0, own.length))
        expect(kept.at(-1)).toEqual(sent.at(-1))
        if (!steps.includes('pause')) expect(kept).toEqual(sent)
        const clients = told.filter((two) => typeof two === 'boolean')
        expect(clients).toEqual(clients.map((_, index) => index % 2 === 0))
      }),
      { numRuns: 60 },
    )
  })

  test('also when the port is paused meanwhile', async () => {
    const first = openTerminal(link)
    fs.writeSync(first, 'one\n')
    await heard.until('one\n')
    device.pause()
    fs.writeSync(first, 'two\n')
    fs.closeSync(first)
    const second = openTerminal(link)
    fs.writeSync(second, 'three\n')
    await new Promise((resolve) => setTimeout(resolve, 20))
    fs.writeSync(second, 'four\n')
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(told).toEqual([true, 'one\n'])
    device.resume()
    await heard.until('four\n')
    // What the first had sent and nobody has read went with it; of the second nothing is lost.
    expect(told).toEqual([true, 'one\n', false, true, 'three\n', 'four\n'])
    fs.closeSync(second)
  })

  test('a look at its settings before it is opened is no client', async () => {
    expect(spawnSync('stty', ['-F', link, '115200']).status).toBe(0)
    const first = await firstClient()
    await first.close()
    expect(told[0]).toBe(true)
  })
})

describe('the link', () => {
  test('moves on at the first byte and always leads to a terminal that is raw', async () => {
    for (let turn = 0; turn < 5; turn++) {
      const before = fs.readlinkSync(link)
      const left = clientIs(device, false)
      const client = new PtyClient(link)
      client.write(`${turn}\n`)
      await heard.until(`${turn}\n`)
      expect(fs.readlinkSync(link)).not.toBe(before)
      expect(spawnSync('stty', ['-F', link, '-a'], { encoding: 'utf8' }).stdout).toContain('-echo ')
      await client.close()
      await left
    }
  })

  test('is refused to another gate, with a client and without', async () => {
    const refused = { code: 'USAGE', message: expect.stringContaining('which is in use') }
    await expect(listenOnPty({ link, inUseLine: IN_USE })).rejects.toMatchObject(refused)
    const first = await firstClient()
    await expect(listenOnPty({ link, inUseLine: IN_USE })).rejects.toMatchObject(refused)
    await first.close()
  })

  test('that somebody removed comes back with the next client', async () => {
    const terminal = fs.readlinkSync(link)
    fs.unlinkSync(link)
    const client = new PtyClient(terminal)
    client.write('M105\n')
    await heard.until('M105\n')
    expect(fs.readlinkSync(link)).not.toBe(terminal)
    await client.close()
  })

  test('that somebody made lead elsewhere is left alone, also at the end', async () => {
    const terminal = fs.readlinkSync(link)
    fs.unlinkSync(link)
    fs.symlinkSync('/dev/null', link)
    const client = new PtyClient(terminal)
    client.write('M105\n')
    await heard.until('M105\n')
    await device.close()
    expect(fs.readlinkSync(link)).toBe('/dev/null')
    fs.unlinkSync(link)
    await client.close()
  })

  test('that cannot be moved leaves the port as it was, and clients still come', async () => {
    const terminal = fs.readlinkSync(link)
    fs.rmSync(folder, { recursive: true })
    for (const text of ['one\n', 'two\n']) {
      const left = clientIs(device, false)
      const client = new PtyClient(terminal)
      client.write(text)
      await heard.until(text)
      await client.close()
      await left
    }
  })
})

test('a port for one client without a link is a fault of the caller', async () => {
  await expect(listenOnPty({ inUseLine: IN_USE })).rejects.toThrow('needs a link')
})

test('two hundred clients leave no descriptor behind', async () => {
  const before = descriptors()
  for (let turn = 0; turn < 200; turn++) {
    const left = clientIs(device, false)
    const client = openTerminal(link)
    fs.writeSync(client, 'x')
    await expect.poll(() => heard.text.length, { interval: 1 }).toBe(turn + 1)
    fs.closeSync(client)
    await left
  }
  expect(descriptors()).toBe(before)
})
