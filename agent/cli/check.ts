import { basename } from 'node:path'
import { judgeJob } from '../judge-job.ts'
import { readLicenceFile } from '../licence/index.ts'
import { licencePlace } from '../licence-place.ts'
import { openStateFolder } from '../state-folder.ts'
import { checkPerson } from './end.ts'
import { openJob } from './open-job.ts'
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
  checkPerson('--user', options.user)
  const loaded = findPolicy(options.policy)
  const licenceText = options.licence === undefined ? undefined : await readLicenceFile(options.licence)
  const state = await openStateFolder(options.state)
  const place = await licencePlace(state)
  const source = await openJob(job)
  const progress = startProgress('judging', source.bytes ?? 0)
  const { decision } = await judgeJob({
    name: basename(source.name),
    loaded,
    chunks: source.chunks,
    place: { ...place, machine: { ...place.machine, id: options.printer ?? state.machineId } },
    nowMs: Date.now(),
    progress: (bytes) => progress.update(bytes),
    ...(licenceText !== undefined && { licenceText }),
    ...(options.user !== undefined && { user: { name: options.user } }),
  }).finally(() => {
    progress.stop()
    return source.close()
  })
  if (options.json) sayJson(decision)
  else say(...decisionLines(decision))
  process.exitCode = EXIT_BY_OUTCOME[decision.outcome]
}
