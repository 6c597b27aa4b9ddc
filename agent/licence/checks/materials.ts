/** In what. What is loaded is known only from whoever loaded it, and is on record as theirs. */
import { deny, type Objection, refuse } from '../../token/index.ts'
import type { DeclaredMaterial, LicenceContext } from '../context.ts'
import type { Licence, LicensedMaterial } from '../licence.ts'
import { describeMaterial } from '../words.ts'

export function checkMaterials({ materials }: Licence, { declared }: LicenceContext): readonly Objection[] {
  if (materials.length === 0) return []
  const { material } = declared
  const licensed = materials.map(describeMaterial)
  if (material === undefined) return [deny(refuse('material-undeclared', licensed))]
  const matches = materials.map((wanted) => match(material, wanted))
  if (matches.includes('fits')) return []
  // Nothing speaks against it, and something that the licence asks for was not said.
  if (matches.includes('unsaid')) return [deny(refuse('material-undeclared', licensed))]
  return [deny(refuse('other-material', describeMaterial(material), licensed))]
}

function match(declared: DeclaredMaterial, wanted: LicensedMaterial): 'fits' | 'unsaid' | 'differs' {
  if (declared.type.toUpperCase() !== wanted.type) return 'differs'
  let answer: 'fits' | 'unsaid' = 'fits'
  for (const part of ['vendor', 'lot', 'tag'] as const) {
    if (wanted[part] === undefined) continue
    const said = declared[part]
    if (said === undefined) answer = 'unsaid'
    else if (said.normalize('NFC') !== wanted[part].normalize('NFC')) return 'differs'
  }
  return answer
}
