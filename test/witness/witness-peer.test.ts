// One witness as the agent meets it: honest, forgetful, elsewhere by now, or lying in every way that HTTP has.
import { describe, expect, test } from 'vitest'
import { originHash } from '../../agent/witness/origin-store.ts'
import { newestHead } from '../../agent/witness/own-head.ts'
import { type Pushed, WitnessPeer } from '../../agent/witness/witness-peer.ts'
import { testSigner } from '../verify/signing.ts'
import { asOwn, type Liar, liar, type RealWitness, realWitness, say, saySize, textIn } from './places.ts'
import { TestLog } from './test-log.ts'

const ORIGIN = 'portcullis/m-0/l-0'
const newLog = (size: number): TestLog => new TestLog(ORIGIN, size)
const patience = (): AbortSignal => AbortSignal.timeout(15_000)

const peerOf = ({ name, url, signer }: RealWitness | Liar, log: TestLog): WitnessPeer =>
  new WitnessPeer(name, signer.key, url, asOwn(log))

async function push(peer: WitnessPeer, log: TestLog, signal = patience()): Promise<Pushed> {
  return await peer.push(await newestHead(asOwn(log)), signal)
}

describe('an honest witness', () => {
  test('cosigns the first head at once, and the next with one request', async () => {
    const log = newLog(5)
    const witness = await realWitness('w', log)
    const peer = peerOf(witness, log)
    const first = await push(peer, log)
    expect(first).toMatchObject({ kind: 'cosigned', sizeBefore: 0, cosignature: { key: witness.signer.key } })
    log.grow(4)
    expect(await push(peer, log)).toMatchObject({ kind: 'cosigned', sizeBefore: 5 })
    expect(await push(peer, log)).toMatchObject({ kind: 'cosigned', sizeBefore: 9 })
  })

  test('that knows more than we remember is asked, and shown a proof from there', async () => {
    const log = newLog(5)
    const witness = await realWitness('w', log)
    await push(peerOf(witness, log), log)
    const peer = peerOf(witness, log.grow(8))
    expect(await push(peer, log)).toMatchObject({ kind: 'cosigned', sizeBefore: 5 })
  })

  test('that was started anew is reached at once, though a connection to the old one was kept', async () => {
    const log = newLog(5)
    const witness = await realWitness('w', log)
    const peer = peerOf(witness, log)
    for (let i = 0; i < 5; i++) {
      expect(await push(peer, log.grow(1))).toMatchObject({ kind: 'cosigned' })
      await witness.stop()
      await witness.again()
    }
  })

  test('that hangs up once is asked once more', async () => {
    const log = newLog(5)
    const found = await liar('w', (signer) => (body, response) => {
      if (found.heard.length === 1) response.destroy()
      else response.end(signer.cosign(textIn(body), 1_700_000_000))
    })
    expect(await push(peerOf(found, log), log)).toMatchObject({ kind: 'cosigned' })
    expect(found.heard).toHaveLength(2)
  })

  test('that lost its memory begins again, which is its operator’s business', async () => {
    const log = newLog(5)
    const witness = await realWitness('w', log)
    const peer = peerOf(witness, log)
    await push(peer, log)
    const other = await realWitness('w', log)
    const moved = new WitnessPeer('w', other.signer.key, other.url, asOwn(log))
    expect(await push(moved, log)).toMatchObject({ kind: 'cosigned', sizeBefore: 0 })
  })

  test('gives a line that stands below the note as it is', async () => {
    const log = newLog(5)
    const pushed = await push(peerOf(await realWitness('w', log), log), log)
    const line = pushed.kind === 'cosigned' ? pushed.cosignature.line : ''
    expect(line).toMatch(/^— witness\.test\/w [A-Za-z0-9+/]{102}==\n$/)
  })
})

describe('a log that is not what it was', () => {
  test('shorter than the witness knows is found out, with its own signature as proof', async () => {
    const log = newLog(12)
    const witness = await realWitness('w', log)
    await push(peerOf(witness, log), log)
    const cut = newLog(7)
    const { finding } = (await push(peerOf(witness, cut), cut)) as Pushed & { kind: 'refused' }
    expect(finding).toMatchObject({
      witness: 'w',
      kind: 'rollback',
      status: 409,
      size: 7,
      witnessSize: 12,
      isProven: true,
    })
    expect(finding.note?.startsWith(log.note())).toBe(true)
  })

  test('that grew from an older copy past what the witness knows is found out', async () => {
    const log = newLog(12)
    const witness = await realWitness('w', log)
    await push(peerOf(witness, log), log)
    const other = log.fork(7, 20)
    expect(await push(peerOf(witness, other), other)).toMatchObject({
      kind: 'refused',
      sizeBefore: 12,
      finding: { kind: 'fork', status: 422, size: 20, witnessSize: 12, isProven: true },
    })
  })

  test('of the same size with another root is found out', async () => {
    const log = newLog(12)
    const witness = await realWitness('w', log)
    await push(peerOf(witness, log), log)
    const other = log.fork(7, 12)
    expect(await push(peerOf(witness, other), other)).toMatchObject({
      kind: 'refused',
      finding: { kind: 'fork', status: 409, size: 12, witnessSize: 12, isProven: true },
    })
  })

  test('but only for the moment, because a newer head was shown meanwhile, is no finding', async () => {
    const log = newLog(5)
    const witness = await realWitness('w', log)
    const peer = peerOf(witness, log)
    const older = await newestHead(asOwn(log))
    log.grow(4)
    await push(peer, log)
    expect(await peer.push(older, patience())).toMatchObject({
      kind: 'failed',
      why: 'it has seen a newer head than this one',
    })
  })

  test('a proof that cannot be made now is no finding', async () => {
    const log = newLog(5)
    const witness = await realWitness('w', log)
    await push(peerOf(witness, log), log)
    log.grow(4)
    const own = { ...asOwn(log), consistencyProof: () => Promise.reject(new Error('the tile has just gone')) }
    const peer = new WitnessPeer('w', witness.signer.key, witness.url, own)
    expect(await push(peer, log)).toMatchObject({
      kind: 'failed',
      why: 'no proof could be made for it from the log',
    })
  })
})

describe('a witness that lies', () => {
  const outcomeOf = async (answer: Parameters<typeof liar>[1], signal = patience()): Promise<Pushed> => {
    const log = newLog(9)
    const found = await liar('w', answer)
    return await push(peerOf(found, log), log, signal)
  }
  const why = async (...args: Parameters<typeof outcomeOf>): Promise<string> => {
    const outcome = await outcomeOf(...args)
    expect(outcome).toMatchObject({ kind: 'failed' })
    return outcome.kind === 'failed' ? outcome.why : ''
  }

  test('with a cosignature of something else does not count', async () => {
    const other = newLog(8).text()
    expect(await why((signer) => say(200, signer.cosign(other, 1_700_000_000)))).toBe(
      'its cosignature does not verify',
    )
  })

  test('with another time than it signed does not count', async () => {
    const forged = await why((signer) => (body, response) => {
      const [, name = '', encoded = ''] = signer.cosign(textIn(body), 1_700_000_000).trim().split(' ')
      const bytes = Buffer.from(encoded, 'base64')
      bytes.writeBigUInt64BE(1_800_000_000n, 4)
      response.end(`— ${name} ${bytes.toString('base64')}\n`)
    })
    expect(forged).toBe('its cosignature does not verify')
  })

  test('with a time beyond all time does not count', async () => {
    expect(
      await why((signer) => (_, response) => {
        const bytes = Buffer.alloc(76, 0xff)
        bytes.writeUInt32BE(signer.key.keyId)
        response.end(`— ${signer.key.name} ${bytes.toString('base64')}\n`)
      }),
    ).toBe('its cosignature does not verify')
  })

  test('with a signature too short for a time does not count', async () => {
    expect(
      await why((signer) => (_, response) => {
        const bytes = Buffer.alloc(7)
        bytes.writeUInt32BE(signer.key.keyId)
        response.end(`— ${signer.key.name} ${bytes.toString('base64')}\n`)
      }),
    ).toBe('its cosignature does not verify')
  })

  test('with another key than the policy names does not count', async () => {
    const stranger = testSigner('witness.test/w', 4, 'another key')
    const answer = await why(() => (body, response) => void response.end(stranger.line(textIn(body), 5)))
    expect(answer).toBe('its answer is not signed with the key that the policy names')
  })

  test('among strangers’ signatures gives its own, which counts', async () => {
    const stranger = testSigner('stranger.test/s', 4)
    const outcome = await outcomeOf((signer) => (body, response) => {
      const text = textIn(body)
      response.end(stranger.line(text, 5) + signer.cosign(text, 7) + stranger.line(text, 9))
    })
    expect(outcome).toMatchObject({ kind: 'cosigned', cosignature: { timeSeconds: 7 } })
  })

  test.each([
    ['nothing', ''],
    ['HTML', '<html>welcome to the network of our café</html>\n'],
    ['a signature without its end', '— witness.test/w AAAA'],
  ])('with %s does not count', async (_, body) => {
    expect(await why(() => say(200, body))).toMatch(/^it does not answer as a witness: /)
  })

  test('with an answer that never ends is cut off', async () => {
    const endless = await why(() => (_, response) => {
      const more = (): void => {
        while (response.write(`— ${'x'.repeat(1000)}\n`));
        response.once('drain', more)
      }
      more()
    })
    expect(endless).toBe('its answer is too long')
  })

  test('with an answer that unpacks to more than it sends is cut off', async () => {
    const { gzipSync } = await import('node:zlib')
    const bomb = gzipSync(Buffer.alloc(5_000_000, 0x61))
    const outcome = await why(() => (_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
    })
    expect(outcome).toBe('its answer is too long')
  })

  test('with an answer that does not come, or comes a byte at a time, is given up', async () => {
    expect(await why(() => () => {}, AbortSignal.timeout(50))).toBe('it does not answer in time')
    const slow = await why(
      () => (_, response) => {
        const timer = setInterval(() => response.write('x'), 10)
        response.once('close', () => clearInterval(timer))
      },
      AbortSignal.timeout(100),
    )
    expect(slow).toBe('it does not answer in time')
  })

  test('that refers elsewhere is not followed', async () => {
    const elsewhere = await liar('other', () => say(200, 'x'))
    const outcome = await why(() => (_, response) => {
      response.writeHead(307, { location: `${elsewhere.url}/add-checkpoint` }).end()
    })
    expect(outcome).toBe('it refers to another address, which is not followed')
    expect(elsewhere.heard).toEqual([])
  })

  test('that hangs up, or is not there, is told so', async () => {
    expect(await why(() => (_, response) => void response.destroy())).toBe('it hung up')
    const log = newLog(9)
    const gone = await realWitness('w', log)
    await gone.stop()
    expect(await push(peerOf(gone, log), log)).toMatchObject({ why: 'nothing listens at its address' })
  })

  test.each([
    [400, 'it does not understand the request'],
    [403, 'it trusts another key for this log; give its operator this one'],
    [404, 'it does not know this log; give its operator the key'],
    [500, 'what it knows of this log is damaged; ask its operator'],
    [503, 'it answers with status 503'],
    [201, 'it answers with status 201'],
  ])('that answers %d is told as such', async (status, words) => {
    expect(await why(() => say(status, 'x'))).toBe(words)
  })

  test.each([
    ['', 'it says a size that is none'],
    ['-1\n', 'it says a size that is none'],
    ['05\n', 'it says a size that is none'],
    ['5', 'it says a size that is none'],
    ['99999999999999999999\n', 'it says a size that is none'],
    ['1'.repeat(1000), 'its answer is too long'],
  ])('about its size, with %j, is not believed', async (body, words) => {
    expect(await why(() => say(409, body, 'text/x.tlog.size'))).toBe(words)
  })

  test('about its size each time anew is asked four times and no more', async () => {
    const log = newLog(9)
    let size = 0
    const found = await liar('w', () => (body, response, request) => saySize(++size)(body, response, request))
    expect(await push(peerOf(found, log), log)).toMatchObject({ why: 'it knows another size each time' })
    expect(found.heard).toHaveLength(4)
  })

  test('that says the size that it was told, and yet refuses, is not believed', async () => {
    expect(await why(() => saySize(0))).toBe('it does not say which size it knows')
    expect(await why(() => saySize(5))).toBe('it does not say which size it knows')
    expect(await why(() => say(409, 'no'))).toBe('it does not say which size it knows')
  })

  test('that wants a proof of a first head is not believed', async () => {
    expect(await why(() => say(422, 'no'))).toBe('it refuses a first head for want of a proof')
  })

  test('that claims a longer log, and shows no head of it, makes a finding that is not proven', async () => {
    expect(await outcomeOf(() => saySize(1_000_000))).toMatchObject({
      kind: 'refused',
      sizeBefore: 1_000_000,
      finding: { kind: 'rollback', witnessSize: 1_000_000, isProven: false, note: null },
    })
  })

  test('that shows a head of ours as proof, or one that we did not sign, proves nothing', async () => {
    const log = newLog(9)
    const other = log.fork(3, 9)
    const forged = `${other.text()}\n${testSigner(ORIGIN, 1, 'not our key').line(other.text())}`
    const shown = [log.note(), log.note(4), new TestLog('example.test/other', 99).note(), forged, 'x', '']
    for (const note of shown) {
      const outcome = await outcomeOf(() => (body, response, request) => {
        if (request.method === 'GET') {
          expect(request.url).toBe(`/checkpoint/${originHash(ORIGIN)}`)
          return void response.end(note)
        }
        return saySize(50)(body, response, request)
      })
      expect(outcome, note).toMatchObject({ finding: { isProven: false, note: null } })
    }
  })

  test('that refuses the proof that it asked for makes a finding that is not proven', async () => {
    const outcome = await outcomeOf(() => (body, response, request) => {
      if (request.method === 'GET') return say(404, '')(body, response, request)
      return (body.startsWith('old 0\n') ? saySize(4) : say(422, 'no'))(body, response, request)
    })
    expect(outcome).toMatchObject({ finding: { kind: 'fork', status: 422, witnessSize: 4, isProven: false } })
  })
})
