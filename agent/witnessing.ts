import { proveConsistency } from './audit/index.ts'
import { readTextFile } from './config/index.ts'
import { assert } from './errors.ts'
import type { Ledger } from './ledger.ts'
import type { AgentLogger } from './logger.ts'
import type { StateFolder } from './state-folder.ts'
import { isProblem, parseNoteKey } from './verify/index.ts'
import { type ClientPolicy, readClientPolicy, WitnessClient, type WitnessFinding } from './witness/index.ts'

/** The log of a state folder, shown to the witnesses of a site. */

/** As large as a policy with every witness and a word about each may be. */
const POLICY_BYTES_MAX = 256 * 1024

export interface WitnessingOptions {
  readonly ledger: Ledger
  readonly state: StateFolder
  readonly policy: ClientPolicy
  /** A witness has shown another log under this one's name: somebody cut it, put an older one back, or made a second. */
  readonly alarm: (message: string) => void
  readonly logger?: AgentLogger
}

/** Reads which witnesses are asked. Throws CONFIG_INVALID. */
export function loadWitnessPolicy(path: string): ClientPolicy {
  const what = 'policy of witnesses'
  const { text } = readTextFile(path, { what, bytesMax: POLICY_BYTES_MAX, code: 'CONFIG_INVALID' })
  return readClientPolicy(path, Buffer.from(text, 'utf8'))
}

/** More cosigners than any licence asks for are not told apart. */
const COSIGNERS_TOLD_MAX = 4

/** How many witnesses cosign at the least before a quorum is reached; 0 where nobody is asked. */
export function leastCosigners(policy: ClientPolicy | undefined): number {
  if (policy === undefined) return 0
  const { tlog } = policy
  const keys = tlog.witnesses.map(({ key }) => key)
  let count = 1
  while (count < COSIGNERS_TOLD_MAX && !someOf(keys, count, (chosen) => tlog.isSatisfiedBy(chosen))) count++
  return count
}

/** Whether any choice of so many is right. */
function someOf<T>(
  items: readonly T[],
  count: number,
  isRight: (chosen: readonly T[]) => boolean,
  chosen: readonly T[] = [],
): boolean {
  if (count === 0) return isRight(chosen)
  return items.some((item, index) => someOf(items.slice(index + 1), count - 1, isRight, [...chosen, item]))
}

/** A client that shows each head of the ledger's log. It begins with `start`. */
export function witnessing({ ledger, state, policy, alarm, logger }: WitnessingOptions): WitnessClient {
  const { log } = ledger
  const key = parseNoteKey(log.verifierKey)
  assert(!isProblem(key), "the log's own key can be read")
  return new WitnessClient({
    policy,
    log: {
      key,
      checkpoint: () => log.publish(),
      consistencyProof: (from, to) => proveConsistency(state.logDir, from, to),
    },
    record: (record) => ledger.append(record),
    publish: (note) => log.keepWitnessed(note),
    // Unproven it is on record and an incident, and no more: anybody on the way to a witness can invent a number.
    alarm: (finding) => {
      if (finding.isProven) alarm(findingWords(finding))
    },
    logger: {
      info: (facts, message) => logger?.info(facts, message),
      warn: (facts, message) => logger?.warn(facts, message),
    },
  })
}

/** What a witness knows of this log that cannot be, in a sentence. */
export function findingWords({ witness, size, witnessSize }: WitnessFinding): string {
  if (witnessSize !== null && witnessSize > size)
    return `the log has ${size} records, and witness ${witness} has cosigned ${witnessSize}: it was cut, or an older state was put back`
  return `witness ${witness} knows another log of this name, of ${witnessSize ?? 'as many'} records: somebody else signs with its key, or an older state was put back`
}
