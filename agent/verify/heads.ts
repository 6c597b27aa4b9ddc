/**
 * Signed heads against the tree: each says what the root was when the log had so many records. They are taken in the
 * order of their sizes, so that the tree is grown once for all of them.
 */
import { BUNDLE_BYTES_MAX, HASH_BYTES, TILE_WIDTH, tilePath } from '../log-format/index.ts'
import { hashEntries, rootOfHashes, splitBundle } from './bundle.ts'
import { TILE_BYTES } from './bundle-files.ts'
import { type DamageCode, damage, type Finding } from './finding.ts'
import type { LogFolder } from './folder.ts'
import { GrowingTree } from './merkle.ts'
import type { TileTree } from './tile-tree.ts'

export interface Head {
  readonly size: number
  readonly root: Uint8Array
  /** What to call it: `the checkpoint`. */
  readonly name: string
  /** What it means if the records are others. */
  readonly code: DamageCode
  readonly file: string | null
  /** The record that tells of it, where one does. */
  readonly index: number | null
}

/** The records of a bundle that is still in the journal. */
export interface JournalHashes {
  readonly bundle: number
  readonly hashes: Buffer
}

/** Finds the heads that are not those of the tree of `size` records. */
export function checkHeads(
  folder: LogFolder,
  tree: TileTree,
  journal: readonly JournalHashes[],
  size: number,
  heads: readonly Head[],
): readonly Finding[] {
  const findings: Finding[] = []
  const growing = new GrowingTree()
  const leaves = new LeafHashes(folder, tree, journal)
  for (const head of [...heads].sort((a, b) => a.size - b.size)) {
    if (head.size > size) {
      findings.push(tooLarge(head, size))
      continue
    }
    const [bundles, width] = [Math.floor(head.size / TILE_WIDTH), head.size % TILE_WIDTH]
    while (growing.size < bundles && growing.size < tree.bundles) growing.push(tree.rootOf(growing.size))
    const right = width === 0 ? undefined : leaves.of(bundles, width)
    if (growing.size < bundles || right === null) findings.push(notComparable(head))
    else if (!growing.root(right && rootOfHashes(right)).equals(head.root)) findings.push(otherRecords(head))
  }
  return findings
}

/** The first leaf hashes of a bundle, from where they can be believed. */
export class LeafHashes {
  readonly #folder: LogFolder
  readonly #tree: TileTree
  readonly #journal: readonly JournalHashes[]
  #last: JournalHashes | null = null

  constructor(folder: LogFolder, tree: TileTree, journal: readonly JournalHashes[]) {
    this.#folder = folder
    this.#tree = tree
    this.#journal = journal
  }

  of(bundle: number, width: number): Buffer | null {
    if (this.#last?.bundle !== bundle) this.#last = this.#find(bundle)
    const hashes = this.#last?.hashes
    return hashes === undefined || hashes.length < width * HASH_BYTES
      ? null
      : hashes.subarray(0, width * HASH_BYTES)
  }

  #find(bundle: number): JournalHashes | null {
    const inJournal = this.#journal.find((segment) => segment.bundle === bundle)
    if (inJournal !== undefined && inJournal.hashes.length > 0) return inJournal
    if (bundle >= this.#tree.bundles) return null
    const root = this.#tree.rootOf(bundle)
    const tile = this.#folder.read(tilePath(0, bundle), TILE_BYTES)
    if (Buffer.isBuffer(tile) && tile.length === TILE_BYTES && root.equals(rootOfHashes(tile))) {
      return { bundle, hashes: tile }
    }
    const entries = this.#folder.read(tilePath('entries', bundle), BUNDLE_BYTES_MAX)
    if (!Buffer.isBuffer(entries)) return null
    const { starts, wrongAt } = splitBundle(entries, TILE_WIDTH)
    if (wrongAt !== null) return null
    const hashes = hashEntries(entries, starts)
    return root.equals(rootOfHashes(hashes)) ? { bundle, hashes } : null
  }
}

function place({ index, file }: Head): { index?: number; file?: string } {
  return { ...(index === null ? {} : { index }), ...(file === null ? {} : { file }) }
}

function tooLarge(head: Head, size: number): Finding {
  const missing = head.size - size
  const message = `${head.name} is of ${head.size} records, and there are ${size}: ${missing} are missing`
  return damage('records-missing', { ...place(head), index: head.index ?? size }, message)
}

function otherRecords(head: Head): Finding {
  return damage(
    head.code,
    place(head),
    `${head.name}, of ${head.size} records, is of other records than these`,
  )
}

function notComparable(head: Head): Finding {
  const message = `${head.name}, of ${head.size} records, cannot be compared with them, because some are lost`
  return damage('other-records', place(head), message)
}
