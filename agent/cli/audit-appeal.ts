/** Appeals: filed and answered. The records are made here; whoever holds the log appends them. */
import { EXIT } from '../errors.ts'
import type { AuditRecord } from '../log-format/index.ts'
import { type AppealOutcome, answerAppeal, fileAppeal, type LogEntry } from '../receipt/index.ts'
import { badUsage, wholeNumber } from './end.ts'
import { complain, dim, green, say, sayJson } from './output.ts'

/** A text of 4096 characters in UTF-8, and more than enough to see that it is longer. */
const INPUT_BYTES_MAX = 64 * 1024
/** As many as a configuration may say. */
export const APPEAL_DAYS_MAX = 36_500

/** The log as these commands need it: nothing else is appended between reading and appending. */
export interface RecordDesk {
  entries(): AsyncIterable<LogEntry>
  append(record: AuditRecord): Promise<{ readonly index: number }>
}

export interface AppealOptions {
  readonly by: string
  /** The text itself, or `-` for standard input. */
  readonly text: string
  /** Days after a decision within which it can be disputed. */
  readonly appealDays?: string
  readonly json?: true
}

/** `portcullis audit appeal`: disputes a decision, by its record's index. */
export async function appeal(index: string, options: AppealOptions, desk: RecordDesk): Promise<void> {
  const decision = recordIndex(index)
  const days = options.appealDays
  const filed = await fileAppeal(desk.entries(), {
    decision,
    by: options.by,
    text: options.text === '-' ? await standardInput() : options.text,
    nowMs: Date.now(),
    appealDays: days === undefined ? null : wholeNumber('--appeal-days', days, 1, APPEAL_DAYS_MAX),
  })
  if ('refusal' in filed) return tellRefused(filed, options)
  const { index: at } = await desk.append(filed)
  if (options.json) sayJson({ index: at, decision })
  else say(`${green('filed')}  appeal ${at} against decision ${decision}`)
}

export interface AnswerOptions {
  readonly by: string
  readonly reason: string
  readonly upheld?: true
  readonly rejected?: true
  readonly withdrawn?: true
  readonly json?: true
}

const OUTCOMES: readonly AppealOutcome[] = ['upheld', 'rejected', 'withdrawn']

/** `portcullis audit answer-appeal`: what came of an appeal, by its record's index. */
export async function answer(index: string, options: AnswerOptions, desk: RecordDesk): Promise<void> {
  const asked = recordIndex(index)
  const [outcome, ...more] = OUTCOMES.filter((name) => options[name])
  if (outcome === undefined || more.length > 0) {
    throw badUsage('an answer is one of `--upheld`, `--rejected` and `--withdrawn`')
  }
  const decided = await answerAppeal(desk.entries(), {
    appeal: asked,
    outcome,
    by: options.by,
    reason: options.reason,
  })
  if ('refusal' in decided) return tellRefused(decided, options)
  const { index: at } = await desk.append(decided)
  if (options.json) sayJson({ index: at, appeal: asked, outcome })
  else say(`${green('recorded')}  appeal ${asked} ${outcome}`, dim(`  as record ${at}`))
}

/** A mistake of whoever asked is bad usage; anything else is an answer, and ends like a denial. */
export function tellRefused(
  { refusal, message }: { readonly refusal: string; readonly message: string },
  options: { readonly json?: true },
): void {
  if (refusal === 'unknown' || refusal === 'form') throw badUsage(message)
  if (options.json) sayJson({ refusal, message })
  complain(message)
  process.exitCode = EXIT.denied
}

/** The index of a record, as a person names it. */
export function recordIndex(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw badUsage(`\`${text}\` is not the number of a record`)
  return Number(text)
}

async function standardInput(): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer)
    bytes += (chunk as Buffer).length
    if (bytes > INPUT_BYTES_MAX)
      throw badUsage(`the text of an appeal has more than ${INPUT_BYTES_MAX} bytes`)
  }
  return Buffer.concat(chunks).toString('utf8').trimEnd()
}
