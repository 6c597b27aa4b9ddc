import { safeStopLines } from './core/index.ts'
import type { SafeStopScript } from './serial/index.ts'

/** How long the guard gives the printer to report its heaters off before it sends the emergency stop. */
const GUARD_LIMIT_MS = 8_000

/** What the guard process sends when the agent dies: the dialect's safe stop, for these tools. */
export function guardScript(tools: readonly number[]): SafeStopScript {
  const { dropMoves, breakWait, heatersOff, poll, emergency } = safeStopLines(tools)
  return { breakWait: [dropMoves, breakWait], heatersOff, poll, emergency, limitMs: GUARD_LIMIT_MS }
}
