/** Which design. */
import { assert } from '../../errors.ts'
import { deny, type Objection, refuse } from '../../token/index.ts'
import type { LicenceContext } from '../context.ts'
import type { DesignDigest } from '../licence.ts'
import type { VerifiedTerms } from './check.ts'

/** A digest binds in its own form only: a raw digest never vouches for a canonical one. */
export function checkDesign({ licence }: VerifiedTerms, { job }: LicenceContext): readonly Objection[] {
  const { design, slicing } = licence
  if (slicing.mode !== 'exact-gcode') return []
  const jobDigest = ({ form }: DesignDigest): string | undefined =>
    form === 'gcode-raw' ? job.rawSha256 : form === 'gcode-canon' ? job.canonicalSha256 : undefined
  if (design.digests.some((digest) => digest.sha256 === jobDigest(digest))) return []
  // The canonical digest explains more: where it differs, the commands do, not only the comments.
  const named = design.digests.find(({ form }) => form === 'gcode-canon') ?? design.digests[0]
  assert(named !== undefined, 'a licence that was read names at least one digest')
  const subject = named.form === 'gcode-raw' ? 'its file' : 'its command sequence'
  const label = `${design.id} ${design.revision}`
  const digest = jobDigest(named) ?? job.canonicalSha256
  return [deny(refuse('other-design', label, subject, digest, named.sha256))]
}
