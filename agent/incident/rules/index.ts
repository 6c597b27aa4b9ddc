/** Every rule, one line each. */
import type { Rule } from '../rule.ts'
import { clockBack } from './clock-back.ts'
import { clockJump } from './clock-jump.ts'
import { emergencyStop } from './emergency-stop.ts'
import { logTrouble } from './log-trouble.ts'
import { odometer } from './odometer.ts'
import { overrideUse } from './override-use.ts'
import { probing } from './probing.ts'
import { refusalBurst } from './refusal-burst.ts'
import { resubmission } from './resubmission.ts'
import { uncleanEnd } from './unclean-end.ts'
import { unconfirmedStop } from './unconfirmed-stop.ts'
import { unplugInJob } from './unplug-in-job.ts'

export const RULES: readonly Rule[] = [
  refusalBurst,
  probing,
  resubmission,
  clockBack,
  clockJump,
  unplugInJob,
  unconfirmedStop,
  uncleanEnd,
  logTrouble,
  odometer,
  emergencyStop,
  overrideUse,
]
