/**
 * The ledger of an issuer: one line for each thing that it signed or called back, appended and synced before the token
 * leaves this process. Each line names the digest of the one before it, so that a damaged ledger is noticed and not
 * counted by. A last line without an end was never acknowledged, and is cut off.
 */
import { createHash } from 'node:crypto'
import { AgentError, systemReason } from '../errors.ts'
import { type LedgerEntry, readLine, writeLine } from './ledger-entry.ts'
import { LedgerState } from './ledger-state.ts'

/** Some hundred thousand licences; beyond it an issuer takes a new folder. */
export const LEDGER_BYTES_MAX = 64 * 1024 * 1024

/** A licence for 64 machines with long names takes 14 KiB. */
const LINE_BYTES_MAX = 32 * 1024

/** What stands before the first line. */
const GENESIS = '0'.repeat(64)

/** The file as the ledger needs it: an interface, so that a test can make any single step fail. */
export interface LedgerFile {
  /** The whole of it; fails with EFBIG where it is larger than `bytesMax`. */
  read(bytesMax: number): Promise<Buffer>
  /** Answers how many bytes it took. */
  write(bytes: Uint8Array, position: number): Promise<number>
  /** Resolves once all that was written, and the file's name, survive a power cut. */
  sync(): Promise<void>
  truncate(length: number): Promise<void>
  close(): Promise<void>
}

/** Replays the text of a ledger. A last line without an end does not count. */
export function replayLedger(
  bytes: Buffer,
  path: string,
): { readonly state: LedgerState; readonly tip: string; readonly wholeBytes: number } {
  const state = new LedgerState()
  let tip = GENESIS
  let start = 0
  for (let number = 1; ; number++) {
    const end = bytes.indexOf(0x0a, start)
    if (end === -1) return { state, tip, wholeBytes: start }
    const text = bytes.toString('utf8', start, end)
    const line = end - start <= LINE_BYTES_MAX ? readLine(text) : undefined
    const problem = line === undefined ? 'it is no entry' : problemWith(line, tip, state)
    if (line === undefined || problem !== undefined) throw damaged(path, number, problem ?? '')
    state.apply(line.entry, line.atMs)
    tip = digestOf(text)
    start = end + 1
  }
}

function problemWith(
  line: { readonly prev: string; readonly entry: LedgerEntry },
  tip: string,
  state: LedgerState,
): string | undefined {
  return line.prev === tip ? state.problemWith(line.entry) : 'it does not follow the line before it'
}

function damaged(path: string, number: number, problem: string): AgentError {
  const message = `ledger \`${path}\` is damaged at line ${number}: ${problem}; put it back from a backup`
  return new AgentError('STATE_UNUSABLE', message)
}

/** The ledger, open for appending. There is one at a time: whoever opens it holds the folder's lock. */
export class Ledger {
  readonly state: LedgerState
  readonly #path: string
  readonly #file: LedgerFile
  #tip: string
  #endBytes: number
  #isBroken = false

  private constructor(path: string, file: LedgerFile, replayed: ReturnType<typeof replayLedger>) {
    this.#path = path
    this.#file = file
    this.state = replayed.state
    this.#tip = replayed.tip
    this.#endBytes = replayed.wholeBytes
  }

  /** Reads the ledger and cuts off a line that was never acknowledged. */
  static async open(path: string, file: LedgerFile): Promise<Ledger> {
    try {
      const bytes = await file.read(LEDGER_BYTES_MAX)
      const replayed = replayLedger(bytes, path)
      if (replayed.wholeBytes < bytes.length) await file.truncate(replayed.wholeBytes)
      // What an earlier command wrote without an answer from the disk must not be counted by before it is durable.
      await file.sync()
      return new Ledger(path, file, replayed)
    } catch (error) {
      if (error instanceof AgentError) throw error
      const message = `ledger \`${path}\` cannot be read: ${systemReason(error)}`
      throw new AgentError('STATE_UNUSABLE', message, { cause: error })
    }
  }

  /** Resolves once the entry survives a power cut. Fails with USAGE where it breaks a rule, and then nothing is written. */
  async append(entry: LedgerEntry, atMs: number): Promise<void> {
    const problem = this.state.problemWith(entry)
    if (problem !== undefined) throw new AgentError('USAGE', problem)
    const text = writeLine(entry, atMs, this.#tip)
    const bytes = Buffer.from(`${text}\n`)
    if (bytes.length > LINE_BYTES_MAX || this.#endBytes + bytes.length > LEDGER_BYTES_MAX) {
      throw new AgentError('STATE_UNUSABLE', `ledger \`${this.#path}\` is full; keep a new issuer folder`)
    }
    if (readLine(text) === undefined) throw new AgentError('USAGE', 'this cannot stand in the ledger')
    if (this.#isBroken) throw this.#unwritable(new Error('an earlier write failed'))
    try {
      await this.#write(bytes)
      await this.#file.sync()
    } catch (error) {
      this.#isBroken = true
      await this.#undo()
      throw this.#unwritable(error)
    }
    this.state.apply(entry, atMs)
    this.#tip = digestOf(text)
    this.#endBytes += bytes.length
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.length; ) {
      const taken = await this.#file.write(bytes.subarray(written), this.#endBytes + written)
      if (taken === 0) throw Object.assign(new Error('no byte was taken'), { code: 'ENOSPC' })
      written += taken
    }
  }

  /** Where this fails too, the line stands or is cut off at the next opening: more may count than was signed, never less. */
  async #undo(): Promise<void> {
    try {
      await this.#file.truncate(this.#endBytes)
      await this.#file.sync()
    } catch {
      // The first failure is the one that is told.
    }
  }

  #unwritable(cause: unknown): AgentError {
    const message = `ledger \`${this.#path}\` cannot be written: ${systemReason(cause)}; nothing was signed`
    return new AgentError('STATE_UNUSABLE', message, { cause })
  }
}

function digestOf(line: string): string {
  return createHash('sha256').update(line).digest('hex')
}
