/** Attacks that put something whole in the place of the log: an older state, nothing, or another machine's. */
import { cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Family } from './attack.ts'
import type { Scene } from './scene.ts'

const DETECTED = { none: 'detected', kept: 'detected', witness: 'detected' } as const

const KEYS = ['machine.json', 'log-key.json', 'vault-key.json'] as const

/** Puts one file or folder of another state folder in the place of ours. */
function put(scene: Scene, from: 'old' | 'recent' | 'other', name: string): void {
  rmSync(join(scene.root, name), { recursive: true, force: true })
  cpSync(join(scene.site.folders[from], name), join(scene.root, name), { recursive: true })
}

/** Empties the log's folder. */
function deleteLog(scene: Scene): void {
  for (const name of readdirSync(scene.logDir)) scene.remove(name)
}

export const REPLAYS: Family = {
  title: 'Another state is put in its place',
  attacks: [
    {
      id: 'old-state',
      what: 'the whole state folder as it was before the anchor',
      needs: ['write', 'copy'],
      expected: { none: 'not defended', kept: 'detected', witness: 'detected' },
      strike: (scene) => scene.restore('old'),
    },
    {
      id: 'recent-state',
      what: 'the whole state folder as it was after the anchor',
      needs: ['write', 'copy'],
      expected: { none: 'not defended', kept: 'bounded', witness: 'bounded' },
      strike: (scene) => scene.restore('recent'),
    },
    {
      id: 'old-log',
      what: 'the log alone as it was before the anchor',
      needs: ['write', 'copy'],
      expected: { none: 'not defended', kept: 'detected', witness: 'detected' },
      strike: (scene) => put(scene, 'old', 'log'),
    },
    {
      id: 'old-state-and-witness',
      what: 'the whole state folder as it was before the anchor, and a witness that has forgotten everything',
      needs: ['write', 'copy', 'witness'],
      expected: { none: 'not defended', kept: 'detected', witness: 'not defended' },
      strike: (scene) => {
        scene.restore('old')
        rmSync(scene.witnessDir, { recursive: true })
      },
    },
    {
      id: 'log-deleted',
      what: 'the log is deleted',
      needs: ['write'],
      expected: DETECTED,
      named: /its beginning/,
      strike: deleteLog,
    },
    {
      id: 'log-deleted-marker',
      what: 'the log is deleted, and the marker of a first use is planted',
      needs: ['write'],
      expected: { none: 'not defended', kept: 'detected', witness: 'detected' },
      strike: (scene) => {
        deleteLog(scene)
        writeFileSync(join(scene.root, 'first-use'), '', { mode: 0o600 })
      },
    },
    {
      id: 'state-deleted',
      what: 'the whole state folder is deleted: what begins is a new machine, with a name that no licence knows',
      needs: ['write'],
      expected: { none: 'not defended', kept: 'detected', witness: 'detected' },
      strike: (scene) => rmSync(scene.root, { recursive: true }),
    },
    {
      id: 'other-state',
      what: 'another machine’s whole state folder',
      needs: ['write', 'other'],
      expected: { none: 'not defended', kept: 'detected', witness: 'detected' },
      strike: (scene) => scene.restore('other'),
    },
    {
      id: 'other-log',
      what: 'another machine’s log',
      needs: ['write', 'other'],
      expected: DETECTED,
      named: /record 0\b/,
      strike: (scene) => put(scene, 'other', 'log'),
    },
    ...KEYS.map((name) => ({
      id: `other-${name.replace('.json', '')}`,
      what: `another machine’s \`${name}\``,
      needs: ['write', 'other'] as const,
      expected: DETECTED,
      named: name === 'vault-key.json' ? /`vault` does not fit its key/ : /record 0\b/,
      strike: (scene: Scene) => put(scene, 'other', name),
    })),
    ...KEYS.map((name) => ({
      id: `no-${name.replace('.json', '')}`,
      what: `\`${name}\` is deleted`,
      needs: ['write'] as const,
      expected: DETECTED,
      named: /is gone; put it back/,
      strike: (scene: Scene) => rmSync(join(scene.root, name)),
    })),
    {
      id: 'no-keys-marker',
      what: 'the keys are deleted, and the marker of a first use is planted',
      needs: ['write'],
      expected: DETECTED,
      named: /is gone; put it back/,
      strike: (scene) => {
        for (const name of KEYS) rmSync(join(scene.root, name))
        writeFileSync(join(scene.root, 'first-use'), '', { mode: 0o600 })
      },
    },
  ],
}
