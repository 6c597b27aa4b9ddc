/**
 * Policies (C2SP tlog-policy): which logs are trusted, and which witnesses must have cosigned a checkpoint. The file is
 * a person's, so what is wrong with it is told with its line.
 *
 * Two things are stricter than the text asks: a number has no leading zeros, and a log's own key does not count as a
 * witness, because a log that lies would witness itself.
 */
import { type NoteKey, parseNoteKey } from './note-key.ts'
import { isProblem, type Problem, problem } from './problem.ts'

/** Of each kind of line: eight times what every reader should take. */
const LINES_OF_A_KIND_MAX = 256

/** As many lines of the longest key and URL that anybody would write, and comments. */
const POLICY_BYTES_MAX = 1024 * 1024

const NONE = 'none'
const COUNT = /^[1-9][0-9]{0,3}$/

export interface PolicyLog {
  readonly key: NoteKey
  readonly url: string | null
}

export interface PolicyWitness {
  readonly name: string
  readonly key: NoteKey
  readonly url: string | null
}

export interface TlogPolicy {
  readonly logs: readonly PolicyLog[]
  readonly witnesses: readonly PolicyWitness[]
  /** Every key of a log or witness. */
  readonly keys: readonly NoteKey[]
  /** The name of the witness or group that must have cosigned, or `none`. */
  readonly quorum: string
  /** Whether cosignatures of these keys are enough. Keys that the policy does not name count for nothing. */
  isSatisfiedBy(cosigners: readonly NoteKey[]): boolean
}

interface Group {
  readonly name: string
  readonly threshold: number
  readonly members: readonly string[]
}

/** Reads a policy file. */
export function parseTlogPolicy(bytes: Uint8Array): TlogPolicy | Problem {
  if (bytes.length > POLICY_BYTES_MAX) return problem(`a policy has at most ${POLICY_BYTES_MAX} bytes`)
  // One character an octet: names are compared as octets, whatever they spell.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  if (text !== '' && !text.endsWith('\n'))
    return problem('the last line of a policy ends with a line feed too')
  const reader = new PolicyReader()
  let number = 0
  for (const line of text.split('\n')) {
    number++
    const found = reader.line(line)
    if (found !== null) return problem(`line ${number}: ${found.problem}`)
  }
  return reader.end()
}

class PolicyReader {
  readonly #logs: PolicyLog[] = []
  readonly #witnesses: PolicyWitness[] = []
  readonly #groups: Group[] = []
  /** Names of witnesses and groups, as octets, and whether a group has taken them as a member. */
  readonly #names = new Map<string, { isMember: boolean }>()
  /** Public keys in hexadecimal. */
  readonly #keys = new Set<string>()
  #quorum: string | null = null

  line(line: string): Problem | null {
    if (/[\x00-\x08\x0b-\x1f\x7f]/.test(line)) return problem('holds a control character')
    const [kind, ...words] = line.split(/[ \t]+/).filter((word) => word !== '')
    if (kind === undefined || kind.startsWith('#')) return null
    switch (kind) {
      case 'log':
        return this.#log(words)
      case 'witness':
        return this.#witness(words)
      case 'group':
        return this.#group(words)
      case 'quorum':
        return this.#setQuorum(words)
      default:
        return problem(`\`${printable(kind)}\` is none of log, witness, group and quorum`)
    }
  }

  end(): TlogPolicy | Problem {
    const quorum = this.#quorum
    if (quorum === null) return problem('a policy has a line `quorum`; `quorum none` asks for no witness')
    const [logs, witnesses, groups] = [this.#logs, this.#witnesses, this.#groups]
    return {
      logs,
      witnesses: witnesses.map((witness) => ({ ...witness, name: printable(witness.name) })),
      keys: [...logs, ...witnesses].map(({ key }) => key),
      quorum: printable(quorum),
      isSatisfiedBy: (cosigners) => quorum === NONE || witnessed(witnesses, groups, cosigners).has(quorum),
    }
  }

  #log(words: readonly string[]): Problem | null {
    const [vkey, url, ...more] = words
    if (vkey === undefined || more.length > 0) return problem('a log is `log <key> [<url>]`')
    if (this.#logs.length === LINES_OF_A_KIND_MAX) return tooMany('logs')
    const key = this.#key(vkey, 'log')
    if ('problem' in key) return key
    this.#logs.push({ key, url: url === undefined ? null : printable(url) })
    return null
  }

  #witness(words: readonly string[]): Problem | null {
    const [name, vkey, url, ...more] = words
    if (name === undefined || vkey === undefined || more.length > 0) {
      return problem('a witness is `witness <name> <key> [<url>]`')
    }
    if (this.#witnesses.length === LINES_OF_A_KIND_MAX) return tooMany('witnesses')
    const key = this.#key(vkey, 'cosigner')
    if ('problem' in key) return key
    this.#witnesses.push({ name, key, url: url === undefined ? null : printable(url) })
    return this.#name(name)
  }

  #group(words: readonly string[]): Problem | null {
    const [name, count, ...members] = words
    if (name === undefined || count === undefined || members.length === 0) {
      return problem('a group is `group <name> all|any|<number> <name>...`')
    }
    if (this.#groups.length === LINES_OF_A_KIND_MAX) return tooMany('groups')
    const threshold = thresholdOf(count, members.length)
    if (threshold === null) {
      return problem(
        `of ${members.length} members, \`all\`, \`any\` or a number from 1 to ${members.length} is asked`,
      )
    }
    for (const member of members) {
      const taken = this.#take(member)
      if (taken !== null) return taken
    }
    this.#groups.push({ name, threshold, members })
    return this.#name(name)
  }

  #setQuorum(words: readonly string[]): Problem | null {
    const [name, ...more] = words
    if (name === undefined || more.length > 0) return problem('a quorum is `quorum <name>`')
    if (this.#quorum !== null) return problem('a policy has one line `quorum`')
    if (name !== NONE && !this.#names.has(name)) return unknownName(name)
    this.#quorum = name
    return null
  }

  /** A key of the right kind that no other line has. */
  #key(vkey: string, kind: NoteKey['kind']): NoteKey | Problem {
    const key = parseNoteKey(printable(vkey))
    if (isProblem(key)) return key
    if (key.kind !== kind) {
      return problem(kind === 'log' ? 'a log has a key of type 1' : 'a witness has a key of type 4')
    }
    const publicKey = key.publicKey.toString('hex')
    if (this.#keys.has(publicKey)) return problem('the same key stands on an earlier line')
    this.#keys.add(publicKey)
    return key
  }

  #name(name: string): Problem | null {
    if (name === NONE) return problem('the name `none` is taken: it means no witness')
    if (this.#names.has(name)) return problem(`the name \`${printable(name)}\` stands on an earlier line`)
    this.#names.set(name, { isMember: false })
    return null
  }

  /** A name counts in one group only, so that no witness counts twice. */
  #take(member: string): Problem | null {
    const named = this.#names.get(member)
    if (named === undefined) return unknownName(member)
    if (named.isMember) return problem(`\`${printable(member)}\` is already a member of a group`)
    named.isMember = true
    return null
  }
}

/** The names that hold, bottom up: a group's members stand on lines before it. */
function witnessed(
  witnesses: readonly PolicyWitness[],
  groups: readonly Group[],
  cosigners: readonly NoteKey[],
): ReadonlySet<string> {
  const signed = cosigners.filter(({ kind }) => kind === 'cosigner')
  const names = new Set<string>()
  for (const { name, key } of witnesses) {
    if (signed.some((cosigner) => isSameKey(cosigner, key))) names.add(name)
  }
  for (const { name, threshold, members } of groups) {
    if (members.filter((member) => names.has(member)).length >= threshold) names.add(name)
  }
  return names
}

function isSameKey(a: NoteKey, b: NoteKey): boolean {
  return a.name === b.name && a.keyId === b.keyId && a.publicKey.equals(b.publicKey)
}

function thresholdOf(count: string, members: number): number | null {
  if (count === 'any') return 1
  if (count === 'all') return members
  const threshold = COUNT.test(count) ? Number(count) : 0
  return threshold >= 1 && threshold <= members ? threshold : null
}

/** Octets as the text that they most likely are. */
function printable(octets: string): string {
  return Buffer.from(octets, 'latin1').toString('utf8')
}

function unknownName(name: string): Problem {
  return problem(`\`${printable(name)}\` is not the name of a witness or group on an earlier line`)
}

function tooMany(what: string): Problem {
  return problem(`a policy names at most ${LINES_OF_A_KIND_MAX} ${what}`)
}
