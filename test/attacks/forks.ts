/** Attacks with two logs of one name: what one is told is kept from the other. */
import type { WitnessClient } from '../../agent/witness/index.ts'
import type { Attack, Family } from './attack.ts'
import { changed } from './forge.ts'
import type { Scene } from './scene.ts'
import { FALSE_DIGEST, SIZES } from './site.ts'
import { resign } from './stolen-key.ts'

/** Where two logs part: before the anchor, and after it. */
const EARLY = 227
const LATE = 617

/** The true log's newest head is shown to the witness, which cosigns it. */
async function showTrueHead(scene: Scene): Promise<void> {
  await asGate(scene, (client) => client.askSizes())
  scene.restore('end')
}

/** Opens the log of the folder, as a gate does, and does something with its client. */
async function asGate<T>(scene: Scene, work: (client: WitnessClient) => Promise<T>): Promise<T> {
  const ledger = await scene.open()
  const neighbour = await scene.witness()
  const client = neighbour.client({ log: ledger.log, logDir: scene.logDir })
  try {
    return await work(client)
  } finally {
    await client.close()
    await neighbour.close()
    await ledger.close()
  }
}

/** Another log from a record on, of the same size, or longer. */
function fork(scene: Scene, at: number, more = 0): void {
  resign(scene, at, (entries) => {
    const last = entries.at(-1)!
    return [
      ...entries.with(at, changed(entries[at], { sha256: FALSE_DIGEST })),
      ...Array.from({ length: more }, () => Buffer.from(last)),
    ]
  })
}

function shown(
  id: string,
  what: string,
  strike: (scene: Scene) => void,
  kept: 'detected' | 'bounded',
): Attack {
  return {
    id,
    what,
    needs: ['write', 'logKey'],
    expected: { none: 'not defended', kept, witness: 'detected' },
    named: /(409|422), (fork|rollback): it knows 645 records, and shows that head/,
    strike: async (scene) => {
      await showTrueHead(scene)
      strike(scene)
    },
  }
}

export const FORKS: Family = {
  title: 'Two heads are shown',
  note: 'The witness has cosigned the newest head of the true log before it is shown the other.',
  attacks: [
    shown(
      'fork-early',
      'a log that parts before the anchor, of the same size',
      (scene) => fork(scene, EARLY),
      'detected',
    ),
    shown(
      'fork-late',
      'a log that parts after the anchor, of the same size',
      (scene) => fork(scene, LATE),
      'bounded',
    ),
    shown(
      'fork-longer',
      'a log that parts after the anchor, and is longer',
      (scene) => fork(scene, LATE, 9),
      'bounded',
    ),
    shown(
      'shrunken',
      'a shorter log: all behind a record after the anchor is gone, and signed anew',
      (scene) => resign(scene, SIZES.end, (entries) => entries.slice(0, LATE)),
      'bounded',
    ),
  ],
}
