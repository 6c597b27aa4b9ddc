import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DEVICE_QUEUE_BYTES_MAX, type DeviceSide } from '../../agent/serial/listener.ts'
import { listenOnPty } from '../../agent/serial/pty-port.ts'
import { openTerminal } from '../../agent/serial/terminal.ts'
import { clientIs, Heard } from './heard.ts'
import { PtyClient } from './pty-client.ts'

let folder: string
let device: DeviceSide | undefined

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'portcullis-pty-'))
})

afterEach(async () => {
  await device?.unplug()
  device = undefined
  fs.rmSync(folder, { recursive: true, force: true })
})

async function listen(link?: string): Promise<{ device: DeviceSide; heard: Heard }> {
  device = await listenOnPty(link === undefined ? {} : { link })
  const heard = new Heard()
  device.onBytes(heard.add)
  return { device, heard }
}

describe('the bytes', () => {
  test('all 256 byte values arrive as they were sent, both ways', async () => {
    const { device, heard } = await listen()
    const client = new PtyClient(device.path)
    const every = Buffer.from(Array.from({ length: 256 }, (_, value) => value))
    client.write(every.toString('latin1'))
    await heard.until((text) => text.length >= 256)
    expect(heard.text).toBe(every.toString('latin1'))
    device.write(every)
    await client.heard.until((text) => text.length >= 256)
    expect(client.heard.text).toBe(every.toString('latin1'))
    await client.close()
  })

  test('what was told is the callee’s to keep: later bytes do not change it', async () => {
    const { device, heard } = await listen()
    const kept: Uint8Array[] = []
    device.onBytes((bytes) => {
      kept.push(bytes)
      heard.add(bytes)
    })
    const client = new PtyClient(device.path)
    for (const text of ['M104 S0\n', 'M140 S0\n', 'M112 P7\n']) {
      client.write(text)
      await heard.until(text)
    }
    expect(Buffer.concat(kept).toString()).toBe('M104 S0\nM140 S0\nM112 P7\n')
    await client.close()
  })

  test('what the device says is not echoed back to it as if the client had sent it', async () => {
    const { device, heard } = await listen()
    const client = new PtyClient(device.path)
    client.write('M105\n')
    await heard.until('M105\n')
    device.write(Buffer.from('ok T:20 /0\n'))
    await client.heard.until('ok T:20 /0\n')
    client.write('M115\n')
    await heard.until('M115\n')
    expect(heard.text).toBe('M105\nM115\n')
    await client.close()
  })

  test('more than the kernel holds arrives whole and in order at a client that reads', async () => {
    const { device, heard } = await listen()
    const client = new PtyClient(device.path)
    client.write('x')
    await heard.until('x')
    const long = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251))
    device.write(long)
    await client.heard.until((text) => text.length >= long.length)
    expect(Buffer.from(client.heard.text, 'latin1').equals(long)).toBe(true)
    await client.close()
  })

  test('a buffer that the caller reuses at once does not change what the client reads', async () => {
    const { device, heard } = await listen()
    const client = new PtyClient(device.path)
    client.write('x')
    await heard.until('x')
    const reused = Buffer.alloc(60_000, 'a')
    device.write(reused)
    reused.fill('b')
    await client.heard.until((text) => text.length >= reused.length)
    expect(client.heard.text).toBe('a'.repeat(reused.length))
    await client.close()
  })

  test('a client that does not read holds up nothing, and the device forgets what is too much', async () => {
    const { device, heard } = await listen()
    const client = openTerminal(device.path)
    fs.writeSync(client, 'x')
    await heard.until('x')
    const chunk = Buffer.alloc(DEVICE_QUEUE_BYTES_MAX / 2)
    const before = process.memoryUsage().arrayBuffers
    for (let round = 0; round < 200; round++) device.write(chunk)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * DEVICE_QUEUE_BYTES_MAX)
    fs.writeSync(client, 'y')
    await heard.until('xy')
    fs.closeSync(client)
  })
})

describe('clients that come and go', () => {
  test('a client has come with its first byte and has left when it closes the port', async () => {
    const { device, heard } = await listen()
    const seen: boolean[] = []
    device.onClient((connected) => seen.push(connected))
    const client = new PtyClient(device.path)
    client.write('M105\n')
    await heard.until('M105\n')
    expect(seen).toEqual([true])
    const left = clientIs(device, false)
    await client.close()
    await left
  })

  test('the last bytes of a client that leaves at once still arrive', async () => {
    const { device, heard } = await listen()
    const left = clientIs(device, false)
    const client = new PtyClient(device.path)
    client.write('M104 S0\nM112\n')
    await client.close()
    await left
    expect(heard.text).toBe('M104 S0\nM112\n')
  })

  test('fifty clients in a row are served', async () => {
    const { device, heard } = await listen()
    for (let turn = 0; turn < 50; turn++) {
      const left = clientIs(device, false)
      const client = new PtyClient(device.path)
      client.write(`hello ${turn}\n`)
      await heard.until(`hello ${turn}\n`)
      device.write(Buffer.from(`ok ${turn}\n`))
      await client.heard.until(`ok ${turn}\n`)
      await client.close()
      await left
    }
  })

  test('a client never sees what the one before it left unread', async () => {
    const { device, heard } = await listen()
    const left = clientIs(device, false)
    const first = openTerminal(device.path)
    fs.writeSync(first, 'x')
    await heard.until('x')
    device.write(Buffer.alloc(100_000, 'old '))
    fs.closeSync(first)
    await left
    const second = new PtyClient(device.path)
    second.write('y')
    await heard.until('xy')
    device.write(Buffer.from('new\n'))
    await second.heard.until('\n')
    expect(second.heard.text).toBe('new\n')
    await second.close()
  })

  test('what the device says while nobody listens is lost, as on a real port', async () => {
    const { device, heard } = await listen()
    device.write(Buffer.from('start\n'))
    const client = new PtyClient(device.path)
    client.write('x')
    await heard.until('x')
    device.write(Buffer.from('ok\n'))
    await client.heard.until('ok\n')
    expect(client.heard.text).toBe('ok\n')
    await client.close()
  })

  test('a terminal that a client left in echo mode is raw again for the next', async () => {
    const { device, heard } = await listen()
    const left = clientIs(device, false)
    const script = `printf x > ${device.path}; exec stty -F ${device.path} echo icanon onlcr icrnl`
    const first = openTerminal(device.path)
    expect(spawnSync('sh', ['-c', script]).status).toBe(0)
    await heard.until('x')
    fs.closeSync(first)
    await left
    const second = new PtyClient(device.path)
    second.write('M105\r')
    await heard.until('M105\r')
    device.write(Buffer.from('ok'))
    await second.heard.until('ok')
    expect(heard.text).toBe('xM105\r')
    await second.close()
  })
})

test('echo that another program left on is off when the client has come, and its other settings stay', async () => {
  const { device, heard } = await listen()
  expect(spawnSync('stty', ['-F', device.path, 'echo', 'echonl', 'icanon', '57600']).status).toBe(0)
  const client = new PtyClient(device.path)
  client.write('M105\n')
  await heard.until('M105\n')
  device.write(Buffer.from('ok\n'))
  await client.heard.until('ok\n')
  client.write('M115\n')
  await heard.until('M115\n')
  expect(heard.text).toBe('M105\nM115\n')
  const settings = spawnSync('stty', ['-F', device.path, '-a'], { encoding: 'utf8' }).stdout
  expect(settings).toMatch(/speed 57600.* icanon.* -echo .* -echonl/s)
  await client.close()
})

describe('the end of the device', () => {
  test('pulling the cable hangs up on the client', async () => {
    const { device, heard } = await listen()
    const client = new PtyClient(device.path)
    client.write('x')
    await heard.until('x')
    await device.unplug()
    await client.ended
    expect(() => client.write('y')).toThrow('EIO')
    await client.close()
  })

  test('closing lets the client read what was written just before', async () => {
    const { device, heard } = await listen()
    const client = new PtyClient(device.path)
    client.write('x')
    await heard.until('x')
    device.write(Buffer.alloc(60_000, 'z'))
    await device.close()
    await client.ended
    // The kernel loses what it still holds itself, up to 16 KB.
    expect(client.heard.text.length).toBeGreaterThan(40_000)
    await client.close()
  })

  test('closing waits only a moment for a client that does not read', async () => {
    const { device, heard } = await listen()
    const client = openTerminal(device.path)
    fs.writeSync(client, 'x')
    await heard.until('x')
    device.write(Buffer.alloc(100_000))
    await device.close()
    expect(() => fs.writeSync(client, 'y')).toThrow('EIO')
    fs.closeSync(client)
  })

  test('after the end nothing is called, written or thrown any more', async () => {
    const { device } = await listen()
    const seen: boolean[] = []
    device.onClient((connected) => seen.push(connected))
    await device.unplug()
    await device.unplug()
    await device.close()
    device.write(Buffer.from('ok\n'))
    expect(seen).toEqual([])
  })

  test('no descriptor is left behind', async () => {
    const count = () => fs.readdirSync('/proc/self/fd').length
    await (await listenOnPty()).close()
    const before = count()
    for (let turn = 0; turn < 20; turn++) await (await listenOnPty()).unplug()
    expect(count()).toBe(before)
  })
})

describe('the link', () => {
  const link = () => path.join(folder, 'printer')

  test('it leads to the terminal while the device lives, and is gone after', async () => {
    const { device, heard } = await listen(link())
    expect(device.path).toBe(link())
    const client = new PtyClient(link())
    client.write('M105\n')
    await heard.until('M105\n')
    await client.close()
    await device.close()
    expect(fs.readdirSync(folder)).toEqual([])
  })

  test('one that a killed run left behind is replaced', async () => {
    fs.symlinkSync('/dev/pts/999999', link())
    await listen(link())
    expect(fs.readlinkSync(link())).not.toBe('/dev/pts/999999')
    expect(fs.readdirSync(folder)).toEqual(['printer'])
  })

  test('one that a killed run left behind is replaced even where its terminal is another program’s now', async () => {
    const { device: other } = await listen()
    // The link as the killed run made it: older than the terminal that has its number now.
    fs.symlinkSync(other.path, link())
    const { ctimeMs } = fs.lstatSync(link())
    while (fs.statSync(other.path).ctimeMs <= ctimeMs) fs.chmodSync(other.path, 0o600)
    const late = await listenOnPty({ link: link() })
    expect(fs.readlinkSync(link())).not.toBe(other.path)
    await late.close()
  })

  test('one of a device that lives is left to it, with a client and without, written to or not', async () => {
    const { device, heard } = await listen(link())
    const target = fs.readlinkSync(link())
    const refused = {
      code: 'USAGE',
      message: `\`${link()}\` leads to \`${target}\`, which is in use; choose another name`,
    }
    await expect(listenOnPty({ link: link() })).rejects.toMatchObject(refused)
    const client = new PtyClient(link())
    client.write('M105\n')
    await heard.until('M105\n')
    device.write(Buffer.from('ok\n'))
    await client.heard.until('ok\n')
    await expect(listenOnPty({ link: link() })).rejects.toMatchObject(refused)
    await client.close()
    await expect(listenOnPty({ link: link() })).rejects.toMatchObject(refused)
    expect(fs.readlinkSync(link())).toBe(target)
    expect(fs.readdirSync(folder)).toEqual(['printer'])
  })

  test('one that leads now to another device is left alone at the end', async () => {
    const { device } = await listen(link())
    fs.unlinkSync(link())
    const other = await listenOnPty({ link: link() })
    await device.close()
    expect(fs.lstatSync(link()).isSymbolicLink()).toBe(true)
    await other.close()
    expect(fs.readdirSync(folder)).toEqual([])
  })

  test('a file, a folder and a link to something else are never replaced', async () => {
    fs.writeFileSync(path.join(folder, 'file'), 'precious')
    fs.mkdirSync(path.join(folder, 'folder'))
    fs.symlinkSync(path.join(folder, 'file'), path.join(folder, 'alias'))
    for (const name of ['file', 'folder', 'alias']) {
      await expect(listenOnPty({ link: path.join(folder, name) })).rejects.toMatchObject({
        code: 'USAGE',
        message: expect.stringContaining('is not a link to a virtual port'),
      })
    }
    expect(fs.readFileSync(path.join(folder, 'file'), 'utf8')).toBe('precious')
    expect(fs.readdirSync(folder).sort()).toEqual(['alias', 'file', 'folder'])
  })

  test('a folder that does not exist is named', async () => {
    const place = path.join(folder, 'missing', 'printer')
    await expect(listenOnPty({ link: place })).rejects.toMatchObject({
      code: 'USAGE',
      message: `cannot make the link \`${place}\`: its folder does not exist`,
    })
  })

  test('a process that exits without closing takes its link along', () => {
    const module = path.resolve('agent/serial/pty-port.ts')
    const code = `import(${JSON.stringify(module)}).then((m) => m.listenOnPty({ link: ${JSON.stringify(link())} })).then(() => process.exit(7))`
    expect(spawnSync(process.execPath, ['--import', 'tsx', '-e', code]).status).toBe(7)
    expect(fs.readdirSync(folder)).toEqual([])
  })

  test('only its owner may open the terminal', async () => {
    await listen(link())
    expect(fs.statSync(link()).mode & 0o777).toBe(0o600)
  })
})
