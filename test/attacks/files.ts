/** Attacks on the files as files: a second writer, links, what can be made again, and what does not belong. */
import { execFile } from 'node:child_process'
import { chmodSync, cpSync, readdirSync, renameSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { readLog } from '../../agent/audit/index.ts'
import type { Attack, Family, Observation, Saying } from './attack.ts'
import { observe } from './observe.ts'
import type { Scene } from './scene.ts'
import type { Said } from './second-writer.ts'
import { SIZES } from './site.ts'
import { recordAt } from './workshop.ts'

const DETECTED = { none: 'detected', kept: 'detected', witness: 'detected' } as const
const PREVENTED = { none: 'prevented', kept: 'prevented', witness: 'prevented' } as const

const PROGRAM = resolve(import.meta.dirname, 'second-writer.ts')

/** Runs a second gate's part on the folder. */
async function secondWriter(root: string): Promise<Said> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', PROGRAM, root])
  return JSON.parse(stdout) as Said
}

/** Puts what a path leads to elsewhere, and a link in its place. */
function link(scene: Scene, path: string): void {
  const elsewhere = `${scene.root}-elsewhere`
  renameSync(path, elsewhere)
  symlinkSync(elsewhere, path)
}

function linked(id: string, words: string, named: RegExp, pathOf: (scene: Scene) => string): Attack {
  return {
    id: `link-${id}`,
    what: `a link in the place of ${words}`,
    needs: ['write'],
    expected: DETECTED,
    named,
    strike: (scene) => link(scene, pathOf(scene)),
  }
}

/** Changes the middle of a file. */
function flip(bytes: Buffer): Buffer {
  bytes[bytes.length >> 1]! ^= 1
  return bytes
}

export const FILES: Family = {
  title: 'Files and locks',
  attacks: [
    {
      id: 'lock-held',
      what: 'a second process opens the log of a gate that runs',
      needs: ['run'],
      expected: PREVENTED,
      named: /is in use by another portcullis/,
      strike: () => {},
      observe: (scene) => besideGate(scene, () => {}),
    },
    {
      id: 'lock-removed',
      what: 'the same, after `lock` was deleted',
      needs: ['write', 'run'],
      expected: PREVENTED,
      named: /is in use by another portcullis/,
      strike: () => {},
      observe: (scene) => besideGate(scene, () => scene.remove('lock')),
    },
    {
      id: 'folder-swapped',
      what: 'the same, after a copy of the log’s folder was put in its place: each writes a log of its own',
      needs: ['write', 'run'],
      expected: DETECTED,
      named: /646 records/,
      strike: () => {},
      observe: (scene) =>
        besideGate(scene, () => {
          renameSync(scene.logDir, `${scene.root}-moved`)
          cpSync(`${scene.root}-moved`, scene.logDir, { recursive: true })
        }),
    },
    {
      id: 'lock-text',
      what: '`lock` names another process',
      needs: ['write'],
      expected: PREVENTED,
      strike: (scene) => scene.write('lock', '1\n'),
    },
    linked('checkpoint', '`checkpoint`', /`checkpoint`.*symbolic link/, (scene) => scene.path('checkpoint')),
    linked('bundle', 'a bundle', /`tile\/entries\/000`.*symbolic link/, (scene) =>
      scene.path('tile/entries/000'),
    ),
    linked('tile', 'a tile', /`tile\/0\/000`.*symbolic link/, (scene) => scene.path('tile/0/000')),
    linked('segment', 'a segment', /`journal\/00000000000001`.*symbolic link/, (scene) =>
      scene.path(scene.segments()[0] ?? ''),
    ),
    linked('key', 'the log’s key', /`\/state\/log-key.json` is a symbolic link/, (scene) =>
      join(scene.root, 'log-key.json'),
    ),
    linked('log', 'the log’s folder', /`\/state\/log` is not a folder/, (scene) => scene.logDir),
    {
      ...linked('tiles', 'the folder of the tiles, which is followed', /^$/, (scene) => scene.path('tile')),
      expected: PREVENTED,
    },
    {
      id: 'partial-changed',
      what: 'a partial tile and the partial bundle are changed',
      needs: ['write'],
      expected: PREVENTED,
      strike: (scene) => {
        for (const folder of ['tile/0/002.p', 'tile/entries/002.p'])
          for (const name of readdirSync(scene.path(folder))) scene.edit(`${folder}/${name}`, flip)
      },
    },
    {
      id: 'partial-deleted',
      what: 'the partial tiles and the partial bundle are deleted',
      needs: ['write'],
      expected: PREVENTED,
      strike: (scene) => {
        for (const folder of ['tile/0/002.p', 'tile/entries/002.p', 'tile/1']) scene.remove(folder)
      },
    },
    {
      id: 'tile-in-journal-changed',
      what: 'a full tile is changed whose records are still in the journal',
      needs: ['write'],
      expected: PREVENTED,
      strike: (scene) => scene.edit('tile/0/001', flip),
    },
    {
      id: 'segment-settled',
      what: 'the segment is deleted whose records are in tiles',
      needs: ['write'],
      expected: PREVENTED,
      strike: (scene) => scene.remove(scene.segments()[0] ?? ''),
    },
    {
      id: 'segment-ahead',
      what: 'the empty segment is deleted that was made ahead of its time',
      needs: ['write'],
      expected: PREVENTED,
      strike: (scene) => scene.remove('journal/00000000000003'),
    },
    {
      id: 'tile-beyond',
      what: 'a tile is planted of records that there are not',
      needs: ['write'],
      expected: PREVENTED,
      named: /`tile\/0\/007`/,
      strike: (scene) => scene.write('tile/0/007', Buffer.alloc(8192, 7)),
    },
    {
      id: 'stray',
      what: 'files are planted that are no part of a log',
      needs: ['write'],
      expected: PREVENTED,
      named: /`notes.txt`/,
      strike: (scene) => scene.write('notes.txt', 'hello'),
    },
    {
      id: 'open-folder',
      what: 'the state folder is made writable by others',
      needs: ['write'],
      expected: DETECTED,
      named: /can be written by others/,
      strike: (scene) => chmodSync(scene.root, 0o777),
    },
  ],
}

/** A gate has the log open; something is done; a second process adds a record, then the gate does; then both are gone. */
async function besideGate(scene: Scene, meddle: () => void): Promise<Observation> {
  const gate = await scene.open()
  const added: number[] = []
  const noted: Saying[] = []
  try {
    meddle()
    const second = await secondWriter(scene.root)
    if ('index' in second) added.push(second.index)
    else noted.push({ by: 'opening', place: null, text: scene.words(second.message) })
    added.push((await gate.append(recordAt(SIZES.end))).index)
  } finally {
    await gate.close().catch(() => undefined)
  }
  const observed = await observe(scene)
  return { ...observed, noted: [...noted, ...observed.noted], harmedFrom: await lostOf(scene, added) }
}

/** The first of the acknowledged records that is not there, each in its own place. */
async function lostOf(scene: Scene, added: readonly number[]): Promise<number | null> {
  const found = new Map<number, number>()
  try {
    for await (const { index } of readLog(scene.logDir, { from: SIZES.end })) found.set(index, 1)
  } catch {
    return SIZES.end
  }
  const places = new Set(added)
  if (places.size < added.length) return Math.min(...added)
  return added.find((index) => !found.has(index)) ?? null
}
