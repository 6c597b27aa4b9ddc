import { destination, type Logger, pino } from 'pino'

/** What the agent tells whoever runs it: to standard error, as JSON lines, apart from the audit log, which is evidence. */

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

/** The part of a logger that the composition uses. */
export type AgentLogger = Pick<Logger, 'debug' | 'info' | 'warn'>

/** Makes the logger. Synchronous, so that the last lines before a fault are there. */
export function createLogger(level: LogLevel): AgentLogger {
  return pino({ name: 'portcullis', level }, destination({ dest: 2, sync: true }))
}
