import { readAuthorities, readAuthoritiesText } from './authorities-file.ts'
import { loadRecognitions } from './recognition.ts'
import type { LoadedTrust } from './trust.ts'
import { loadTrustAnchors, type TrustAnchor } from './trust-anchors.ts'

/** The whole trust folder, as it is now. */

/**
 * Reads anchors, authorities, revocations, slicers and recognitions. Throws LICENCE_UNREADABLE where any of them is not
 * what it should be: a site that cannot tell whom it believes, believes nobody.
 */
export async function loadTrust(trustDir: string, nowMs: number): Promise<LoadedTrust> {
  const anchors = await loadTrustAnchors(trustDir)
  return await trustOf(trustDir, anchors, (await readAuthoritiesText(trustDir)) ?? '', nowMs)
}

/** The same with a text of `authorities.yaml` that is not written yet. */
export async function trustOf(
  trustDir: string,
  anchors: readonly TrustAnchor[],
  authoritiesText: string,
  nowMs: number,
): Promise<LoadedTrust> {
  const { authorities, revoked, slicers, notes } = await readAuthorities(authoritiesText, trustDir, anchors)
  const trust = { anchorsPem: anchors.map(({ pem }) => pem), authorities, revoked, slicers }
  const recognised = await loadRecognitions(trustDir, trust, nowMs)
  return { ...trust, recognitions: recognised.recognitions, notes: [...notes, ...recognised.notes] }
}
