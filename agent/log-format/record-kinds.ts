/**
 * What the log can hold: each kind of record with its members. `open` members stand in the record itself and stay for
 * ever. `hidden` ones lie in the side table, encrypted and erasable: whatever could name a person, and all free text; the
 * record commits to them. To add a kind, add it here and its row to FORMAT.md.
 */
import { z } from 'zod'
import { FORMAT_NAME } from './format.ts'

/** Longest text that a member of a record may be, in UTF-16 code units: no field of ours comes near it. */
const TEXT_CHARS_MAX = 16_384
/** Longest name of something that the code or a policy names: rules, codes, ports. */
const NAME_CHARS_MAX = 512
/** Different reasons that a decision may count. */
const REASONS_MAX = 256
/** Decisions that one sample may draw. */
const SAMPLE_MAX = 1000
/** A licence and its parents: what one copy counts in. */
const COUNTERS_MAX = 8
/** Witnesses that may cosign one checkpoint. */
const COSIGNERS_MAX = 32

const count = z.int().min(0)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in lower-case hexadecimal')
const key = z.string().regex(/^[A-Za-z0-9+/]{43}=$/, 'must be 32 bytes in base64')
const signature = z.string().regex(/^[A-Za-z0-9+/]{86}==$/, 'must be 64 bytes in base64')
const name = z.string().min(1).max(NAME_CHARS_MAX)
const uri = z.string().regex(/^[a-z][a-z0-9+.-]*:[!-~]{1,500}$/, 'must be a URI in printable ASCII')
const text = z.string().min(1).max(TEXT_CHARS_MAX)
const code = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]{0,99}$/, 'must be a code: small letters, digits, points, hyphens')
const jobId = name
const outcome = z.enum(['allow', 'warn', 'hold', 'deny'])
const amount = z.number().min(0)

/** Which class of control a job falls under. Without a licence that says otherwise: open. */
export const TIERS = ['open', 'registered', 'controlled', 'restricted'] as const
/** Who may release a hold. */
const RELEASERS = ['site', 'compliance', 'issuer'] as const

const isJsonObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const document = z.custom<object>(isJsonObject, 'must be an object')

const reason = z.strictObject({
  code: name,
  rule: name,
  outcome: z.enum(['warn', 'hold', 'deny', 'audit']),
  /** First line of the file that it is about, from 1. */
  line: count.nullable(),
  count,
})

/** What only the log itself writes. */
export const OWN_KINDS = {
  /**
   * The first record of every log. The machine key signs for the log's key: the log belongs to this machine, and
   * whoever has only the log's key cannot begin another in its name.
   */
  'log-opened': {
    open: {
      format: z.literal(FORMAT_NAME),
      origin: z
        .string()
        .regex(/^portcullis\/m-[0-9a-f]{16}\/l-[0-9a-f]{16}$/, 'must name a machine and its log'),
      logKey: key,
      machineKey: key,
      signature,
    },
    hidden: {},
  },
  /** A crash left a frame that was never finished. It was cut off; nothing of it had been acknowledged. */
  'tail-truncated': { open: { bytes: z.int().min(1), sha256 }, hidden: {} },
} as const

/** What the agent may append. */
export const AGENT_KINDS = {
  'agent-started': { open: { version: name, machine: name }, hidden: {} },
  /** The agent ended in good order, and nothing of the machine was hot as far as it knew. */
  'agent-ended': { open: {}, hidden: {} },
  /** What a replay of the first `size` records comes to, so that a later one need not begin at the first. */
  snapshot: { open: { fold: code, size: count, state: document }, hidden: {} },

  'policy-loaded': { open: { name, version: z.union([name, z.number()]), sha256 }, hidden: {} },

  /** A decision about a job. What is open of it can be counted; the document itself can be forgotten. */
  decision: {
    open: {
      id: name,
      outcome,
      tier: z.enum(TIERS),
      job: z.strictObject({ bytes: count, lines: count, commands: count, sha256, canonicalSha256: sha256 }),
      policy: z.strictObject({ name, version: z.union([name, z.number()]), sha256 }),
      /** `id`: what its copies are counted under. `sha256`: of its compact token. */
      licence: z.strictObject({ id: name, sha256: sha256.exactOptional() }).nullable(),
      reasons: z.array(reason).max(REASONS_MAX),
      /** From the whole job being there to the decision; null where nobody measured. */
      decidedInMs: count.nullable(),
    },
    hidden: { decision: document, user: text.nullable() },
  },

  /** A job's first byte may follow. `decision` is the index of the record that allows it. */
  'job-opened': {
    open: { job: jobId, decision: count, canonicalSha256: sha256, commands: count },
    hidden: {},
  },
  /** The running digest of what was sent, after `commandsSent` commands. */
  'job-sealed': { open: { job: jobId, commandsSent: count, sha256 }, hidden: {} },
  /**
   * How a job ended. `code` is null for a job that was printed, and for a host's stream that came to its end: what that
   * was meant to be, and of how many commands, nobody said. `sha256` is the running digest at its end, where known.
   */
  'job-closed': {
    open: {
      job: jobId,
      outcome: z.enum(['printed', 'ended', 'stopped', 'failed', 'uncertain']),
      code: code.nullable(),
      commandsSent: count,
      commandsTotal: count.nullable(),
      sha256: sha256.nullable(),
    },
    hidden: { reason: text.nullable() },
  },
  /** A job waits for its host to print it, or does so no longer. */
  'job-armed': { open: { job: jobId, decision: count }, hidden: {} },
  'job-disarmed': { open: { job: jobId }, hidden: { by: text } },
  /** A host's stream is open: its commands may follow, each as the policy lets it. `host` is the program it seems to be. */
  'stream-opened': { open: { job: jobId, host: name }, hidden: {} },
  /** A pause of a job in lockstep: so many commands that are not the job's were sent, and everything was put back. */
  interlude: { open: { job: jobId, commandsSent: count }, hidden: {} },

  /** A host came to the gate, or left it after so many lines. */
  'host-opened': { open: {}, hidden: { place: text } },
  'host-closed': { open: { lines: count }, hidden: { place: text } },
  'printer-opened': { open: { port: text }, hidden: {} },
  'printer-lost': { open: { port: text }, hidden: { reason: text } },
  /** The printer's own counters, and what the gate sent since the record of this kind before. */
  odometer: {
    open: {
      job: jobId.nullable(),
      printer: z
        .strictObject({ prints: count, finished: count, printSeconds: count, filamentMm: amount })
        .nullable(),
      sent: z.strictObject({ filamentMm: amount, commands: count }),
    },
    hidden: {},
  },

  /** A line that was not sent. `line` is its number in the job or in the host's stream. The message quotes it. */
  'line-refused': {
    open: { job: jobId.nullable(), line: count, code: name, rule: name.nullable() },
    hidden: { message: text },
  },
  /** From here on nothing of a host passes but questions and heaters off, until a person or a new job lifts it. */
  latched: { open: { job: jobId.nullable(), code }, hidden: { reason: text } },
  /** Somebody asked for a stop. Who and why, apart from the stop itself: that is not about them. */
  'stop-asked': { open: {}, hidden: { by: text, reason: text.nullable() } },
  cleared: { open: {}, hidden: { by: text } },
  /** The emergency stop went out. It waits for no record, so this one comes after it. */
  'emergency-stop': { open: {}, hidden: { by: text } },
  /** The printer was brought to rest. `confirmed` says whether it reported its heaters off. */
  'safe-stop': {
    open: { job: jobId.nullable(), code, confirmed: z.boolean() },
    hidden: { reason: text },
  },

  /**
   * One copy of a licence: counters are a replay of these. A copy has the job's id. It is reserved right behind the
   * decision that allows the job, and counts from then on until it is returned.
   */
  copy: {
    open: {
      licence: name,
      copy: name,
      job: jobId.nullable(),
      state: z.enum(['reserved', 'printing', 'printed', 'returned', 'uncertain']),
      /** When it is reserved: what it counts in, and when it counts for good. */
      terms: z
        .strictObject({
          /** The licence and its parents, each with what this machine may take of it. */
          counters: z
            .array(z.strictObject({ licence: name, limit: count }))
            .min(1)
            .max(COUNTERS_MAX),
          /** The root certificate under which its issuer signed: another may not give it back. */
          anchor: sha256,
          /** Commands sent at which its commit point is passed, and what an ending before that makes of it. */
          commitAt: z.int().min(1),
          onAbort: z.enum(['return', 'spend']),
          filamentMm: amount,
        })
        .nullable(),
      /** When an issuer gives it back: the id of the refund, what the copy was, and what it counted in. */
      refund: z
        .strictObject({
          id: name,
          of: z.enum(['printed', 'uncertain']),
          under: z.array(name).min(1).max(COUNTERS_MAX),
          filamentMm: amount,
        })
        .nullable(),
    },
    hidden: {},
  },
  /** What a licence asks to be reported was: of all its copies up to record `through`. `sha256`: of the text, in UTF-8. */
  'report-filed': { open: { licence: name, through: count, sha256 }, hidden: { by: text, text } },
  /** What a person made of a decision that holds a job. */
  'hold-decided': {
    open: { decision: count, outcome: z.enum(['released', 'refused']), role: z.enum(RELEASERS) },
    hidden: { by: text, reason: text },
  },
  /** Rules that were set aside for one decision, by a person who may. */
  override: {
    open: { decision: count, rules: z.array(name).min(1).max(REASONS_MAX), role: z.enum(RELEASERS) },
    hidden: { by: text, reason: text },
  },
  /** Somebody disputes a decision, and what came of it. */
  'appeal-filed': { open: { decision: count }, hidden: { by: text, text } },
  'appeal-decided': {
    open: { appeal: count, outcome: z.enum(['upheld', 'rejected', 'withdrawn']) },
    hidden: { by: text, reason: text },
  },

  /** Something to look at, found in the records from `first` to `last`. `uid` is the same for the same finding. */
  incident: {
    open: {
      uid: name,
      rule: code,
      severity: z.enum(['low', 'medium', 'high', 'critical']),
      first: count,
      last: count,
      count: z.int().min(1),
    },
    hidden: {},
  },
  /** An incident left the machine, or was to. */
  'incident-exported': {
    open: { incident: count, to: z.enum(['person', 'file', 'syslog', 'http']), isSent: z.boolean() },
    hidden: { by: text.nullable() },
  },

  /** Rows of a subject were shredded; those that a duty keeps stay until `deferredUntil`. */
  erasure: {
    open: {
      subject: z.string().regex(/^s-[0-9a-f]{16}$/),
      cause: z.enum(['request', 'retention']),
      rows: count,
      deferredRows: count,
      deferredUntil: z.iso.datetime({ precision: 3 }).nullable(),
    },
    hidden: { by: text.nullable() },
  },

  /** Enough witnesses have cosigned this head of the log. Times are theirs, in seconds since 1970. */
  witnessed: {
    open: {
      size: z.int().min(1),
      root: sha256,
      cosigners: z.array(z.strictObject({ name, keyId: name, time: count })).max(COSIGNERS_MAX),
    },
    hidden: {},
  },
  /** A witness knows another log under this one's name: one larger than it, or of the same size and not the same. */
  'witness-refused': {
    open: {
      witness: name,
      status: count,
      size: z.int().min(1),
      witnessSize: count.nullable(),
      /** It has shown that head, signed with this log's own key. Else it only says so, or somebody on the way to it. */
      isProven: z.boolean(),
    },
    hidden: {},
  },

  /**
   * A signed list of somebody else's was used here: none older is used again, and its time, in seconds since 1970, says
   * what time it is at least.
   */
  'list-seen': {
    open: { type: z.enum(['status-list', 'screening-list']), uri, issuedAt: count, sha256 },
    hidden: {},
  },

  /** Decisions drawn for review. Whoever has the seed can draw them again. */
  sampled: {
    open: {
      size: z.int().min(1),
      from: count,
      tier: z.enum(TIERS).nullable(),
      source: z.enum(['cosignature', 'beacon']),
      seed: sha256,
      population: count,
      drawn: z.array(count).max(SAMPLE_MAX),
    },
    hidden: {},
  },
  /** A drawn decision was looked at again. */
  reviewed: {
    open: {
      sample: count,
      decision: count,
      finding: z.enum(['sound', 'doubtful', 'wrong']),
      lesson: code.nullable(),
    },
    hidden: { by: text, note: text.nullable() },
  },
  /** A person let a refusal be told outside, without person, file or geometry. */
  'case-approved': { open: { decision: count }, hidden: { by: text } },
} as const
