import { z } from 'zod'
import { logSize } from '../audit/index.ts'
import type { LedgerPlace } from '../ledger.ts'
import { type Fold, LiveFold, replay } from '../replay.ts'

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

const DEFERRALS: Fold<Deferred> = {
  name: 'deferred-erasures',
  empty: { put: [] },
  take: ({ put }, record) => {
    if (record.kind !== 'erasure') return { put }
    const others = put.filter(({ subject }) => subject !== record.subject)
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

export interface Deferrals {
  /** For the snapshots, and to be told of each record. */
  readonly fold: LiveFold<Deferred>
  /** Subjects whose erasure is due. */
  due(nowMs: number): readonly string[]
}

export async function followDeferrals({ logDir }: LedgerPlace): Promise<Deferrals> {
  const size = await logSize(logDir)
  const fold = new LiveFold(DEFERRALS, await replay(DEFERRALS, logDir), size)
  return {
    fold,
    due: (nowMs) => fold.state.put.filter(({ untilMs }) => untilMs <= nowMs).map(({ subject }) => subject),
  }
}
