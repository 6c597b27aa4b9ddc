/** The witness on another host: a real one, over HTTP, that knows the log of the machine that is attacked. */
import type { KeyObject } from 'node:crypto'
import { type AuditLog, proveConsistency } from '../../agent/audit/index.ts'
import type { AuditRecord } from '../../agent/log-format/index.ts'
import { isProblem, type NoteKey, parseNoteKey, printNoteKey } from '../../agent/verify/index.ts'
import {
  isThisHost,
  readClientPolicy,
  serveWitness,
  Witness,
  WitnessClient,
  type WitnessFinding,
  type WitnessServer,
  witnessSigner,
} from '../../agent/witness/index.ts'

export const WITNESS_NAME = 'witness.example/upstairs'
/** How long anybody waits for a witness. */
export const PATIENCE_MS = 60_000
const SILENT = { info: () => {}, warn: () => {} }

export interface Neighbourhood {
  /** What it is called; by default as everybody knows it. */
  readonly name?: string
  /** The witness's own folder. */
  readonly dir: string
  readonly privateKey: KeyObject
  /** The log that it knows. */
  readonly logKey: NoteKey
  /** Its clock, which is not that of the machine. */
  readonly nowMs: () => number
}

/** What the machine is told of the log that it opened: how it asks, and what it then puts on record. */
export interface Asking {
  readonly log: AuditLog
  readonly logDir: string
  readonly record?: (record: AuditRecord) => Promise<{ readonly index: number }>
  readonly alarm?: (finding: WitnessFinding) => void
  /** The witness is found to be on this host; by default it is elsewhere, though the test has but one machine. */
  readonly isNear?: true
}

export class Neighbour {
  readonly url: string
  readonly witness: Witness
  readonly #server: WitnessServer

  private constructor(witness: Witness, server: WitnessServer) {
    this.url = server.url
    this.witness = witness
    this.#server = server
  }

  static async serve({
    name = WITNESS_NAME,
    dir,
    privateKey,
    logKey,
    nowMs,
  }: Neighbourhood): Promise<Neighbour> {
    const signer = witnessSigner(name, privateKey)
    const logs = new Map([[logKey.name, [logKey]]])
    const witness = await Witness.open({ dir, signer, logs, logger: SILENT, nowMs })
    return new Neighbour(witness, await serveWitness(witness, { host: '127.0.0.1', port: 0 }, SILENT))
  }

  /** What stands in a policy: the log, the witness, and that its word is enough. */
  policyLines(logKey: NoteKey): string {
    const witness = `witness upstairs ${printNoteKey(this.witness.signer.key)} ${this.url}`
    return `log ${printNoteKey(logKey)}\n${witness}\nquorum upstairs\n`
  }

  /** The client that a gate has. */
  client({ log, logDir, record, alarm, isNear }: Asking): WitnessClient {
    const key = readKey(log.verifierKey)
    return new WitnessClient({
      policy: readClientPolicy('policy', Buffer.from(this.policyLines(key))),
      log: {
        key,
        checkpoint: () => log.publish(),
        consistencyProof: (from, to) => proveConsistency(logDir, from, to),
      },
      record: record ?? (async () => ({ index: 0 })),
      publish: (note) => log.keepWitnessed(note),
      alarm: alarm ?? (() => {}),
      logger: SILENT,
      // The machine of the test may have other things to do.
      times: { answerMs: PATIENCE_MS },
      isThisHost: isNear ? (hostname) => isThisHost(hostname) : async () => false,
    })
  }

  close(): Promise<void> {
    return this.#server.close()
  }
}

export function readKey(vkey: string): NoteKey {
  const key = parseNoteKey(vkey)
  if (isProblem(key)) throw new Error(key.problem)
  return key
}
