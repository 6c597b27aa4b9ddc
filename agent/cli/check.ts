import { loadTrustAnchors, readLicenceFile } from '../licence/index.ts'
import { judgeJob } from '../judge-job.ts'
import { jobBytes, readFileChunks, readInputChunks } from '../read-chunks.ts'
import { openStateFolder } from '../state-folder.ts'
import { say, sayJson } from './output.ts'
import { startProgress } from './progress.ts'
import { findPolicy } from './ready-policies.ts'
import { decisionLines, EXIT_BY_OUTCOME } from './show-decision.ts'

export interface CheckOptions {
  readonly policy: string
  readonly licence?: string
  readonly printer?: string
  readonly user?: string
  readonly json?: true
  readonly state?: string
}

/** `portcullis check`: the decision that a print would get, without printer and without record. */
export async function check(job: string, options: CheckOptions): Promise<void> {
  const loaded = findPolicy(options.policy)
  const licenceToken = options.licence === undefined ? undefined : await readLicenceFile(options.licence)
  const state = await openStateFolder(options.state)
  const isInput = job === '-'
  const progress = startProgress('judging', isInput ? 0 : jobBytes(job))
  const { decision } = await judgeJob({
    name: job,
    loaded,
    chunks: isInput ? readInputChunks(process.stdin) : readFileChunks(job),
    anchorsPem: await loadTrustAnchors(state.trustDir),
    machineId: options.printer ?? state.machineId,
    nowMs: Date.now(),
    progress: (bytes) => progress.update(bytes),
    ...(licenceToken !== undefined && { licenceToken }),
    ...(options.user !== undefined && { user: { name: options.user } }),
  }).finally(() => progress.stop())
  if (options.json) sayJson(decision)
  else say(...decisionLines(decision))
  process.exitCode = EXIT_BY_OUTCOME[decision.outcome]
}
