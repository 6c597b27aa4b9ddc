import { describe, expect, test } from 'vitest'
import { isLoopback } from '../../agent/config/index.ts'
import { readTcpAddress } from '../../agent/config/tcp-address.ts'

describe('an address', () => {
  test.each([
    ['127.0.0.1:2525', { host: '127.0.0.1', port: 2525 }],
    ['[::1]:2525', { host: '::1', port: 2525 }],
    ['[fe80::1%eth0]:1', { host: 'fe80::1%eth0', port: 1 }],
    ['print-host.local:65535', { host: 'print-host.local', port: 65_535 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
  ])('%s is read', (text, address) => {
    expect(readTcpAddress(text)).toEqual(address)
  })

  test.each([
    '',
    ':2525',
    'a:',
    'a:b',
    'a:-1',
    'a:65536',
    'a:123456',
    '127.1:80',
    '256.1.1.1:1',
    '[1.2.3.4]:1',
    '[:::]:1',
    'a b:1',
    'a/b:1',
    'a:1\n',
  ])('%j is none', (text) => {
    expect(readTcpAddress(text)).toBeUndefined()
  })
})

describe('loopback', () => {
  test.each([
    '127.0.0.1',
    '127.255.0.1',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
    'localhost',
    'LOCALHOST',
  ])('%s is reached from this machine alone', (host) => expect(isLoopback(host)).toBe(true))

  test.each([
    '0.0.0.0',
    '::',
    '128.0.0.1',
    '::ffff:10.0.0.1',
    '10.0.0.1',
    'localhost.evil.example',
    'printer',
    '',
  ])('%j is not, or may not be tomorrow', (host) => expect(isLoopback(host)).toBe(false))
})
