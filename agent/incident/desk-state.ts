/**
 * What a desk leaves for the next one in a snapshot of the log: what its watch remembers, and what was on its way. It is
 * plain data, smaller than a record may be, and trusted as little as anything that is read: no text of it is used that
 * is not one of ours.
 */
import { z } from 'zod'
import { type Finding, SEVERITIES } from './finding.ts'
import { formOf, titleOf } from './rule-book.ts'

/** Of each sort the latest: more are on their way only where the log or the endpoint does not answer. */
const ON_THE_WAY_MAX = 16
const NAME_CHARS_MAX = 100

const findingSchema = z.strictObject({
  uid: z.string().max(NAME_CHARS_MAX),
  rule: z.string().max(NAME_CHARS_MAX),
  severity: z.enum(SEVERITIES),
  first: z.int().min(0),
  last: z.int().min(0),
  firstAt: z.iso.datetime({ precision: 3 }),
  lastAt: z.iso.datetime({ precision: 3 }),
  count: z.int().min(1),
  measured: z.record(z.string().regex(/^[a-zA-Z]{1,32}$/), z.number()),
  isUpdate: z.boolean(),
})

const stateSchema = z.strictObject({
  watch: z.unknown(),
  unrecorded: z.array(findingSchema).max(ON_THE_WAY_MAX),
  unsent: z.array(z.strictObject({ finding: findingSchema, incident: z.int().min(0) })).max(ON_THE_WAY_MAX),
})

/** A finding that is on record and was not sent, as far as the log tells. */
export interface Unsent {
  readonly finding: Finding
  /** Index of its record. */
  readonly incident: number
}

export interface DeskState {
  /** What `IncidentWatch.save` gave. */
  readonly watch: unknown
  /** Found, and not yet on record. */
  readonly unrecorded: readonly Finding[]
  readonly unsent: readonly Unsent[]
}

export function saveDesk({ watch, unrecorded, unsent }: DeskState): object {
  return {
    watch,
    unrecorded: unrecorded.slice(-ON_THE_WAY_MAX).map(withoutTitle),
    unsent: unsent
      .slice(-ON_THE_WAY_MAX)
      .map(({ finding, incident }) => ({ finding: withoutTitle(finding), incident })),
  }
}

/** Undefined where it is not of this version's form. */
export function resumeDesk(saved: unknown): DeskState | undefined {
  const parsed = stateSchema.safeParse(saved)
  if (!parsed.success) return undefined
  const { watch, unrecorded, unsent } = parsed.data
  return {
    watch,
    unrecorded: unrecorded.flatMap(withTitle),
    unsent: unsent.flatMap(({ finding, incident }) =>
      withTitle(finding).map((whole) => ({ finding: whole, incident })),
    ),
  }
}

function withoutTitle({ title, ...rest }: Finding): Omit<Finding, 'title'> {
  return rest
}

/** None where the finding is of no rule of ours. */
function withTitle(finding: Omit<Finding, 'title'>): readonly Finding[] {
  const form = formOf(finding.rule, finding.uid, finding.first)
  return form === undefined ? [] : [{ ...finding, title: titleOf(finding.rule, form) }]
}
