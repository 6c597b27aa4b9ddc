/**
 * Checks bundle after bundle, in order: side by side in threads of their own where the log is large and the program of
 * the threads is known, else here.
 */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { AgentError } from '../errors.ts'
import type { BundleReport } from './bundle.ts'
import { checkBundleFiles } from './bundle-files.ts'
import type { LogFolder } from './folder.ts'

/** A thread takes a tenth of a second to start: as long as this many bundles take. */
const THREADS_FROM_BUNDLES = 128
/** More threads than this wait for the disk. */
const THREADS_MAX = 8
/** Bundles in one message, and messages under way for each thread: so that none of them waits for the next. */
const BUNDLES_A_MESSAGE = 8
const MESSAGES_AHEAD = 2

/** A thread makes much and keeps nothing: a larger nursery for its objects only takes memory. */
const NURSERY_MB = 8

/** Bundles from `from` up to `to`. */
export interface BundleRange {
  readonly from: number
  readonly to: number
}

/** What a thread answers for each range. */
export type ThreadAnswer = { readonly reports: readonly BundleReport[] } | { readonly trouble: string }

/** Yields the report on each bundle from `from` up to `to`, in order. */
export async function* checkBundles(
  folder: LogFolder,
  from: number,
  to: number,
  program: string | undefined,
): AsyncGenerator<BundleReport, void> {
  if (program === undefined || to - from < THREADS_FROM_BUNDLES) {
    for (let bundle = from; bundle < to; bundle++) {
      // Whoever shares this thread gets a turn between bundles.
      await new Promise(setImmediate)
      yield checkBundleFiles(folder, bundle)
    }
    return
  }
  const size = Math.min(THREADS_MAX, Math.max(1, availableParallelism()))
  const threads = Array.from({ length: size }, () => new Thread(program, folder.dir))
  try {
    yield* checkInThreads(threads, from, to)
  } finally {
    await Promise.all(threads.map((thread) => thread.end()))
  }
}

async function* checkInThreads(
  threads: readonly Thread[],
  from: number,
  to: number,
): AsyncGenerator<BundleReport, void> {
  const ahead: Promise<readonly BundleReport[]>[] = []
  let [next, turn] = [from, 0]
  const ask = (): void => {
    const thread = threads[turn++ % threads.length]
    if (thread === undefined || next >= to) return
    const range = { from: next, to: Math.min(to, next + BUNDLES_A_MESSAGE) }
    next = range.to
    const answer = thread.check(range)
    // Looked at in its turn; if the thread ends before that, it is no surprise.
    answer.catch(() => undefined)
    ahead.push(answer)
  }
  for (let i = 0; i < threads.length * MESSAGES_AHEAD; i++) ask()
  for (let answer = ahead.shift(); answer !== undefined; answer = ahead.shift()) {
    const reports = await answer
    ask()
    yield* reports
  }
}

interface Wait {
  readonly resolve: (reports: readonly BundleReport[]) => void
  readonly reject: (error: Error) => void
}

/** A thread, which answers in the order in which it is asked. */
class Thread {
  readonly #worker: Worker
  readonly #waits: Wait[] = []
  #trouble: Error | null = null

  constructor(program: string, dir: string) {
    this.#worker = new Worker(program, {
      workerData: { dir },
      resourceLimits: { maxYoungGenerationSizeMb: NURSERY_MB },
    })
    this.#worker.on('message', (answer: ThreadAnswer) => {
      if ('trouble' in answer) this.#fail(new AgentError('STATE_UNUSABLE', answer.trouble))
      else this.#waits.shift()?.resolve(answer.reports)
    })
    this.#worker.on('error', (error) => this.#fail(threadEnded(dir, error)))
    this.#worker.on('exit', () => this.#fail(threadEnded(dir)))
  }

  check(range: BundleRange): Promise<readonly BundleReport[]> {
    return new Promise((resolve, reject) => {
      if (this.#trouble !== null) reject(this.#trouble)
      else this.#waits.push({ resolve, reject })
      this.#worker.postMessage(range)
    })
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }

  #fail(error: Error): void {
    this.#trouble ??= error
    for (const { reject } of this.#waits.splice(0)) reject(this.#trouble)
  }
}

function threadEnded(dir: string, cause?: unknown): AgentError {
  const why = cause instanceof Error ? `: ${cause.message}` : ''
  return new AgentError('STATE_UNUSABLE', `the check of log \`${dir}\` broke off${why}`, { cause })
}
