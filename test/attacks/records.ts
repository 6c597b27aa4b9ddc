/** Attacks on single records by somebody who has no key, but computes everything anew that needs none. */
import type { Attack, Family } from './attack.ts'
import { careful, changed, copiedSignatures, forge, framesIn } from './forge.ts'
import type { Scene } from './scene.ts'
import { AT, FALSE_DIGEST, SIZES } from './site.ts'

const DETECTED = { none: 'detected', kept: 'detected', witness: 'detected' } as const
const BOUNDED = { none: 'bounded', kept: 'bounded', witness: 'bounded' } as const
const PREVENTED = { none: 'prevented', kept: 'prevented', witness: 'prevented' } as const

/** Other records in the place of those that there are, with all that wants no key computed anew. The checkpoint stays. */
function rewrite(scene: Scene, change: (entries: Buffer[]) => readonly Buffer[]): void {
  const { logKey, heads } = scene.site
  const pen = copiedSignatures(logKey.name, scene.logDir, heads.values())
  const checkpoint = scene.read('checkpoint')
  const before = scene.entries()
  const entries = careful(before, change(before))
  forge(scene.logDir, { entries, pen, published: SIZES.published })
  scene.write('checkpoint', checkpoint)
}

const WHERE = {
  tiles: 'in tiles alone',
  both: 'in tiles and journal',
  late: 'in the journal alone',
} as const

const EVERYWHERE = ['tiles', 'both', 'late'] as const

/** The same at several kinds of place. */
function everywhere(
  id: string,
  what: string,
  change: (entries: Buffer[], at: number) => readonly Buffer[],
  places: readonly (keyof typeof WHERE)[] = ['tiles', 'late'],
): readonly Attack[] {
  return places.map((where) => ({
    id: `${id}-${where}`,
    what: `${what}, ${WHERE[where]}`,
    needs: ['write'],
    expected: DETECTED,
    named: commitOf(AT[where]),
    strike: (scene) => rewrite(scene, (entries) => change(entries, AT[where])),
  }))
}

/** The first commit that does not fit: that behind the tiles, or that in which the record of the journal was. */
const commitOf = (at: number): RegExp => new RegExp(`record ${at < 256 ? 256 : at - 4}\\b`)

export const RECORDS: Family = {
  title: 'Records are changed without a key',
  note: 'Everything is computed anew - bundle, tiles, roots - but signatures, which are those that the log once gave for the same head.',
  attacks: [
    {
      id: 'change-bundle',
      what: 'a record is changed in its bundle alone',
      needs: ['write'],
      expected: DETECTED,
      named: /record 117\b/,
      strike: (scene) =>
        scene.edit('tile/entries/000', (bytes) => {
          bytes[bytes.indexOf(`"seq":${AT.tiles},`) - 1]! ^= 1
          return bytes
        }),
    },
    ...everywhere(
      'change',
      'a record says something else',
      (entries, at) => entries.with(at, changed(entries[at], { sha256: FALSE_DIGEST })),
      EVERYWHERE,
    ),
    ...everywhere('drop', 'a record is taken out', (entries, at) => entries.toSpliced(at, 1), EVERYWHERE),
    ...everywhere('swap', 'two records change places', (entries, at) =>
      entries.with(at, entries[at + 1]!).with(at + 1, entries[at]!),
    ),
    ...everywhere('insert', 'a record is put in', (entries, at) =>
      entries.toSpliced(at, 0, changed(entries[at], { sha256: FALSE_DIGEST })),
    ),
    ...everywhere('duplicate', 'a record is put in a second time', (entries, at) =>
      entries.toSpliced(at, 0, entries[at]!),
    ),
    {
      id: 'change-last-commit',
      what: 'the last commit, which is not published yet, says something else',
      needs: ['write'],
      expected: BOUNDED,
      strike: (scene) =>
        rewrite(scene, (entries) => entries.with(-1, changed(entries.at(-1), { sha256: FALSE_DIGEST }))),
    },
    {
      id: 'append-unsigned',
      what: 'a record is put behind the last one',
      needs: ['write'],
      expected: PREVENTED,
      strike: (scene) => rewrite(scene, (entries) => [...entries, entries.at(-1)!]),
    },
    {
      id: 'append-again',
      what: 'the last commit is put behind itself, signature and all',
      needs: ['write'],
      expected: PREVENTED,
      strike: (scene) =>
        scene.edit(scene.segments().at(-1) ?? '', (bytes) => {
          const from = framesIn(bytes).at(-2)?.end
          return Buffer.concat([bytes, bytes.subarray(from)])
        }),
    },
    {
      id: 'hidden-commitment',
      what: 'a record commits to other hidden members',
      needs: ['write'],
      expected: DETECTED,
      named: /record 256\b/,
      strike: (scene) =>
        rewrite(scene, (entries) => {
          const decision = 110
          const { sealed } = JSON.parse(entries[decision]!.toString('utf8')) as { sealed: object }
          const commitment = '0'.repeat(64)
          return entries.with(decision, changed(entries[decision], { sealed: { ...sealed, commitment } }))
        }),
    },
  ],
}
