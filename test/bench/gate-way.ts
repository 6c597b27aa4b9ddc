import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunningWay, Way } from './latency-rig.ts'

/** The whole gate as people run it: every line read, judged, put on record and written anew. `command` is the built one. */
export function gateWay(folder: string, command: string): Way {
  return {
    name: 'gate',
    // Moves need a known position. Nothing heats: a host that left a hot machine would have no job begun after it.
    preamble: ['G28', 'G92 E0'],
    start: (printer) => startGate(folder, command, 'gate', 'any', printer),
  }
}

/** The same where jobs must be armed: the trips are moves without filament, and no job is open. */
export function idleGateWay(folder: string, command: string): Way {
  return {
    name: 'gate without a job',
    preamble: ['G28'],
    travels: true,
    start: (printer) => startGate(folder, command, 'idle-gate', 'armed', printer),
  }
}

/** State folder of the gate of `idleGateWay`. */
export function idleGateState(folder: string): string {
  return join(folder, 'idle-gate-state')
}

async function startGate(
  folder: string,
  command: string,
  name: string,
  jobs: string,
  printer: string,
): Promise<RunningWay> {
  const path = join(folder, name)
  const config = join(folder, `${name}.yaml`)
  const lines = [
    `printer: { port: ${printer} }`,
    `host: { link: ${path}, jobs: ${jobs} }`,
    'policy: open-bench',
    `state: ${join(folder, `${name}-state`)}`,
    'log: error',
  ]
  writeFileSync(config, `${lines.join('\n')}\n`)
  const child = spawn(process.execPath, [command, 'serve', '--config', config, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const isOpen = await Promise.race([
    once(child.stdout, 'data').then(() => true),
    once(child, 'exit').then(() => false),
  ])
  if (!isOpen) throw new Error('the gate did not start')
  return { path, processes: [child] }
}
