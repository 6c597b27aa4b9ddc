/** Attacks on the end of the log. */
import type { Family } from './attack.ts'
import { copiedSignatures, forge, framesIn, headOfFrame } from './forge.ts'
import type { Scene } from './scene.ts'
import { SIZES } from './site.ts'

/** A size at which a commit ended, before the anchor and after it. */
const BEFORE_ANCHOR = 521
const AFTER_ANCHOR = 541
const LAST_BYTES = 40

const lastSegment = (scene: Scene): string => scene.segments().at(-1) ?? ''

/** Cuts all commits off that go beyond `size` records. They must be in the last segment. */
function cutTo(scene: Scene, size: number): void {
  scene.edit(lastSegment(scene), (bytes) => {
    const end = framesIn(bytes).findLast((frame) => frame.size <= size)?.end ?? 0
    return bytes.subarray(0, end)
  })
}

/** The signed head of the last commit, published: the log signed it for itself. */
function publishLastCommit(scene: Scene): void {
  const last = framesIn(scene.read(lastSegment(scene))).at(-1)
  if (last === undefined) throw new Error('there is no commit')
  scene.write('checkpoint', headOfFrame(scene.site.logKey, last))
}

export const CUTS: Family = {
  title: 'The end is cut off',
  attacks: [
    {
      id: 'cut-bytes',
      what: 'the last 40 bytes of the journal: a piece of the last commit, which is not published yet',
      needs: ['write'],
      expected: { none: 'bounded', kept: 'bounded', witness: 'bounded' },
      strike: (scene) =>
        scene.edit(lastSegment(scene), (bytes) => bytes.subarray(0, bytes.length - LAST_BYTES)),
    },
    {
      id: 'cut-unpublished',
      what: 'all commits after the published checkpoint',
      needs: ['write'],
      expected: { none: 'bounded', kept: 'bounded', witness: 'bounded' },
      strike: (scene) => cutTo(scene, SIZES.published),
    },
    {
      id: 'cut-published',
      what: 'commits that the published checkpoint covers',
      needs: ['write'],
      expected: { none: 'detected', kept: 'detected', witness: 'detected' },
      named: /record 541\b/,
      strike: (scene) => cutTo(scene, AFTER_ANCHOR),
    },
    {
      id: 'cut-bytes-published',
      what: 'bytes of a commit that the published checkpoint covers, and all behind it',
      needs: ['write'],
      expected: { none: 'detected', kept: 'detected', witness: 'detected' },
      named: /record 540\b/,
      strike: (scene) => {
        cutTo(scene, AFTER_ANCHOR)
        scene.edit(lastSegment(scene), (bytes) => bytes.subarray(0, bytes.length - LAST_BYTES))
      },
    },
    {
      id: 'cut-segment',
      what: 'the last segment with records',
      needs: ['write'],
      expected: { none: 'detected', kept: 'detected', witness: 'detected' },
      named: /record 512\b/,
      strike: (scene) => scene.remove(lastSegment(scene)),
    },
    {
      id: 'cut-segments',
      what: 'all segments',
      needs: ['write'],
      expected: { none: 'detected', kept: 'detected', witness: 'detected' },
      named: /`journal`/,
      strike: (scene) => scene.remove('journal'),
    },
    {
      id: 'cut-bundle',
      what: 'a full bundle and its tile',
      needs: ['write'],
      expected: { none: 'detected', kept: 'detected', witness: 'detected' },
      named: /tile\/(entries|0)\/000/,
      strike: (scene) => {
        scene.remove('tile/entries/000')
        scene.remove('tile/0/000')
      },
    },
    {
      id: 'cut-bundles',
      what: 'whole bundles: journal, tiles and bundles behind record 255',
      needs: ['write'],
      expected: { none: 'detected', kept: 'detected', witness: 'detected' },
      named: /`journal`/,
      strike: (scene) => {
        for (const name of [
          'journal',
          'tile/entries/001',
          'tile/0/001',
          'tile/entries/002.p',
          'tile/0/002.p',
          'tile/1',
        ])
          scene.remove(name)
      },
    },
    {
      id: 'cut-to-commit',
      what: 'commits after the anchor, with the signed head of the last commit that is left as the checkpoint',
      needs: ['write'],
      expected: { none: 'not defended', kept: 'bounded', witness: 'bounded' },
      strike: (scene) => {
        cutTo(scene, AFTER_ANCHOR)
        publishLastCommit(scene)
      },
    },
    {
      id: 'cut-to-commit-before-anchor',
      what: 'the same before the anchor, with `witnessed` left as it is',
      needs: ['write'],
      expected: { none: 'detected', kept: 'detected', witness: 'detected' },
      named: /record 521\b.*`witnessed`/,
      strike: (scene) => {
        cutTo(scene, BEFORE_ANCHOR)
        publishLastCommit(scene)
      },
    },
    {
      id: 'cut-witnessed',
      what: 'the same, with `witnessed` deleted',
      needs: ['write'],
      expected: { none: 'not defended', kept: 'detected', witness: 'detected' },
      strike: (scene) => {
        cutTo(scene, BEFORE_ANCHOR)
        publishLastCommit(scene)
        scene.remove('witnessed')
      },
    },
    {
      id: 'cut-to-old-head',
      what: 'all behind a head that was published long ago: its signature is put on a commit of the records up to there',
      needs: ['write', 'head'],
      expected: { none: 'not defended', kept: 'detected', witness: 'detected' },
      strike: (scene) => {
        const { logKey, heads } = scene.site
        const pen = copiedSignatures(logKey.name, scene.logDir, heads.values())
        forge(scene.logDir, { entries: scene.entries().slice(0, SIZES.old), pen, commits: [] })
        // Its bundle is in tiles: the journal may begin with the next one.
        scene.remove(scene.segments()[0] ?? '')
        scene.remove('witnessed')
      },
    },
  ],
}
