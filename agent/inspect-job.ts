/**
 * Inspects a job in a process of its own: the gate's side. The gate makes the empty copy, so that it owns it, and the
 * inspector fills it, surveys it and judges it. What comes back is small, comes in pieces, and is checked as if a
 * stranger had said it. Whatever becomes of the inspector, the gate goes on and the job is refused.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import os from 'node:os'
import type { Decision, DeclaredFacts, JobUser } from '../policies/index.ts'
import { AgentError } from './errors.ts'
import {
  DIGEST_BYTES,
  DIGESTS_BYTES_MAX,
  FINDING_BYTES_MAX,
  type Finding,
  finding,
  INSPECTOR_NICENESS,
  type Inspection,
} from './inspect-messages.ts'
import type { JobPlace } from './job-screening.ts'
import type { UsedLists } from './licence/index.ts'
import type { LicenceUse } from './licence-schema.ts'
import { type SealingKey, unseal } from './sealed/index.ts'
import { leaveIdleTime } from './serial/index.ts'
import { BLOCK_BYTES, type BlockDigests, readVerified, reserveSpool, type SpoolPlace } from './spool/index.ts'

/** What V8 may keep. A survey needs a tenth of it, whatever the file. */
const HEAP_MB_MAX = 256

export interface InspectJobOptions {
  /** Absolute path of the job's file. */
  readonly source: string
  /** What to call it. */
  readonly name: string
  readonly spoolDir: string
  /** Absolute path of the policy's file, and the digest of what the gate read there. */
  readonly policyPath: string
  readonly policySha256: string
  /** What opens a sealed job here. Where it is unset, nothing does. */
  readonly sealingKey?: SealingKey
  /** The licence with all that goes with it. */
  readonly licenceText?: string
  readonly declared?: DeclaredFacts
  readonly place: JobPlace
  readonly user?: JobUser
  readonly nowMs: number
  /** The path of the inspector's program. */
  readonly program: string
  readonly progress?: (bytes: number) => void
  readonly signal?: AbortSignal
  readonly limits?: InspectionLimits
}

export interface InspectionLimits {
  readonly timeMs: number
  /** Resident memory of the whole process. */
  readonly residentBytes: number
}

const LIMITS: InspectionLimits = {
  // A job of 2 GiB takes two minutes on a desk, and an hour of waiting helps nobody.
  timeMs: 30 * 60_000,
  // The heap, and 128 MB for code, buffers and the runtime.
  residentBytes: 384 * 1024 * 1024,
}

/** A process that grows without end is found before it has hurt, and looking costs nothing. */
const WATCH_MS = 250

export interface InspectedJob {
  /** Not in the log yet: `log` is null. */
  readonly decision: Decision
  /** The licence that it rests on; undefined where there was none, or none that verified. */
  readonly licence: LicenceUse | undefined
  /** Status lists that were looked at, whatever they say. */
  readonly lists: UsedLists
  readonly spooledPath: string
  /** For `readVerified`. */
  readonly blockDigests: BlockDigests
  /** Nothing that is told or recorded may quote it. */
  readonly isSealed: boolean
  /** Reads what was surveyed out of the copy, in clear, and nothing that was not. Throws SPOOL_CHANGED. */
  read(): AsyncGenerator<Uint8Array, void>
  readonly canonicalSha256: string
  readonly commands: number
  readonly tools: readonly number[]
  /** Removes the copy. A second call does nothing. */
  remove(): Promise<void>
}

/**
 * Copies a job into the spool, surveys and judges it. The caller removes the copy, also of a job that is denied.
 * Throws what an inspection throws (JOB_UNREADABLE, POLICY_INVALID, STATE_UNUSABLE), INTERRUPTED where `signal` was
 * raised, and JOB_UNREADABLE where the inspector broke off or went beyond a limit; none of them leaves a copy.
 */
export async function inspectJob(options: InspectJobOptions): Promise<InspectedJob> {
  if (options.signal?.aborted) throw interrupted(options.name)
  const place = await reserveSpool(options.spoolDir)
  try {
    return await inspectInto(place, options)
  } catch (error) {
    // What cannot be removed now is a leftover to the next process.
    await place.remove().catch(() => undefined)
    throw error
  }
}

async function inspectInto(place: SpoolPlace, options: InspectJobOptions): Promise<InspectedJob> {
  const inspector = new Inspector(options)
  const { decision, licence, lists, isSealed, bytes, sha256s } = await inspector.run(orderOf(place, options))
  const { canonicalSha256, commands } = decision.job
  const { name, sealingKey } = options
  const blockDigests = { bytes, sha256s }
  const verified = () => readVerified(place.path, blockDigests)
  return {
    decision,
    licence,
    lists,
    isSealed,
    read: () => (isSealed && sealingKey !== undefined ? unseal(name, verified(), sealingKey) : verified()),
    spooledPath: place.path,
    blockDigests,
    canonicalSha256,
    commands,
    tools: decision.facts.tools,
    remove: () => place.remove(),
  }
}

function orderOf(copy: SpoolPlace, options: InspectJobOptions): Inspection {
  const { source, name, policyPath, policySha256, sealingKey, licenceText, declared } = options
  const { place, user, nowMs } = options
  return {
    source,
    name,
    copyPath: copy.path,
    policyPath,
    policySha256,
    place,
    nowMs,
    ...(sealingKey !== undefined && { sealingKey }),
    ...(licenceText !== undefined && { licenceText }),
    ...(declared !== undefined && { declared }),
    ...(user !== undefined && { user }),
  }
}

interface Judged {
  readonly decision: Decision
  readonly licence: LicenceUse | undefined
  readonly lists: UsedLists
  readonly isSealed: boolean
  readonly bytes: number
  readonly sha256s: Uint8Array
}

/** One inspection: a process, and what it has said so far. */
class Inspector {
  readonly #options: InspectJobOptions
  readonly #limits: InspectionLimits
  #heard = ''
  #digests: Buffer[] = []
  #digestBytes = 0
  #outcome: Judged | AgentError | undefined

  constructor(options: InspectJobOptions) {
    this.#options = options
    this.#limits = options.limits ?? LIMITS
  }

  /** Resolves when the process has gone too: from then on nothing changes the copy. */
  async run(order: Inspection): Promise<Judged> {
    const child = this.#start()
    const end = (outcome: Judged | AgentError) => {
      this.#outcome ??= outcome
      child.kill('SIGKILL')
    }
    const ended = goneOf(child)
    const release = this.#watch(child, end)
    // That it can no longer be written to is told by its end.
    child.stdin?.on('error', () => {})
    child.stdin?.write(`${JSON.stringify(order)}\n`)
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#hear(text, end))
    const how = await ended
    release()
    const outcome = this.#outcome ?? this.#broken(how)
    if (outcome instanceof AgentError) throw outcome
    return outcome
  }

  #start(): ChildProcess {
    try {
      const child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MB_MAX}`, this.#options.program], {
        cwd: '/',
        // Nothing in the environment, NODE_OPTIONS above all, can change what it does.
        env: {},
        stdio: ['pipe', 'pipe', 'ignore'],
      })
      if (child.pid !== undefined) stepBack(child.pid)
      return child
    } catch (cause) {
      throw this.#broken(`its inspector cannot be started (${String(cause)})`)
    }
  }

  /** Ends the process where it takes too long or too much, or where nobody wants its answer any more. */
  #watch(child: ChildProcess, end: (outcome: AgentError) => void): () => void {
    const { signal, name } = this.#options
    const { timeMs, residentBytes } = this.#limits
    const interrupt = () => end(interrupted(name))
    const deadline = setTimeout(() => end(this.#broken(`it took longer than ${timeMs / 1000} s`)), timeMs)
    const watch = setInterval(async () => {
      if ((await residentBytesOf(child.pid)) <= residentBytes) return
      const limitMb = Math.round(residentBytes / 1024 / 1024)
      end(this.#broken(`it needed more memory than ${limitMb} MB`))
    }, WATCH_MS)
    signal?.addEventListener('abort', interrupt)
    // It may have been raised while the place for the copy was made.
    if (signal?.aborted) interrupt()
    return () => {
      clearTimeout(deadline)
      clearInterval(watch)
      signal?.removeEventListener('abort', interrupt)
    }
  }

  #hear(text: string, end: (outcome: Judged | AgentError) => void): void {
    if (this.#outcome !== undefined) return
    this.#heard += text
    for (let at = this.#heard.indexOf('\n'); at !== -1; at = this.#heard.indexOf('\n')) {
      const line = this.#heard.slice(0, at)
      this.#heard = this.#heard.slice(at + 1)
      const outcome = this.#take(line)
      if (outcome !== undefined) {
        end(outcome)
        return
      }
    }
    if (this.#heard.length > FINDING_BYTES_MAX) end(this.#broken('it said too much'))
  }

  #take(line: string): Judged | AgentError | undefined {
    const found = line.length > FINDING_BYTES_MAX ? undefined : readFinding(line)
    switch (found?.kind) {
      case 'progress':
        return void this.#options.progress?.(found.bytes)
      case 'digests':
        return this.#keep(Buffer.from(found.base64, 'base64'))
      case 'judged':
        return this.#judged(found)
      case 'failed':
        if (found.code !== null) return new AgentError(found.code, found.sentences)
        return this.#broken(`internal fault: ${found.sentences.join('; ')}`)
      case undefined:
        return this.#broken('it said what is not its to say')
    }
  }

  #keep(piece: Buffer): AgentError | undefined {
    this.#digests.push(piece)
    this.#digestBytes += piece.length
    return this.#digestBytes > DIGESTS_BYTES_MAX ? this.#broken('it said too much') : undefined
  }

  /** The decision must be about this job under this policy, with a digest for every block. */
  #judged({
    decision,
    licence,
    lists,
    isSealed,
    bytes,
  }: Finding & { readonly kind: 'judged' }): Judged | AgentError {
    const { name, policySha256 } = this.#options
    const blocks = Math.ceil(bytes / BLOCK_BYTES)
    const sha256s = Buffer.concat(this.#digests)
    const isAboutThis =
      decision.job.name === name && decision.policy.sha256 === policySha256 && decision.log === null
    const isOfThis = isSealed || decision.job.bytes === bytes
    if (isAboutThis && isOfThis && sha256s.length === blocks * DIGEST_BYTES)
      return { decision, licence, lists, isSealed, bytes, sha256s }
    return this.#broken('it decided about something else')
  }

  #broken(how: string): AgentError {
    const { name } = this.#options
    return new AgentError(
      'JOB_UNREADABLE',
      `job \`${name}\` could not be inspected, so it is refused: ${how}`,
    )
  }
}

/** Whatever a job costs, the line path comes first. Before the inspector has loaded its code, which is work as well. */
function stepBack(pid: number): void {
  leaveIdleTime(pid)
  // For systems that do not let us. The inspector does so too, for threads that were quicker.
  os.setPriority(pid, INSPECTOR_NICENESS)
}

function readFinding(line: string): Finding | undefined {
  try {
    return finding.parse(JSON.parse(line))
  } catch {
    return undefined
  }
}

/** How a process ended, in words. All that it said has been heard by then. */
function goneOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`its inspector cannot be started (${error.message})`))
    child.once('close', (code, signal) => {
      resolve(
        signal === null ? `its inspector ended with status ${code}` : `its inspector was ended by ${signal}`,
      )
    })
  })
}

/** 0 where it cannot be seen, as of a process that has just ended. */
async function residentBytesOf(pid: number | undefined): Promise<number> {
  try {
    const [, kilobytes] = /^VmRSS:\s*(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'latin1')) ?? []
    return Number(kilobytes ?? 0) * 1024
  } catch {
    return 0
  }
}

function interrupted(name: string): AgentError {
  return new AgentError('INTERRUPTED', `interrupted while job \`${name}\` was inspected`)
}
