import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AgentError } from '../errors.ts'
import { packageFolder } from './ready-policies.ts'

/** The built program of the guard process, beside the command itself. A print without it would not be guarded, so there is none. */
export function guardProgram(): string {
  const path = join(packageFolder(), 'dist', 'guard.mjs')
  if (existsSync(path)) return path
  throw new AgentError(
    'GUARD_FAILED',
    `the guard program \`${path}\` is missing: build or install the package again`,
  )
}
