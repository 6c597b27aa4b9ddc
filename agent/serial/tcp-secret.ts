/**
 * The shared secret that a client of a TCP link shows before anything else: its first line is `Bearer <secret>`.
 * Whoever can read the network can read it too; it keeps out who merely reaches the port.
 */

import { createHash, timingSafeEqual } from 'node:crypto'
import net from 'node:net'
import { assert } from '../errors.ts'

/** The longest first line, without its end. */
const LINE_BYTES_MAX = 256

/** A program sends its secret as soon as it has connected. */
const LINE_WAIT_MS = 5000

/** Guesses that one network may make in a minute. Even a short secret then stands for years, a person's typing errors pass. */
const GUESSES_MAX = 10
const GUESSES_WINDOW_MS = 60_000

/** Networks whose guesses are remembered; the one that was heard of first is forgotten first. */
const NETWORKS_MAX = 1024

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

/** Why a client is sent away, in a line that hosts show. */
const WRONG = 'echo:the secret is wrong or missing'
const TOO_MANY = 'echo:too many wrong secrets came from there, try again in a minute'

export type SecretVerdict =
  | { readonly ok: true /** What came after the first line. */; readonly rest: Buffer }
  | { readonly ok: false; readonly line: string }

/** Judges first lines. One guess is one first line: what is not compared cannot be learnt from. */
export class SecretKeeper {
  readonly #digest: Buffer
  readonly #nowMs: () => number
  /** When each network guessed wrong in the last minute. */
  readonly #guesses = new Map<string, number[]>()

  constructor(secret: string, nowMs: () => number = () => performance.now()) {
    const line = Buffer.from(`Bearer ${secret}`)
    assert(secret !== '' && line.length <= LINE_BYTES_MAX, 'a secret fits in its line')
    assert(!/[\r\n]/.test(secret), 'a secret is one line')
    this.#digest = digestOf(line)
    this.#nowMs = nowMs
  }

  /** Judges what a client sent so far; undefined while more must come. `address` is where it comes from. */
  judge(received: Buffer, address: string): SecretVerdict | undefined {
    const end = received.indexOf(NEWLINE)
    const hasCarriageReturn = end > 0 && received[end - 1] === CARRIAGE_RETURN
    const line = received.subarray(0, end === -1 ? undefined : hasCarriageReturn ? end - 1 : end)
    if (line.length > LINE_BYTES_MAX + (end === -1 ? 1 : 0)) return { ok: false, line: WRONG }
    if (end === -1) return undefined
    const guesses = this.#recentGuesses(networkOf(address))
    if (guesses.length >= GUESSES_MAX) return { ok: false, line: TOO_MANY }
    // Digests have one length whatever was sent, and comparing them takes the same time wherever they differ.
    if (timingSafeEqual(digestOf(line), this.#digest)) return { ok: true, rest: received.subarray(end + 1) }
    this.#remember(networkOf(address), guesses)
    return { ok: false, line: WRONG }
  }

  #recentGuesses(network: string): number[] {
    const sinceMs = this.#nowMs() - GUESSES_WINDOW_MS
    return (this.#guesses.get(network) ?? []).filter((atMs) => atMs > sinceMs)
  }

  #remember(network: string, guesses: number[]): void {
    this.#guesses.delete(network)
    this.#guesses.set(network, [...guesses, this.#nowMs()])
    const [oldest] = this.#guesses.keys()
    if (this.#guesses.size > NETWORKS_MAX && oldest !== undefined) this.#guesses.delete(oldest)
  }
}

/**
 * Reads a connection's first line and tells what became of it, once; nothing when the connection ends before. It is
 * left paused. Returns what gives the connection up.
 */
export function askForSecret(
  socket: net.Socket,
  keeper: SecretKeeper,
  told: (verdict: SecretVerdict) => void,
): () => void {
  let received = Buffer.alloc(0)
  const hear = (bytes: Buffer) => {
    received = Buffer.concat([received, bytes])
    const verdict = keeper.judge(received, socket.remoteAddress ?? '')
    if (verdict !== undefined) finish(verdict)
  }
  const finish = (verdict: SecretVerdict) => {
    stop()
    socket.pause()
    told(verdict)
  }
  const stop = () => {
    clearTimeout(timer)
    socket.off('data', hear).off('close', stop)
  }
  const timer = setTimeout(finish, LINE_WAIT_MS, { ok: false, line: WRONG })
  socket.on('data', hear).on('close', stop)
  return () => {
    stop()
    socket.destroy()
  }
}

function digestOf(line: Uint8Array): Buffer {
  return createHash('sha256').update(line).digest()
}

/** Whoever has one IPv6 address has the other 2^64 of its network. */
function networkOf(address: string): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1]
  if (mapped !== undefined || !net.isIPv6(address)) return mapped ?? address
  const [head = '', tail] = address.replace(/%.*$/, '').split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0')
  return [...before, ...zeros, ...after].slice(0, 4).join(':')
}
