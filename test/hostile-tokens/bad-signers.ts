/** Signers that sign well and may not: what they are put under beside a token. */
import { plainHeader } from '../licence/fixture.ts'
import { type ZooCase, zoo } from '../token/zoo.ts'

/** The two certificates of a chain of the zoo. */
function x5cOf(name: string): readonly string[] {
  const found = zoo.find((zooCase: ZooCase) => zooCase.name === name)
  if (found === undefined) throw new Error(`${name} is not in the zoo`)
  return [found.signerDer, found.intermediateDer].map((der) => der.toString('base64'))
}

export const good = plainHeader.x5c
export const ofSmallKey = x5cOf('2048-bit signer')
export const expired = x5cOf('signer expired')
/** Good in itself, under a root that is not trusted. */
export const ofOtherRoot = x5cOf('as it should be')
