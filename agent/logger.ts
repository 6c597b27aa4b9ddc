import { destination, type Logger, pino } from 'pino'
import { showableJson } from '../gcode/index.ts'

/** What the agent tells whoever runs it: to standard error, as JSON lines, apart from the audit log, which is evidence. */

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

/** The part of a logger that the composition uses. */
export type AgentLogger = Pick<Logger, 'debug' | 'info' | 'warn'>

/**
 * Makes the logger. Synchronous, so that the last lines before a fault are there. What a printer says stands in escapes
 * where a terminal would obey it.
 */
export function createLogger(level: LogLevel): AgentLogger {
  const stderr = destination({ dest: 2, sync: true })
  return pino({ name: 'portcullis', level }, { write: (line) => void stderr.write(showableJson(line)) })
}
