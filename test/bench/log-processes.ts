import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { performance } from 'node:perf_hooks'

/** The processes that the benchmark of the log runs. */

/** Runs `node PROGRAM ARGS` to its end and answers the document that it wrote. Throws where it fails. */
export function runChild<Answer extends object>(program: string, args: readonly string[]): Answer {
  const run = spawnSync(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 24,
    encoding: 'utf8',
  })
  if (run.status !== 0) throw new Error(`${args.join(' ')} ended with ${run.status ?? run.signal}`)
  return JSON.parse(run.stdout) as Answer
}

/** How long `node ARGS` takes from its start to the first that it says, in ms. Ends it then, and waits for that. */
export async function untilFirstLine(args: readonly string[]): Promise<number> {
  const startedMs = performance.now()
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const hasSpoken = await Promise.race([
    once(child.stdout, 'data').then(() => true),
    exited.then(() => false),
  ])
  const ms = performance.now() - startedMs
  child.stdout.resume()
  child.kill('SIGTERM')
  await exited
  if (!hasSpoken) throw new Error(`${args.join(' ')} said nothing`)
  return ms
}
