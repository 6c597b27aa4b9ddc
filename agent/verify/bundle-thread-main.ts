/** The program of the threads that check bundles: takes ranges, answers reports, in order. */
import { parentPort, workerData } from 'node:worker_threads'
import { z } from 'zod'
import { AgentError, assert } from '../errors.ts'
import { checkBundleFiles } from './bundle-files.ts'
import type { BundleRange, ThreadAnswer } from './bundle-pool.ts'
import { LogFolder } from './folder.ts'

const { dir } = z.object({ dir: z.string() }).parse(workerData)
const folder = new LogFolder(dir)
const port = parentPort
assert(port !== null, 'the program runs as a thread')

port.on('message', ({ from, to }: BundleRange) => {
  port.postMessage(answer(from, to))
})

function answer(from: number, to: number): ThreadAnswer {
  try {
    const reports = Array.from({ length: to - from }, (_, i) => checkBundleFiles(folder, from + i))
    return { reports }
  } catch (error) {
    if (error instanceof AgentError) return { trouble: error.message }
    throw error
  }
}
