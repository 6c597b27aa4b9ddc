import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadTrust } from '../../agent/trust/index.ts'
import { issuer, NOW_MS } from '../licence/fixture.ts'
import { ANCHOR, ANCHOR_FILE, ANCHOR_SHA256, complaint, rowFor, trustFolder } from './signed.ts'

const KEY = 'A'.repeat(43)
const SPKI = 'ab'.repeat(32)

async function load(text: string, files: Readonly<Record<string, string>> = {}) {
  return await loadTrust(await trustFolder({ 'authorities.yaml': text, ...files }), NOW_MS)
}

async function mistakes(text: string): Promise<string> {
  const dir = await trustFolder({ 'authorities.yaml': text })
  return (await complaint(loadTrust(dir, NOW_MS))).replaceAll(`${dir}/`, '')
}

describe('a trust folder', () => {
  test('without the file trusts its anchors and knows nothing else', async () => {
    expect(await loadTrust(await trustFolder(), NOW_MS)).toEqual({
      anchorsPem: [ANCHOR.toString()],
      authorities: [],
      revoked: [],
      slicers: [],
      recognitions: [],
      notes: [],
    })
  })

  test.each(['', '# nothing yet\n', 'authorities:\nrevoked:\nslicers:\n'])(
    'with a file that says nothing: %j',
    async (text) => {
      expect(await load(text)).toMatchObject({ authorities: [], revoked: [], slicers: [], notes: [] })
    },
  )

  test('reads all that a row can say', async () => {
    const text = rowFor(
      'name: Fixture Designs',
      'may: [license, screen]',
      'tiers: [open]',
      'classes: ["eu:1B001", "safety:*"]',
      'countries: [DE]',
      'exempts-as: [https://ministry.example]',
    )
    expect((await load(text)).authorities).toEqual([
      {
        anchorSha256: ANCHOR_SHA256,
        powers: ['license', 'screen'],
        tiers: ['open'],
        classes: ['eu:1B001', 'safety:*'],
        countries: ['DE'],
        exemptsAs: ['https://ministry.example'],
      },
    ])
  })

  test.each([ANCHOR_FILE, ANCHOR.fingerprint256, `sha256:${ANCHOR_SHA256}`])(
    'names an anchor as %s',
    async (name) => {
      const { authorities } = await load(`authorities:\n  - { anchor: "${name}", may: [] }\n`)
      expect(authorities).toMatchObject([{ anchorSha256: ANCHOR_SHA256, powers: [], classes: null }])
    },
  )

  test('reads revocations by key, by serial number and by certificate, and slicers', async () => {
    const text = [
      'revoked:',
      `  - spki: ${SPKI}`,
      '    from-record: 12',
      `  - { serial: "00:0A:bc", anchor: ${ANCHOR_FILE} }`,
      '  - { certificate: revoked/stolen.pem }',
      'slicers:',
      `  - { id: prusa-1, key: ${KEY} }`,
    ].join('\n')
    const { revoked, slicers } = await load(text, { 'revoked/stolen.pem': issuer.signerPem })
    expect(revoked).toEqual([
      { spkiSha256: SPKI, serial: null, fromRecord: 12 },
      { spkiSha256: null, serial: { anchorSha256: ANCHOR_SHA256, number: 'abc' }, fromRecord: null },
      { spkiSha256: expect.stringMatching(/^[0-9a-f]{64}$/), serial: null, fromRecord: null },
    ])
    expect(slicers).toEqual([{ id: 'prusa-1', key: KEY }])
  })

  test('tells of a row whose anchor is not there, and goes on', async () => {
    const { authorities, notes } = await load(`authorities:\n  - anchor: ${SPKI}\n    may: [screen]\n`)
    expect(authorities).toHaveLength(1)
    expect(notes).toEqual([expect.stringContaining('line 2 speaks of the anchor `abababababababab...`')])
  })
})

describe('a mistake is told with its line and column', () => {
  test.each<[string, string, string]>([
    ['an unknown key', rowFor('power: [screen]'), 'authorities.yaml:3:5 unknown key `power`'],
    ['an unknown key at the top', 'authority: []\n', 'authorities.yaml:1:1 unknown key `authority`'],
    ['an unknown power', rowFor('may: [licence]'), 'authorities.yaml:3:11 key `authorities.0.may.0`'],
    ['an unknown tier', rowFor('tiers: [free]'), 'authorities.yaml:3:13 key `authorities.0.tiers.0`'],
    ['a class without its regime', rowFor('classes: [1B001]'), 'must be `regime:code`'.replaceAll('`', "'")],
    ['a country by name', rowFor('countries: [Germany]'), 'authorities.yaml:3:17'],
    [
      'a fingerprint too short',
      'authorities:\n  - anchor: abcd\n',
      'authorities.yaml:2:13 key `authorities.0.anchor`',
    ],
    [
      'a file that is not there',
      'authorities:\n  - anchor: other.pem\n',
      'authorities.yaml:2:13 there is no anchor `other.pem`',
    ],
    ['a path as an anchor', 'authorities:\n  - anchor: ../root.pem\n', 'authorities.yaml:2:13'],
    [
      'an anchor twice',
      `${rowFor()}  - anchor: ${ANCHOR_FILE}\n`,
      'authorities.yaml:3:13 this stands in another row already',
    ],
    [
      'two ways to name a certificate',
      `revoked:\n  - { spki: ${SPKI}, certificate: revoked/a.pem }\n`,
      'in one way',
    ],
    ['no way to name it', 'revoked:\n  - { from-record: 1 }\n', 'authorities.yaml:2:5'],
    ['a serial number without its anchor', 'revoked:\n  - { serial: "ab" }\n', 'go together'],
    [
      'a serial number as a number',
      `revoked:\n  - { serial: 1e5, anchor: ${ANCHOR_FILE} }\n`,
      'hexadecimal digits in quotes',
    ],
    [
      'a certificate outside its folder',
      'revoked:\n  - { certificate: revoked/../x.pem }\n',
      'revoked/NAME.pem',
    ],
    ['a certificate that is not there', 'revoked:\n  - { certificate: revoked/x.pem }\n', 'does not exist'],
    ['a negative record', `revoked:\n  - { spki: ${SPKI}, from-record: -1 }\n`, 'authorities.yaml:2'],
    [
      'a slicer twice',
      `slicers:\n  - { id: a, key: ${KEY} }\n  - { id: a, key: ${KEY} }\n`,
      'authorities.yaml:3:11 this stands',
    ],
    ['a key too short', 'slicers:\n  - { id: a, key: abc }\n', 'an Ed25519 key'],
    [
      'a key that stands twice',
      `${rowFor('may: [license]', 'may: [screen]')}`,
      'authorities.yaml:4:5 this key stands twice',
    ],
    ['an alias', 'authorities: &a []\nrevoked: *a\n', 'authorities.yaml:2:10 an alias is not allowed'],
    ['a tag', 'authorities: !!binary aaaa\n', 'authorities.yaml:1:23 key `authorities`'],
    ['a directive', '%YAML 1.1\n---\nauthorities: []\n', 'a `%YAML` directive is not allowed'],
    ['two documents', 'authorities: []\n---\nrevoked: []\n', 'authorities.yaml:2:1'],
    ['text that is no map', '- a\n', 'authorities.yaml:1:1'],
    ['broken YAML', 'authorities: [\n', 'authorities.yaml:2:1'],
    ['a wall of brackets', '['.repeat(50_000), 'authorities.yaml:1:'],
    [
      'more rows than there may be',
      `slicers:\n${Array.from({ length: 257 }, (_, i) => `  - { id: s${i}, key: ${KEY} }\n`).join('')}`,
      'authorities.yaml:2:3',
    ],
    ['a key that is called __proto__', '__proto__: { may: [screen] }\n', 'unknown key `__proto__`'],
  ])('%s', async (_title, text, expected) => {
    const message = await mistakes(text)
    expect(message).toMatch(/^LICENCE_UNREADABLE /)
    expect(message).toContain(expected)
  })

  test('all of them at once, in the order of the file', async () => {
    const lines = (await mistakes(`${rowFor('may: [x]', 'tiers: [y]')}zzz: 1\n`)).split('\n')
    expect(lines.map((line) => /yaml:(\d+):/.exec(line)?.[1])).toEqual(['3', '4', '5'])
  })

  test('a file of a megabyte is not read', async () => {
    expect(await mistakes('#'.repeat(1024 * 1024))).toContain('above the limit of 262144 bytes')
  })

  test('a file that every user may write is not believed', async () => {
    const dir = await trustFolder({ 'authorities.yaml': '' })
    await chmod(join(dir, 'authorities.yaml'), 0o666)
    expect(await complaint(loadTrust(dir, NOW_MS))).toContain('so nothing in it is trusted')
  })

  test('a folder in its place', async () => {
    const dir = await trustFolder()
    await mkdir(join(dir, 'authorities.yaml'))
    expect(await complaint(loadTrust(dir, NOW_MS))).toContain('is a directory')
  })
})
