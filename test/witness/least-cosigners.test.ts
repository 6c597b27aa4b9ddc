import { expect, test } from 'vitest'
import { readClientPolicy } from '../../agent/witness/index.ts'
import { leastCosigners } from '../../agent/witnessing.ts'
import { testSigner } from '../verify/signing.ts'

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f']

/** How many cosign at least, of six witnesses that can be asked. */
const least = (quorum: string): number => {
  const witnesses = NAMES.map((name) => {
    const { vkey } = testSigner(`witness.test/${name}`, 4)
    return `witness ${name} ${vkey} http://${name}.test\n`
  })
  return leastCosigners(readClientPolicy('witnesses.txt', Buffer.from(`${witnesses.join('')}${quorum}\n`)))
}

test('without witnesses nobody cosigns', () => {
  expect(leastCosigners(undefined)).toBe(0)
})

test.each([
  ['quorum a', 1],
  ['group two 2 a b c\nquorum two', 2],
  ['group three all a b c\nquorum three', 3],
  ['group six all a b c d e f\nquorum six', 4],
  // Either three or the one.
  ['group three all a b c\ngroup either any three d\nquorum either', 1],
  ['group x all a b\ngroup y all c d\ngroup both all x y\nquorum both', 4],
])('%j asks for %d at the least, as far as that is told apart', (quorum, count) => {
  expect(least(quorum)).toBe(count)
})
