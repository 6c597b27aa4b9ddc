/**
 * The shared secret that a client of a TCP link shows before anything else: its first line is `Bearer <secret>`.
 * Whoever can read the network can read it too; it keeps out who merely reaches the port.
 */

import { createHash, timingSafeEqual } from 'node:crypto'
import type net from 'node:net'
import { assert } from '../errors.ts'

/** The longest first line, without its end. */
const LINE_BYTES_MAX = 256

/** A program sends its secret as soon as it has connected. */
const LINE_WAIT_MS = 5000

/**
 * The shortest secret. So much is not guessed however often it is tried, and nobody need be turned away for the wrong
 * secrets of others: all programs of a machine, and a whole network behind one router, come from one address.
 */
export const SECRET_CHARS_MIN = 16

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

/** Why a client is sent away, in a line that hosts show. */
const WRONG = 'echo:the secret is wrong or missing'

export type SecretVerdict =
  | { readonly ok: true /** What came after the first line. */; readonly rest: Buffer }
  | { readonly ok: false; readonly line: string }

/** Judges first lines. One guess is one first line, and one connection. */
export class SecretKeeper {
  readonly #digest: Buffer

  constructor(secret: string) {
    const line = Buffer.from(`Bearer ${secret}`)
    assert(secret.length >= SECRET_CHARS_MIN, 'a secret is too long to be guessed')
    assert(line.length <= LINE_BYTES_MAX, 'a secret fits in its line')
    assert(!/[\r\n]/.test(secret), 'a secret is one line')
    this.#digest = digestOf(line)
  }

  /** Judges what a client sent so far; undefined while more must come. */
  judge(received: Buffer): SecretVerdict | undefined {
    const end = received.indexOf(NEWLINE)
    const hasCarriageReturn = end > 0 && received[end - 1] === CARRIAGE_RETURN
    const line = received.subarray(0, end === -1 ? undefined : hasCarriageReturn ? end - 1 : end)
    if (line.length > LINE_BYTES_MAX + (end === -1 ? 1 : 0)) return { ok: false, line: WRONG }
    if (end === -1) return undefined
    // Digests have one length whatever was sent, and comparing them takes the same time wherever they differ.
    if (timingSafeEqual(digestOf(line), this.#digest)) return { ok: true, rest: received.subarray(end + 1) }
    return { ok: false, line: WRONG }
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
    const verdict = keeper.judge(received)
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
