/** A record as the agent says it, as it stands in the log, and as it is read back. */
import { z } from 'zod'
import { AGENT_KINDS, OWN_KINDS } from './record-kinds.ts'

const KINDS = { ...OWN_KINDS, ...AGENT_KINDS }

type Kinds = typeof KINDS
export type AgentKind = keyof typeof AGENT_KINDS
export type OwnKind = keyof typeof OWN_KINDS
export type RecordKind = AgentKind | OwnKind

/** What values of these members are. */
type Values<S> = { readonly [M in keyof S]: S[M] extends z.ZodType ? z.infer<S[M]> : never }
type Open<K extends RecordKind> = Values<Kinds[K]['open']>
type Hidden<K extends RecordKind> = Values<Kinds[K]['hidden']>

/** Every kind there is, in the order of the format. */
export const RECORD_KINDS: readonly RecordKind[] = Object.keys(KINDS) as RecordKind[]

/** What was hidden of a record: whom it is about, and the commitment to it in the side table. */
export const sealedRef = z.strictObject({
  subject: z.string().regex(/^s-[0-9a-f]{16}$/, 'must be a subject'),
  commitment: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits'),
})
export type SealedRef = Readonly<z.infer<typeof sealedRef>>

/** The log's stamp on a record: its place, counted from 0, and the agent's clock at that moment. */
interface Stamp {
  readonly seq: number
  readonly at: string
}

/** What the agent says, whole. */
export type AuditRecord = { [K in AgentKind]: { readonly kind: K } & Open<K> & Hidden<K> }[AgentKind]

/** What is to stand in the log: the open members, and the reference to the hidden ones where there are any. */
export type OpenRecord = {
  [K in RecordKind]: { readonly kind: K; readonly sealed?: SealedRef } & Open<K>
}[RecordKind]

/** A record as it stands in the log. */
export type Leaf = OpenRecord & Stamp

/** A record read back. Hidden members are there as far as they were not erased and whoever reads may open them. */
export type StoredRecord = {
  [K in RecordKind]: { readonly kind: K; readonly sealed?: SealedRef } & Open<K> & Partial<Hidden<K>> & Stamp
}[RecordKind]

const stamp = { seq: z.int().min(0), at: z.iso.datetime({ precision: 3 }) }

/** The members of a kind, where it does not matter which kind it is. */
interface Members {
  readonly open: z.ZodRawShape
  readonly hidden: z.ZodRawShape
}

const allKinds: ReadonlyMap<string, Members> = new Map(Object.entries<Members>(KINDS))
const agentKinds: ReadonlyMap<string, Members> = new Map(Object.entries<Members>(AGENT_KINDS))

const leafSchemas: ReadonlyMap<string, z.ZodType> = new Map(
  Array.from(allKinds, ([kind, { open, hidden }]) => {
    const reference = Object.keys(hidden).length === 0 ? {} : { sealed: sealedRef.optional() }
    return [kind, z.strictObject({ kind: z.literal(kind), ...open, ...stamp, ...reference })]
  }),
)

/** The leaf that a value is, or what is wrong with it in a few words. */
export function parseLeaf(value: unknown): { readonly leaf: Leaf } | { readonly problem: string } {
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined
  const schema = typeof kind === 'string' ? leafSchemas.get(kind) : undefined
  if (schema === undefined) return { problem: 'it is not a record of a known kind' }
  const parsed = schema.safeParse(value)
  if (parsed.success) return { leaf: parsed.data as Leaf }
  const [issue] = parsed.error.issues
  const place = issue?.path.join('.') ?? ''
  return { problem: `its ${place === '' ? 'members are' : `member \`${place}\` is`} not as the format says` }
}

const recordSchemas: ReadonlyMap<string, z.ZodType> = new Map(
  Array.from(agentKinds, ([kind, { open, hidden }]) => [
    kind,
    z.strictObject({ kind: z.literal(kind), ...open, ...hidden }),
  ]),
)

const hiddenMembers: ReadonlyMap<string, readonly string[]> = new Map(
  Array.from(allKinds, ([kind, { hidden }]) => [kind, Object.keys(hidden)]),
)
const hiddenNames = (kind: string): readonly string[] => hiddenMembers.get(kind) ?? []

/** Kinds of which something may be hidden. */
export const HIDING_KINDS: readonly RecordKind[] = RECORD_KINDS.filter((kind) => hiddenNames(kind).length > 0)

/** The two halves of what the agent says. `hidden` is null where there is nothing to hide. */
export interface SplitRecord {
  readonly open: OpenRecord
  readonly hidden: Readonly<Record<string, unknown>> | null
}

/** Splits a record, or tells what is wrong with it. */
export function splitRecord(record: AuditRecord): SplitRecord | { readonly problem: string } {
  const parsed = recordSchemas.get(record.kind)?.safeParse(record)
  if (parsed === undefined) return { problem: `\`${record.kind}\` is no kind of record` }
  if (!parsed.success) return { problem: `\`${record.kind}\`: ${parsed.error.message}` }
  const names = hiddenNames(record.kind)
  const entries = Object.entries<unknown>(Object(parsed.data))
  const open = Object.fromEntries(entries.filter(([name]) => !names.includes(name)))
  const hidden = entries.filter(([name]) => names.includes(name))
  const isEmpty = hidden.every(([, value]) => value === null)
  return { open: open as unknown as OpenRecord, hidden: isEmpty ? null : Object.fromEntries(hidden) }
}

/** Reads a whole record that came from outside as JSON, or tells what is wrong with it. */
export function parseRecord(value: { readonly kind: string }): AuditRecord | { readonly problem: string } {
  const parsed = recordSchemas.get(value.kind)?.safeParse(value)
  if (parsed === undefined) return { problem: 'it is not a record of a known kind' }
  return parsed.success
    ? (parsed.data as AuditRecord)
    : { problem: `it is not a whole \`${value.kind}\` record` }
}

/**
 * A leaf with what was hidden of it put back; `hidden` is undefined where it is gone. Where nothing was sealed there was
 * nothing to hide, and the members are null.
 */
export function joinRecord(leaf: Leaf, hidden: object | undefined): StoredRecord {
  const names = hiddenNames(leaf.kind)
  if (names.length === 0) return leaf as StoredRecord
  const nothing = leaf.sealed === undefined ? names.map((name): [string, unknown] => [name, null]) : []
  const found = Object.entries<unknown>(Object(hidden)).filter(([name]) => names.includes(name))
  return { ...leaf, ...Object.fromEntries([...nothing, ...found]) } as unknown as StoredRecord
}
