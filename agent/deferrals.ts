import { z } from 'zod'
import type { Fold } from './replay.ts'

/** Erasures that a duty has put off: whom, and until when. The log tells it, and the gate carries them out in their time. */

/** What a snapshot of them has room for. Where so many are put off no other is taken on: none is ever dropped. */
const DEFERRED_MAX = 900

interface Put {
  readonly subject: string
  readonly untilMs: number
}

interface Deferred {
  readonly put: readonly Put[]
}

export const DEFERRALS: Fold<Deferred> = {
  name: 'deferred-erasures',
  empty: { put: [] },
  take: (deferred, record) => {
    // What goes by age says nothing of what was asked for.
    if (record.kind !== 'erasure' || record.cause !== 'request') return deferred
    const others = deferred.put.filter(({ subject }) => subject !== record.subject)
    if (record.deferredUntil === null) return { put: others }
    return { put: [...others, { subject: record.subject, untilMs: Date.parse(record.deferredUntil) }] }
  },
  read: (value) => {
    const parsed = deferredSchema.safeParse(value)
    return parsed.success ? parsed.data : undefined
  },
}

const deferredSchema = z.strictObject({
  put: z.array(z.strictObject({ subject: z.string(), untilMs: z.number() })),
})

/** Subjects whose erasure is due. */
export function dueErasures({ put }: Deferred, nowMs: number): readonly string[] {
  return put.filter(({ untilMs }) => untilMs <= nowMs).map(({ subject }) => subject)
}

/** Until when the subject's erasure is put off, in milliseconds since 1970, where it is. */
export function putOffUntil({ put }: Deferred, asked: string): number | undefined {
  return put.find(({ subject }) => subject === asked)?.untilMs
}

/** Whether one more can be put off. */
export function hasRoomFor({ put }: Deferred, asked: string): boolean {
  return put.length < DEFERRED_MAX || put.some(({ subject }) => subject === asked)
}
