// A witness on this machine counts for nothing, under whatever name it goes.
import { hostname, networkInterfaces } from 'node:os'
import { describe, expect, test } from 'vitest'
import { type HostWorld, isThisHost } from '../../agent/witness/this-host.ts'

const NAMES: Readonly<Record<string, readonly string[]>> = {
  'witness.example': ['203.0.113.9', '2001:db8::9'],
  'me.example': ['192.0.2.10'],
  'sometimes-me.example': ['203.0.113.9', '192.0.2.10'],
  'debian.example': ['127.0.1.1'],
  'mapped.example': ['::ffff:192.0.2.10'],
  'zoned.example': ['fe80::1%eth0'],
  'odd.example': ['not an address'],
}

const world: HostWorld = {
  lookup: async (name) => {
    const found = NAMES[name]
    if (found === undefined) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
    return found
  },
  addresses: () => ['127.0.0.1', '192.0.2.10', '::1', '2001:db8::10', 'fe80::1%wlan0'],
  name: () => 'Printer-Host',
}

describe('what leads to this machine', () => {
  test.each([
    ['localhost'],
    ['LOCALHOST'],
    ['localhost.'],
    ['witness.localhost'],
    ['printer-host'],
    ['127.0.0.1'],
    ['127.200.1.1'],
    ['0.0.0.0'],
    ['[::1]'],
    ['[::]'],
    ['[::ffff:127.0.0.1]'],
    ['[::ffff:7f00:1]'],
    ['192.0.2.10'],
    ['[::ffff:c000:20a]'],
    ['[2001:db8::10]'],
    ['me.example'],
    ['ME.example.'],
    ['debian.example'],
    ['mapped.example'],
    ['zoned.example'],
  ])('is %s', async (name) => {
    expect(await isThisHost(name, world)).toBe(true)
  })

  test('is a name of which one address does, because nobody knows which one is taken', async () => {
    expect(await isThisHost('sometimes-me.example', world)).toBe(true)
  })

  test('is an answer that is no address: what is not understood does not count', async () => {
    expect(await isThisHost('odd.example', world)).toBe(true)
  })

  test.each([['witness.example'], ['203.0.113.9'], ['[2001:db8::9]'], ['192.0.2.11']])(
    'is not %s',
    async (name) => {
      expect(await isThisHost(name, world)).toBe(false)
    },
  )

  test('is not known where the name cannot be looked up', async () => {
    await expect(isThisHost('nobody.example', world)).rejects.toMatchObject({ code: 'ENOTFOUND' })
  })

  test('as a URL writes it, is found however somebody spells it', async () => {
    for (const url of ['http://2130706433/', 'http://0x7f.1/', 'http://0:8780/', 'http://[0:0:0:0:0:0:0:1]/'])
      expect(await isThisHost(new URL(url).hostname, world), url).toBe(true)
  })
})

test('the real machine knows its own addresses and its own name', async () => {
  expect(await isThisHost(hostname())).toBe(true)
  for (const { address } of Object.values(networkInterfaces()).flatMap((entries) => entries ?? []))
    expect(await isThisHost(address.replace(/%.*/, '')), address).toBe(true)
  expect(await isThisHost('203.0.113.9')).toBe(false)
})
