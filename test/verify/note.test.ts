// Signed notes and their keys: what the C2SP texts and Go's reference implementation publish, what a note may not be, and
// whose signature counts.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  isProblem,
  type NoteKey,
  noteKey,
  parseNote,
  parseNoteKey,
  parseSignatureLines,
  printNoteKey,
  printSignatureLine,
  type SignedNote,
  signersOf,
} from '../../agent/verify/index.ts'
import { signerFromSeed, signNote, testSigner } from './signing.ts'

/** c2sp.org/signed-note: its example of a key and a note. */
const EXAMPLE_KEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'
const EXAMPLE_NOTE =
  'This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n'

/** c2sp.org/signed-note: its first note, whose key is not published. */
const POEM =
  'Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n'

/** golang.org/x/mod/sumdb/note: the example of its documentation. */
const GO_KEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
const GO_SEED = Buffer.from('AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz', 'base64').subarray(1)
const GO_TEXT =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
const GO_LINE =
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n'

const keyOf = (vkey: string): NoteKey => {
  const key = parseNoteKey(vkey)
  if (isProblem(key)) throw new Error(key.problem)
  return key
}
const noteOf = (bytes: string | Uint8Array): SignedNote => {
  const note = parseNote(Buffer.from(bytes))
  if (isProblem(note)) throw new Error(note.problem)
  return note
}
const problemOf = (value: object): string | undefined => (isProblem(value) ? value.problem : undefined)

const log = testSigner('log.example', 1)
const witness = testSigner('witness.example/w1', 4)
const LOG = keyOf(log.vkey)
const WITNESS = keyOf(witness.vkey)

describe('a key', () => {
  test.each([EXAMPLE_KEY, GO_KEY, witness.vkey])('%s is read and written back', (vkey) => {
    expect(printNoteKey(keyOf(vkey))).toBe(vkey)
  })

  test('has the id that the text gives', () => {
    expect(keyOf(EXAMPLE_KEY)).toMatchObject({ kind: 'log', name: 'example.com/foo', keyId: 0x530d903a })
  })

  test('of the same bytes has another id under another name or kind', () => {
    const ids = [
      noteKey('log', 'a', LOG.publicKey),
      noteKey('log', 'b', LOG.publicKey),
      noteKey('cosigner', 'a', LOG.publicKey),
    ].map((key) => ('keyId' in key ? key.keyId : key.problem))
    expect(new Set(ids).size).toBe(3)
  })

  test.each([
    ['nothing', ''],
    ['a name alone', 'example.com/foo'],
    ['an empty name', '+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'],
    ['a name with a space', 'example com+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'],
    [
      'a name with a no-break space',
      'example\u00a0com+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
    ],
    ['a name with a line end', 'example\ncom+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'],
    ['an endless name', `${'a'.repeat(100_000)}+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k`],
    ['another id', 'example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'],
    ['an id in capitals', 'example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'],
    ['a short id', 'example.com/foo+530d903+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'],
    ['a byte too few', 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U0='],
    ['a byte too many', 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2kAA=='],
    ['base64 for URLs', 'TEST+7997405c+AQcC-FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6'],
    ['white space in the base64', 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n'],
    ['an unknown type', `example.com/foo+530d903a+${Buffer.alloc(33, 2).toString('base64')}`],
  ])('that is %s is refused in words', (_, vkey) => {
    expect(problemOf(parseNoteKey(vkey))).toEqual(expect.any(String))
  })

  test('keeps a `+` that is the base64’s own', () => {
    const vkey = 'TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6'
    expect(printNoteKey(keyOf(vkey))).toBe(vkey)
  })

  test('is made only of a good name and 32 bytes', () => {
    expect(problemOf(noteKey('log', 'a+b', LOG.publicKey))).toContain('key name')
    expect(problemOf(noteKey('log', 'a\ud800', LOG.publicKey))).toContain('key name')
    expect(problemOf(noteKey('log', 'a', LOG.publicKey.subarray(1)))).toContain('32 bytes')
  })
})

describe('a published note', () => {
  test('of the C2SP text verifies with its key', () => {
    expect(signersOf(noteOf(EXAMPLE_NOTE), [keyOf(EXAMPLE_KEY)])).toMatchObject([
      { key: { name: 'example.com/foo' }, timestamp: null },
    ])
  })

  test('is split at its last empty line', () => {
    const note = noteOf(POEM)
    expect(note.text).toBe(POEM.slice(0, POEM.lastIndexOf('\n\n') + 1))
    expect(note.signatures).toMatchObject([{ name: 'quasimodo.example/salvatore', keyId: 0x367ba04b }])
  })

  test('of Go’s documentation verifies, and its seed makes the same line here', () => {
    const note = noteOf(`${GO_TEXT}\n${GO_LINE}`)
    expect(note.text).toBe(GO_TEXT)
    expect(signersOf(note, [keyOf(GO_KEY)])).toHaveLength(1)
    const signer = signerFromSeed('PeterNeumann', 1, GO_SEED)
    expect([signer.vkey, signer.line(GO_TEXT)]).toEqual([GO_KEY, GO_LINE])
  })

  test('has signature lines that are written back as they were', () => {
    for (const note of [EXAMPLE_NOTE, POEM, `${GO_TEXT}\n${GO_LINE}`]) {
      const lines = noteOf(note).signatures.map(printSignatureLine).join('')
      expect(note.endsWith(`\n\n${lines}`)).toBe(true)
    }
  })
})

describe('a signature', () => {
  const text = 'a text\n'

  test('of an unknown key is passed over', () => {
    const note = noteOf(signNote(text, log.line(text), witness.line(text, 7)))
    expect(signersOf(note, [])).toEqual([])
    expect(signersOf(note, [LOG])).toMatchObject([{ key: LOG, timestamp: null }])
    expect(signersOf(note, [WITNESS, LOG])).toHaveLength(2)
  })

  test('of a known key over another text spoils the note', () => {
    const note = noteOf(signNote('another text\n', witness.line('another text\n', 7), log.line(text)))
    expect(problemOf(signersOf(note, [LOG]))).toContain('`log.example` does not verify')
    expect(signersOf(note, [WITNESS])).toHaveLength(1)
  })

  test('is not known by name alone, or by id alone', () => {
    const namesake = keyOf(testSigner('log.example', 1, 'another seed').vkey)
    const note = noteOf(signNote(text, log.line(text)))
    expect(signersOf(note, [namesake])).toEqual([])
    const sameId: NoteKey = { ...LOG, name: 'other.example' }
    expect(signersOf(note, [sameId])).toEqual([])
  })

  test('by a key that only shares name and id spoils the note', () => {
    const forged: NoteKey = { ...LOG, publicKey: WITNESS.publicKey }
    expect(problemOf(signersOf(noteOf(signNote(text, log.line(text))), [forged]))).toContain(
      'does not verify',
    )
    expect(problemOf(signersOf(noteOf(signNote(text, log.line(text))), [LOG, forged]))).toContain('share')
  })

  test('of a cosigner has a time, and the latest counts', () => {
    const lines = [
      witness.line(text, 1_700_000_000),
      witness.line(text, 1_800_000_000),
      witness.line(text, 5),
    ]
    expect(signersOf(noteOf(signNote(text, ...lines)), [WITNESS])).toMatchObject([
      { timestamp: 1_800_000_000 },
    ])
  })

  test('of a cosigner is over its time too', () => {
    const line = witness.line(text, 1_700_000_000)
    const bytes = Buffer.from(line.split(' ')[2]!, 'base64')
    bytes.writeBigUInt64BE(1_700_000_001n, 4)
    const moved = `— witness.example/w1 ${bytes.toString('base64')}\n`
    expect(problemOf(signersOf(noteOf(signNote(text, moved)), [WITNESS]))).toContain('does not verify')
  })

  test('of a log is none of a cosigner with the same key, and the other way round', () => {
    const twins = [testSigner('both', 1, 'one seed'), testSigner('both', 4, 'one seed')] as const
    const [asLog, asWitness] = twins
    const plain = asLog.line(text).split(' ')[2]!
    const id = keyOf(asWitness.vkey).keyId
    const bytes = Buffer.concat([Buffer.alloc(4), Buffer.alloc(8), Buffer.from(plain, 'base64').subarray(4)])
    bytes.writeUInt32BE(id)
    const forged = `— both ${bytes.toString('base64')}\n`
    expect(problemOf(signersOf(noteOf(signNote(text, forged)), [keyOf(asWitness.vkey)]))).toContain(
      'not verify',
    )
  })

  test.each([0, 1, 8, 63, 65, 71, 73])('of %i bytes spoils the note, whatever its key', (length) => {
    for (const [name, key] of [
      ['log.example', LOG],
      ['witness.example/w1', WITNESS],
    ] as const) {
      const bytes = Buffer.alloc(4 + length + (length === 0 ? 1 : 0))
      bytes.writeUInt32BE(key.keyId)
      const note = noteOf(signNote(text, `— ${name} ${bytes.toString('base64')}\n`))
      expect(problemOf(signersOf(note, [key]))).toContain('does not verify')
    }
  })

  test('with a time beyond 2^53 seconds spoils the note', () => {
    const bytes = Buffer.alloc(4 + 8 + 64, 0xff)
    bytes.writeUInt32BE(WITNESS.keyId)
    const note = noteOf(signNote(text, `— witness.example/w1 ${bytes.toString('base64')}\n`))
    expect(problemOf(signersOf(note, [WITNESS]))).toContain('does not verify')
  })

  test('by a key that is no point of the curve verifies nothing', () => {
    const key = noteKey('log', 'log.example', Buffer.alloc(32, 0xff))
    if (isProblem(key)) throw new Error(key.problem)
    const bytes = Buffer.alloc(68)
    bytes.writeUInt32BE(key.keyId)
    const note = noteOf(signNote(text, `— log.example ${bytes.toString('base64')}\n`))
    expect(problemOf(signersOf(note, [key]))).toContain('does not verify')
  })

  test('changed in any one bit verifies no more', () => {
    const bytes = Buffer.from(log.line(text).split(' ')[2]!, 'base64')
    for (let bit = 32; bit < bytes.length * 8; bit += 7) {
      const changed = Buffer.from(bytes)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      const note = noteOf(signNote(text, `— log.example ${changed.toString('base64')}\n`))
      expect(isProblem(signersOf(note, [LOG])), `bit ${bit}`).toBe(true)
    }
  })
})

describe('bytes that are no note', () => {
  const good = log.line('text\n')
  test.each([
    ['nothing', ''],
    ['no empty line', `text\n${good}`],
    ['no signature', 'text\n\n'],
    ['no text and no empty line', good],
    ['no last line feed', `text\n\n${good.slice(0, -1)}`],
    ['a line after the signatures', `text\n\n${good}more\n`],
    ['a hyphen for the dash', `text\n\n${good.replace('—', '-')}`],
    ['two spaces', `text\n\n${good.replace(' ', '  ')}`],
    ['a space at the end', `text\n\n${good.slice(0, -1)} \n`],
    ['a name with a plus', `text\n\n${good.replace('log.example', 'log+example')}`],
    ['a name with a wide space', `text\n\n${good.replace('log.example', 'log\u3000example')}`],
    ['a carriage return', `text\r\n\n${good}`],
    ['a tab', `te\txt\n\n${good}`],
    ['a NUL', `te\0xt\n\n${good}`],
    ['an escape', `\u001b[2Jtext\n\n${good}`],
    ['a signature of a key id alone', 'text\n\n— log.example AAAAAA==\n'],
    ['a signature of nothing', 'text\n\n— log.example \n'],
    ['base64 without its padding', 'text\n\n— log.example AAAAAAA\n'],
    ['base64 with stray bits', 'text\n\n— log.example AAAAAAB=\n'],
    ['base64 for URLs', 'text\n\n— log.example AAAA_-A=\n'],
  ])('as with %s, are refused in words', (_, note) => {
    expect(problemOf(parseNote(Buffer.from(note)))).toEqual(expect.any(String))
  })

  test('as without UTF-8, are refused in words', () => {
    const note = Buffer.concat([Buffer.of(0xc3, 0x28), Buffer.from(`\n\n${good}`)])
    expect(problemOf(parseNote(note))).toContain('UTF-8')
    const surrogate = Buffer.concat([Buffer.of(0xed, 0xa0, 0x80), Buffer.from(`\n\n${good}`)])
    expect(problemOf(parseNote(surrogate))).toContain('UTF-8')
  })

  test('as beyond 256 KiB, are refused unread', () => {
    const note = Buffer.from(`${'x'.repeat(256 * 1024)}\n\n${good}`)
    expect(problemOf(parseNote(note))).toContain('at most 262144 bytes')
  })

  test('as with more than 64 signatures, are refused, and with 64 are not', () => {
    expect(isProblem(parseNote(signNote('text\n', good.repeat(64))))).toBe(false)
    expect(problemOf(parseNote(signNote('text\n', good.repeat(65))))).toContain('at most 64 signatures')
  })

  test('of any kind never make it throw, and what it reads it writes back', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\n', '\n\n', '— ', 'log.example ', good, ' ', 'AAAAAAA='),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const bytes = Buffer.from(pieces.join(''))
        const note = parseNote(bytes)
        if (isProblem(note)) return
        expect(`${note.text}\n${note.signatures.map(printSignatureLine).join('')}`).toBe(bytes.toString())
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        parseNote(bytes)
      }),
    )
  })
})

describe('signature lines on their own', () => {
  test('are read as a witness answers them', () => {
    const lines = `${witness.line('a\n', 1)}${log.line('a\n')}`
    expect(parseSignatureLines(lines)).toMatchObject([
      { name: 'witness.example/w1' },
      { name: 'log.example' },
    ])
  })

  test.each(['', '\n', 'x\n', `${log.line('a\n')}\n`, log.line('a\n').trimEnd()])(
    'but not as %j',
    (lines) => {
      expect(isProblem(parseSignatureLines(lines))).toBe(true)
    },
  )

  test('and not beyond 256 KiB', () => {
    expect(problemOf(parseSignatureLines('x'.repeat(256 * 1024 + 1)))).toContain('at most')
  })
})
