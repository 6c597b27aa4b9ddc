import { createHash, generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { isLocalName } from '../../agent/doctor/local-name.ts'
import { findings, told } from './fake-world.ts'

const PATH = '/etc/portcullis/witnesses.txt'

/** A witness's key as signed notes write it. */
function vkey(name: string): string {
  const { x = '' } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
  const key = Buffer.concat([Uint8Array.of(4), Buffer.from(x, 'base64url')])
  const id = createHash('sha256').update(`${name}\n`).update(key).digest('hex').slice(0, 8)
  return `${name}+${id}+${key.toString('base64')}`
}

const witness = (name: string, url: string): string =>
  `witness ${name} ${vkey(`example.org/${name}`)} ${url}\n`
const configured = (text: string | undefined) => ({
  evidence: { witnesses: { policyFile: PATH, required: 'never' as const, waitMs: 1000 } },
  files: { [PATH]: text === undefined ? undefined : { text } },
})
const toldOf = (text: string | undefined): readonly string[] => told('anchor', configured(text))

describe('the anchor of the log', () => {
  test('is missing where no witness is configured, and that is said', () => {
    expect(told('anchor')).toEqual([expect.stringMatching(/^note: no witness outside this machine/)])
  })

  test('is there with a witness on another machine', () => {
    expect(toldOf(`${witness('w1', 'http://192.0.2.11:7375/')}quorum w1\n`)).toEqual([
      'ok: 1 witnesses on other machines can vouch for the log',
    ])
  })

  test.each([
    'http://127.0.0.1:7375/',
    'http://127.3.2.1/',
    'http://[::1]:7375/',
    'http://localhost:7375/',
    'http://192.0.2.10:7375/',
    'http://[2001:db8::10]/',
    'http://mk3:7375/',
    'http://MK3.local:7375/',
    'http://0.0.0.0/',
  ])('is none at %s, which is this machine: it counts for nothing', (url) => {
    expect(toldOf(`${witness('w1', url)}quorum w1\n`)).toEqual([
      expect.stringMatching(/^warn: witness `w1` is on this machine and counts for nothing/),
      'fail: the quorum `w1` cannot be reached by witnesses on other machines',
    ])
  })

  test('stands where those elsewhere are enough, and the one here is still named', () => {
    const both = `${witness('here', 'http://127.0.0.1/')}${witness('there', 'http://192.0.2.11/')}group g any here there\nquorum g\n`
    expect(toldOf(both)).toEqual([expect.stringMatching(/^warn: witness `here` is on this machine/)])
  })

  test('does not stand where the policy is missing or wrong', () => {
    expect(toldOf(undefined)).toEqual([
      `fail: the policy of witnesses \`${PATH}\` cannot be read: it is not there`,
    ])
    expect(toldOf('quorum nobody\n')).toEqual([
      expect.stringMatching(/^fail: the policy of witnesses .* is wrong: .*nobody/),
    ])
    expect(findings('anchor', configured('quorum nobody\n'))[0]?.remedy).toContain('does not start')
  })
})

test('a name that only looks like this machine’s is not', () => {
  for (const name of ['mk3.example.org', '192.0.2.100', 'localhost.example.org', 'notlocalhost', '::2'])
    expect(isLocalName(name, ['mk3', '192.0.2.10']), name).toBe(false)
})
