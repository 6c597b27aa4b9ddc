import type { LicenceTier } from '../tiers.ts'

/** The shape of the dictionary: what a class is called, and the least tier that a licence for such a design has. */

export interface Regime {
  readonly id: string
  readonly title: string
  /** Where its codes are defined. The source of each of its entries, unless the entry names its own. */
  readonly source: string
}

export interface ClassEntry {
  /** `regime:code`, as licences spell it. */
  readonly code: string
  readonly title: string
  /** The least tier. Given by this dictionary, not by the regime: regimes know no tiers. */
  readonly tier: LicenceTier
  /** Why it stands here, or where its edges are; empty where the title says it. */
  readonly note: string
  readonly source: string
}

/** Two classes of different regimes that cover much the same. It holds in both directions. */
export interface CrosswalkEntry {
  readonly codes: readonly [string, string]
  readonly note: string
  readonly source: string
}

/** A row of a table: the code without its regime, title, tier, and a note where it helps. */
export type Row = readonly [code: string, title: string, tier: LicenceTier, note?: string]

export function entriesOf(regime: Regime, rows: readonly Row[]): readonly ClassEntry[] {
  return rows.map(([code, title, tier, note = '']) => ({
    code: `${regime.id}:${code}`,
    title,
    tier,
    note,
    source: regime.source,
  }))
}
