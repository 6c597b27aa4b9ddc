import { sign, X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { checkIssuerChain } from '../../agent/token/issuer-chain.ts'
import { fixtureKey, issuer, NOW_MS } from '../licence/fixture.ts'

const [signerDer, intermediateDer] = [issuer.signerPem, issuer.intermediatePem].map(
  (pem) => new X509Certificate(pem).raw,
) as [Buffer, Buffer]

/** What a signer certificate comes to once some of its bytes were replaced and it was signed again. */
function judge(from: string, to: string): string {
  const copy = Buffer.from(signerDer)
  const at = copy.indexOf(Buffer.from(from, 'hex'))
  if (at === -1) throw new Error(`${from} is not in the certificate`)
  Buffer.from(to, 'hex').copy(copy, at)
  // The signed part lies behind an outer header of four bytes and has one of its own.
  const end = 8 + copy.readUInt16BE(6)
  const signature = sign('sha256', copy.subarray(4, end), fixtureKey('intermediate'))
  signature.copy(copy, copy.length - signature.length)
  const result = checkIssuerChain(copy, intermediateDer, [issuer.rootPem], NOW_MS)
  return result.ok ? 'trusted' : `${result.refusal.code}: ${result.refusal.message}`
}

const RSA = '2a864886f70d010101'
const KEY_USAGE = '551d0f0101ff0404'
const CONSTRAINTS = '551d130101ff0402'

/** Found by a third library, over certificates that were changed byte by byte: both others read on. */
describe('a genuine certificate that is spelt in another way than the one of DER', () => {
  test('would be trusted as it is', () => {
    expect(judge(RSA, RSA)).toBe('trusted')
  })

  test('a key with odd parameters is refused', () => {
    expect(judge(`${RSA}0500`, `${RSA}2700`)).toContain('opinions-differ')
    expect(judge(`${RSA}0500`, `${RSA}2700`)).toContain('they read another public key')
  })

  test('a key with a negative modulus is refused', () => {
    // The same 385 bytes, of which the first was the zero that makes it positive.
    expect(judge('0282018100', '0282018180')).toContain('opinions-differ')
  })

  test.each([
    ['a key usage that is no bit string', `${KEY_USAGE}03020780`, `${KEY_USAGE}04020780`],
    ['a key usage with bits that stand for nothing', `${KEY_USAGE}03020780`, `${KEY_USAGE}03020680`],
    ['constraints that are no sequence', `${CONSTRAINTS}3000`, `${CONSTRAINTS}3100`],
  ])('%s is refused', (_name, from, to) => {
    expect(judge(from, to)).toContain('an extension is not in its one DER form')
  })
})
