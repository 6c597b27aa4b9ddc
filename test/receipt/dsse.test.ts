// The envelope, against the example of the DSSE protocol and a second reading of it.
import { createPrivateKey, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  isEnvelopeSignedBy,
  PAYLOAD_TYPE,
  readEnvelope,
  signedBytes,
  writeEnvelope,
} from '../../agent/receipt/dsse.ts'
import { newKey, rawKey } from './small-log.ts'

const format = readFileSync(new URL('../../agent/receipt/FORMAT.md', import.meta.url), 'utf8')
const key = newKey()
const body = Buffer.from('{"a":"\u00e9"}', 'utf8')

function opened(text: string) {
  const envelope = readEnvelope(text)
  if ('problem' in envelope) throw new Error(envelope.problem)
  return envelope
}

describe('what an envelope signs', () => {
  test('is that of the example in the protocol', () => {
    const bytes = signedBytes('http://example.com/HelloWorld', Buffer.from('hello world'))
    expect(bytes.toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world')
  })

  test('counts bytes, not characters', () => {
    expect(signedBytes('t\u00e9', body).toString()).toBe('DSSEv1 3 t\u00e9 10 {"a":"\u00e9"}')
  })

  test('is that of the vector in the format', () => {
    const seed = Buffer.from(Array.from({ length: 32 }, (_, i) => i))
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
    const vectorKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    const payload = '{"_type":"https://in-toto.io/Statement/v1"}'
    const message = `DSSEv1 28 application/vnd.in-toto+json ${payload.length} ${payload}`
    const signature = sign(null, Buffer.from(message), vectorKey).toString('base64')
    expect(format).toContain(rawKey(vectorKey).toString('hex'))
    expect(format).toContain(`\`${message}\``)
    expect(format).toContain(signature)
    const envelope = writeEnvelope(Buffer.from(payload), vectorKey, '00000000')
    expect(JSON.parse(envelope).signatures).toEqual([{ keyid: '00000000', sig: signature }])
  })
})

describe('an envelope', () => {
  const text = writeEnvelope(body, key, '0badcafe')
  const parts = JSON.parse(text) as { payload: string; payloadType: string; signatures: { sig: string }[] }
  const { sig } = parts.signatures[0]!

  test('holds payload, type, signature and the hint to its key', () => {
    expect(parts).toEqual({
      payload: body.toString('base64'),
      payloadType: PAYLOAD_TYPE,
      signatures: [{ keyid: '0badcafe', sig: expect.any(String) }],
    })
    expect(opened(text).payload).toEqual(body)
    expect(isEnvelopeSignedBy(opened(text), rawKey(key))).toBe(true)
  })

  test('is not signed by another key, nor for another payload', () => {
    expect(isEnvelopeSignedBy(opened(text), rawKey(newKey()))).toBe(false)
    const other = { ...parts, payload: Buffer.from('{"a":"e"}').toString('base64') }
    expect(isEnvelopeSignedBy(opened(JSON.stringify(other)), rawKey(key))).toBe(false)
  })

  test('with the bare payload signed, as if there were no type, is not signed', () => {
    const bare = { ...parts, signatures: [{ sig: sign(null, body, key).toString('base64') }] }
    expect(isEnvelopeSignedBy(opened(JSON.stringify(bare)), rawKey(key))).toBe(false)
  })

  test('counts one good signature among others, whatever their hints say', () => {
    const forged = { keyid: '0badcafe', sig: Buffer.alloc(64).toString('base64') }
    const many = { ...parts, signatures: [forged, { sig }] }
    expect(isEnvelopeSignedBy(opened(JSON.stringify(many)), rawKey(key))).toBe(true)
    const none = { ...parts, signatures: [forged] }
    expect(isEnvelopeSignedBy(opened(JSON.stringify(none)), rawKey(key))).toBe(false)
  })

  test('may be written in URL-safe base64, with or without padding', () => {
    const urlSafe = (base64: string): string => Buffer.from(base64, 'base64').toString('base64url')
    const other = { ...parts, payload: urlSafe(parts.payload), signatures: [{ sig: urlSafe(sig) }] }
    expect(isEnvelopeSignedBy(opened(JSON.stringify(other)), rawKey(key))).toBe(true)
  })

  test('may bear members that nobody knows', () => {
    expect(opened(JSON.stringify({ ...parts, more: 1 })).payload).toEqual(body)
  })

  test.each<[string, string]>([
    ['nothing', ''],
    ['no JSON', '{'],
    ['another JSON', '[]'],
    ['null', 'null'],
    ['another type', JSON.stringify({ ...parts, payloadType: 'application/json' })],
    ['no signature', JSON.stringify({ ...parts, signatures: [] })],
    [
      'too many signatures',
      JSON.stringify({ ...parts, signatures: Array.from({ length: 17 }, () => ({ sig })) }),
    ],
    ['a signature without end', JSON.stringify({ ...parts, signatures: [{ sig: 'A'.repeat(129) }] })],
    ['a payload that is no base64', JSON.stringify({ ...parts, payload: 'a b' })],
    ['a payload with stray bits', JSON.stringify({ ...parts, payload: 'QR' })],
    ['a signature that is no base64', JSON.stringify({ ...parts, signatures: [{ sig: '*' }] })],
    ['brackets without end', '['.repeat(500_000)],
  ])('of %s is refused', (_, malformed) => {
    expect(readEnvelope(malformed)).toHaveProperty('problem')
  })

  test('and a key that is no point of the curve has signed nothing', () => {
    expect(isEnvelopeSignedBy(opened(text), Buffer.alloc(32, 0xff))).toBe(false)
    expect(isEnvelopeSignedBy(opened(text), Buffer.alloc(5))).toBe(false)
  })
})
