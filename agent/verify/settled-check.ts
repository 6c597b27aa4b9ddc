/**
 * Checks the bundles that are settled, in order, and grows the tree by their roots. Where a bundle and its tile differ,
 * one of them was changed: the tile above says which, so that what comes after can still be judged.
 */
import { HASH_BYTES, TILE_WIDTH, tilePath } from '../log-format/index.ts'
import type { BundleReport } from './bundle.ts'
import { TILE_BYTES } from './bundle-files.ts'
import { checkBundles } from './bundle-pool.ts'
import { damage, type Findings } from './finding.ts'
import type { LogFolder } from './folder.ts'
import type { OrderCheck } from './order.ts'
import { type PublishedFiles, partialsOf } from './published.ts'
import type { TileTree } from './tile-tree.ts'

/** After so many bundles in a row of which nothing is there, the rest is not looked for: a name can claim any number. */
const MISSING_BUNDLES_MAX = 1000
/** So many of them are told one by one. */
const MISSING_TOLD_MAX = 4

export interface SettledContext {
  readonly folder: LogFolder
  readonly published: PublishedFiles
  readonly tree: TileTree
  readonly order: OrderCheck
  readonly findings: Findings
  /** The program of the threads; undefined to check here. */
  readonly program: string | undefined
  readonly onProgress: ((records: number) => void) | undefined
}

/** Checks the bundles from `from` up to `to`. Answers whether it came to the end: it does not look for ever for what is missing. */
export async function checkSettled(context: SettledContext, from: number, to: number): Promise<boolean> {
  const { tree, order, findings } = context
  let [missing, bundle] = [0, from]
  for await (const report of checkBundles(context.folder, from, to, context.program)) {
    const first = bundle * TILE_WIDTH
    const root = believe(context, report, bundle)
    const isMissing = root === null && report.count === 0
    if (!isMissing) tellMissing(findings, bundle, missing)
    missing = isMissing ? missing + 1 : 0
    if (missing <= MISSING_TOLD_MAX) findings.add(...report.findings)
    findings.addOmitted(report.omitted)
    findings.add(...order.take(report, first, TILE_WIDTH))
    if (root === null) tree.lose()
    else if (!tree.isLost) findings.add(...tree.push(root, true))
    bundle++
    context.onProgress?.(bundle * TILE_WIDTH)
    if (missing === MISSING_BUNDLES_MAX) break
  }
  tellMissing(findings, bundle, missing)
  if (bundle === to) return true
  const message = `bundles ${bundle} to ${to - 1} were not looked for`
  findings.add(damage('missing-file', { index: bundle * TILE_WIDTH }, message))
  return false
}

/** Says how many of the bundles before this one are missing besides those that were named. */
function tellMissing(findings: Findings, bundle: number, missing: number): void {
  const more = missing - MISSING_TOLD_MAX
  if (more <= 0) return
  const message = `bundles ${bundle - more} to ${bundle - 1} are missing too`
  findings.add(damage('missing-file', { index: (bundle - more) * TILE_WIDTH }, message))
}

/** The root of the bundle as it was when it was settled, as far as can be told. */
function believe(context: SettledContext, report: BundleReport, bundle: number): Uint8Array | null {
  const { root, tileRoot } = report
  if (root !== null && (tileRoot === null || Buffer.compare(root, tileRoot) === 0)) return root
  const stated = statedRoot(context, bundle)
  if (root === null) return tileRoot ?? stated
  return tileRoot !== null && stated !== null && Buffer.compare(stated, tileRoot) === 0 ? tileRoot : root
}

/** What the tile above holds for the bundle: the full one, or the one of the checkpoint. */
function statedRoot({ folder, published }: SettledContext, bundle: number): Buffer | null {
  const [index, place] = [Math.floor(bundle / TILE_WIDTH), bundle % TILE_WIDTH]
  const partial = partialsOf(published.size).find((tile) => tile.level === 1 && tile.index === index)
  const candidates = [
    folder.read(tilePath(1, index), TILE_BYTES),
    partial === undefined ? 'missing' : published.partials.get(partial.file),
  ]
  for (const tile of candidates) {
    if (!Buffer.isBuffer(tile) || tile.length < (place + 1) * HASH_BYTES) continue
    return tile.subarray(place * HASH_BYTES, (place + 1) * HASH_BYTES)
  }
  return null
}
