import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AgentError, type AgentErrorCode } from '../errors.ts'
import { packageFolder } from './ready-policies.ts'

/** The programs of the processes that the agent starts, built beside the command itself. */

/** The guard process. A print without it would not be guarded, so there is none. */
export function guardProgram(): string {
  return builtProgram('guard', 'GUARD_FAILED')
}

/** The process that inspects jobs. */
export function inspectorProgram(): string {
  return builtProgram('inspector', 'CONFIG_INVALID')
}

/** The threads that check a large log. */
export function checkerProgram(): string {
  return builtProgram('checker', 'CONFIG_INVALID')
}

function builtProgram(name: string, code: AgentErrorCode): string {
  const path = join(packageFolder(), 'dist', `${name}.mjs`)
  if (existsSync(path)) return path
  throw new AgentError(code, `the ${name} program \`${path}\` is missing: build or install the package again`)
}
