import type { StopReason } from './core/index.ts'

/** Why a job ended or a machine was stopped, as the log keeps it: the stable code, and the sentence. */
export function inWords(reason: StopReason): string {
  return `${reason.code}: ${reason.message}`
}
