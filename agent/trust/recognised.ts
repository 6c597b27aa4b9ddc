/** What a foreign issuer's tiers and classes are here, by the recognitions that hold now. */
import { coversClass } from './class-pattern.ts'
import { isKnownClass } from './classes/index.ts'
import { type LicenceTier, tightness } from './tiers.ts'
import type { Recognition, Trust } from './trust.ts'
import { isUnder } from './uri.ts'

/** The tier as it is treated here: the tightest that a recognition of the issuer states, or as the licence says it. */
export function recognisedTier(
  trust: Pick<Trust, 'recognitions'>,
  issuerUri: string,
  tier: LicenceTier,
  nowMs: number,
): LicenceTier {
  const stated = recognitionsOf(trust, issuerUri, nowMs).flatMap(({ tiers }) => tiers[tier] ?? [])
  const [tightest] = stated.sort((one, other) => tightness(other) - tightness(one))
  return tightest ?? tier
}

/**
 * The classes as they are named here. A class that the dictionary knows stays beside what it is mapped to, so that a
 * mapping can add a demand and never take one away; one that it does not know gives way to its mapping.
 */
export function recognisedClasses(
  trust: Pick<Trust, 'recognitions'>,
  issuerUri: string,
  classes: readonly string[],
  nowMs: number,
): readonly string[] {
  const recognitions = recognitionsOf(trust, issuerUri, nowMs)
  const here = classes.flatMap((code): readonly string[] => {
    const mapped = recognitions.flatMap((recognition) => mappingsOf(recognition, code))
    return mapped.length === 0 || isKnownClass(code) ? [code, ...mapped] : mapped
  })
  return [...new Set(here)]
}

function mappingsOf(recognition: Recognition, code: string): readonly string[] {
  return Object.entries(recognition.classes)
    .filter(([there]) => coversClass(there, code))
    .map(([, here]) => here)
}

function recognitionsOf(
  trust: Pick<Trust, 'recognitions'>,
  issuerUri: string,
  nowMs: number,
): readonly Recognition[] {
  return trust.recognitions.filter(({ of, expiresAtMs }) => nowMs < expiresAtMs && isUnder(issuerUri, of))
}
