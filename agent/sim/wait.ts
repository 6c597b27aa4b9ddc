/**
 * What keeps a command from being done at once. The printer asks a wait whether it is over and when to look again;
 * while one lasts, no later command runs and the host hears `busy`.
 */

import type { Planner } from './planner.ts'

/** What the host is told every two seconds. */
export type BusyState = 'processing' | 'paused for user'

/** What became of a command: done (an `ok` follows), answered by itself, or a wait first. */
export type Outcome = 'done' | 'answered' | Wait

/** One reason to wait. */
export interface Wait {
  readonly busy: BusyState
  isOver(nowMs: number): boolean
  /** When to look again; Infinity where only a person or the host can end it. */
  nextLookMs(nowMs: number): number
  /** M108: ends waits for heat and for people. */
  breakOff?(): void
  /** M410: what was waiting to move does not. */
  quickstop?(): void
  /** What the command does when the wait is over. */
  goOn(): Outcome
}

const NOTHING_MORE = (): Outcome => 'done'

/** Waits for a free block of the planner, then plans the move. M410 drops the move. */
export function untilRoom(planner: Planner, goOn: () => Outcome): Wait {
  let isDropped = false
  return {
    busy: 'processing',
    isOver: (nowMs) => isDropped || planner.hasRoom(nowMs),
    nextLookMs: () => planner.roomAtMs,
    quickstop: () => {
      isDropped = true
    },
    goOn: () => (isDropped ? 'done' : goOn()),
  }
}

/** Waits until every planned move is done. */
export function untilStill(planner: Planner, goOn: () => Outcome = NOTHING_MORE): Wait {
  return {
    busy: 'processing',
    isOver: (nowMs) => planner.endMs <= nowMs,
    nextLookMs: () => planner.endMs,
    goOn,
  }
}

/** Waits until a time. */
export function untilTime(endMs: number, goOn: () => Outcome = NOTHING_MORE): Wait {
  return { busy: 'processing', isOver: (nowMs) => nowMs >= endMs, nextLookMs: () => endMs, goOn }
}

/** Waits for a person, for M108, or until a time if one is given. */
export function untilPerson(endMs: number): Wait {
  let isBroken = false
  return {
    busy: 'paused for user',
    isOver: (nowMs) => isBroken || nowMs >= endMs,
    nextLookMs: () => endMs,
    breakOff: () => {
      isBroken = true
    },
    goOn: NOTHING_MORE,
  }
}
