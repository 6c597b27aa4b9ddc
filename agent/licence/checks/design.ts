/** Which design. */
import { assert } from '../../errors.ts'
import { deny, type Objection, refuse } from '../../token/index.ts'
import type { LicenceContext } from '../context.ts'
import type { DesignDigest, Licence } from '../licence.ts'
import type { VerifiedTerms } from './check.ts'
import { checkSlicing } from './slicing.ts'

/** G-code that the licence names by its digest is the design, however free its slicing is. */
export function checkDesign(
  licence: Licence,
  context: LicenceContext,
  terms: VerifiedTerms,
): readonly Objection[] {
  const { design, slicing } = licence
  const { job } = context
  // A digest binds in its own form only: a raw digest never vouches for a canonical one, nor either for a model.
  const jobDigest = ({ form }: DesignDigest): string | undefined =>
    form === 'gcode-raw' ? job.rawSha256 : form === 'gcode-canon' ? job.canonicalSha256 : undefined
  if (design.digests.some((digest) => digest.sha256 === jobDigest(digest))) return []
  if (slicing.mode === 'attested-slicer') return checkSlicing(licence, context, terms.bundle.attestations)
  // The canonical digest explains more: where it differs, the commands do, not only the comments.
  const named = design.digests.find(({ form }) => form === 'gcode-canon') ?? design.digests[0]
  assert(named !== undefined, 'a licence that was read names at least one digest')
  const subject = named.form === 'gcode-raw' ? 'its file' : 'its command sequence'
  const label = `${design.id} ${design.revision}`
  return [deny(refuse('other-design', label, subject, jobDigest(named) ?? job.canonicalSha256, named.sha256))]
}
