import type { Policy } from '../../policies/index.ts'

/** Whether a host may print a job that nobody armed, and why. */
export interface JobsMode {
  readonly jobs: 'any' | 'armed'
  /** Rules that hold for armed jobs only, since they judge the whole of a job. */
  readonly wholeJobRules: readonly string[]
  /** The site said so, rather than the policy. */
  readonly isChosen: boolean
}

/**
 * A rule that needs the whole job cannot be asked about one of which a host sends line after line. So where the policy has
 * such rules a job must be armed first, unless the site chose otherwise.
 */
export function jobsMode(policy: Policy, chosen: 'any' | 'armed' | undefined): JobsMode {
  const { wholeJobRules } = policy
  const jobs = chosen ?? (wholeJobRules.length > 0 ? 'armed' : 'any')
  return { jobs, wholeJobRules, isChosen: chosen !== undefined }
}
