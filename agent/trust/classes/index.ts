/** The dictionary of classes: looked up by code, searched, and asked for the tier that codes ask for. */
import { coversClass } from '../class-pattern.ts'
import { type LicenceTier, tightness } from '../tiers.ts'
import type { ClassEntry, CrosswalkEntry, Regime } from './class-entry.ts'
import { CROSSWALK, EXPORT_ENTRIES, EXPORT_REGIMES } from './export-lists.ts'
import { SAFETY_ENTRIES, SAFETY_REGIMES } from './safety-classes.ts'

/** Of the data. A licence that names a class which a later version knows is told so by `class-unknown`. */
export const DICTIONARY_VERSION = 1

export const REGIMES: readonly Regime[] = [...EXPORT_REGIMES, ...SAFETY_REGIMES]

export const CLASSES: readonly ClassEntry[] = [...EXPORT_ENTRIES, ...SAFETY_ENTRIES]

const BY_CODE: ReadonlyMap<string, ClassEntry> = new Map(CLASSES.map((entry) => [entry.code, entry]))

/** The entry of a class, or of the nearest one above it: `eu:1B001.a` is in the entry `eu:1B001`. */
export function findClass(code: string): ClassEntry | undefined {
  const exact = BY_CODE.get(code)
  if (exact !== undefined) return exact
  return CLASSES.filter((entry) => coversClass(entry.code, code)).sort(
    (one, other) => other.code.length - one.code.length,
  )[0]
}

export function isKnownClass(code: string): boolean {
  return findClass(code) !== undefined
}

/** What the crosswalk says of a class: the other class, and how near it is. */
export function crosswalkOf(code: string): readonly (CrosswalkEntry & { readonly to: string })[] {
  const known = findClass(code)?.code
  return CROSSWALK.flatMap((entry) => {
    const [one, other] = entry.codes
    if (one === known) return [{ ...entry, to: other }]
    return other === known ? [{ ...entry, to: one }] : []
  })
}

export interface TierOfClasses {
  /** The tightest that any known class asks for; `open` where none asks for more. */
  readonly tier: LicenceTier
  /** The class that asks for it; undefined where none is known. */
  readonly because: string | undefined
  /** Classes that no dictionary of this version knows: what they ask for is not in `tier`. */
  readonly unknown: readonly string[]
}

/** Which tier a licence for a design of these classes has at least. */
export function tierOfClasses(codes: readonly string[]): TierOfClasses {
  let tier: LicenceTier = 'open'
  let because: string | undefined
  const unknown: string[] = []
  for (const code of codes) {
    const entry = findClass(code)
    if (entry === undefined) unknown.push(code)
    else if (because === undefined || tightness(entry.tier) > tightness(tier)) {
      tier = entry.tier
      because = code
    }
  }
  return { tier, because, unknown }
}

/** Entries whose code, title or note holds every word, whatever the case; of one regime where it is given. */
export function searchClasses(words: string, regime?: string): readonly ClassEntry[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean)
  return CLASSES.filter(({ code, title, note }) => {
    if (regime !== undefined && !code.startsWith(`${regime}:`)) return false
    const text = `${code} ${title} ${note}`.toLowerCase()
    return wanted.every((word) => text.includes(word))
  })
}
