/**
 * Lets another process of ours run only while no processor has anything else to do, so that it never delays a line
 * between host and printer. Niceness alone does not do that: a nice process that runs is left to run for some
 * milliseconds although one that serves a printer has woken up. This policy the kernel interrupts at once.
 */

import fs from 'node:fs'
import koffi from 'koffi'

/** From <sched.h>; the same on every Linux. Needs no privilege. */
const SCHED_IDLE = 5

/** `struct sched_param`: a priority, which this policy has none of. */
const NO_PRIORITY = new Uint8Array(4)

// A null name means the process itself, which has its libc loaded whatever that is called on this system.
const setScheduler: (thread: number, policy: number, parameters: Uint8Array) => number = koffi
  .load(null)
  .func('int sched_setscheduler(int thread, int policy, void *parameters)')

/**
 * Leaves to the process `pid` only the time that nobody else wants. Best before it has done anything: threads that it
 * starts later inherit this. Where the system does not let us, or the process has ended, nothing happens.
 */
export function leaveIdleTime(pid: number): void {
  for (const thread of threadsOf(pid)) setScheduler(thread, SCHED_IDLE, NO_PRIORITY)
}

/** The first thread comes first, and starts no other that we do not see without handing on what it has. */
function threadsOf(pid: number): readonly number[] {
  try {
    return fs.readdirSync(`/proc/${pid}/task`).map(Number)
  } catch {
    return []
  }
}
