/** Debian's faketime: a command that runs in another time, as on a machine whose clock is wrong. */
import { existsSync } from 'node:fs'
import type { RunOptions } from './command.ts'

const FAKETIME = '/usr/bin/faketime'

/**
 * Whether to leave out tests that need faketime, for want of it. Where everything must be there, as in CI, none is left
 * out: what is missing fails.
 */
export const isWithoutFaketime = !existsSync(FAKETIME) && process.env['PORTCULLIS_NEEDS'] !== 'all'

/** Runs a command while the clock shows this: `2027-01-01 12:00:00`, in UTC. It goes on from there. */
export function clockAt(time: string): RunOptions {
  // What measures durations stays as it is: no clock that is set back makes a machine wait.
  const under = [FAKETIME, '-m', '--exclude-monotonic', '-f', `@${time}`]
  return { under, env: { TZ: 'UTC' } }
}
