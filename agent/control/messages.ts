/**
 * What is said over the control socket: one request, a line of JSON; then perhaps lines that tell progress; then one
 * answer, a line too. Checked on both sides: neither trusts what the other sends.
 */
import { z } from 'zod'
import { type Declared, declaredSchema } from './declared.ts'
import { PERSON_CHARS_MAX, personProblem } from './person.ts'

/** A request with the longest licence and path has 300 KB. */
export const REQUEST_BYTES_MAX = 512 * 1024

/** A decision with fifty long reasons has 100 KB. */
export const ANSWER_BYTES_MAX = 1024 * 1024

/** PATH_MAX of Linux. */
const PATH_CHARS_MAX = 4096
/** NAME_MAX of Linux. */
const NAME_CHARS_MAX = 255
/** The longest licence, with all that goes with it, that the licence room reads. */
const LICENCE_CHARS_MAX = 256 * 1024
/** One token, with its certificates. */
const REFUND_CHARS_MAX = 32 * 1024
/** A sentence, or several where several things are wrong. */
export const MESSAGE_CHARS_MAX = 8 * 1024
const STATUS_TEXT_CHARS_MAX = 1024

/** Words that end in the log and on screens: nothing in them steers a terminal or begins a line. */
const plain = z
  .string()
  .min(1)
  .max(PERSON_CHARS_MAX)
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u)

/** Who asks. What is wrong with a name is told; no other member is one that people write. */
const person = z.string().superRefine((name, { addIssue }) => {
  const problem = personProblem(name)
  if (problem !== undefined) addIssue({ code: 'custom', message: `the name ${problem}` })
})

export const controlRequest = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('status') }),
  z.strictObject({
    do: z.literal('arm'),
    /** Absolute: the gate works in another folder than who asks. */
    path: z
      .string()
      .max(PATH_CHARS_MAX)
      .regex(/^\/[^\0\p{Surrogate}]*$/u),
    name: z
      .string()
      .min(1)
      .max(NAME_CHARS_MAX)
      .regex(/^\P{Surrogate}*$/u)
      .exactOptional(),
    /** The text of the token. */
    licence: z.string().max(LICENCE_CHARS_MAX).exactOptional(),
    user: person.exactOptional(),
    declared: declaredSchema.exactOptional(),
  }),
  z.strictObject({ do: z.literal('disarm'), by: person }),
  z.strictObject({ do: z.literal('clear'), by: person }),
  z.strictObject({ do: z.literal('stop'), by: person, reason: plain.exactOptional() }),
  /** What it is, and whether people may add it, the gate decides. */
  z.strictObject({ do: z.literal('record'), record: z.looseObject({ kind: z.string() }) }),
  z.strictObject({ do: z.literal('refund'), token: z.string().min(1).max(REFUND_CHARS_MAX) }),
  z.strictObject({
    do: z.literal('erase'),
    subject: plain,
    by: person,
    /** Though an appeal is open. */
    force: z.literal(true).exactOptional(),
  }),
])

/** What may be asked of a gate. */
export type ControlRequest =
  | { readonly do: 'status' }
  | {
      readonly do: 'arm'
      readonly path: string
      readonly name?: string
      readonly licence?: string
      readonly user?: string
      readonly declared?: Declared
    }
  | { readonly do: 'disarm'; readonly by: string }
  | { readonly do: 'clear'; readonly by: string }
  | { readonly do: 'stop'; readonly by: string; readonly reason?: string }
  | { readonly do: 'record'; readonly record: { readonly kind: string; readonly [member: string]: unknown } }
  | { readonly do: 'refund'; readonly token: string }
  | { readonly do: 'erase'; readonly subject: string; readonly by: string; readonly force?: true }

export type ArmRequest = Extract<ControlRequest, { readonly do: 'arm' }>

/** How a gate is. */
export interface GateStatus {
  readonly state: 'starting' | 'no-printer' | 'idle' | 'job' | 'refused' | 'stopping' | 'latched' | 'halted'
  /** Who is connected, or null. */
  readonly host: string | null
  /** How that host is spoken to: a host profile, or null while nobody is connected. */
  readonly profile: string | null
  readonly printer: string
  readonly policy: string
  readonly job: {
    readonly id: string
    readonly name: string
    readonly commandsSent: number
    readonly commandsTotal: number | null
  } | null
  /** `until`: so long it waits for its host, in ISO 8601, in UTC. */
  readonly armed: {
    readonly id: string
    readonly name: string
    readonly commands: number
    readonly until: string
  } | null
  /** Why nothing prints until a person clears it; `since` is ISO 8601, in UTC. */
  readonly latch: { readonly code: string; readonly message: string; readonly since: string } | null
  readonly jobs: 'any' | 'armed'
}

const text = z.string().max(STATUS_TEXT_CHARS_MAX)
const count = z.number().int().nonnegative()

const gateStatus: z.ZodType<GateStatus> = z.object({
  state: z.enum(['starting', 'no-printer', 'idle', 'job', 'refused', 'stopping', 'latched', 'halted']),
  host: text.nullable(),
  profile: text.nullable(),
  printer: text,
  policy: text,
  job: z.object({ id: text, name: text, commandsSent: count, commandsTotal: count.nullable() }).nullable(),
  armed: z.object({ id: text, name: text, commands: count, until: text }).nullable(),
  latch: z.object({ code: text, message: text, since: text }).nullable(),
  jobs: z.enum(['any', 'armed']),
})

/** What a gate answers: done, or why not. A decision that denies a job is an answer that is not `ok`. */
export type ControlAnswer =
  | {
      readonly ok: true
      readonly message: string
      readonly decision?: unknown
      readonly status?: GateStatus
      /** Of the record that was added to the log. */
      readonly index?: number
    }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly decision?: unknown }

const message = z.string().max(MESSAGE_CHARS_MAX)

/** What a gate says is no more than its own user could say; members of a later version are passed over. */
export const controlAnswer: z.ZodType<ControlAnswer> = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    message,
    decision: z.unknown().exactOptional(),
    status: gateStatus.exactOptional(),
    index: count.exactOptional(),
  }),
  z.object({
    ok: z.literal(false),
    code: z.string().regex(/^[A-Z][A-Z_]{0,63}$/),
    message,
    decision: z.unknown().exactOptional(),
  }),
])

/** Bytes of the job that were inspected so far. */
export const controlProgress = z.object({ progress: count })

/** What the gate does when it is asked. What a method throws becomes an answer; it never ends the gate. */
export interface GateControl {
  status(): GateStatus
  /**
   * Inspects a job and, if it is allowed, arms the gate with it. `signal` is raised when whoever asked has gone: what
   * nobody waits for is not armed. One job at a time is asked for.
   */
  arm(request: ArmRequest, progress: (bytes: number) => void, signal: AbortSignal): Promise<ControlAnswer>
  disarm(by: string): Promise<ControlAnswer>
  clear(by: string): Promise<ControlAnswer>
  stop(by: string, reason?: string): Promise<ControlAnswer>
  /** Adds to the log what people add to it: appeals, reviews and the like. */
  record(record: { readonly kind: string }): Promise<ControlAnswer>
  /** Puts a refund that an issuer signed on record. */
  refund(token: string): Promise<ControlAnswer>
  /** Erases a subject of the log, by its id or a person's name; `isForced`: though an appeal is open. */
  erase(subject: string, by: string, isForced: boolean): Promise<ControlAnswer>
}
