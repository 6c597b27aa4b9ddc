import { X509Certificate } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { publishScreening, recognise } from '../../agent/cli/issuer-statements.ts'
import { openScreeningList } from '../../agent/screening/screening-list.ts'
import { LICENCE_TIERS, POWERS } from '../../agent/trust/index.ts'
import { openRecognition } from '../../agent/trust/recognition.ts'
import { newIssuer, newPlace } from '../issuer/issuer-scratch.ts'
import { issuer } from '../licence/fixture.ts'
import { capture } from './captured.ts'

const captured = capture()

const anchorSha256 = new X509Certificate(issuer.rootPem).fingerprint256.replaceAll(':', '').toLowerCase()
/** A site that lets the issuer speak of everything. */
const trust = {
  anchorsPem: [issuer.rootPem],
  authorities: [
    { anchorSha256, powers: [...POWERS], tiers: [...LICENCE_TIERS], classes: null, countries: null },
  ],
  revoked: [],
}

async function fileOf(text: string): Promise<string> {
  const path = await newPlace()
  await writeFile(path, text)
  return path
}

const RECOGNITION = `recognition: 1
of: https://export.example.net
expires: 2040-01-01
tiers: { controlled: restricted }
classes: { "net:A1": "eu-dual-use:9A012" }
`
const SCREENING = `screening-list: 1
name: sanctions
version: 2026-11-20
source: the ministry's list of 20 November 2026
expires: 2040-01-01
entries:
  - id: P-1
    kind: party
    names: [Acme Weapons, ACME Rüstung]
    countries: [XA]
    why: sanctioned
  - { id: C-1, kind: country, countries: [XB], why: embargo }
  - { id: M-1, kind: material, vendor: Acme, lot: L-1, why: recalled }
`

describe('a recognition', () => {
  test('is believed by a site that lets the issuer recognise', async () => {
    const out = await newPlace()
    await recognise(await newIssuer(), await fileOf(RECOGNITION), { out })
    const token = (await readFile(out, 'utf8')).trim()
    expect(await openRecognition(token, trust, Date.now())).toMatchObject({
      ok: true,
      recognition: {
        issuer: issuer.uri,
        of: 'https://export.example.net',
        tiers: { controlled: 'restricted' },
        classes: { 'net:A1': 'eu-dual-use:9A012' },
      },
    })
    expect(captured.stdout).toContain('recognised')
  })

  test.each<[string, string, RegExp]>([
    [
      'of nothing',
      RECOGNITION.replace(/^(tiers|classes).*\n/gm, ''),
      /must recognise tiers, classes, or both/,
    ],
    [
      'of itself',
      RECOGNITION.replace('https://export.example.net', issuer.uri),
      /:2:5 `of` is this issuer itself/,
    ],
    ['of a tier that is none', RECOGNITION.replace('restricted', 'secret'), /:4:\d+ /],
    ['that has ended', RECOGNITION.replace('2040', '2020'), /:3:10 `expires` is in the past$/],
    ['that outlives its signer', RECOGNITION.replace('2040', '2060'), /would end after its signer/],
    ['with an unknown key', `${RECOGNITION}copies: 3\n`, /:6:1 unknown key `copies`/],
    ['that is a screening list', SCREENING, /unknown key/],
  ])('is not made %s', async (_name, text, sentence) => {
    const out = await newPlace()
    await expect(recognise(await newIssuer(), await fileOf(text), { out })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(sentence),
    })
    await expect(readFile(out)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('a screening list', () => {
  test('is believed by a site that lets the issuer screen', async () => {
    const out = await newPlace()
    await publishScreening(await newIssuer(), await fileOf(SCREENING), { out })
    const token = (await readFile(out, 'utf8')).trim()
    const read = await openScreeningList(token, trust, Date.now())
    if (!read.ok) throw new Error(read.refusal.message)
    expect(read.list).toMatchObject({ name: 'sanctions', version: '2026-11-20' })
    expect(read.list.entries.map(({ id }) => id)).toEqual(['P-1', 'C-1', 'M-1'])
  })

  test.each<[string, string, RegExp]>([
    ['with an id twice', SCREENING.replace('C-1', 'P-1'), /:\d+:\d+ must not have an id twice$/],
    [
      'with a party without a name',
      SCREENING.replace(/ {4}names.*\n/, ''),
      /:7:5 .*a party has at least one of `names`/,
    ],
    ['without a source', SCREENING.replace(/^source.*\n/m, ''), /missing key `source`/],
    [
      'without entries',
      SCREENING.replace(/entries:[\s\S]*/, 'entries: []\n'),
      /`entries` must have at least 1 entry/,
    ],
  ])('is not made %s', async (_name, text, sentence) => {
    const made = publishScreening(await newIssuer(), await fileOf(text), {})
    await expect(made).rejects.toMatchObject({ code: 'USAGE', message: expect.stringMatching(sentence) })
  })
})
