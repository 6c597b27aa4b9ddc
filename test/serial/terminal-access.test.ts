import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { DeviceSide } from '../../agent/serial/listener.ts'
import { listenOnPty } from '../../agent/serial/pty-port.ts'
import { readTerminalAccess } from '../../agent/serial/terminal-access.ts'

const isRoot = process.getuid?.() === 0
let device: DeviceSide | undefined

afterEach(async () => {
  await device?.unplug()
  device = undefined
})

async function accessOf(options: Parameters<typeof listenOnPty>[0]): Promise<string> {
  device = await listenOnPty(options)
  const { uid, gid, mode } = fs.statSync(device.path)
  return `${uid}:${gid} ${(mode & 0o777).toString(8)}`
}

/** Runs lines of a program as the user nobody, who is in no group but his own. */
function asNobody(code: string): string {
  const module = path.resolve('agent/serial/pty-port.ts')
  const whole = `import(${JSON.stringify(module)}).then(async ({ listenOnPty }) => {
    process.setgroups([]); process.setgid(65534); process.setuid(65534);
    ${code}
  }).catch((error) => console.log(error.code, error.message))`
  return spawnSync(process.execPath, ['--import', 'tsx', '-e', whole], { encoding: 'utf8' }).stdout.trim()
}

describe('names and numbers', () => {
  test('names are those of this machine, numbers are taken as they are', () => {
    expect(readTerminalAccess({ owner: 'root', group: 'root' })).toEqual({ uid: 0, gid: 0, mode: 0o600 })
    expect(readTerminalAccess({ owner: 'daemon' }).uid).toBe(
      Number(spawnSync('id', ['-u', 'daemon'], { encoding: 'utf8' }).stdout),
    )
    expect(readTerminalAccess({ owner: 1234, group: '5678', mode: 0o660 })).toEqual({
      uid: 1234,
      gid: 5678,
      mode: 0o660,
    })
  })

  test('without any, only the mode is said', () => {
    expect(readTerminalAccess({})).toEqual({ mode: 0o600 })
  })

  test('an unknown name is bad usage, whatever is in it', () => {
    const unknown = ['no-such-user', '', 'root:x', 'root\n', ' root', '+', '-1', '4294967295', '99999999999']
    for (const owner of unknown) {
      expect(() => readTerminalAccess({ owner })).toThrow(
        expect.objectContaining({
          code: 'USAGE',
          message: `this machine knows no user \`${owner}\`; create it, or give the number of one`,
        }),
      )
    }
    expect(() => readTerminalAccess({ group: 'no-such-group' })).toThrow('knows no group `no-such-group`')
    expect(() => readTerminalAccess({ group: -1 })).toThrow('knows no group `-1`')
    expect(() => readTerminalAccess({ group: 1.5 })).toThrow('knows no group `1.5`')
  })

  test('a mode that is more than permissions is a fault of the caller', () => {
    for (const mode of [0o4600, -1, 1.5, Number.NaN]) {
      expect(() => readTerminalAccess({ mode })).toThrow('nine permission bits')
    }
  })

  test('an unknown name leaves no descriptor behind', async () => {
    const count = () => fs.readdirSync('/proc/self/fd').length
    const before = count()
    await expect(listenOnPty({ owner: 'no-such-user' })).rejects.toMatchObject({ code: 'USAGE' })
    expect(count()).toBe(before)
  })
})

describe('giving the terminal away', () => {
  test('only this user may open it unless something else is said', async () => {
    expect(await accessOf({})).toMatch(/ 600$/)
  })

  test.skipIf(!isRoot)('owner, group and mode are as asked for', async () => {
    expect(await accessOf({ owner: 1234, group: 5678, mode: 0o640 })).toBe('1234:5678 640')
    await device?.unplug()
    expect(await accessOf({ owner: 'nobody', mode: 0o666 })).toMatch(/^65534:\d+ 666$/)
  })

  test.skipIf(!isRoot)('they stay when clients come and go', async () => {
    device = await listenOnPty({ group: 5678, mode: 0o660 })
    const left = new Promise<void>((resolve) => device?.onClient((connected) => connected || resolve()))
    const client = fs.openSync(device.path, 'r+')
    fs.writeSync(client, 'x')
    await new Promise((resolve) => setTimeout(resolve, 20))
    fs.closeSync(client)
    await left
    expect(fs.statSync(device.path)).toMatchObject({ gid: 5678 })
    expect(fs.statSync(device.path).mode & 0o777).toBe(0o660)
  })

  test.skipIf(!isRoot)('a user without privileges is told what to do instead', () => {
    const open = (options: object) => asNobody(`await listenOnPty(${JSON.stringify(options)})`)
    expect(open({ owner: 0 })).toBe(
      'USAGE cannot give the virtual port to user 0: permission denied; only root may; share it through a group instead',
    )
    expect(open({ group: 0 })).toBe(
      'USAGE cannot give the virtual port to group 0: permission denied; ' +
        'the user that runs this program must be a member of that group',
    )
  })

  test.skipIf(!isRoot)(
    'a port whose own user may not open it by name goes on after a client has left',
    () => {
      const said = asNobody(`
      const fs = require('node:fs')
      const device = await listenOnPty({ mode: 0o200 })
      const seen = []
      device.onBytes((bytes) => seen.push(String(bytes)))
      for (const text of ['one', 'two']) {
        const left = new Promise((resolve) => device.onClient((connected) => connected || resolve()))
        const client = fs.openSync(device.path, fs.constants.O_WRONLY | fs.constants.O_NOCTTY)
        fs.writeSync(client, text)
        await new Promise((resolve) => setTimeout(resolve, 20))
        fs.closeSync(client)
        await left
      }
      console.log(seen.join(' '))
      await device.close()`)
      expect(said).toBe('one two')
    },
  )
})
