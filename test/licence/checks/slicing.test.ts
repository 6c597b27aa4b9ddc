/** Slicing at the site: what a slicer attests of the job, and what of it counts. */
import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { bracket, digestsOf } from '../fixture.ts'
import { attest, judged, oneBench, sentences, trustWith } from '../judge.ts'

const MODEL = 'b'.repeat(64)
const PROFILE = 'c'.repeat(64)

const farm = generateKeyPairSync('ed25519')
const other = generateKeyPairSync('ed25519')
const keyOf = ({ publicKey }: typeof farm): string => publicKey.export({ format: 'jwk' }).x ?? ''

/** The site trusts two slicers. */
const place = trustWith({
  slicers: [
    { id: 'farm-slicer', key: keyOf(farm) },
    { id: 'bench-slicer', key: keyOf(other) },
  ],
})

const design = {
  ...(oneBench['design'] as object),
  digests: [{ alg: 'sha-256', form: 'model', value: MODEL }],
}

function claims(slice: object = {}, transforms?: object): object {
  return {
    design: { ...design, ...(transforms && { transforms }) },
    slice: { mode: 'attested-slicer', ...slice },
  }
}

const predicate = {
  slicer: { id: 'farm-slicer', version: '2.8.1' },
  design: { sha256: MODEL },
  profile: { sha256: PROFILE },
  instances: 1,
  transforms: { scale: 1, rotate_z: 0, rotated_otherwise: false, mirrored: false, split: false },
}

const statement = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [
    { name: 'job', digest: { sha256: bracket.canonicalSha256 } },
    { name: 'file', digest: { sha256: bracket.rawSha256 } },
  ],
  predicateType: 'https://portcullis.invalid/slicing/v1',
  predicate,
}

const signed = (changes: object = {}, key = farm.privateKey): string =>
  attest({ ...statement, predicate: { ...predicate, ...changes } }, key)
const transformed = (changes: object): string =>
  signed({ transforms: { ...predicate.transforms, ...changes } })

test('a job that a trusted slicer attests is the licensed design', async () => {
  expect(await judged(claims(), place, signed())).toBe('allowed')
  expect(await judged(claims({ slicers: ['farm-slicer'], profile: PROFILE }), place, signed())).toBe(
    'allowed',
  )
})

test('a job without an attestation is not', async () => {
  expect(await sentences(claims(), place)).toEqual([
    'licence asks for an attested slicing: no attestation came with it',
  ])
})

test('an attestation is nothing to a licence for exact G-code', async () => {
  expect(await judged({ design }, place, signed())).toBe('other-design')
  expect(await judged({ design, slice: { mode: 'exact-gcode' } }, place, signed())).toBe('other-design')
})

test('G-code that the licence names by its digest needs none', async () => {
  const digests = [...design.digests, { alg: 'sha-256', form: 'gcode-canon', value: bracket.canonicalSha256 }]
  const both = { design: { ...design, digests }, slice: { mode: 'attested-slicer' } }
  expect(await judged(both, place)).toBe('allowed')
  expect(await judged(both, { ...place, design: digestsOf('other') })).toBe('slicing-unattested')
})

test('a model’s digest never stands for that of G-code', async () => {
  const digests = [{ alg: 'sha-256', form: 'model', value: bracket.rawSha256 }]
  expect(await judged({ design: { ...design, digests } })).toBe('other-design')
})

describe('the slicer', () => {
  test('is one that the site trusts', async () => {
    expect(await sentences(claims(), {}, signed())).toEqual([
      'slicer `farm-slicer` is not one that may attest this design here',
    ])
  })

  test('is one that the licence names, where it names any', async () => {
    expect(await judged(claims({ slicers: ['bench-slicer'] }), place, signed())).toBe('slicer-not-trusted')
    expect(await judged(claims({ slicers: ['bench-slicer', 'farm-slicer'] }), place, signed())).toBe(
      'allowed',
    )
  })

  test('signs with its own key', async () => {
    expect(await sentences(claims(), place, signed({}, other.privateKey))).toEqual([
      'licence asks for an attested slicing: the attestation was altered, or signed by another key than its slicer has here',
    ])
    const renamed = signed({ slicer: { id: 'bench-slicer' } })
    expect(await judged(claims(), place, renamed)).toBe('slicing-unattested')
  })

  test('may have an older key beside its new one', async () => {
    const slicers = [
      { id: 'farm-slicer', key: keyOf(other) },
      { id: 'farm-slicer', key: keyOf(farm) },
    ]
    expect(await judged(claims(), trustWith({ slicers }), signed())).toBe('allowed')
  })

  test('whose key is none has signed nothing', async () => {
    for (const key of ['', 'A', 'A'.repeat(43), `${'A'.repeat(42)}!`]) {
      const slicers = [{ id: 'farm-slicer', key }]
      expect(await judged(claims(), trustWith({ slicers }), signed())).toBe('slicing-unattested')
    }
  })
})

describe('the job', () => {
  test('is named by its commands or by its file, each digest in its own place', async () => {
    const subjects = (...subject: object[]): string => attest({ ...statement, subject }, farm.privateKey)
    const job = { name: 'job', digest: { sha256: bracket.canonicalSha256 } }
    const file = { name: 'file', digest: { sha256: bracket.rawSha256 } }
    expect(await judged(claims(), place, subjects(job))).toBe('allowed')
    expect(await judged(claims(), place, subjects(file))).toBe('allowed')
    expect(await judged(claims(), place, subjects({ ...job, digest: file.digest }))).toBe(
      'slicing-unattested',
    )
    expect(await judged(claims(), place, subjects({ ...file, digest: job.digest }))).toBe(
      'slicing-unattested',
    )
  })

  test('is this one', async () => {
    expect(await sentences(claims(), { ...place, design: digestsOf('other') }, signed())).toEqual([
      'licence asks for an attested slicing: the attestation is of another job',
    ])
  })

  test('holds the design once: a copy is one', async () => {
    expect(await sentences(claims(), place, signed({ instances: 4 }))).toEqual([
      'licence asks for an attested slicing: the job holds the design 4 times, and a copy is one',
    ])
  })
})

describe('what it was made from', () => {
  test('is the licensed model', async () => {
    expect(await sentences(claims(), place, signed({ design: { sha256: 'd'.repeat(64) } }))).toEqual([
      'job is not the licensed design `bracket-7 C`: the SHA-256 of the model it was sliced from begins with dddddddddddddddd, the licence names bbbbbbbbbbbbbbbb',
    ])
  })

  test('is no model where the licence names none', async () => {
    const plain = { slice: { mode: 'attested-slicer' } }
    expect(await sentences(plain, { ...place, design: bracket }, signed())).toEqual([])
    const elsewhere = { ...place, design: digestsOf('other') }
    const subject = [{ name: 'job', digest: { sha256: digestsOf('other').canonicalSha256 } }]
    expect(await sentences(plain, elsewhere, attest({ ...statement, subject }, farm.privateKey))).toEqual([
      'licence asks for an attested slicing: the licence names no model to slice',
    ])
  })

  test('went through the licensed profile, where one is named', async () => {
    expect(await judged(claims({ profile: 'e'.repeat(64) }), place, signed())).toBe('slicing-unattested')
    expect(await judged(claims({ profile: PROFILE }), place, signed())).toBe('allowed')
  })
})

describe('a transform', () => {
  test('is one that the licence allows', async () => {
    const cases = [
      [{ scale: 1.2 }, { scale: [1, 1.5] }, 'the design was scaled by 1.2, which the licence does not allow'],
      [
        { rotate_z: 45 },
        { rotate_z: true },
        'the design was turned about the vertical, which the licence does not allow',
      ],
      [
        { rotate_z: 45 },
        { rotate_any: true },
        'the design was turned about the vertical, which the licence does not allow',
      ],
      [
        { rotated_otherwise: true },
        { rotate_any: true },
        'the design was turned about another axis, which the licence does not allow',
      ],
      [{ mirrored: true }, { mirror: true }, 'the design was mirrored, which the licence does not allow'],
      [{ split: true }, { split: true }, 'the design was cut into parts, which the licence does not allow'],
    ] as const
    for (const [done, allowed, sentence] of cases) {
      expect(await sentences(claims(), place, transformed(done))).toEqual([sentence])
      expect(await judged(claims({}, allowed), place, transformed(done))).toBe('allowed')
    }
  })

  test('about the vertical is not one about any axis', async () => {
    expect(
      await judged(claims({}, { rotate_z: true }), place, transformed({ rotated_otherwise: true })),
    ).toBe('transform-not-allowed')
  })

  test('of the size is within its bounds, ends included', async () => {
    const half = claims({}, { scale: [0.5, 2] })
    for (const [scale, answer] of [
      [0.5, 'allowed'],
      [2, 'allowed'],
      [0.4999, 'transform-not-allowed'],
      [2.0001, 'transform-not-allowed'],
    ] as const) {
      expect(await judged(half, place, transformed({ scale }))).toBe(answer)
    }
    expect(await judged(claims({}, { scale: [2, 3] }), place, transformed({}))).toBe('transform-not-allowed')
  })
})

describe('of several attestations', () => {
  test('one that says enough suffices', async () => {
    expect(await judged(claims(), place, '{}', signed({ instances: 2 }), signed())).toBe('allowed')
  })

  test('the one that came furthest is told', async () => {
    expect(await judged(claims(), place, '{}', transformed({ scale: 2 }), signed({ instances: 2 }))).toBe(
      'transform-not-allowed',
    )
  })
})

describe('an attestation that cannot be read refuses, and never breaks the check', () => {
  const envelope = JSON.parse(signed()) as { payload: string; signatures: { sig: string }[] }
  const signedText = (text: string): string => attest(text, farm.privateKey)
  const cases: [string, string][] = [
    ['no envelope', '{}'],
    ['no JSON', '{'],
    ['another payload type', JSON.stringify({ ...envelope, payloadType: 'application/json' })],
    ['no signature', JSON.stringify({ ...envelope, signatures: [] })],
    ['many signatures', JSON.stringify({ ...envelope, signatures: Array(5).fill(envelope.signatures[0]) })],
    ['a signature that is no base64', JSON.stringify({ ...envelope, signatures: [{ sig: '!!' }] })],
    ['a payload that is no base64', JSON.stringify({ ...envelope, payload: `${envelope.payload} ` })],
    ['a payload twice', signed().replace('{', '{"payload":"e30=",')],
    ['a statement that is no JSON', signedText('x')],
    [
      'a statement with a repeated key',
      signedText(JSON.stringify(statement).replace('"instances"', '"instances":1,"instances"')),
    ],
    ['a wall of brackets', signedText('['.repeat(9) + ']'.repeat(9))],
    [
      'another statement type',
      signedText(JSON.stringify({ ...statement, _type: 'https://in-toto.io/Statement/v0.1' })),
    ],
    [
      'another predicate type',
      signedText(JSON.stringify({ ...statement, predicateType: 'https://slsa.dev/provenance/v1' })),
    ],
    [
      'a subject of another kind',
      signedText(JSON.stringify({ ...statement, subject: [{ name: 'x', digest: { sha256: MODEL } }] })),
    ],
    ['no subject', signedText(JSON.stringify({ ...statement, subject: [] }))],
    ['a member that nobody knows', signed({ sheared: true })],
    ['a transform that nobody knows', transformed({ sheared: 0 })],
    ['a transform left out', signed({ transforms: { scale: 1 } })],
    ['a scale of zero', transformed({ scale: 0 })],
    ['a scale in text', transformed({ scale: '1' })],
    ['a turn of a whole circle', transformed({ rotate_z: 360 })],
    ['no instance', signed({ instances: 0 })],
    ['17 KiB', signed({ slicer: { id: 'farm-slicer', version: 'x'.repeat(17_000) } })],
  ]
  test.each(cases)('%s', async (_name, text) => {
    const [sentence, ...others] = await sentences(claims(), place, text)
    expect(sentence).toMatch(/^licence asks for an attested slicing: an attestation cannot be read: /)
    expect(others).toEqual([])
  })

  test('and its own words show without what cannot be seen', async () => {
    const [sentence] = await sentences(claims(), place, signed({ '\u001b[2J\u202e': 1 }))
    expect(sentence).not.toMatch(/[\u001b\u202e]/)
  })

  test('signed bytes are those that were signed: one byte of the payload is another', async () => {
    const payload = Buffer.from(envelope.payload, 'base64')
    const at = payload.indexOf('2.8.1')
    payload[at] = 0x33
    const changed = JSON.stringify({ ...envelope, payload: payload.toString('base64') })
    expect(await judged(claims(), place, changed)).toBe('slicing-unattested')
  })

  test('base64 for addresses and without padding is read as DSSE has it', async () => {
    const loose = JSON.stringify({
      ...envelope,
      payload: Buffer.from(envelope.payload, 'base64').toString('base64url'),
      signatures: envelope.signatures.map(({ sig }) => ({ sig: sig.replace(/=+$/, '') })),
    })
    expect(await judged(claims(), place, loose)).toBe('allowed')
  })
})
