import { Decrypter, Encrypter } from 'age-encryption'
import { beforeAll, describe, expect, test } from 'vitest'
import { openContents, recipientProblem, seal, unseal } from '../../agent/sealed/index.ts'
import { gathered, type Machine, newMachine, pieces, sealed } from './sealed-job.ts'

/** Of age: so much text is authenticated at once. */
const CHUNK = 64 * 1024

let ours: Machine
let theirs: Machine
beforeAll(async () => {
  ours = await newMachine()
  theirs = await newMachine()
})

const textOf = (bytes: number): Buffer => Buffer.from(Array.from({ length: bytes }, (_, i) => 32 + (i % 90)))

const open = (bytes: Uint8Array, machine = ours, length = 10_000): Promise<Buffer> =>
  gathered(unseal('job', pieces(bytes, length), machine))

async function refusalOf(bytes: Uint8Array, machine?: Machine, length?: number): Promise<string> {
  const error: unknown = await open(bytes, machine, length).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ name: 'AgentError', code: 'JOB_UNREADABLE' })
  return (error as Error).message
}

const DAMAGED = /^sealed job `job` cannot be opened: it was cut short, or altered after it was sealed; ask/

describe('a sealed job', () => {
  test.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 5 * CHUNK + 7])(
    'of %d bytes is what was sealed, however it is cut into pieces',
    async (length) => {
      const text = textOf(length)
      const bytes = await gathered(seal(pieces(text, 50_000), [ours.recipient]))
      for (const cut of [1000, CHUNK, bytes.length])
        expect((await open(bytes, ours, cut)).equals(text)).toBe(true)
    },
  )

  test('is one to every reader of the format, and what others seal is one to us', async () => {
    const bytes = await gathered(seal(pieces(textOf(1000), 100), [ours.recipient]))
    const decrypter = new Decrypter()
    decrypter.addIdentity(ours.identity)
    expect(Buffer.from(await decrypter.decrypt(bytes))).toEqual(textOf(1000))
    expect(await open(await sealed(textOf(1000), theirs, ours))).toEqual(textOf(1000))
  })

  test('for several machines is opened by each of them, and by no other', async () => {
    const third = await newMachine()
    const bytes = await gathered(
      seal(pieces(textOf(10), 10), [ours.recipient, theirs.recipient, ours.recipient]),
    )
    expect(bytes.toString('latin1').match(/^-> X25519 /gm)).toHaveLength(2)
    for (const machine of [ours, theirs]) expect(await open(bytes, machine)).toEqual(textOf(10))
    expect(await refusalOf(bytes, third)).toMatch(
      /sealed to the keys of other machines; ask for it sealed to this/,
    )
  })

  test('holds nothing of its text in clear', async () => {
    const bytes = await gathered(
      seal(pieces(Buffer.from('G1 X123.456 ; the secret\n'.repeat(1000)), 999), [ours.recipient]),
    )
    expect(bytes.toString('latin1')).not.toMatch(/X123|secret/)
  })

  test('is not opened where no key is, and says why', async () => {
    const bytes = await sealed('G28\n', ours)
    await expect(gathered(unseal('job', pieces(bytes, 99), { problem: 'the key is gone' }))).rejects.toThrow(
      'sealed job `job` cannot be opened: the key is gone',
    )
  })
})

describe('a sealed job that was altered', () => {
  test('in any one byte of its head is refused, and nothing of it is read', async () => {
    const bytes = await sealed('G28\nG1 X1\n', ours)
    for (let at = 0; at < bytes.length; at++) {
      const altered = Buffer.from(bytes)
      altered[at]! ^= 1
      const read: Uint8Array[] = []
      const reading = (async () => {
        for await (const chunk of unseal('job', pieces(altered, 64), ours)) read.push(chunk)
      })()
      await expect(reading, `byte ${at}`).rejects.toMatchObject({ code: 'JOB_UNREADABLE' })
      expect(read, `byte ${at}`).toEqual([])
    }
  })

  test('in mid-file hands out the chunks before, and nothing of the one that was altered', async () => {
    const text = textOf(4 * CHUNK)
    const bytes = await sealed(text, ours)
    const altered = Buffer.from(bytes)
    altered[bytes.length - CHUNK - 100]! ^= 0x80
    const read: Buffer[] = []
    const reading = (async () => {
      for await (const chunk of unseal('job', pieces(altered, 5000), ours)) read.push(Buffer.from(chunk))
    })()
    await expect(reading).rejects.toThrow(DAMAGED)
    expect(Buffer.concat(read)).toEqual(text.subarray(0, 2 * CHUNK))
  })

  test.each([1, 16, 17, CHUNK, CHUNK + 16, 2 * (CHUNK + 16)])(
    'and is cut by %d bytes is refused',
    async (less) => {
      const bytes = await sealed(textOf(3 * CHUNK), ours)
      expect(await refusalOf(bytes.subarray(0, bytes.length - less))).toMatch(DAMAGED)
    },
  )

  test.each([1, 16, 17, CHUNK, CHUNK + 16])('and is longer by %d bytes is refused', async (more) => {
    const bytes = await sealed(textOf(CHUNK), ours)
    expect(await refusalOf(Buffer.concat([bytes, Buffer.alloc(more)]))).toMatch(DAMAGED)
  })

  test('by exchanging two chunks is refused', async () => {
    const bytes = await sealed(textOf(4 * CHUNK), ours)
    const from = bytes.length - 4 * (CHUNK + 16)
    const chunk = (i: number): Buffer =>
      bytes.subarray(from + i * (CHUNK + 16), from + (i + 1) * (CHUNK + 16))
    const exchanged = Buffer.concat([bytes.subarray(0, from), chunk(1), chunk(0), chunk(2), chunk(3)])
    expect(await refusalOf(exchanged)).toMatch(DAMAGED)
  })

  test('by a second job behind it is refused', async () => {
    const bytes = await sealed(textOf(10), ours)
    expect(await refusalOf(Buffer.concat([bytes, bytes]))).toMatch(DAMAGED)
  })
})

describe('a head that is not one of ours', () => {
  test.each([
    [
      'a later version',
      'age-encryption.org/v2\n-> X25519 a\nb\n--- c\n',
      /its version is not the one that is known/,
    ],
    [
      'the armoured form',
      `-----BEGIN AGE ENCRYPTED FILE-----\n${'A'.repeat(64)}\n`,
      /armoured form; seal it without/,
    ],
    ['nothing behind it', 'age-encryption.org/v1\n', DAMAGED],
    ['no end', `age-encryption.org/v1\n${'-> X25519 a\nb\n'.repeat(20)}`, DAMAGED],
    [
      'stanzas without end',
      `age-encryption.org/v1\n${'-> X25519 a\nb\n'.repeat(300)}--- c\n`,
      /more than 256 keys/,
    ],
    [
      'a line without end',
      `age-encryption.org/v1\n-> X25519 ${'a'.repeat(70_000)}`,
      /longer than 65536 bytes/,
    ],
    [
      'more lines than fit',
      `age-encryption.org/v1\n${`${'a'.repeat(63)}\n`.repeat(1100)}--- c\n`,
      /longer than 65536/,
    ],
    [
      'no recipient',
      'age-encryption.org/v1\n--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n',
      /cannot be opened/,
    ],
    ['bytes that are no text', 'age-encryption.org/v1\n-> X25519 \xff\xfe\n\n--- a\n', /cannot be opened/],
  ])('%s is refused', async (_what, head, message) => {
    expect(await refusalOf(Buffer.from(head, 'latin1'), ours, 7)).toMatch(message)
  })

  test('that asks for a passphrase is refused before one is tried', async () => {
    const encrypter = new Encrypter()
    encrypter.setScryptWorkFactor(2)
    encrypter.setPassphrase('secret')
    expect(await refusalOf(Buffer.from(await encrypter.encrypt('G28\n')))).toMatch(/sealed with a passphrase/)
  })

  test('that never ends costs no more than its limit', async () => {
    let asked = 0
    async function* endless(): AsyncGenerator<Uint8Array, void> {
      yield Buffer.from('age-encryption.org/v1\n-> ')
      for (;;) {
        asked++
        yield Buffer.alloc(1024, 'a')
      }
    }
    await expect(gathered(unseal('job', endless(), ours))).rejects.toThrow(/longer than 65536/)
    expect(asked).toBeLessThanOrEqual(65)
  })
})

describe('reading a sealed job', () => {
  test('reads no further ahead than a few chunks, however long the job is', async () => {
    const bytes = await sealed(textOf(40 * CHUNK), ours)
    let given = 0
    async function* counted(): AsyncGenerator<Uint8Array, void> {
      for await (const piece of pieces(bytes, CHUNK)) {
        given += piece.length
        yield piece
      }
    }
    let taken = 0
    for await (const chunk of unseal('job', counted(), ours)) {
      taken += chunk.length
      expect(given - taken).toBeLessThan(6 * CHUNK)
    }
    expect(taken).toBe(40 * CHUNK)
  })

  test('that is given up closes what it read from', async () => {
    const bytes = await sealed(textOf(10 * CHUNK), ours)
    let isClosed = false
    async function* watched(): AsyncGenerator<Uint8Array, void> {
      try {
        yield* pieces(bytes, 1000)
      } finally {
        isClosed = true
      }
    }
    for await (const _ of unseal('job', watched(), ours)) break
    expect(isClosed).toBe(true)
  })

  test('tells what its source tells, in its own words', async () => {
    const bytes = await sealed(textOf(10 * CHUNK), ours)
    async function* failing(): AsyncGenerator<Uint8Array, void> {
      yield bytes.subarray(0, 3 * CHUNK)
      throw new RangeError('the disk is gone')
    }
    // Not an error for people, so that it is no news of the job: to those it counts as altered.
    await expect(gathered(unseal('job', failing(), ours))).rejects.toMatchObject({ code: 'JOB_UNREADABLE' })
    const { AgentError } = await import('../../agent/errors.ts')
    async function* changed(): AsyncGenerator<Uint8Array, void> {
      yield bytes.subarray(0, 3 * CHUNK)
      throw new AgentError('SPOOL_CHANGED', 'the spooled job changed')
    }
    await expect(gathered(unseal('job', changed(), ours))).rejects.toMatchObject({ code: 'SPOOL_CHANGED' })
  })
})

describe('what a job is', () => {
  test.each([1, 7, 33, 34, 35, 1000])('is told by how it begins, in pieces of %d bytes', async (length) => {
    const text = Buffer.from('; a comment\nG28\n'.repeat(20))
    const plain = await openContents('job.gcode.age', pieces(text, length), ours)
    expect(plain.isSealed).toBe(false)
    expect(await gathered(plain.chunks)).toEqual(text)
    const opened = await openContents('job.gcode', pieces(await sealed(text, ours), length), ours)
    expect(opened.isSealed).toBe(true)
    expect(await gathered(opened.chunks)).toEqual(text)
  })

  test.each(['', 'G28', 'age', 'age-encryption.or', 'age-encryption.com/v1\n', ' age-encryption.org/v1\n'])(
    'is not sealed where it begins like `%s`',
    async (text) => {
      const contents = await openContents('job', pieces(Buffer.from(text), 5), { problem: 'no key' })
      expect(contents.isSealed).toBe(false)
      expect((await gathered(contents.chunks)).toString()).toBe(text)
    },
  )

  test('is asked of chunks that are at hand as well', async () => {
    const contents = await openContents('job', [await sealed('G28\n', ours)], ours)
    expect((await gathered(contents.chunks)).toString()).toBe('G28\n')
  })
})

describe('whom a job is sealed to', () => {
  test('is a machine’s key, written without a mistake', async () => {
    expect(await recipientProblem(ours.recipient)).toBeUndefined()
    const mistaken = ours.recipient.replace(/.$/, (last) => (last === 'q' ? 'p' : 'q'))
    expect(await recipientProblem(mistaken)).toMatch(/checksum/)
  })

  test.each(['', 'age1', 'AGE1ABC', 'ssh-ed25519 AAAA', 'age1pq1xyz', 'm-0123456789abcdef', '../etc/passwd'])(
    'is nothing else: `%s`',
    async (text) => {
      expect(await recipientProblem(text)).toMatch(/is not the key of a machine/)
    },
  )

  test('is never the secret key', async () => {
    expect(await recipientProblem(ours.identity)).toMatch(/is not the key of a machine/)
  })
})
