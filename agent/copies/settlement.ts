import type { CopyState } from './copy-book.ts'
import type { OpenCopy } from './open-copy.ts'

/**
 * What becomes of a copy, from what the log says of its job. The same for a job that ends under our eyes and for one that
 * a crash left behind; what is not clear counts.
 */

/** Whether so many commands sent are as many as make it count for good. */
export function hasPassedCommit({ commitAt }: OpenCopy, commandsSent: number): boolean {
  return commandsSent >= commitAt
}

/**
 * The states that are due for a copy, in order; none while its job may still go on. `isLeftBehind`: nothing more comes of
 * its job but what the log says already, because whoever had it is gone.
 */
export function dueStates(copy: OpenCopy, isLeftBehind: boolean): readonly CopyState[] {
  const { closed, isOpened, isDisarmed, state } = copy
  if (closed !== null) return afterEnd(copy, closed)
  if (isOpened || state === 'printing') return isLeftBehind ? ['uncertain'] : []
  return isDisarmed || isLeftBehind ? ['returned'] : []
}

function afterEnd(copy: OpenCopy, { outcome, code, commandsSent }: Ending): readonly CopyState[] {
  const isCommitted = copy.state === 'printing' || hasPassedCommit(copy, commandsSent)
  const made: readonly CopyState[] = copy.state === 'printing' ? ['printed'] : ['printing', 'printed']
  if (outcome === 'printed') return made
  // Where the link was lost, nobody knows what the printer did with what it was given; what that was is known.
  const isCountKnown = outcome === 'stopped' || code === 'port-lost'
  if (!isCountKnown || (isCommitted && outcome !== 'stopped')) return ['uncertain']
  return isCommitted || copy.onAbort === 'spend' ? made : ['returned']
}

type Ending = NonNullable<OpenCopy['closed']>
