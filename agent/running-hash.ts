import { createHash } from 'node:crypto'
import type { RunningHash } from './core/index.ts'

/** SHA-256 that can be looked at while it goes on: the core knows no crypto. */
export function runningHash(): RunningHash {
  const hash = createHash('sha256')
  return { update: (bytes) => hash.update(bytes), peek: () => hash.copy().digest('hex') }
}
