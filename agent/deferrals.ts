import { z } from 'zod'
import type { Fold } from './replay.ts'

/** Erasures that a duty has put off: whom, and until when. The log tells it, and the gate carries them out in their time. */

/** More than a site has people who leave in a retention period; the oldest are done first. */
const DEFERRED_MAX = 200

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
    if (record.kind !== 'erasure') return deferred
    const others = deferred.put.filter(({ subject }) => subject !== record.subject)
    if (record.deferredUntil === null) return { put: others }
    const one = { subject: record.subject, untilMs: Date.parse(record.deferredUntil) }
    return { put: [...others, one].slice(-DEFERRED_MAX) }
  },
  read: (value) => {
    const parsed = deferredSchema.safeParse(value)
    return parsed.success ? parsed.data : undefined
  },
}

const deferredSchema = z.strictObject({
  put: z.array(z.strictObject({ subject: z.string(), untilMs: z.number() })).max(DEFERRED_MAX),
})

/** Subjects whose erasure is due. */
export function dueErasures({ put }: Deferred, nowMs: number): readonly string[] {
  return put.filter(({ untilMs }) => untilMs <= nowMs).map(({ subject }) => subject)
}
