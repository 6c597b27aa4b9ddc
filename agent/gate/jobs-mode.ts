import type { Policy } from '../../policies/index.ts'
import type { GateConfig } from '../config/index.ts'

/** Whether a host may print a job that nobody armed, and why. */
export interface JobsMode {
  readonly jobs: 'any' | 'armed'
  /** Rules that hold for armed jobs only, since they judge the whole of a job. */
  readonly wholeJobRules: readonly string[]
  /** The site said so, rather than the policy. */
  readonly isChosen: boolean
}

/**
 * A rule that needs the whole job cannot be asked about one of which a host sends line after line, nor can witnesses vouch
 * for a decision that nobody made. So where the policy has such rules, or jobs wait for witnesses, a job must be armed
 * first, unless the site chose otherwise.
 */
export function jobsMode(
  policy: Policy,
  { host, evidence }: Pick<GateConfig, 'host' | 'evidence'>,
): JobsMode {
  const { wholeJobRules } = policy
  const needsArming = wholeJobRules.length > 0 || evidence.witnesses?.required === 'jobs'
  const jobs = host.jobs ?? (needsArming ? 'armed' : 'any')
  return { jobs, wholeJobRules, isChosen: host.jobs !== undefined }
}
