/** How closely a design is held, from free to controlled. The order is from loosest to tightest. */
export const LICENCE_TIERS = ['open', 'registered', 'controlled', 'restricted'] as const

export type LicenceTier = (typeof LICENCE_TIERS)[number]

/** Place of a tier from the loosest, 0, on. */
export function tightness(tier: LicenceTier): number {
  return LICENCE_TIERS.indexOf(tier)
}
