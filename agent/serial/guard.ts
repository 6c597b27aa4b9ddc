/**
 * The agent's side of the guard: a small process that holds the port's descriptor and sends the safe stop when the
 * agent dies, however it dies. The agent's end of a pipe is all that keeps the guard quiet, and the kernel closes it
 * with the agent.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import net from 'node:net'
import { AgentError, assert } from '../errors.ts'
import { type SafeStopScript, safeStopScript } from './safe-stop-script.ts'

/** Starting Node takes 50 ms on a desk and a second on a small board under load. */
const READY_MS = 10_000

/** A guard that is told to leave only has to exit. */
const LEAVE_MS = 2000

/** All that a guard ever says. */
const READY = 'ready\n'

export interface GuardOptions {
  /** The port's descriptor. While the guard has it, the port stays locked and open, also after the agent's death. */
  readonly descriptor: number
  /** The path of the guard's program. */
  readonly program: string
  readonly script: SafeStopScript
  /** Told once when the guard ends without having been asked to: from then on nothing watches over the heaters. */
  readonly lost?: (reason: string) => void
}

export interface Guard {
  readonly pid: number
  /** Sends the guard away without a safe stop. Resolves when it has gone and its hold on the port with it. */
  disarm(): Promise<void>
}

/**
 * Starts a guard. Resolves when it is ready: heat nothing before. Throws `AgentError` GUARD_FAILED.
 * An agent that ends without `disarm`, even in good order, is dead to the guard.
 */
export async function startGuard(options: GuardOptions): Promise<Guard> {
  assert(
    safeStopScript.safeParse(options.script).success,
    'a safe stop consists of plain commands in its limits',
  )
  const child = start(options)
  // A guard that is gone is told by its exit; that it can no longer be written to says nothing new.
  child.stdin?.on('error', () => {})
  child.stdin?.write(`${JSON.stringify(options.script)}\n`)
  await readiness(child)
  return new ChildGuard(child, options.lost ?? (() => {}))
}

class ChildGuard implements Guard {
  readonly pid: number
  readonly #child: ChildProcess
  #leaving: Promise<void> | undefined

  constructor(child: ChildProcess, lost: (reason: string) => void) {
    assert(child.pid !== undefined, 'a process that answered has a number')
    this.pid = child.pid
    this.#child = child
    child.once('exit', (code, signal) => {
      if (this.#leaving === undefined) lost(endOf(code, signal))
    })
    // The guard must not keep the agent from ending: that would be the tail wagging the dog.
    child.unref()
    child.stdout?.destroy()
    if (child.stdin instanceof net.Socket) child.stdin.unref()
  }

  disarm(): Promise<void> {
    this.#leaving ??= this.#leave()
    return this.#leaving
  }

  async #leave(): Promise<void> {
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null) return
    child.ref()
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), LEAVE_MS)
      child.once('exit', () => {
        clearTimeout(timer)
        resolve()
      })
      child.stdin?.end('disarm\n')
    })
  }
}

function start(options: GuardOptions): ChildProcess {
  try {
    return spawn(process.execPath, [options.program], {
      // A session of its own: what is sent to the agent's terminal or process group does not reach it.
      detached: true,
      cwd: '/',
      // Nothing in the environment, NODE_OPTIONS above all, can change what the guard does.
      env: {},
      stdio: ['pipe', 'pipe', 'ignore', options.descriptor],
    })
  } catch (cause) {
    throw guardFailed(String(cause), cause)
  }
}

function readiness(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let answer = ''
    let isSettled = false
    const settle = (failure?: AgentError) => {
      if (isSettled) return
      isSettled = true
      clearTimeout(timer)
      if (failure === undefined) return resolve()
      child.kill('SIGKILL')
      reject(failure)
    }
    const timer = setTimeout(() => {
      settle(guardFailed(`it was not ready within ${READY_MS / 1000} s`))
    }, READY_MS)
    // These stay: an error that nobody hears would end the agent.
    child.on('error', (error) => settle(guardFailed(error.message, error)))
    child.on('exit', (code, signal) => settle(guardFailed(endOf(code, signal))))
    child.stdout?.on('data', (bytes: Buffer) => {
      answer += bytes.toString('latin1')
      if (answer === READY) settle()
      else if (!READY.startsWith(answer)) settle(guardFailed('it gave an answer that is not its own'))
    })
  })
}

function guardFailed(reason: string, cause?: unknown): AgentError {
  const message = `cannot start the guard that turns the heaters off: ${reason}`
  return new AgentError('GUARD_FAILED', message, { cause })
}

function endOf(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `it ended with status ${code ?? 'unknown'}` : `it was ended by ${signal}`
}
