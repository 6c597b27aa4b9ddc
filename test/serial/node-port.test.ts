import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openNodePort } from '../../agent/serial/node-port.ts'
import { WRITE_QUEUE_BYTES_MAX, WRITE_TIMEOUT_MS } from '../../agent/serial/port.ts'
import { listenOnPty } from '../../agent/serial/pty-port.ts'
import { dropsLinesOnClose, makeRaw, openMaster, openTerminal } from '../../agent/serial/terminal.ts'
import { portContract, Witness } from './port-contract.ts'

const OPTIONS = { baud: 115200 }

portContract('a serial device', {
  listen: () => listenOnPty(),
  open: (name, listener, stallMs = WRITE_TIMEOUT_MS) =>
    openNodePort(name, listener, OPTIONS, { queueBytesMax: WRITE_QUEUE_BYTES_MAX, stallMs }),
})

/** A device whose far end is a bare master, read by nobody unless the test does. */
let master: number
let terminal: number
let name: string
let folder: string

beforeEach(() => {
  const made = openMaster()
  master = made.master
  name = made.path
  terminal = openTerminal(name)
  makeRaw(terminal)
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'portcullis-port-'))
})

afterEach(() => {
  fs.closeSync(terminal)
  fs.closeSync(master)
  fs.rmSync(folder, { recursive: true, force: true })
})

const shell = (command: string) => spawnSync('sh', ['-c', command]).status
const stty = (...words: string[]) =>
  spawnSync('stty', ['-F', name, ...words], { encoding: 'utf8' }).stdout.replace(/\s+/g, ' ')

describe('how a device is set up', () => {
  test('the flag that drops DTR on close is switched off, for that resets most boards', async () => {
    stty('hupcl')
    expect(dropsLinesOnClose(terminal)).toBe(true)
    const port = await openNodePort(name, new Witness(), OPTIONS)
    expect(dropsLinesOnClose(terminal)).toBe(false)
    await port.close()
    expect(dropsLinesOnClose(terminal)).toBe(false)
  })

  test('odd line speeds of printers are set, also those that have no name in POSIX', async () => {
    for (const baud of [9600, 115200, 250000, 500000]) {
      const port = await openNodePort(name, new Witness(), { baud })
      if (baud !== 250000) expect(stty()).toContain(`speed ${baud} baud`)
      await port.close()
    }
  })

  test('the terminal does not echo, edit lines or change characters', async () => {
    stty('echo', 'icanon', 'icrnl', 'opost', 'ixon')
    const port = await openNodePort(name, new Witness(), OPTIONS)
    const settings = stty('-a')
    for (const off of ['-echo ', '-icanon', '-icrnl', '-opost', '-ixon', '-isig']) {
      expect(settings).toContain(off)
    }
    await port.close()
  })

  test('what the printer said before the port was opened is not taken for an answer', async () => {
    fs.writeSync(master, 'ok\nok\n')
    await new Promise((resolve) => setTimeout(resolve, 20))
    const witness = new Witness()
    const port = await openNodePort(name, witness, OPTIONS)
    fs.writeSync(master, 'start\n')
    await witness.heard.until('start\n')
    expect(witness.lines).toEqual(['start'])
    await port.close()
  })

  test('no descriptor is left behind, whether the opening works or not', async () => {
    const open = async () => {
      const port = await openNodePort(name, new Witness(), OPTIONS)
      await expect(openNodePort(name, new Witness(), OPTIONS)).rejects.toThrow()
      await port.close()
    }
    const count = () => fs.readdirSync('/proc/self/fd').length
    await open()
    const before = count()
    for (let turn = 0; turn < 10; turn++) await open()
    expect(count()).toBe(before)
  })
})

test('a device that takes no bytes is lost when the time for it is over', async () => {
  const witness = new Witness()
  const limits = { queueBytesMax: WRITE_QUEUE_BYTES_MAX, stallMs: 50 }
  const port = await openNodePort(name, witness, OPTIONS, limits)
  port.write(Buffer.alloc(60_000))
  expect(await witness.ended).toEqual({ kind: 'lost', reason: 'the device took no bytes for 0.05 s' })
  await port.close()
})

describe('what cannot be opened is explained', () => {
  const open = (place: string) => openNodePort(place, new Witness(), OPTIONS)

  test('a name that leads nowhere', async () => {
    for (const place of ['/dev/ttyNOPE7', path.join(folder, 'no', 'such'), '', 'a\0b', '/dev/null/x']) {
      await expect(open(place)).rejects.toMatchObject({
        code: 'PORT_MISSING',
        message: `port \`${place}\` does not exist`,
      })
    }
  })

  test('a link whose device is gone, with the device named', async () => {
    const link = path.join(folder, 'printer')
    fs.symlinkSync('/dev/pts/99999', link)
    await expect(open(link)).rejects.toMatchObject({
      code: 'PORT_MISSING',
      message: `port \`${link}\` is a link to \`/dev/pts/99999\`, which does not exist`,
    })
  })

  test('a folder, a file, a named pipe, and a device that is no serial port', async () => {
    const file = path.join(folder, 'job.gcode')
    const pipe = path.join(folder, 'pipe')
    fs.writeFileSync(file, 'G28\n')
    shell(`mkfifo ${pipe}`)
    const cases: [string, string][] = [
      [folder, 'a directory, not a serial device'],
      [file, 'a regular file, not a serial device'],
      [pipe, 'something else, not a serial device'],
      ['/dev/null', 'not a serial device'],
    ]
    for (const [place, what] of cases) {
      await expect(open(place)).rejects.toMatchObject({
        code: 'PORT_REFUSED',
        message: `port \`${place}\` is ${what}`,
      })
    }
    expect(fs.readFileSync(file, 'utf8')).toBe('G28\n')
  })

  test('a device that another program has locked, and the other way round', async () => {
    const lock = `flock --nonblock ${name}`
    const holder = spawn('sh', ['-c', `exec ${lock} sh -c 'echo locked; read line'`])
    await once(holder.stdout, 'data')
    await expect(open(name)).rejects.toMatchObject({ code: 'PORT_BUSY' })
    holder.stdin.end('\n')
    await once(holder, 'exit')
    const port = await open(name)
    expect(shell(`${lock} true`)).toBe(1)
    await port.close()
    expect(shell(`${lock} true`)).toBe(0)
  })

  test.skipIf(process.getuid?.() !== 0)(
    'a device that belongs to another user, with the remedy',
    async () => {
      fs.chmodSync(name, 0o600)
      const module = path.resolve('agent/serial/node-port.ts')
      const code = `process.setuid(65534)
      import(${JSON.stringify(module)})
        .then((m) => m.openNodePort(${JSON.stringify(name)}, { line() {}, end() {} }, { baud: 115200 }))
        .catch((error) => process.stdout.write(error.code + ': ' + error.message))`
      const run = spawnSync(process.execPath, ['--import', 'tsx', '-e', code], { encoding: 'utf8' })
      expect(run.stdout).toBe(
        `PORT_REFUSED: no permission to open port \`${name}\`; add your user to the group that owns it (often \`dialout\`) and log in again`,
      )
    },
  )
})
