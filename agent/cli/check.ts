import { basename } from 'node:path'
import { judgeJob } from '../judge-job.ts'
import { licencePlace } from '../licence-place.ts'
import { sealingKeyIn } from '../sealing-key.ts'
import { openStateFolder } from '../state-folder.ts'
import { type DeclaredOptions, readDeclared } from './declared.ts'
import { checkPerson } from './end.ts'
import { openJob } from './open-job.ts'
import { say, sayJson } from './output.ts'
import { presentedLicence } from './presented-licence.ts'
import { startProgress } from './progress.ts'
import { findPolicy } from './ready-policies.ts'
import { decisionLines, EXIT_BY_OUTCOME } from './show-decision.ts'

export interface CheckOptions extends DeclaredOptions {
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
  const declared = readDeclared(options)
  const loaded = findPolicy(options.policy)
  const licence = await presentedLicence(job, options.licence)
  const state = await openStateFolder(options.state)
  const place = await licencePlace(state)
  const source = await openJob(job)
  const progress = startProgress('judging', source.bytes ?? 0)
  const { decision, carrier } = await judgeJob({
    name: basename(source.name),
    loaded,
    chunks: source.chunks,
    sealingKey: await sealingKeyIn(state.path),
    place: { ...place, machine: { ...place.machine, id: options.printer ?? state.machineId } },
    nowMs: Date.now(),
    progress: (bytes) => progress.update(bytes),
    ...(licence.text !== undefined && { licenceText: licence.text }),
    ...(declared !== undefined && { declared }),
    ...(options.user !== undefined && { user: { name: options.user } }),
  }).finally(() => {
    progress.stop()
    return source.close()
  })
  if (options.json) sayJson(decision)
  else say(...decisionLines(decision), ...licence.saidOf(carrier))
  process.exitCode = EXIT_BY_OUTCOME[decision.outcome]
}
