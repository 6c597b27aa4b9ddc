import { execFileSync } from 'node:child_process'
import fc from 'fast-check'

/**
 * Each commit has a seed of its own: every change is tried with other values than the one before, and what one machine
 * found another finds again. `FC_SEED` chooses one; outside a checkout fast-check does.
 */
const chosen = process.env['FC_SEED']
const seed = chosen === undefined ? seedOfCommit() : Number(chosen)
if (seed !== undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed })

function seedOfCommit(): number | undefined {
  try {
    const commit = execFileSync('git', ['rev-parse', 'HEAD'], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return Number.parseInt(commit.slice(0, 7), 16)
  } catch {
    return undefined
  }
}
