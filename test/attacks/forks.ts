/** Attacks with two logs of one name: what one is told is kept from the other. */
import { generateKeyPairSync } from 'node:crypto'
import {
  isProblem,
  parseTlogPolicy,
  printNoteKey,
  type TlogPolicy,
  verifyLog,
} from '../../agent/verify/index.ts'
import { type WitnessClient, witnessSigner } from '../../agent/witness/index.ts'
import type { Attack, Family, Observation } from './attack.ts'
import { changed } from './forge.ts'
import { type Asking, Neighbour, type Neighbourhood, PATIENCE_MS, WITNESS_NAME } from './neighbour.ts'
import { observe } from './observe.ts'
import type { Scene } from './scene.ts'
import { FALSE_DIGEST, SIZES } from './site.ts'
import { resign } from './stolen-key.ts'
import { timeOf } from './workshop.ts'

/** Where two logs part: before the anchor, and after it. */
const EARLY = 227
const LATE = 617

/** The true log's newest head is shown to the witness, which cosigns it. */
async function showTrueHead(scene: Scene): Promise<void> {
  await asGate(scene, (client) => client.askSizes())
  scene.restore('end')
}

/** Opens the log of the folder, as a gate does, and does something with its client. */
async function asGate<T>(
  scene: Scene,
  work: (client: WitnessClient) => Promise<T>,
  more: Pick<Asking, 'isNear'> = {},
): Promise<T> {
  const ledger = await scene.open()
  const neighbour = await scene.witness()
  const client = neighbour.client({ log: ledger.log, logDir: scene.logDir, ...more })
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

/** A second witness, which knows nothing of the first. */
const SECOND_NAME = 'witness.example/downstairs'
const SECOND_KEY = generateKeyPairSync('ed25519').privateKey

/** The true head is shown to one witness, and that of another log to the other, which cosigns it. */
async function splitView(scene: Scene): Promise<void> {
  await showTrueHead(scene)
  fork(scene, EARLY)
  const ledger = await scene.open()
  const second = await Neighbour.serve(secondWitness(scene))
  const client = second.client({ log: ledger.log, logDir: scene.logDir })
  try {
    client.start()
    await client.waitFor(ledger.log.size, PATIENCE_MS)
  } finally {
    await client.close()
    await second.close()
    await ledger.close()
  }
}

function secondWitness(scene: Scene): Neighbourhood {
  const { logKey } = scene.site
  const dir = `${scene.witnessDir}-second`
  return { name: SECOND_NAME, dir, privateKey: SECOND_KEY, logKey, nowMs: () => timeOf(SIZES.end) }
}

/** What whoever checks the log says whose policy names both witnesses, and asks for so many of them. */
function observeWithPolicy(quorum: 'any' | 'all') {
  return async (scene: Scene): Promise<Observation> => {
    const { findings } = await verifyLog(scene.logDir, { policy: policyOfBoth(scene, quorum) })
    const observed = await observe(scene)
    const unwitnessed = findings
      .filter(({ code }) => code === 'not-witnessed')
      .map(({ message, code }) => ({ by: 'the witness' as const, place: null, text: `${message} (${code})` }))
    return { ...observed, said: { ...observed.said, witness: unwitnessed } }
  }
}

function policyOfBoth({ site: { logKey, witnessKey } }: Scene, quorum: 'any' | 'all'): TlogPolicy {
  const signers = [witnessSigner(WITNESS_NAME, witnessKey), witnessSigner(SECOND_NAME, SECOND_KEY)]
  const lines = signers.map(({ key }, i) => `witness w${i} ${printNoteKey(key)}\n`).join('')
  const policy = parseTlogPolicy(
    Buffer.from(`log ${printNoteKey(logKey)}\n${lines}group both ${quorum} w0 w1\nquorum both\n`),
  )
  if (isProblem(policy)) throw new Error(policy.problem)
  return policy
}

/** What a gate says that asks a witness on its own host, which was put back together with the log. */
async function observeNear(scene: Scene): Promise<Observation> {
  const observed = await observe(scene)
  const near = await asGate(scene, async (client) => await client.askSizes(), { isNear: true })
  const noted = near.map(({ error }) => ({
    by: 'the witness' as const,
    place: null,
    text: error ?? 'it cosigned',
  }))
  // It vouches for nothing.
  const vouchedFor = { ...observed.vouchedFor, witness: null }
  return { ...observed, noted, said: { ...observed.said, witness: [] }, vouchedFor }
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
    {
      id: 'split-view-any',
      what: 'each head is shown to a witness of its own, and either of them is enough for who checks',
      needs: ['write', 'logKey'],
      expected: { none: 'not defended', kept: 'detected', witness: 'not defended' },
      strike: splitView,
      observe: observeWithPolicy('any'),
    },
    {
      id: 'split-view-all',
      what: 'each head is shown to a witness of its own, and who checks asks for both',
      needs: ['write', 'logKey'],
      expected: { none: 'not defended', kept: 'detected', witness: 'detected' },
      named: /not-witnessed/,
      strike: splitView,
      observe: observeWithPolicy('all'),
    },
    {
      id: 'near-witness',
      what: 'the state folder as it was before the anchor, where the only witness is on the same machine',
      needs: ['write', 'copy'],
      expected: { none: 'not defended', kept: 'detected', witness: 'not defended' },
      named: /it is on this machine and counts for nothing/,
      strike: (scene) => scene.restore('old'),
      observe: observeNear,
    },
  ],
}
