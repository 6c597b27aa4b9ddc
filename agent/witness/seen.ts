/** What lies in a witness's folder, for people: which logs it has seen, and what it kept of those that it refused. */
import { join } from 'node:path'
import { isProblem, type NoteKey } from '../verify/index.ts'
import { EVIDENCE_FOLDER, EvidenceStore } from './evidence.ts'
import { OriginStore } from './origin-store.ts'
import type { SeenLog } from './witness.ts'
import { nodeWitnessDisk } from './witness-disk.ts'

export interface SeenByWitness {
  /** A log whose file cannot be read stands under the file's name. */
  readonly logs: readonly SeenLog[]
  /** Files with two heads of a log each. */
  readonly evidence: readonly string[]
}

/** Reads the folder of a witness with this key; it may run meanwhile. Fails with a system error where it cannot be read. */
export async function readSeen(dir: string, key: NoteKey): Promise<SeenByWitness> {
  const found = await new OriginStore(dir, nodeWitnessDisk, key).list()
  const logs = found.map(({ file, last }): SeenLog => {
    if (isProblem(last)) return { origin: file, size: null, timeSeconds: null, problem: last.problem }
    const { checkpoint, timeSeconds } = last
    return { origin: checkpoint.origin, size: checkpoint.size, timeSeconds, problem: null }
  })
  const evidence = await new EvidenceStore(dir, nodeWitnessDisk).list()
  return {
    logs: logs.sort((a, b) => (a.origin < b.origin ? -1 : 1)),
    evidence: evidence.map((name) => join(dir, EVIDENCE_FOLDER, name)),
  }
}
