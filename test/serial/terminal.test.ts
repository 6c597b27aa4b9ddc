import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  claim,
  dropsLinesOnClose,
  dropUnread,
  keepLinesOnClose,
  makeRaw,
  openMaster,
  openPeer,
  openTerminal,
  readTerminal,
  unclaim,
} from '../../agent/serial/terminal.ts'

let master: number
let path: string
let terminal: number

beforeEach(() => {
  const made = openMaster()
  master = made.master
  path = made.path
  terminal = openTerminal(path)
})

afterEach(() => {
  fs.closeSync(terminal)
  fs.closeSync(master)
})

const stty = (...words: string[]) => spawnSync('stty', ['-F', path, ...words], { encoding: 'utf8' }).stdout
const openAsNobody = () => {
  const code = `process.setuid(65534); require('node:fs').openSync(${JSON.stringify(path)}, 'r+')`
  return spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' }).stderr
}

describe('settings', () => {
  test('a fresh terminal echoes and edits; a raw one passes every byte on', () => {
    expect(stty('-a')).toMatch(/(?<!-)echo .*|(?<!-)icanon/)
    makeRaw(terminal)
    const settings = stty('-a')
    for (const off of [
      '-echo',
      '-icanon',
      '-isig',
      '-ixon',
      '-icrnl',
      '-opost',
      '-parenb',
      'cs8',
      'min = 1',
    ]) {
      expect(settings).toContain(off)
    }
  })

  test('making it raw leaves the line speed and flow control alone', () => {
    stty('230400', 'crtscts')
    makeRaw(terminal)
    expect(stty('-a')).toContain(' crtscts')
    expect(stty()).toContain('speed 230400 baud')
  })

  test('keeping the lines on close changes only that', () => {
    stty('hupcl', 'cs7', 'crtscts')
    const before = stty('-a')
    expect(dropsLinesOnClose(terminal)).toBe(true)
    keepLinesOnClose(terminal)
    expect(dropsLinesOnClose(terminal)).toBe(false)
    expect(stty('-a')).toBe(before.replace(' hupcl', ' -hupcl'))
  })

  test('what is no terminal is refused in words', () => {
    const file = fs.openSync('/dev/null', 'r')
    expect(() => makeRaw(file)).toThrow(
      'cannot read the settings of the port: inappropriate ioctl for device (ENOTTY)',
    )
    fs.closeSync(file)
  })
})

describe('claims', () => {
  test.skipIf(process.getuid?.() !== 0)(
    'a claimed device opens for no other user until it is released',
    () => {
      fs.chmodSync(path, 0o666)
      expect(openAsNobody()).toBe('')
      claim(terminal)
      expect(openAsNobody()).toContain('EBUSY')
      unclaim(terminal)
      expect(openAsNobody()).toBe('')
    },
  )

  test('releasing a device that is gone does no harm', () => {
    const gone = openMaster()
    const fd = openTerminal(gone.path)
    fs.closeSync(gone.master)
    unclaim(fd)
    fs.closeSync(fd)
  })
})

describe('the terminal of a master', () => {
  test('is opened through the master, whatever the mode of its name', () => {
    fs.chmodSync(path, 0)
    const peer = openPeer(master)
    expect(fs.readlinkSync(`/proc/self/fd/${peer}`)).toBe(path)
    fs.closeSync(peer)
  })

  test('of something else is refused in words', () => {
    const file = fs.openSync('/dev/null', 'r')
    expect(() => openPeer(file)).toThrow(
      'cannot open a virtual port: inappropriate ioctl for device (ENOTTY)',
    )
    fs.closeSync(file)
  })
})

describe('reading', () => {
  test('the stream has its own descriptor, and closing it closes exactly that', async () => {
    const count = () => fs.readdirSync('/proc/self/fd').length
    for (const fd of [terminal, master]) {
      const before = count()
      const stream = readTerminal(fd, () => {})
      stream.resume()
      expect(count()).toBe(before + 1)
      stream.destroy()
      await once(stream, 'close')
      expect(count()).toBe(before)
      expect(() => fs.fstatSync(fd)).not.toThrow()
    }
  })

  test('nothing is read before it is asked for, nor in a pause, nor is a hang-up seen', async () => {
    makeRaw(terminal)
    const heard: string[] = []
    let isClosed = false
    const stream = readTerminal(master, (bytes) => {
      heard.push(bytes.toString())
      stream.pause()
    })
    stream.on('error', () => {})
    stream.on('close', () => {
      isClosed = true
    })
    const settle = () => new Promise((resolve) => setTimeout(resolve, 20))
    fs.writeSync(terminal, 'one\n')
    await settle()
    expect(heard).toEqual([])
    stream.resume()
    await settle()
    fs.writeSync(terminal, 'two\n')
    fs.closeSync(terminal)
    await settle()
    expect(heard).toEqual(['one\n'])
    stream.resume()
    await settle()
    expect(heard).toEqual(['one\n', 'two\n'])
    expect(isClosed).toBe(false)
    stream.resume()
    await settle()
    expect(isClosed).toBe(true)
    terminal = openTerminal(path)
  })

  test('what is dropped unread is never read', async () => {
    makeRaw(terminal)
    fs.writeSync(master, 'old\n')
    await new Promise((resolve) => setTimeout(resolve, 20))
    dropUnread(terminal)
    expect(() => fs.readSync(terminal, Buffer.alloc(16))).toThrow('EAGAIN')
  })
})
