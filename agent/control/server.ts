/**
 * The gate's side of the control socket. Whatever a client sends or fails to send, the gate goes on: it is bounded in
 * bytes, in time and in number, and a handler that throws has answered.
 */
import net from 'node:net'
import type { ZodError } from 'zod'
import { AgentError, InvariantError } from '../errors.ts'
import { claimSocket } from './claim-socket.ts'
import { JsonLines, parseJsonLine } from './json-lines.ts'
import {
  ANSWER_BYTES_MAX,
  type ControlAnswer,
  type ControlRequest,
  controlRequest,
  type GateControl,
  MESSAGE_CHARS_MAX,
  REQUEST_BYTES_MAX,
} from './messages.ts'

/** A person's command and a few programs that watch. */
const CONNECTIONS_MAX = 8

/** Our own client sends its line at once. */
const REQUEST_MS = 5000

/** Within it an answer has left, before our own fault ends the process. */
const FAIL_AFTER_MS = 50

/** Within it a client takes its answer, or goes without. */
const LEAVE_MS = 5000

export interface ControlServer {
  readonly path: string
  /** Hangs up on everybody and gives the place up. */
  close(): Promise<void>
}

/** Serves requests at a socket that only this user can connect to. Throws as `claimSocket` does. */
export async function serveControl(path: string, control: GateControl): Promise<ControlServer> {
  const desk = new Desk(control)
  // Half open: a client that has no more to say still gets its answer. To one that waits for `arm` its end is all that
  // tells that it has gone, so there it counts as that.
  const server = net.createServer({ allowHalfOpen: true }, (socket) => desk.greet(socket))
  // Accepting can fail for want of descriptors; the client sees that by itself and the next may fare better.
  server.on('error', () => {})
  const giveUp = await claimSocket(server, path)
  let closing: Promise<void> | undefined
  const close = async () => {
    await giveUp()
    const ended = new Promise<void>((resolve) => server.close(() => resolve()))
    desk.leave()
    await ended
  }
  return {
    path,
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

class Desk {
  readonly #control: GateControl
  readonly #sockets = new Set<net.Socket>()
  #isArming = false

  constructor(control: GateControl) {
    this.#control = control
  }

  greet(socket: net.Socket): void {
    // That a client has gone is told by the close; there is nothing more to say to it.
    socket.on('error', () => {})
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    if (this.#sockets.size <= CONNECTIONS_MAX) this.#listen(socket)
    else sendAnswer(socket, refusal('USAGE', `the gate answers ${CONNECTIONS_MAX} others; ask again`))
  }

  leave(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #listen(socket: net.Socket): void {
    const lines = new JsonLines(REQUEST_BYTES_MAX)
    const stopListening = () => {
      clearTimeout(timer)
      socket.removeAllListeners('data')
    }
    const refuse = (message: string) => {
      stopListening()
      sendAnswer(socket, refusal('USAGE', message))
    }
    const timer = setTimeout(() => refuse(`no request came within ${REQUEST_MS / 1000} s`), REQUEST_MS)
    socket.once('end', () => refuse('no request came'))
    socket.once('close', stopListening)
    socket.on('data', (bytes) => {
      const fits = lines.push(bytes, (line) => {
        stopListening()
        socket.removeAllListeners('end')
        void this.#answer(socket, line)
        return false
      })
      if (!fits) refuse(`the request is longer than the limit of ${REQUEST_BYTES_MAX} bytes`)
    })
  }

  async #answer(socket: net.Socket, line: Buffer): Promise<void> {
    const gone = new AbortController()
    const abort = () => gone.abort()
    for (const event of ['end', 'close']) socket.once(event, abort)
    // What else it sends is nothing to us, but must be read for its end to be seen.
    socket.resume()
    const request = controlRequest.safeParse(parseJsonLine(line))
    const answer = request.success
      ? await this.#ask(request.data, socket, gone.signal).catch((error) => {
          // A gate that no longer knows its own state must not go on; whoever asked is answered all the same.
          if (error instanceof InvariantError) setTimeout(() => fail(error), FAIL_AFTER_MS)
          return answerOfError(error)
        })
      : refusal('USAGE', whyNot(request.error))
    // A client that goes once it is answered interrupts nothing.
    for (const event of ['end', 'close']) socket.off(event, abort)
    sendAnswer(socket, answer)
  }

  async #ask(request: ControlRequest, socket: net.Socket, signal: AbortSignal): Promise<ControlAnswer> {
    const control = this.#control
    switch (request.do) {
      case 'status': {
        const status = control.status()
        return { ok: true, message: `the gate is ${status.state}`, status }
      }
      case 'arm':
        // An inspection takes a process and its memory: those of one job are enough.
        if (this.#isArming)
          return refusal('USAGE', 'another job is being inspected; ask again when it is done')
        this.#isArming = true
        try {
          return await control.arm(request, (bytes) => sendProgress(socket, bytes), signal)
        } finally {
          this.#isArming = false
        }
      case 'disarm':
        return await control.disarm(request.by)
      case 'clear':
        return await control.clear(request.by)
      case 'stop':
        return await control.stop(request.by, request.reason)
      case 'record':
        return await control.record(request.record)
      case 'refund':
        return await control.refund(request.token)
      case 'erase':
        return await control.erase(request.subject, request.by, request.force === true)
    }
  }
}

/** Progress is for whoever keeps up with it. */
function sendProgress(socket: net.Socket, bytes: number): void {
  if (socket.writable && socket.writableLength === 0) socket.write(`${JSON.stringify({ progress: bytes })}\n`)
}

/** The last thing that is said to a client. */
function sendAnswer(socket: net.Socket, answer: ControlAnswer): void {
  if (!socket.writable) return void socket.destroy()
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), LEAVE_MS)
  socket.once('close', () => clearTimeout(timer))
  // Once it is written it is with the client, whatever becomes of this end.
  socket.end(answerLine(answer), () => socket.destroy())
}

/** Within what a client reads: the sentence always is, a decision may not be. */
function answerLine(answer: ControlAnswer): string {
  const bounded = { ...answer, message: answer.message.slice(0, MESSAGE_CHARS_MAX) }
  const line = `${JSON.stringify(bounded)}\n`
  if (Buffer.byteLength(line) <= ANSWER_BYTES_MAX) return line
  const { decision: _, ...short } = bounded
  return `${JSON.stringify(short)}\n`
}

/** What is wrong with a name that somebody wrote is told; all else our own client gets right. */
function whyNot({ issues }: ZodError): string {
  const told = issues.find(({ code }) => code === 'custom')
  return told?.message ?? 'the gate does not understand this request; is it of another version?'
}

function refusal(code: string, message: string): ControlAnswer {
  return { ok: false, code, message }
}

function fail(error: InvariantError): never {
  throw error
}

function answerOfError(error: unknown): ControlAnswer {
  // One line: only the parts of a sentence that came from outside can hold a line end.
  if (error instanceof AgentError) return refusal(error.code, error.sentences.join('; '))
  return refusal(
    'INTERNAL',
    `internal fault of the gate: ${error instanceof Error ? error.message : String(error)}`,
  )
}
