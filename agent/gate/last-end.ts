import { type AuditRecord, readLog, type StoredRecord } from '../audit/index.ts'
import type { Latch } from '../core/index.ts'

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

/** Reads the log, in which the record of this start stands already. */
export async function readLastEnd(logDir: string): Promise<LastEnd> {
  const story = new Story()
  for await (const { record } of readLog(logDir)) story.take(record)
  return story.end()
}

class Story {
  #unfinished: UnfinishedJob | undefined
  #latched: string | undefined
  /** Why the machine may not be at rest. */
  #doubt: string | undefined
  /** A gate had the printer and has not said that it ended. */
  #isOpen = false

  take(record: StoredRecord): void {
    this.#takeJob(record)
    switch (record.kind) {
      case 'printer-opened':
        this.#isOpen = true
        return
      case 'agent-ended':
        this.#isOpen = false
        return
      case 'agent-started':
        if (this.#isOpen) this.#doubt ??= 'the last gate did not end in good order'
        this.#isOpen = false
        return
      case 'safe-stop':
        this.#doubt = record.confirmed ? undefined : 'the printer did not say that its heaters are off'
        return
      case 'latched':
        this.#latched ??= record.reason
        return
      case 'emergency-stop':
        this.#latched ??= `emergency-stop: ${record.by} sent the emergency stop`
        return
      case 'cleared':
        this.#latched = undefined
        this.#doubt = undefined
        return
      case 'job-armed':
        // A new decision lets hosts go on; that the machine is at rest it does not say.
        this.#latched = undefined
    }
  }

  #takeJob(record: StoredRecord): void {
    switch (record.kind) {
      case 'job-opened':
        this.#unfinished = { job: record.job, commandsSent: 0, commandsTotal: record.commands }
        return
      case 'stream-opened':
        this.#unfinished = { job: record.job, commandsSent: 0, commandsTotal: null }
        return
      case 'job-sealed':
        if (this.#unfinished !== undefined)
          this.#unfinished = { ...this.#unfinished, commandsSent: record.commandsSent }
        return
      case 'job-closed':
        this.#unfinished = undefined
        if (record.outcome === 'uncertain') this.#doubt = 'what became of the last job is not known'
    }
  }

  end(): LastEnd {
    const unfinished = this.#unfinished
    const latched = this.#latched
    const doubt = unfinished === undefined ? this.#doubt : 'the last agent ended in mid-job'
    const message = latched === undefined ? doubt : `blocked when the last gate ended: ${latched}`
    const reason =
      message === undefined
        ? null
        : ({ code: 'found-running', message: message.slice(0, REASON_CHARS_MAX) } as const)
    return { unfinished, reason, isOnRecord: latched !== undefined }
  }
}

/** What closes it: what became of it nobody saw. */
export function closeUnfinished(unfinished: UnfinishedJob): AuditRecord {
  return {
    kind: 'job-closed',
    ...unfinished,
    outcome: 'uncertain',
    reason: 'agent-ended: the agent ended in mid-job',
    sha256: null,
  }
}
