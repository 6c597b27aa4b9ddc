/**
 * What the log can hold: one schema a kind of record, checked when it is written and again when it is read.
 * To add a kind, add its schema to one of the two unions at the end and its row to FORMAT.md.
 */
import { z } from 'zod'
import { FORMAT_NAME } from './format.ts'

const count = z.int().min(0)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in lower-case hexadecimal')
const jobId = z.string().min(1)
const text = z.string().min(1)

const isJsonObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The first record of every log: gives it a name that no other log has. */
const logOpened = z.strictObject({
  kind: z.literal('log-opened'),
  format: z.literal(FORMAT_NAME),
  origin: z.string().regex(/^portcullis\/[0-9a-f]{32}$/, 'must be `portcullis/` and 32 hexadecimal digits'),
})

/** A crash left half a line at the end. It was cut off; it had never been acknowledged. */
const tailTruncated = z.strictObject({ kind: z.literal('tail-truncated'), bytes: z.int().min(1), sha256 })

const agentStarted = z.strictObject({ kind: z.literal('agent-started'), version: text, machine: text })

/** The agent ended in good order, and nothing of the machine was hot as far as it knew. */
const agentEnded = z.strictObject({ kind: z.literal('agent-ended') })

const policyLoaded = z.strictObject({
  kind: z.literal('policy-loaded'),
  name: text,
  version: z.union([z.string(), z.number()]),
  sha256,
})

/** The whole decision document, as it was given. The log bounds its size and knows nothing of its members. */
const decision = z.strictObject({
  kind: z.literal('decision'),
  decision: z.custom<object>(isJsonObject, 'must be an object'),
})

/** A job's first byte may follow. `decision` is the index of the record that allows it. */
const jobOpened = z.strictObject({
  kind: z.literal('job-opened'),
  job: jobId,
  decision: count,
  canonicalSha256: sha256,
  commands: count,
})

/** The running digest of what was sent, after `commandsSent` commands. */
const jobSealed = z.strictObject({ kind: z.literal('job-sealed'), job: jobId, commandsSent: count, sha256 })

/**
 * How a job ended. `reason` is null for a job that was printed, and for a host's stream that came to its end: what that
 * was meant to be, and of how many commands, nobody said. `sha256` is the running digest at its end, where it is known.
 */
const jobClosed = z.strictObject({
  kind: z.literal('job-closed'),
  job: jobId,
  outcome: z.enum(['printed', 'ended', 'stopped', 'failed', 'uncertain']),
  reason: text.nullable(),
  commandsSent: count,
  commandsTotal: count.nullable(),
  sha256: sha256.nullable(),
})

/** A host's stream is open: its commands may follow, each as the policy lets it. `host` is the program it seems to be. */
const streamOpened = z.strictObject({ kind: z.literal('stream-opened'), job: jobId, host: text })

/** A host came to the gate, at this place, or left it after so many lines. */
const hostOpened = z.strictObject({ kind: z.literal('host-opened'), place: text })
const hostClosed = z.strictObject({ kind: z.literal('host-closed'), place: text, lines: count })

/** The printer's port was opened, or is gone. */
const printerOpened = z.strictObject({ kind: z.literal('printer-opened'), port: text })
const printerLost = z.strictObject({ kind: z.literal('printer-lost'), port: text, reason: text })

/** A job waits for its host to print it, or does so no longer. `decision` is the index of the record that allows it. */
const jobArmed = z.strictObject({ kind: z.literal('job-armed'), job: jobId, decision: count })
const jobDisarmed = z.strictObject({ kind: z.literal('job-disarmed'), job: jobId, by: text })

/** A pause of a job in lockstep: so many commands that are not the job's were sent, and everything was put back. */
const interlude = z.strictObject({ kind: z.literal('interlude'), job: jobId, commandsSent: count })

/** From here on nothing of a host passes but questions and heaters off, until a person or a new job lifts it. */
const latched = z.strictObject({ kind: z.literal('latched'), job: jobId.nullable(), reason: text })
const cleared = z.strictObject({ kind: z.literal('cleared'), by: text })

/** The emergency stop went out. It waits for no record, so this one comes after it. */
const emergencyStop = z.strictObject({ kind: z.literal('emergency-stop'), by: text })

/** A line that was not sent. `line` is its number in the job or in the host's stream. */
const lineRefused = z.strictObject({
  kind: z.literal('line-refused'),
  job: jobId.nullable(),
  line: count,
  code: text,
  rule: text.nullable(),
  message: text,
})

/** The printer was brought to rest. `confirmed` says whether it reported its heaters off. */
const safeStop = z.strictObject({
  kind: z.literal('safe-stop'),
  job: jobId.nullable(),
  reason: text,
  confirmed: z.boolean(),
})

/** What the agent may append. */
export const auditRecord = z.discriminatedUnion('kind', [
  agentStarted,
  agentEnded,
  policyLoaded,
  decision,
  jobOpened,
  jobSealed,
  jobClosed,
  streamOpened,
  hostOpened,
  hostClosed,
  printerOpened,
  printerLost,
  jobArmed,
  jobDisarmed,
  interlude,
  latched,
  cleared,
  emergencyStop,
  lineRefused,
  safeStop,
])

/** What only the log itself writes. */
export const ownRecord = z.discriminatedUnion('kind', [logOpened, tailTruncated])

/** Every record starts as one of these; its place and time are added when it is written. */
export const anyRecord = z.discriminatedUnion('kind', [ownRecord, auditRecord])

/** The log's stamp on a record: its place, counted from 0, and the agent's clock at that moment. */
export const recordStamp = z.object({ seq: count, at: z.iso.datetime({ precision: 3 }) })

export type AuditRecord = Readonly<z.infer<typeof auditRecord>>
export type OwnRecord = Readonly<z.infer<typeof ownRecord>>
/** A record as it stands in the log. */
export type StoredRecord = (AuditRecord | OwnRecord) & Readonly<z.infer<typeof recordStamp>>
