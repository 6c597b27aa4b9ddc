import { basename } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { Decision, DeclaredFacts, JobUser } from '../policies/index.ts'
import type { Admission } from './copy-keeper.ts'
import type { DurableIndex } from './durable-index.ts'
import { AgentError } from './errors.ts'
import { type JudgedJob, judgeJob } from './judge-job.ts'
import type { Ledger } from './ledger.ts'
import type { LicencePlace, PrinterIdentity } from './licence/index.ts'
import type { LoadedPolicy } from './load-policy.ts'
import type { AgentLogger } from './logger.ts'
import { runSession, type SessionResult } from './run-session.ts'
import { type SealingKey, unseal } from './sealed/index.ts'
import {
  createBlockHasher,
  type JobSource,
  openSource,
  readVerified,
  type SpooledJob,
  spoolJob,
} from './spool/index.ts'
import { listsToRecord } from './trusted-time.ts'

/**
 * One print from a file to the wire. The order is the promise: spool, survey, decide, record, reserve the copy that it takes of
 * its licence, and only then the port is opened.
 */

export interface PrintJobOptions {
  readonly source: JobSource
  readonly spoolDir: string
  readonly loaded: LoadedPolicy
  /** Opens the log once the whole job is here: a slow sender must not keep the log from other prints. */
  readonly openLog: () => Promise<PrintLog>
  /** The licence with all that goes with it. */
  readonly licenceText?: string
  readonly declared?: DeclaredFacts
  /** What opens a sealed job here. Where it is unset, nothing does. */
  readonly sealingKey?: SealingKey
  /** Where it is printed, as it is once the log is open. */
  readonly place: () => Promise<LicencePlace>
  readonly user?: JobUser
  readonly portName: string
  readonly baud: number
  readonly guardProgram: string | undefined
  readonly signal?: AbortSignal
  /** Waits until the decision is witnessed; throws NOT_WITNESSED where it is not. Unset where nothing waits for that. */
  readonly witnessed?: (at: DurableIndex) => Promise<void>
  /** Told once the job is allowed and on record, before the port is opened. */
  readonly allowed?: (decision: Decision, commands: number) => void
  readonly progress?: (commandsSent: number) => void
  readonly logger?: AgentLogger
}

/** Where a print is recorded, and its copy counted. */
export type PrintLog = Pick<Ledger, 'append' | 'copies'>

export interface PrintedJob {
  /** With its place in the log. */
  readonly decision: Decision
  /** How the print went, or undefined where it was not allowed to begin. */
  readonly session: SessionResult | undefined
  /** Where the job carried the licence that counted, if it did. */
  readonly carrier: JudgedJob['carrier']
}

/** Decides about a job, records the decision, and prints the job if it is allowed. */
export async function printJob(options: PrintJobOptions): Promise<PrintedJob> {
  const spooled = await spoolJob(options.spoolDir, options.source)
  try {
    return await printSpooled(options, spooled, await options.openLog())
  } finally {
    await spooled.remove()
  }
}

async function printSpooled(
  options: PrintJobOptions,
  spooled: SpooledJob,
  log: PrintLog,
): Promise<PrintedJob> {
  const { loaded, user, licenceText, declared, sealingKey } = options
  const startedAtMs = performance.now()
  const blocks = createBlockHasher()
  const place = await options.place()
  const copy = await openSource({ path: spooled.path })
  const judged = await judgeJob({
    name: basename(spooled.name),
    loaded,
    chunks: copy.chunks,
    alsoHash: (chunk) => blocks.update(chunk),
    ...(sealingKey !== undefined && { sealingKey }),
    place,
    nowMs: Date.now(),
    ...(licenceText !== undefined && { licenceText }),
    ...(declared !== undefined && { declared }),
    ...(user !== undefined && { user }),
  }).finally(() => copy.close())
  const digests = blocks.digest()
  for (const seen of listsToRecord(judged.lists, place)) await log.append(seen)
  // From here on the decision is on record, whatever becomes of the print.
  const decidedInMs = Math.round(performance.now() - startedAtMs)
  const { decision, admission } = await log.copies.admit({
    decision: judged.decision,
    licence: judged.licence,
    user: user?.name,
    decidedInMs,
    appeal: loaded.policy.appeal,
  })
  const { carrier, isSealed } = judged
  if (admission === undefined) return { decision, session: undefined, carrier }
  try {
    const verified = readVerified(spooled.path, digests)
    // Opened anew for the print: a sealed job is in clear nowhere but in memory, a piece at a time.
    const blocks =
      isSealed && sealingKey !== undefined ? unseal(spooled.name, verified, sealingKey) : verified
    const { printer } = place.machine
    const session = await printAdmitted(options, { log, decision, admission, judged, blocks, printer })
    return { decision, session, carrier }
  } finally {
    // However it went: nothing more is sent, and the copy is what the log says of the job.
    await log.copies.settle(decision.id)
  }
}

interface AdmittedJob {
  readonly log: PrintLog
  readonly decision: Decision
  readonly admission: Admission
  readonly judged: JudgedJob
  readonly blocks: AsyncIterator<Uint8Array, void>
  /** The one that the decision was made for, where its licence names one. */
  readonly printer: PrinterIdentity | null
}

async function printAdmitted(options: PrintJobOptions, job: AdmittedJob): Promise<SessionResult> {
  const { loaded } = options
  const { log, decision, admission, judged, blocks, printer } = job
  const { survey } = judged
  await options.witnessed?.(admission.copy ?? admission.decision)
  if (options.signal?.aborted)
    throw new AgentError('INTERRUPTED', 'interrupted before the printer was touched')
  options.allowed?.(decision, survey.facts.commands)
  return await runSession({
    portName: options.portName,
    baud: options.baud,
    table: loaded.policy.dialect,
    judge: loaded.policy,
    blocks,
    isConfidential: judged.isSealed,
    canonicalSha256: survey.canonicalSha256,
    commandsTotal: survey.facts.commands,
    tools: survey.facts.tools,
    log,
    jobId: decision.id,
    admitted: admission,
    guardProgram: options.guardProgram,
    progress: (sent) => {
      log.copies.progress(decision.id, sent)
      options.progress?.(sent)
    },
    ...(printer !== null && { printer }),
    ...(options.signal !== undefined && { signal: options.signal }),
    ...(options.logger !== undefined && { logger: options.logger }),
  })
}
