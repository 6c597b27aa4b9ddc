/** Whether a slicer that is believed here vouches that the job was made from the licensed model, and how. */
import { deny, type Objection, type Refused, refuse } from '../../token/index.ts'
import type { Trust } from '../../trust/index.ts'
import { type Attestation, readAttestation, type SlicingStatement } from '../attestation.ts'
import type { LicenceContext, LicensedJob } from '../context.ts'
import type { Licence } from '../licence.ts'
import { shortNumber } from '../words.ts'

/** One attestation that says enough suffices. Of several that do not, the one that came furthest is told. */
export function checkSlicing(
  licence: Licence,
  { trust, job }: LicenceContext,
  attestations: readonly string[],
): readonly Objection[] {
  let told: Fault = { step: -1, refused: refuse('slicing-unattested', 'no attestation came with it') }
  for (const text of attestations) {
    const fault = judge(text, licence, trust, job)
    if (fault === undefined) return []
    if (fault.step > told.step) told = fault
  }
  return [deny(told.refused)]
}

/** What is wrong with an attestation, and at which step it was found. */
interface Fault {
  readonly step: number
  readonly refused: Refused
}

function judge(text: string, licence: Licence, trust: Trust, job: LicensedJob): Fault | undefined {
  const read = readAttestation(text)
  if (!read.ok) {
    return {
      step: 0,
      refused: refuse('slicing-unattested', `an attestation cannot be read: ${read.problem}`),
    }
  }
  const { attestation } = read
  const { statement } = attestation
  const steps: readonly (() => Refused | undefined)[] = [
    () => checkSigner(attestation, licence, trust),
    () => checkSubject(statement, job),
    () => checkModel(statement, licence),
    () => checkProfile(statement, licence),
    () => checkInstances(statement),
    () => checkTransforms(statement, licence),
  ]
  for (const [index, step] of steps.entries()) {
    const refused = step()
    if (refused !== undefined) return { step: index + 1, refused }
  }
  return undefined
}

function checkSigner(
  { statement: { slicerId }, isSignedBy }: Attestation,
  { slicing }: Licence,
  { slicers }: Trust,
): Refused | undefined {
  const known = slicers.filter(({ id }) => id === slicerId)
  const isLicensed = slicing.slicers.length === 0 || slicing.slicers.includes(slicerId)
  if (known.length === 0 || !isLicensed) return refuse('slicer-not-trusted', slicerId)
  if (known.some(isSignedBy)) return undefined
  return refuse(
    'slicing-unattested',
    'the attestation was altered, or signed by another key than its slicer has here',
  )
}

function checkSubject(
  { canonicalSha256, rawSha256 }: SlicingStatement,
  job: LicensedJob,
): Refused | undefined {
  if (canonicalSha256 === job.canonicalSha256 || rawSha256 === job.rawSha256) return undefined
  return refuse('slicing-unattested', 'the attestation is of another job')
}

function checkModel({ modelSha256 }: SlicingStatement, { design }: Licence): Refused | undefined {
  const models = design.digests.filter(({ form }) => form === 'model')
  if (models.some(({ sha256 }) => sha256 === modelSha256)) return undefined
  const [licensed] = models
  if (licensed === undefined) return refuse('slicing-unattested', 'the licence names no model to slice')
  const label = `${design.id} ${design.revision}`
  return refuse('other-design', label, 'the model it was sliced from', modelSha256, licensed.sha256)
}

function checkProfile({ profileSha256 }: SlicingStatement, { slicing }: Licence): Refused | undefined {
  if (slicing.profileSha256 === undefined || slicing.profileSha256 === profileSha256) return undefined
  return refuse('slicing-unattested', 'it was sliced with another profile than the licence names')
}

/** A copy is one: a plate of four under one copy would be three too many. */
function checkInstances({ instances }: SlicingStatement): Refused | undefined {
  if (instances === 1) return undefined
  return refuse('slicing-unattested', `the job holds the design ${instances} times, and a copy is one`)
}

function checkTransforms({ transforms }: SlicingStatement, { design }: Licence): Refused | undefined {
  const allowed = design.transforms
  const [least, greatest] = allowed.scale
  if (!(transforms.scale >= least && transforms.scale <= greatest)) {
    const scale = shortNumber(transforms.scale)
    return refuse('transform-not-allowed', `scaled by ${scale}`, scale, `${least} to ${greatest}`)
  }
  if (transforms.rotateZ !== 0 && !allowed.rotateZ && !allowed.rotateAny) {
    return refuse(
      'transform-not-allowed',
      'turned about the vertical',
      `${shortNumber(transforms.rotateZ)} degrees`,
      '0 degrees',
    )
  }
  const done = [
    { is: transforms.isRotatedOtherwise, may: allowed.rotateAny, words: 'turned about another axis' },
    { is: transforms.isMirrored, may: allowed.mirror, words: 'mirrored' },
    { is: transforms.isSplit, may: allowed.split, words: 'cut into parts' },
  ].find(({ is, may }) => is && !may)
  return done && refuse('transform-not-allowed', done.words, done.words, 'not')
}
