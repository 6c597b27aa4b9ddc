import { spawnSync } from 'node:child_process'
import { performance } from 'node:perf_hooks'

/** One measurement beside its reference. */
export interface Row {
  readonly name: string
  readonly unit: string
  readonly value: number
  readonly reference: string
  readonly referenceValue: number
  readonly ratio: number
}

/** What a whole process took. */
export interface ProcessCost {
  readonly cpuMs: number
  readonly wallMs: number
  readonly peakRssMb: number
}

/** Makes a child tell its own use of the machine when it ends, on a descriptor that nothing else writes to. */
const TELL =
  "data:text/javascript,import fs from 'node:fs';process.on('exit',()=>{const u=process.resourceUsage();" +
  'fs.writeSync(3,JSON.stringify({cpuMs:(u.userCPUTime%2Bu.systemCPUTime)/1000,peakRssMb:u.maxRSS/1024}))})'

/** Runs `node ARGS` to its end. Throws where it fails: a cost of something that did not work means nothing. */
export function costOf(args: readonly string[], statuses: readonly number[] = [0]): ProcessCost {
  const startedMs = performance.now()
  const run = spawnSync(process.execPath, ['--import', TELL, ...args], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 20,
  })
  const wallMs = performance.now() - startedMs
  if (run.status === null || !statuses.includes(run.status))
    throw new Error(`${args.join(' ')} ended with ${run.status}: ${run.stderr}`)
  const told: unknown = JSON.parse(String(run.output[3]))
  if (!isTold(told)) throw new Error('the child told no cost')
  return { ...told, wallMs }
}

function isTold(value: unknown): value is { cpuMs: number; peakRssMb: number } {
  return typeof value === 'object' && value !== null && 'cpuMs' in value && 'peakRssMb' in value
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** Wall time of a command in ms, the median of several runs. */
export function wallMs(args: readonly string[], runs: number): number {
  const times: number[] = []
  for (let i = 0; i < runs; i++) {
    const startedMs = performance.now()
    const run = spawnSync(process.execPath, args, { stdio: 'ignore' })
    if (run.status !== 0) throw new Error(`${args.join(' ')} ended with ${run.status}`)
    times.push(performance.now() - startedMs)
  }
  return median(times)
}
