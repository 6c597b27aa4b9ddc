/**
 * The witness over HTTP: `POST /add-checkpoint` as C2SP tlog-witness says, and two pages to look at. Nobody is asked who
 * they are, because a log's signature is all that counts; so everything that a stranger can make it do is bounded.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { AgentError, InvariantError, systemErrorCode, systemReason } from '../errors.ts'
import { printNoteKey } from '../verify/index.ts'
import { SUBMISSION_BYTES_MAX } from './submission.ts'
import type { SeenLog, Witness, WitnessAnswer, WitnessLogger } from './witness.ts'

/** The printers of a workshop, each with a connection that it keeps, many times over. */
const CONNECTIONS_MAX = 128
/** One address must not take all of them. */
const CONNECTIONS_PER_ADDRESS_MAX = 32
/** A client says what it wants at once. */
const HEADERS_MS = 5000
/** 64 kB over a poor wireless link. */
const REQUEST_MS = 15_000
/** Longer than a busy log waits between two heads. */
const KEEP_ALIVE_MS = 65_000
/** Nothing goes either way on a connection for so long: it is given up. */
const SILENT_MS = KEEP_ALIVE_MS + 5000
/** How often Node looks for requests that take too long. */
const LOOK_EVERY_MS = 1000
/** We read two headers. */
const HEADER_BYTES_MAX = 8192
/** What is under way at the end gets so long. */
const LEAVE_MS = 5000

const SUBMIT_PATH = '/add-checkpoint'
const LATEST_PATH = /^\/checkpoint\/([0-9a-f]{64})$/
const TEXT_TYPE = 'text/plain; charset=utf-8'

export interface WitnessAddress {
  readonly host: string
  readonly port: number
}

/** Times in milliseconds, for tests that do not wait. */
export interface WitnessServerLimits {
  readonly headersMs?: number
  readonly requestMs?: number
  readonly leaveMs?: number
}

export interface WitnessServer {
  /** Where it listens, as a client's policy writes it: `http://192.0.2.7:8780`. */
  readonly url: string
  /** How many requests are under way. */
  busy(): number
  /** Takes no more requests, lets those under way end, and then hangs up. */
  close(): Promise<void>
}

/** Serves the witness; port 0 takes any free one. Throws PORT_BUSY, PORT_MISSING or PORT_REFUSED. */
export async function serveWitness(
  witness: Witness,
  address: WitnessAddress,
  logger: WitnessLogger,
  limits: WitnessServerLimits = {},
): Promise<WitnessServer> {
  const server = createServer({
    headersTimeout: limits.headersMs ?? HEADERS_MS,
    requestTimeout: limits.requestMs ?? REQUEST_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: Math.min(LOOK_EVERY_MS, limits.headersMs ?? LOOK_EVERY_MS),
    maxHeaderSize: HEADER_BYTES_MAX,
    noDelay: true,
  })
  server.maxConnections = CONNECTIONS_MAX
  // A client that does not take its answer.
  server.setTimeout(SILENT_MS)
  limitAddresses(server)
  const desk = new Desk(server)
  server.on('request', (request, response) => {
    desk.began(response)
    void answerRequest(witness, request, response).catch((error: unknown) => {
      if (error instanceof InvariantError) throw error
      logger.warn({ reason: systemReason(error) }, 'a request was given up')
      response.destroy()
    })
  })
  const url = await listen(server, address)
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    await desk.close(limits.leaveMs ?? LEAVE_MS)
    await witness.close()
  }
  return {
    url,
    busy: () => desk.busy,
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

/** Who is being served, so that the end need not wait for those who are not. */
class Desk {
  readonly #server: Server
  #done: () => void = () => {}
  busy = 0

  constructor(server: Server) {
    this.#server = server
  }

  began(response: ServerResponse): void {
    this.busy++
    response.once('close', () => {
      this.busy--
      if (this.busy === 0) this.#done()
    })
  }

  /** Takes nobody new, lets the requests under way end for so long, and hangs up. */
  async close(leaveMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, leaveMs)
      this.#done = () => {
        clearTimeout(timer)
        resolve()
      }
      if (this.busy === 0) this.#done()
    })
    this.#server.closeAllConnections()
    await closed
  }
}

async function answerRequest(
  witness: Witness,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path = ''] = (request.url ?? '').split('?', 1)
  if (path === SUBMIT_PATH) {
    if (request.method !== 'POST') return sendMethodRefusal(response, 'POST')
    const body = await readBody(request)
    if (body === 'gone') return
    if (body === 'too long') {
      response.setHeader('connection', 'close')
      return send(response, 413, TEXT_TYPE, `a body has at most ${SUBMISSION_BYTES_MAX} bytes\n`)
    }
    const answer: WitnessAnswer = await witness.addCheckpoint(body)
    return send(response, answer.status, answer.type, answer.body)
  }
  const [, hash] = LATEST_PATH.exec(path) ?? []
  if (path !== '/' && hash === undefined) return send(response, 404, TEXT_TYPE, 'there is nothing here\n')
  if (request.method !== 'GET' && request.method !== 'HEAD') return sendMethodRefusal(response, 'GET, HEAD')
  if (hash === undefined) return send(response, 200, TEXT_TYPE, describeWitness(witness))
  const note = witness.latest(hash)
  if (note === null) return send(response, 404, TEXT_TYPE, 'this witness has cosigned no such log\n')
  send(response, 200, TEXT_TYPE, note)
}

/** The whole body, unless it is too long, of which no more is read, or its sender leaves. */
function readBody(request: IncomingMessage): Promise<Buffer | 'too long' | 'gone'> {
  return new Promise((resolve) => {
    const parts: Buffer[] = []
    let length = 0
    if (Number(request.headers['content-length'] ?? 0) > SUBMISSION_BYTES_MAX) return resolve('too long')
    request.on('data', (part: Buffer) => {
      length += part.length
      if (length > SUBMISSION_BYTES_MAX) {
        request.pause()
        return resolve('too long')
      }
      parts.push(part)
    })
    request.once('end', () => resolve(Buffer.concat(parts)))
    request.once('error', () => resolve('gone'))
    request.once('close', () => resolve('gone'))
  })
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  const bytes = Buffer.from(body, 'utf8')
  response.writeHead(status, {
    'content-type': type,
    'content-length': bytes.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(bytes)
}

function sendMethodRefusal(response: ServerResponse, allowed: string): void {
  response.setHeader('allow', allowed)
  // Its body is not read: the connection has no next request.
  response.setHeader('connection', 'close')
  send(response, 405, TEXT_TYPE, `this place takes ${allowed}\n`)
}

/** The page for people: what it is called, its key, and how far it has seen each log. */
function describeWitness(witness: Witness): string {
  const { key } = witness.signer
  const logs = witness.logs().map((log) => `  ${describeLog(log)}\n`)
  return showable(
    `a witness of transparency logs (c2sp.org/tlog-witness)\n\n` +
      `name  ${key.name}\nkey   ${printNoteKey(key)}\n\n` +
      `logs that it knows\n${logs.length === 0 ? '  none\n' : logs.join('')}`,
  )
}

/** One log in a line. */
export function describeLog({ origin, size, timeSeconds, problem }: SeenLog): string {
  if (problem !== null) return `${origin}  refused: ${problem}`
  if (size === null || timeSeconds === null) return `${origin}  never seen`
  return `${origin}  ${size} records, seen ${new Date(timeSeconds * 1000).toISOString().slice(0, 19)}Z`
}

/** Somebody looks at it in a terminal: nothing that one would obey. */
function showable(text: string): string {
  return text.replace(/[^\n\P{C}]|[\p{Zl}\p{Zp}]/gu, '?')
}

function limitAddresses(server: Server): void {
  const counts = new Map<string, number>()
  server.on('connection', (socket: Socket) => {
    const from = socket.remoteAddress
    if (from === undefined) return void socket.destroy()
    const count = (counts.get(from) ?? 0) + 1
    counts.set(from, count)
    socket.once('close', () => {
      const left = (counts.get(from) ?? 1) - 1
      if (left === 0) counts.delete(from)
      else counts.set(from, left)
    })
    if (count > CONNECTIONS_PER_ADDRESS_MAX) socket.destroy()
  })
}

async function listen(server: Server, { host, port }: WitnessAddress): Promise<string> {
  const name = (bound: number): string => `http://${host.includes(':') ? `[${host}]` : host}:${bound}`
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(name(port), error)))
    server.listen({ host, port, exclusive: true }, resolve)
  })
  server.removeAllListeners('error')
  // Accepting can fail for want of descriptors; the client sees that by itself and the next may fare better.
  server.on('error', () => {})
  const bound = server.address()
  return name(typeof bound === 'object' && bound !== null ? bound.port : port)
}

function listenError(name: string, cause: Error): AgentError {
  switch (systemErrorCode(cause)) {
    case 'EADDRINUSE':
      return new AgentError('PORT_BUSY', `\`${name}\` is in use by another program`, { cause })
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new AgentError('PORT_MISSING', `this machine has no address \`${name}\``, { cause })
    default:
      return new AgentError('PORT_REFUSED', `cannot listen at \`${name}\`: ${systemReason(cause)}`, { cause })
  }
}
