import { z } from 'zod'
import { logSize } from '../audit/index.ts'
import type { Latch } from '../core/index.ts'
import { type LedgerPlace, readLedger } from '../ledger.ts'
import type { AuditRecord } from '../log-format/index.ts'
import { type Fold, type FoldedRecord, LiveFold, replay } from '../replay.ts'

/**
 * How the agents before this one ended, as the log tells it. What only a person may lift outlives every restart and every
 * crash, and so does a doubt whether the machine is at rest.
 */

/** Longest reason of before that is told again: an answer at the desk has room for it. */
const REASON_CHARS_MAX = 800

/** A job that was open when its agent ended. */
export interface UnfinishedJob {
  readonly job: string
  /** As far as was sealed. */
  readonly commandsSent: number
  readonly commandsTotal: number | null
}

export interface LastEnd {
  readonly unfinished: UnfinishedJob | undefined
  /** Why this gate begins latched and brings the machine to rest first, or null. */
  readonly reason: Latch['reason'] | null
  /** Whether the log says already that it is latched. */
  readonly isOnRecord: boolean
}

/** What the log tells of the gates of before, as far as a start has to know it. */
interface Story {
  readonly unfinished: UnfinishedJob | null
  /** The record that blocked the gate, and its code. What it said is looked up there. */
  readonly latched: { readonly index: number; readonly code: string } | null
  /** Why the machine may not be at rest. */
  readonly doubt: string | null
  /** A gate had the printer and has not said that it ended. */
  readonly isOpen: boolean
}

const EMPTY: Story = { unfinished: null, latched: null, doubt: null, isOpen: false }

/** How gates end, as a fold of the log. */
export const LAST_END: Fold<Story> = {
  name: 'last-end',
  empty: EMPTY,
  take: (story, record, index) => ({
    ...takeEvent(story, record, index),
    unfinished: jobAfter(story, record),
  }),
  read: readStory,
}

/** Reads the log, in which the record of this start stands already. */
export async function readLastEnd(state: LedgerPlace): Promise<LastEnd> {
  const story = await replay(LAST_END, state.logDir)
  const { unfinished, latched } = story
  const doubt = unfinished === null ? story.doubt : 'the last agent ended in mid-job'
  const message =
    latched === null
      ? doubt
      : `blocked when the last gate ended: ${await wordsOf(state, latched.index, latched.code)}`
  const reason =
    message === null
      ? null
      : ({ code: 'found-running', message: message.slice(0, REASON_CHARS_MAX) } as const)
  return { unfinished: unfinished ?? undefined, reason, isOnRecord: latched !== null }
}

/** Follows the log from here on, for the snapshots that the next start begins with. */
export async function followEnds(state: LedgerPlace): Promise<LiveFold<Story>> {
  const size = await logSize(state.logDir)
  return new LiveFold(LAST_END, await replay(LAST_END, state.logDir), size)
}

function takeEvent(story: Story, record: FoldedRecord, index: number): Story {
  switch (record.kind) {
    case 'printer-opened':
      return { ...story, isOpen: true }
    case 'agent-ended':
      return { ...story, isOpen: false }
    case 'agent-started': {
      const doubt = story.isOpen ? 'the last gate did not end in good order' : null
      return { ...story, isOpen: false, doubt: story.doubt ?? doubt }
    }
    case 'safe-stop':
      return { ...story, doubt: record.confirmed ? null : 'the printer did not say that its heaters are off' }
    case 'latched':
      return { ...story, latched: story.latched ?? { index, code: record.code } }
    case 'emergency-stop':
      return { ...story, latched: story.latched ?? { index, code: 'emergency-stop' } }
    case 'cleared':
      return { ...story, latched: null, doubt: null }
    case 'job-armed':
      // A new decision lets hosts go on; that the machine is at rest it does not say.
      return { ...story, latched: null }
    case 'job-closed':
      return record.outcome === 'uncertain'
        ? { ...story, doubt: 'what became of the last job is not known' }
        : story
    default:
      return story
  }
}

function jobAfter({ unfinished }: Story, record: FoldedRecord): UnfinishedJob | null {
  switch (record.kind) {
    case 'job-opened':
      return { job: record.job, commandsSent: 0, commandsTotal: record.commands }
    case 'stream-opened':
      return { job: record.job, commandsSent: 0, commandsTotal: null }
    case 'job-sealed':
      return unfinished === null ? null : { ...unfinished, commandsSent: record.commandsSent }
    case 'job-closed':
      return null
    default:
      return unfinished
  }
}

/** What the record that blocked the gate said; its code alone where that was erased. */
async function wordsOf(state: LedgerPlace, index: number, code: string): Promise<string> {
  for await (const { record } of readLedger(state, index)) {
    if (record.kind === 'latched') return record.reason === undefined ? code : `${code}: ${record.reason}`
    if (record.kind === 'emergency-stop') return `${code}: ${record.by ?? 'somebody'} sent the emergency stop`
    break
  }
  return code
}

function readStory(value: object): Story | undefined {
  const parsed = storySchema.safeParse(value)
  return parsed.success ? parsed.data : undefined
}

const storySchema = z.strictObject({
  unfinished: z
    .strictObject({ job: z.string(), commandsSent: z.int().min(0), commandsTotal: z.int().min(0).nullable() })
    .nullable(),
  latched: z.strictObject({ index: z.int().min(0), code: z.string() }).nullable(),
  doubt: z.string().nullable(),
  isOpen: z.boolean(),
})

/** What closes it: what became of it nobody saw. */
export function closeUnfinished(unfinished: UnfinishedJob): AuditRecord {
  return {
    kind: 'job-closed',
    ...unfinished,
    outcome: 'uncertain',
    code: 'agent-ended',
    reason: 'the agent ended in mid-job',
    sha256: null,
  }
}
