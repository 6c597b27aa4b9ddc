import { join } from 'node:path'
import { logSize, readLog } from '../audit/index.ts'
import type { EvidenceConfig } from '../config/index.ts'
import { AgentError } from '../errors.ts'
import { WITNESSED_FILE } from '../log-format/index.ts'
import { openRecordDesk, type RecordDesk } from '../record-desk.ts'
import { openStateFolder, type StateFolder } from '../state-folder.ts'
import { type AnswerOptions, type AppealOptions, answer, appeal } from './audit-appeal.ts'
import { readFileOf } from './audit-files.ts'
import { type IncidentsOptions, incidents } from './audit-incidents.ts'
import { findLog, type PlaceOptions, readSettings } from './audit-place.ts'
import { type ReviewOptions, review, type SampleOptions, sample } from './audit-sample.ts'
import { badUsage, checkPerson } from './end.ts'
import { asker } from './gate-requests.ts'
import { complain, green, say, sayJson } from './output.ts'

/** The commands by which people add to a log: directly, or through the gate that has it open. */

const CHECKPOINT_BYTES_MAX = 64 * 1024

export interface OpenDesk {
  readonly state: StateFolder
  readonly evidence: EvidenceConfig
  readonly desk: RecordDesk
}

export async function atDesk(options: PlaceOptions, work: (open: OpenDesk) => Promise<void>): Promise<void> {
  const settings = readSettings(options)
  const { evidence } = settings
  const state = await openStateFolder(settings.state)
  if (state.mayBeginLog) throw new AgentError('USAGE', `there is no log in \`${state.logDir}\` yet`)
  const desk = await openRecordDesk(state, options.config === undefined ? null : evidence.privacy)
  try {
    await work({ state, evidence, desk })
  } finally {
    await desk.close()
  }
}

export type ByOption = { readonly by?: string }

/** Who says so: a name that was given, or the user of this process. */
export function sayer({ by }: ByOption): string {
  checkPerson('--by', by)
  return by ?? asker()
}

/** `portcullis audit appeal`, in the time that the site gives for it. */
export async function fileAppeal(
  index: string,
  options: Omit<AppealOptions, 'by'> & ByOption & PlaceOptions,
): Promise<void> {
  await atDesk(options, async ({ desk, evidence }) => {
    const appealDays = options.appealDays ?? String(evidence.answers.appealDays)
    await appeal(index, { ...options, by: sayer(options), appealDays }, desk)
  })
}

/** `portcullis audit answer-appeal`. */
export async function answerAppeal(
  index: string,
  options: Omit<AnswerOptions, 'by'> & ByOption & PlaceOptions,
): Promise<void> {
  await atDesk(options, async ({ desk }) => await answer(index, { ...options, by: sayer(options) }, desk))
}

/** `portcullis audit sample`: the witnesses are those of the configuration unless others are named. */
export async function drawSample(options: SampleOptions & PlaceOptions): Promise<void> {
  await atDesk(options, async ({ desk, state, evidence }) => {
    const policy = options.policy ?? evidence.witnesses?.policyFile
    const named = policy === undefined || options.beacon !== undefined ? {} : { policy }
    const size = await logSize(state.logDir)
    const witnessedHead = await readWitnessed(state.logDir)
    await sample({ ...options, ...named }, { ...desk, size, witnessedHead })
  })
}

async function readWitnessed(logDir: string): Promise<string | null> {
  try {
    const note = await readFileOf(join(logDir, WITNESSED_FILE), CHECKPOINT_BYTES_MAX, 'checkpoint')
    return note.toString('utf8')
  } catch (error) {
    // Where nobody has witnessed it yet there is none; what else is wrong with it the draw will find.
    if (error instanceof AgentError) return null
    throw error
  }
}

/** `portcullis audit review`. */
export async function reviewDecision(
  sampleIndex: string,
  decisionIndex: string,
  options: Omit<ReviewOptions, 'by'> & ByOption & PlaceOptions,
): Promise<void> {
  await atDesk(options, async ({ desk }) => {
    await review(sampleIndex, decisionIndex, { ...options, by: sayer(options) }, desk)
  })
}

/** `portcullis audit erase`: forgets a person. Asks for no confirmation: what it does is what it is called. */
export async function eraseSubject(
  subject: string,
  options: ByOption & PlaceOptions & { readonly force?: true; readonly json?: true },
): Promise<void> {
  await atDesk(options, async ({ desk }) => {
    const message = await desk.erase(subject, sayer(options), options.force === true)
    if (options.json) sayJson({ ok: true, message })
    else say(message)
  })
}

/** `portcullis audit subjects`: who is in the side table. For its owner's eyes. */
export async function listSubjects(options: PlaceOptions & { readonly json?: true }): Promise<void> {
  await atDesk(options, async ({ desk }) => {
    const subjects = await desk.subjects()
    if (options.json) return sayJson(subjects)
    for (const { subject, name, months, rows } of subjects)
      say(`${subject}  ${String(rows).padStart(6)} entries  ${months.join(' ')}  ${name ?? '(no name)'}`)
    if (subjects.length === 0) complain('the side table is empty')
  })
}

/** `portcullis audit incidents`: what was exported is put on record. */
export async function tellIncidents(options: IncidentsOptions & ByOption & PlaceOptions): Promise<void> {
  if (options.export === undefined) {
    const { logDir } = await findLog(undefined, options)
    await incidents(readLog(logDir), options)
    return
  }
  const by = sayer(options)
  await atDesk(options, async ({ desk, state }) => {
    for (const incident of await incidents(readLog(state.logDir), options))
      await desk.append({
        kind: 'incident-exported',
        incident,
        to: 'person',
        isSent: true,
        by,
      })
  })
}

/** `portcullis audit approve-case`: a refusal may be told outside, as `audit report` tells it. */
export async function approveCase(
  index: string,
  options: ByOption & PlaceOptions & { readonly json?: true },
): Promise<void> {
  await atDesk(options, async ({ desk }) => {
    const decision = /^\d{1,15}$/.test(index) ? Number(index) : Number.NaN
    let isRefusal = false
    for await (const entry of desk.entries()) {
      const { record } = entry
      if (entry.index === decision && record.kind === 'decision')
        isRefusal = record.outcome === 'deny' || record.outcome === 'hold'
      if (record.kind === 'case-approved' && record.decision === decision)
        throw badUsage(`decision ${index} was approved already, by record ${entry.index}`)
    }
    if (!isRefusal) throw badUsage(`record ${index} is no decision that denied or held a job`)
    const { index: at } = await desk.append({ kind: 'case-approved', decision, by: sayer(options) })
    if (options.json) sayJson({ index: at, decision })
    else say(`${green('approved')}  the refusal of record ${decision} may be told outside, says record ${at}`)
  })
}
