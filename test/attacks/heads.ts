/** Attacks on what the log has published: its checkpoint, and the head that a witness cosigned. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { verifyLog } from '../../agent/verify/index.ts'
import type { Family } from './attack.ts'
import { observe } from './observe.ts'
import type { Scene } from './scene.ts'
import { SIZES } from './site.ts'

const DETECTED = { none: 'detected', kept: 'detected', witness: 'detected' } as const
const PREVENTED = { none: 'prevented', kept: 'prevented', witness: 'prevented' } as const

/** Changes one character of the last signature of a note. */
function spoil(note: Buffer): Buffer {
  const at = note.length - 20
  note[at] = note[at] === 0x41 ? 0x42 : 0x41
  return note
}

const head = (scene: Scene, size: number): string => scene.site.heads.get(size) ?? ''

export const HEADS: Family = {
  title: 'What is published is changed',
  note: 'Whatever of it can be made from the journal is made again at the next start; what cannot be true of this log is refused. Without a good `witnessed`, proofs are under the log’s own head alone until a witness cosigns the next.',
  attacks: [
    {
      id: 'checkpoint-deleted',
      what: '`checkpoint` is deleted',
      needs: ['write'],
      expected: PREVENTED,
      strike: (scene) => scene.remove('checkpoint'),
    },
    {
      id: 'checkpoint-older',
      what: '`checkpoint` is an older one of this log',
      needs: ['write', 'head'],
      expected: PREVENTED,
      strike: (scene) => scene.write('checkpoint', head(scene, SIZES.old)),
    },
    {
      id: 'checkpoint-spoilt',
      what: '`checkpoint` has another signature',
      needs: ['write'],
      expected: DETECTED,
      named: /`checkpoint`/,
      strike: (scene) => scene.edit('checkpoint', spoil),
    },
    {
      id: 'checkpoint-larger',
      what: '`checkpoint` says that there are more records',
      needs: ['write'],
      expected: DETECTED,
      named: /`checkpoint`/,
      strike: (scene) =>
        scene.edit('checkpoint', (note) => Buffer.from(note.toString().replace('\n600\n', '\n900\n'))),
    },
    {
      id: 'checkpoint-other-log',
      what: '`checkpoint` is another machine’s',
      needs: ['write', 'other'],
      expected: DETECTED,
      named: /`checkpoint`/,
      strike: (scene) =>
        scene.write('checkpoint', readFileSync(join(scene.site.folders.other, 'log', 'checkpoint'))),
    },
    {
      id: 'witnessed-deleted',
      what: '`witnessed` is deleted',
      needs: ['write'],
      expected: PREVENTED,
      strike: (scene) => scene.remove('witnessed'),
    },
    {
      id: 'witnessed-of-the-log-alone',
      what: '`witnessed` has lost its cosignature',
      needs: ['write'],
      expected: PREVENTED,
      strike: (scene) => scene.write('witnessed', head(scene, SIZES.anchor)),
      observe: withPolicy,
    },
    {
      id: 'witnessed-spoilt',
      what: 'the cosignature in `witnessed` is another',
      needs: ['write'],
      expected: PREVENTED,
      strike: (scene) => scene.edit('witnessed', spoil),
      observe: withPolicy,
    },
  ],
}

/** What a check says, too, that is given the policy which names the witness. */
async function withPolicy(scene: Scene): ReturnType<typeof observe> {
  const { findings } = await verifyLog(scene.logDir, { policy: scene.site.policy })
  const observed = await observe(scene)
  const noted = findings
    .filter(({ code }) => code === 'not-witnessed' || code === 'bad-signature')
    .map(({ message, code, file }) => ({
      by: 'verify before the start' as const,
      place: file,
      text: `with the policy of the witness: ${scene.words(message)} (${code})`,
    }))
  return { ...observed, noted: [...observed.noted, ...noted] }
}
