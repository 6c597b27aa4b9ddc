/**
 * One request to a witness, and what its answer comes to. The witness may be anybody by now, so an answer is bounded in
 * size and time, and is followed nowhere.
 */

import { systemErrorCode } from '../errors.ts'
import { CHECKPOINT_BYTES_MAX } from '../log-format/index.ts'
import { isProblem, type NoteSignature, parseSignatureLines, parseSize } from '../verify/index.ts'
import { originHash } from './origin-store.ts'

/** The cosignatures of a witness with many keys. */
const ANSWER_BYTES_MAX = 16 * 1024
/** A size of 16 digits. */
const SIZE_BYTES_MAX = 32
const SIZE_TYPE = 'text/x.tlog.size'

export type RequestOutcome =
  | { readonly kind: 'signed'; readonly signatures: readonly NoteSignature[] }
  /** 409: the witness knows another size, or another root. Null if it does not say which size. */
  | { readonly kind: 'conflict'; readonly size: number | null }
  /** 422: the proof does not lead from what the witness knows to what it was shown. */
  | { readonly kind: 'inconsistent' }
  | { readonly kind: 'failed'; readonly why: string }

/** What else a witness says, and what to do about it. */
const STATUS_WORDS: Readonly<Record<number, string>> = {
  400: 'it does not understand the request',
  403: 'it trusts another key for this log; give its operator this one',
  404: 'it does not know this log; give its operator the key',
  500: 'what it knows of this log is damaged; ask its operator',
}

/** What a failed connection means. */
const CONNECTION_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens at its address',
  ECONNRESET: 'it hung up',
  UND_ERR_SOCKET: 'it hung up',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name cannot be looked up now',
  ENETUNREACH: 'there is no way to its network',
  EHOSTUNREACH: 'there is no way to it',
  ETIMEDOUT: 'it does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
}

/** A connection that was kept may have been given up by the witness, which was started anew: that tells nothing of it. */
const HUNG_UP: readonly string[] = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']

/** Sends a body to `POST <prefix>/add-checkpoint`. Never rejects. */
export async function requestCosignature(
  prefix: string,
  body: string,
  signal: AbortSignal,
): Promise<RequestOutcome> {
  try {
    return await askForCosignature(prefix, body, signal)
  } catch (error) {
    if (!HUNG_UP.includes(codeOf(error) ?? '')) return { kind: 'failed', why: reasonOf(error, signal) }
  }
  try {
    return await askForCosignature(prefix, body, signal)
  } catch (error) {
    return { kind: 'failed', why: reasonOf(error, signal) }
  }
}

async function askForCosignature(prefix: string, body: string, signal: AbortSignal): Promise<RequestOutcome> {
  const response = await fetch(`${prefix}/add-checkpoint`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'accept-encoding': 'identity' },
    redirect: 'manual',
    signal,
  })
  if (response.status === 409) return await readConflict(response)
  if (response.status === 200) {
    const signatures = parseSignatureLines((await readBounded(response, ANSWER_BYTES_MAX)).toString('utf8'))
    return isProblem(signatures)
      ? { kind: 'failed', why: `it does not answer as a witness: ${signatures.problem}` }
      : { kind: 'signed', signatures }
  }
  await drop(response)
  return response.status === 422
    ? { kind: 'inconsistent' }
    : { kind: 'failed', why: wordsOf(response.status) }
}

/** The latest note that a witness of ours has cosigned for a log; null where it does not say. Never rejects. */
export async function requestLatest(
  prefix: string,
  origin: string,
  signal: AbortSignal,
): Promise<Buffer | null> {
  try {
    const response = await fetch(`${prefix}/checkpoint/${originHash(origin)}`, {
      headers: { 'accept-encoding': 'identity' },
      redirect: 'manual',
      signal,
    })
    if (response.status === 200) return await readBounded(response, CHECKPOINT_BYTES_MAX)
    await drop(response)
    return null
  } catch {
    return null
  }
}

async function readConflict(response: Response): Promise<RequestOutcome> {
  const [type = ''] = (response.headers.get('content-type') ?? '').split(';', 1)
  if (type.trim().toLowerCase() !== SIZE_TYPE) {
    await drop(response)
    return { kind: 'conflict', size: null }
  }
  const text = (await readBounded(response, SIZE_BYTES_MAX)).toString('latin1')
  const size = text.endsWith('\n') ? parseSize(text.slice(0, -1)) : null
  return size === null ? { kind: 'failed', why: 'it says a size that is none' } : { kind: 'conflict', size }
}

async function readBounded(response: Response, bytesMax: number): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response.body ?? []) {
    const bytes: Uint8Array = part
    length += bytes.length
    // To leave the loop hangs up.
    if (length > bytesMax) throw new TooLong()
    parts.push(bytes)
  }
  return Buffer.concat(parts)
}

class TooLong extends Error {}

/** Reads no more of it. */
async function drop(response: Response): Promise<void> {
  await response.body?.cancel()
}

function wordsOf(status: number): string {
  if (status >= 300 && status < 400) return 'it refers to another address, which is not followed'
  return STATUS_WORDS[status] ?? `it answers with status ${status}`
}

function reasonOf(error: unknown, signal: AbortSignal): string {
  if (error instanceof TooLong) return 'its answer is too long'
  if (signal.aborted) return 'it does not answer in time'
  const cause = error instanceof Error ? error.cause : undefined
  const code = systemErrorCode(cause) ?? systemErrorCode(error)
  return (
    CONNECTION_WORDS[code ?? ''] ?? `the connection to it failed${code === undefined ? '' : ` (${code})`}`
  )
}

/** What `fetch` puts around the reason. */
function codeOf(error: unknown): string | undefined {
  return systemErrorCode(error instanceof Error ? error.cause : undefined) ?? systemErrorCode(error)
}
