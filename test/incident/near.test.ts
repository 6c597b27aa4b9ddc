// Which addresses plain text may go to.
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { addressOf, isLoopback, isNear, lookupOnly } from '../../agent/incident/near.ts'
import { Undeliverable } from '../../agent/incident/undeliverable.ts'

test.each([
  ...['127.0.0.1', '127.9.9.9', '::1', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.0.1'],
  ...['169.254.1.1', 'fd00::1', 'fe80::1', '::ffff:10.0.0.1'],
])('%s is near', (address) => {
  expect(isNear(address)).toBe(true)
})

test.each([
  ...['8.8.8.8', '172.15.255.255', '172.32.0.0', '192.169.0.1', '0.0.0.0', '255.255.255.255'],
  ...['2001:db8::1', '::', '::ffff:8.8.8.8', 'localhost', '', '10.0.0', '0x7f000001'],
])('%s is not', (address) => {
  expect(isNear(address)).toBe(false)
})

test('a private network is not this machine', () => {
  expect(['127.0.0.1', '::1', '10.0.0.1', 'fd00::1'].map(isLoopback)).toEqual([true, true, false, false])
})

describe('a name that leads to addresses', () => {
  const look = (isAllowed: (address: string) => boolean, all: boolean) =>
    promisify(lookupOnly(isAllowed, 'too far') as (name: string, options: object, done: () => void) => void)(
      'localhost',
      { all },
    )

  test('is given those that are allowed', async () => {
    expect(await look((address) => address === '127.0.0.1', true)).toEqual([
      { address: '127.0.0.1', family: 4 },
    ])
    expect(await look((address) => address === '127.0.0.1', false)).toBe('127.0.0.1')
    expect(await addressOf('localhost', (address) => address === '127.0.0.1', 'too far')).toEqual({
      address: '127.0.0.1',
      family: 4,
    })
  })

  test('none of which is allowed leads nowhere, for good', async () => {
    for (const all of [true, false])
      await expect(look(() => false, all)).rejects.toBeInstanceOf(Undeliverable)
    await expect(addressOf('localhost', () => false, 'too far')).rejects.toThrow('too far')
  })
})
