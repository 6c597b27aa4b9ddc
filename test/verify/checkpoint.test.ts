// Checkpoints: one of a real log with the cosignatures of four real witnesses, the example of the C2SP text, and all that
// is not a checkpoint.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  emptyRoot,
  isProblem,
  leafHash,
  type NoteKey,
  parseCheckpoint,
  parseNoteKey,
  type UnverifiedCheckpoint,
  verifyCheckpoint,
} from '../../agent/verify/index.ts'
import { checkpointText, signNote, testSigner } from './signing.ts'

const keyOf = (vkey: string): NoteKey => {
  const key = parseNoteKey(vkey)
  if (isProblem(key)) throw new Error(key.problem)
  return key
}
const checkpointOf = (bytes: string | Uint8Array): UnverifiedCheckpoint => {
  const checkpoint = parseCheckpoint(Buffer.from(bytes))
  if (isProblem(checkpoint)) throw new Error(checkpoint.problem)
  return checkpoint
}
const problemOf = (value: object): string | undefined => (isProblem(value) ? value.problem : undefined)

/** Published by a Certificate Transparency log of the web, and cosigned by the public witness network, in May 2026. */
const REAL = `arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
`
const REAL_LOG = keyOf(
  'arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f',
)
const REAL_WITNESSES = [
  'transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM',
  'witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO',
  'remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2',
  'witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv',
].map(keyOf)

/** c2sp.org/tlog-cosignature: its example. The keys are not published. */
const EXAMPLE = `example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
`

const ORIGIN = 'portcullis/test'
const log = testSigner(ORIGIN, 1)
const witness = testSigner('witness.example', 4)
const LOG = keyOf(log.vkey)
const WITNESS = keyOf(witness.vkey)
const ROOT = leafHash(Buffer.from('leaf'))
const TEXT = checkpointText(ORIGIN, 1, ROOT)

describe('a real checkpoint', () => {
  test('verifies with its log’s key and those of four witnesses', () => {
    const verified = verifyCheckpoint(checkpointOf(REAL), [REAL_LOG, ...REAL_WITNESSES])
    expect(verified).toMatchObject({
      checkpoint: { origin: 'arche2025h1.staging.ct.transparency.dev', size: 1432088532, extensions: [] },
      log: REAL_LOG,
      cosigners: REAL_WITNESSES.map((key) => ({ key, timestamp: 0x6a122120 })),
    })
  })

  test('verifies no more with another size, root or origin', () => {
    for (const changed of [
      REAL.replace('1432088532', '1432088533'),
      REAL.replace('U7WM', 'U7WN'),
      REAL.replace('U7WM', 'U7WN').replace('arche2025h1', 'arche2025h2'),
    ]) {
      expect(isProblem(verifyCheckpoint(checkpointOf(changed), [REAL_LOG, ...REAL_WITNESSES]))).toBe(true)
    }
  })

  test('has more signatures than keys that are known, which is nobody’s fault', () => {
    expect(verifyCheckpoint(checkpointOf(REAL), [REAL_LOG])).toMatchObject({ cosigners: [] })
  })
})

test('the example of the C2SP text is read as it says', () => {
  const { checkpoint, note } = checkpointOf(EXAMPLE)
  expect(checkpoint).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20852163 })
  expect(checkpoint.root.toString('base64')).toBe('CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=')
  expect(note.signatures.map(({ name }) => name)).toEqual([
    'example.com/behind-the-sofa',
    'witness.example.com/w1',
  ])
})

describe('a checkpoint', () => {
  test('is its log’s if the key is named as the origin', () => {
    const elsewhere = testSigner('portcullis/other', 1)
    const signed = checkpointOf(signNote(TEXT, elsewhere.line(TEXT)))
    expect(problemOf(verifyCheckpoint(signed, [keyOf(elsewhere.vkey)]))).toContain(
      'not signed by a known key',
    )
  })

  test('is not its log’s by the word of witnesses', () => {
    const namesake = testSigner(ORIGIN, 4)
    const signed = checkpointOf(signNote(TEXT, namesake.line(TEXT, 9), witness.line(TEXT, 9)))
    expect(problemOf(verifyCheckpoint(signed, [keyOf(namesake.vkey), WITNESS, LOG]))).toContain(
      'not signed by a known',
    )
  })

  test('may be signed by a new key beside the old one', () => {
    const old = testSigner(ORIGIN, 1, 'the key before')
    const signed = checkpointOf(signNote(TEXT, old.line(TEXT), log.line(TEXT)))
    expect(verifyCheckpoint(signed, [LOG])).toMatchObject({ log: LOG })
    expect(verifyCheckpoint(signed, [keyOf(old.vkey), LOG])).toMatchObject({ checkpoint: { size: 1 } })
  })

  test('is spoiled by a known witness’s bad signature', () => {
    const signed = checkpointOf(signNote(TEXT, log.line(TEXT), witness.line('other\n', 9)))
    expect(problemOf(verifyCheckpoint(signed, [LOG, WITNESS]))).toContain('`witness.example` does not verify')
    expect(verifyCheckpoint(signed, [LOG])).toMatchObject({ cosigners: [] })
  })

  test('keeps its extension lines, under the signature', () => {
    const text = `${TEXT}extension one\nextension two\n`
    const signed = checkpointOf(signNote(text, log.line(text)))
    expect(verifyCheckpoint(signed, [LOG])).toMatchObject({
      checkpoint: { extensions: ['extension one', 'extension two'] },
    })
    expect(isProblem(verifyCheckpoint(checkpointOf(signNote(text, log.line(TEXT))), [LOG]))).toBe(true)
  })

  test('of an empty tree has the root of one', () => {
    expect(checkpointOf(signNote(checkpointText('o', 0, emptyRoot()), log.line('x\n'))).checkpoint.size).toBe(
      0,
    )
    const wrong = parseCheckpoint(signNote(checkpointText('o', 0, ROOT), log.line('x\n')))
    expect(problemOf(wrong)).toContain('empty tree')
  })

  test('has a size up to 2^53 - 1', () => {
    const text = checkpointText('o', Number.MAX_SAFE_INTEGER, ROOT)
    expect(checkpointOf(signNote(text, log.line(text))).checkpoint.size).toBe(Number.MAX_SAFE_INTEGER)
  })

  const root = ROOT.toString('base64')
  test.each([
    ['two lines', `o\n1\n`],
    ['no origin', `\n1\n${root}\n`],
    ['a size with a zero in front', `o\n01\n${root}\n`],
    ['a negative size', `o\n-1\n${root}\n`],
    ['a size with a plus', `o\n+1\n${root}\n`],
    ['a size in hexadecimal', `o\n0x1\n${root}\n`],
    ['a size with an exponent', `o\n1e3\n${root}\n`],
    ['a size with a space', `o\n1 \n${root}\n`],
    ['a size of 2^53', `o\n9007199254740992\n${root}\n`],
    ['a size of a hundred digits', `o\n${'9'.repeat(100)}\n${root}\n`],
    ['a root of 31 bytes', `o\n1\n${Buffer.alloc(31).toString('base64')}\n`],
    ['a root of 33 bytes', `o\n1\n${Buffer.alloc(33).toString('base64')}\n`],
    ['a root with stray bits', `o\n1\n${root.slice(0, -2)}${root.at(-2) === 'A' ? 'B' : 'B'}=\n`],
    ['an unpadded root', `o\n1\n${root.slice(0, -1)}\n`],
    ['an empty extension line', `o\n1\n${root}\n\nx\n`],
    ['seventeen extension lines', `o\n1\n${root}\n${'x\n'.repeat(17)}`],
    ['ten thousand extension lines', `o\n1\n${root}\n${'x\n'.repeat(10_000)}`],
  ])('with %s is refused in words', (_, text) => {
    expect(problemOf(parseCheckpoint(signNote(text, log.line(text))))).toEqual(expect.any(String))
  })

  test('of sixteen extension lines is read', () => {
    const text = `o\n1\n${root}\n${'x\n'.repeat(16)}`
    expect(checkpointOf(signNote(text, log.line(text))).checkpoint.extensions).toHaveLength(16)
  })

  test('changed in any one byte is another, or none, and verifies no more', () => {
    const bytes = signNote(TEXT, log.line(TEXT), witness.line(TEXT, 1_700_000_000))
    const end = bytes.indexOf('\n\n') + 1
    fc.assert(
      fc.property(fc.nat(end - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.from(bytes)
        changed[at]! ^= change
        const read = parseCheckpoint(changed)
        expect(isProblem(read) || isProblem(verifyCheckpoint(read, [LOG, WITNESS]))).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('of any bytes never makes the reader throw', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constantFrom('\n', '0', root)), { maxLength: 10 }),
        (parts) => {
          parseCheckpoint(signNote(parts.join(''), log.line('x\n')))
        },
      ),
    )
  })
})
