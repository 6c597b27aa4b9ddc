/** Asks the gate that runs, over its control socket. */
import { lstat } from 'node:fs/promises'
import net from 'node:net'
import { dirname } from 'node:path'
import { AgentError, systemErrorCode, systemReason } from '../errors.ts'
import { JsonLines, parseJsonLine } from './json-lines.ts'
import {
  ANSWER_BYTES_MAX,
  type ControlAnswer,
  type ControlRequest,
  controlAnswer,
  controlProgress,
  controlRequest,
} from './messages.ts'
import { requireSocketPath } from './socket-path.ts'

/** How long an answer takes at most: a status none, an act its record and a safe stop, a job its inspection. */
const ANSWER_MS = {
  status: 10_000,
  disarm: 60_000,
  clear: 60_000,
  stop: 60_000,
  arm: 40 * 60_000,
  record: 60_000,
  erase: 10 * 60_000,
  /** It looks for the copy in the whole log. */
  refund: 10 * 60_000,
} as const

/**
 * Sends a request to the gate at `path` and resolves with its answer. Throws `AgentError`: USAGE where no gate runs or
 * the request cannot be one, STATE_UNUSABLE where what is there is no gate's, INTERRUPTED where it did not answer or
 * `signal` was raised.
 */
export async function askGate(
  path: string,
  request: ControlRequest,
  progress: (bytes: number) => void = () => {},
  signal?: AbortSignal,
): Promise<ControlAnswer> {
  const checked = controlRequest.safeParse(request)
  if (!checked.success) throw badRequest(request, String(checked.error.issues[0]?.path.join('.') ?? ''))
  requireSocketPath(path)
  await requireOwnSocket(path)
  return await new Promise((resolve, reject) => {
    const lines = new JsonLines(ANSWER_BYTES_MAX)
    const socket = net.connect({ path })
    const settle = (outcome: ControlAnswer | AgentError) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', interrupt)
      socket.destroy()
      if (outcome instanceof AgentError) reject(outcome)
      else resolve(outcome)
    }
    const interrupt = () => settle(new AgentError('INTERRUPTED', 'interrupted before the gate answered'))
    const timer = setTimeout(() => {
      const message = `the gate did not answer within ${ANSWER_MS[request.do] / 1000} s`
      settle(new AgentError('INTERRUPTED', message))
    }, ANSWER_MS[request.do])
    signal?.addEventListener('abort', interrupt)
    if (signal?.aborted) interrupt()
    socket.on('connect', () => socket.write(`${JSON.stringify(request)}\n`))
    socket.on('data', (bytes) => {
      const fits = lines.push(bytes, (line) => {
        const outcome = readLine(line, progress)
        if (outcome !== undefined) settle(outcome)
        return outcome === undefined
      })
      if (!fits) settle(notUnderstood())
    })
    socket.on('error', (error) => settle(connectError(path, error)))
    socket.on('close', () =>
      settle(new AgentError('INTERRUPTED', 'the gate hung up before it answered; see `portcullis status`')),
    )
  })
}

/** The answer, or undefined for a line that tells progress. */
function readLine(line: Buffer, progress: (bytes: number) => void): ControlAnswer | AgentError | undefined {
  const value = parseJsonLine(line)
  const report = controlProgress.safeParse(value)
  if (report.success) return void progress(report.data.progress)
  const answer = controlAnswer.safeParse(value)
  return answer.success ? answer.data : notUnderstood()
}

/** A licence goes only to a gate: to a socket of this user, or of the one that root asks for. */
async function requireOwnSocket(path: string): Promise<void> {
  const stats = await lstat(path).catch((error: unknown) => {
    throw connectError(path, error)
  })
  if (!stats.isSocket()) throw new AgentError('STATE_UNUSABLE', `\`${path}\` is not the socket of a gate`)
  const user = process.geteuid?.()
  if (user !== 0 && user !== stats.uid) throw connectError(path, { code: 'EACCES' })
}

function connectError(path: string, error: unknown): AgentError {
  const folder = dirname(path)
  switch (systemErrorCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ECONNREFUSED':
      return new AgentError(
        'USAGE',
        `no gate is running for state folder \`${folder}\`; start it with \`portcullis serve\`, or name its folder with --state`,
        { cause: error },
      )
    case 'EACCES':
    case 'EPERM':
      return new AgentError(
        'USAGE',
        `the gate of state folder \`${folder}\` belongs to another user; ask as that user, or with sudo`,
        { cause: error },
      )
    default: {
      const message = `the gate of state folder \`${folder}\` cannot be asked: ${systemReason(error)}`
      return new AgentError('STATE_UNUSABLE', message, { cause: error })
    }
  }
}

function badRequest(request: ControlRequest, member: string): AgentError {
  const message = `\`${member}\` of a request to \`${request.do}\` is empty, too long, or not plain text`
  return new AgentError('USAGE', message)
}

function notUnderstood(): AgentError {
  const message = 'the gate gave an answer that cannot be understood; is it of another version'
  return new AgentError('STATE_UNUSABLE', message)
}
