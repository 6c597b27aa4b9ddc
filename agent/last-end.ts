import { z } from 'zod'
import type { Fold, FoldedRecord } from './replay.ts'

/**
 * How agents ended, as a fold of the log. What only a person may lift outlives every restart and every crash, and so does
 * a doubt whether the machine is at rest.
 */

/** A job that was open when its agent ended. */
export interface UnfinishedJob {
  readonly job: string
  /** As far as was sealed. */
  readonly commandsSent: number
  readonly commandsTotal: number | null
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

export const LAST_END: Fold<Story> = {
  name: 'last-end',
  empty: { unfinished: null, latched: null, doubt: null, isOpen: false },
  take: (story, record, index) => ({
    ...takeEvent(story, record, index),
    unfinished: jobAfter(story, record),
  }),
  read: (value) => {
    const parsed = storySchema.safeParse(value)
    return parsed.success ? parsed.data : undefined
  },
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

const storySchema = z.strictObject({
  unfinished: z
    .strictObject({ job: z.string(), commandsSent: z.int().min(0), commandsTotal: z.int().min(0).nullable() })
    .nullable(),
  latched: z.strictObject({ index: z.int().min(0), code: z.string() }).nullable(),
  doubt: z.string().nullable(),
  isOpen: z.boolean(),
})
