/** The lines of an issuer's ledger: what was signed, for whom, and what was called back. */
import { z } from 'zod'
import {
  copiesSchema,
  nameSchema,
  sha256Schema,
  textSchema,
  timeSchema,
  uuidSchema,
} from '../licence/index.ts'

const licence = uuidSchema

const entrySchemas = {
  issued: z.strictObject({
    kind: z.literal('issued'),
    licence,
    /** Of its compact token. */
    sha256: sha256Schema,
    /** Of the root's certificate under which it was signed. */
    root: sha256Schema,
    licensee: textSchema,
    design: nameSchema,
    copies: copiesSchema,
    /** The copies that the licence itself gives each machine; 0 where it waits for an allocation. */
    machines: z.array(z.strictObject({ id: nameSchema, share: z.int().min(0) })).min(1),
    expires: timeSchema,
    /** Its place in the status list; null where it has none. */
    status: z.int().min(0).nullable(),
  }),
  allocated: z.strictObject({
    kind: z.literal('allocated'),
    licence,
    /** Of the allocation. */
    id: uuidSchema,
    machine: nameSchema,
    copies: copiesSchema,
  }),
  refunded: z.strictObject({
    kind: z.literal('refunded'),
    licence,
    id: uuidSchema,
    machine: nameSchema,
    copy: uuidSchema,
  }),
  revoked: z.strictObject({ kind: z.literal('revoked'), licence, reason: textSchema.nullable() }),
  suspended: z.strictObject({ kind: z.literal('suspended'), licence, reason: textSchema.nullable() }),
  resumed: z.strictObject({ kind: z.literal('resumed'), licence, reason: textSchema.nullable() }),
  published: z.strictObject({
    kind: z.literal('published'),
    sha256: sha256Schema,
    root: sha256Schema,
    /** The list's own times, in seconds since 1970. */
    issued: timeSchema,
    /** Null where each licence's own demand decides how long it may be used. */
    expires: timeSchema.nullable(),
  }),
  stated: z.strictObject({
    kind: z.literal('stated'),
    what: z.enum(['recognition', 'screeningList']),
    id: textSchema,
    sha256: sha256Schema,
  }),
} as const

const entrySchema = z.discriminatedUnion('kind', [
  entrySchemas.issued,
  entrySchemas.allocated,
  entrySchemas.refunded,
  entrySchemas.revoked,
  entrySchemas.suspended,
  entrySchemas.resumed,
  entrySchemas.published,
  entrySchemas.stated,
])

/** What was done, without when. */
export type LedgerEntry = Readonly<z.infer<typeof entrySchema>>

export type EntryOf<K extends LedgerEntry['kind']> = Extract<LedgerEntry, { kind: K }>

const lineSchema = z.object({ at: z.iso.datetime(), prev: sha256Schema })

/** A line, read: what was done, when, and the digest of the line before it. */
export interface LedgerLine {
  readonly atMs: number
  readonly prev: string
  readonly entry: LedgerEntry
}

/** The text of a line, without its end. */
export function writeLine(entry: LedgerEntry, atMs: number, prev: string): string {
  return JSON.stringify({ at: new Date(atMs).toISOString(), prev, ...entry })
}

/** Undefined where it is no line of a ledger. */
export function readLine(text: string): LedgerLine | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { at, prev, ...rest } = value as Record<string, unknown>
  const head = lineSchema.safeParse({ at, prev })
  const entry = entrySchema.safeParse(rest)
  if (!head.success || !entry.success) return undefined
  return { atMs: Date.parse(head.data.at), prev: head.data.prev, entry: entry.data }
}
