/** Attacks by somebody who has the log's key, and so signs whatever is wanted. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { entryOf } from '../verify/log-maker.ts'
import type { Attack, Family, Outcome } from './attack.ts'
import { careful, changed, forge, nameOf, publicKeyOf, stolenKey } from './forge.ts'
import type { Scene } from './scene.ts'
import { AT, FALSE_DIGEST, SIZES } from './site.ts'

/** Commits of the forger's own. */
const COMMITS = Array.from({ length: 12 }, (_, i) => i * 64)

/**
 * Other records, all signed anew. Where the change is older than the head that a witness cosigned, what tells of that is
 * taken away: a file and a record.
 */
export function resign(scene: Scene, at: number, change: (entries: Buffer[]) => readonly Buffer[]): void {
  const { state, logKey } = scene.site
  const before = scene.entries()
  const isEarly = at < SIZES.anchor
  const after = careful(before, change(before)).map((entry) => (isEarly ? withoutWitness(entry) : entry))
  forge(scene.logDir, { entries: after, pen: stolenKey(logKey.name, state.logKey), commits: COMMITS })
  if (isEarly) scene.remove('witnessed')
}

/** Something harmless in the place of a record that a head was cosigned. */
function withoutWitness(entry: Buffer): Buffer {
  const { kind, seq, at } = JSON.parse(entry.toString('utf8')) as { kind: string; seq: number; at: string }
  return kind === 'witnessed' ? entryOf({ kind: 'agent-ended', seq, at }, seq) : entry
}

interface Spot {
  readonly id: 'early' | 'late'
  readonly words: string
  readonly at: number
  readonly anchored: Outcome
}

const SPOTS: readonly Spot[] = [
  { id: 'early', words: 'before the anchor', at: AT.tiles, anchored: 'detected' },
  { id: 'late', words: 'after the anchor', at: AT.late, anchored: 'bounded' },
]

function everywhere(
  id: string,
  what: string,
  change: (entries: Buffer[], at: number) => readonly Buffer[],
): readonly Attack[] {
  return SPOTS.map((spot) => ({
    id: `resign-${id}-${spot.id}`,
    what: `${what} ${spot.words}`,
    needs: ['write', 'logKey'],
    expected: { none: 'not defended', kept: spot.anchored, witness: spot.anchored },
    strike: (scene) => resign(scene, spot.at, (entries) => change(entries, spot.at)),
  }))
}

export const STOLEN_KEY: Family = {
  title: 'Records are changed with the log’s key',
  attacks: [
    ...everywhere('change', 'a record says something else', (entries, at) =>
      entries.with(at, changed(entries[at], { sha256: FALSE_DIGEST })),
    ),
    ...everywhere('drop', 'a record is taken out', (entries, at) => entries.toSpliced(at, 1)),
    ...everywhere('insert', 'a record is put in', (entries, at) => entries.toSpliced(at, 0, entries[at]!)),
    {
      id: 'resign-append',
      what: 'a record is put behind the last one, with a checkpoint over it',
      needs: ['write', 'logKey'],
      expected: { none: 'not defended', kept: 'bounded', witness: 'bounded' },
      strike: (scene) => resign(scene, SIZES.end, (entries) => [...entries, entries.at(-1)!]),
    },
    {
      id: 'resign-first',
      what: 'record 0 names another machine, whose key signs for the log’s key',
      needs: ['write', 'logKey'],
      expected: { none: 'detected', kept: 'detected', witness: 'detected' },
      named: /record 0\b/,
      strike: (scene) => void beginAsOther(scene),
    },
    {
      id: 'resign-machine',
      what: 'the same, with the key of that machine in the place of this one’s',
      needs: ['write', 'logKey'],
      expected: { none: 'not defended', kept: 'detected', witness: 'detected' },
      strike: (scene) => putMachineKey(scene, beginAsOther(scene)),
    },
  ],
}

/** The log as that of a machine that the attacker made up. Answers the machine's key. */
function beginAsOther(scene: Scene): KeyObject {
  const { state, logKey } = scene.site
  const machine = generateKeyPairSync('ed25519').privateKey
  const origin = `portcullis/m-${nameOf(machine)}/l-${nameOf(state.logKey)}`
  const words = logKey.publicKey.toString('base64')
  const signature = sign(null, Buffer.from(`portcullis-log-genesis-v1\n${origin}\n${words}\n`), machine)
  const [first, ...rest] = scene.entries()
  const genesis = changed(first, {
    origin,
    machineKey: publicKeyOf(machine).toString('base64'),
    signature: signature.toString('base64'),
  })
  const entries = [genesis, ...rest].map(withoutWitness)
  forge(scene.logDir, { entries, pen: stolenKey(origin, state.logKey), commits: COMMITS })
  scene.remove('witnessed')
  return machine
}

function putMachineKey(scene: Scene, machine: KeyObject): void {
  const privateKey = machine.export({ type: 'pkcs8', format: 'pem' }).toString()
  const stored = { version: 1, id: `m-${nameOf(machine)}`, createdAt: new Date().toISOString(), privateKey }
  writeFileSync(join(scene.root, 'machine.json'), JSON.stringify(stored))
}
