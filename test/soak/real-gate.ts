import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Prng } from '../../agent/sim/prng.ts'
import { endProcesses, newFolder, type Running, removeFolders, run, start, until } from '../system/command.ts'
import { type Host, openSerial, openTcp } from '../system/gate-hosts.ts'
import { isSteady } from './growth.ts'

/**
 * The built gate between real ptys, for as long as one likes: hosts come by pty and by TCP, print, are refused a line,
 * hang up in mid-job, and come again, while memory and descriptors of the gate's process are looked at.
 */

const SAMPLE_EVERY_MS = 10_000
const TELL_EVERY_MS = 60_000
/** The part of the time before samples count. */
const WARM_PART = 0.2
/** Resident memory moves with the collector. A leak of a few bytes a line is more than this in ten minutes. */
const RSS_GROWTH_BYTES_MAX = 20_000_000
const LINES_MAX = 400

interface Place {
  readonly config: string
  readonly link: string
  readonly tcpPort: number
  readonly gate: Running
}

interface Samples {
  readonly rss: number[]
  readonly descriptors: number[]
}

/** Runs for so many minutes. Answers whether memory and descriptors stayed as they were. */
export async function soakGate(minutes: number): Promise<boolean> {
  try {
    const place = await startPlace()
    const samples = await traffic(place, minutes * 60_000)
    const isMemorySteady = isSteady('memory in bytes', samples.rss, RSS_GROWTH_BYTES_MAX)
    return isSteady('descriptors', samples.descriptors, 0) && isMemorySteady
  } finally {
    await endProcesses()
    removeFolders()
  }
}

async function startPlace(): Promise<Place> {
  const folder = newFolder()
  const printer = join(folder, 'printer')
  const sim = start(['sim', '--json', '--link', printer, '--speed', 'max'])
  await until('the printer', () => sim.stdout().includes('}'))
  const link = join(folder, 'gate')
  const config = join(folder, 'gate.yaml')
  const settings = {
    printer: { port: printer },
    host: { link, tcp: '127.0.0.1:0', jobs: 'any' },
    policy: 'maker-space',
    state: join(folder, 'state'),
    log: 'silent',
  }
  writeFileSync(config, JSON.stringify(settings))
  const gate = start(['serve', '--config', config, '--json'])
  const told = await until('the gate', () => {
    if (gate.stderr() !== '') throw new Error(gate.stderr())
    return gate.stdout().trimEnd().endsWith('}') && (JSON.parse(gate.stdout()) as { places: string[] })
  })
  const tcp = told.places.find((place) => place.startsWith('tcp:'))
  return { config, link, tcpPort: Number(/:(\d+)$/.exec(tcp ?? '')?.[1]), gate }
}

async function traffic(place: Place, forMs: number): Promise<Samples> {
  const prng = new Prng(Date.now())
  const samples: Samples = { rss: [], descriptors: [] }
  const startedAtMs = Date.now()
  let sampledAtMs = startedAtMs
  let toldAtMs = startedAtMs
  let prints = 0
  while (Date.now() - startedAtMs < forMs) {
    await printOnce(place, prng)
    prints++
    const nowMs = Date.now()
    if (nowMs - sampledAtMs < SAMPLE_EVERY_MS) continue
    sampledAtMs = nowMs
    const sample = look(place.gate.pid)
    if (nowMs - startedAtMs >= forMs * WARM_PART) {
      samples.rss.push(sample.rss)
      samples.descriptors.push(sample.descriptors)
    }
    if (nowMs - toldAtMs < TELL_EVERY_MS) continue
    toldAtMs = nowMs
    const minute = Math.round((nowMs - startedAtMs) / 60_000)
    const megabytes = (sample.rss / 1e6).toFixed(1)
    console.log(`minute ${minute}: ${prints} prints, ${megabytes} MB, ${sample.descriptors} descriptors`)
  }
  return samples
}

/** What the process holds: resident bytes and open descriptors. */
function look(pid: number): { rss: number; descriptors: number } {
  const kibibytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return { rss: Number(kibibytes) * 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length }
}

/** One host that comes and goes. One in eight hangs up in mid-job, one in eight is refused a line. */
async function printOnce(place: Place, prng: Prng): Promise<void> {
  const host = await (prng.below(2) === 0 ? openSerial(place.link) : openTcp(place.tcpPort))
  // Where the host before hung up, nothing is answered until it is known what became of its job.
  await host.say('M105')
  await clear(place)
  const fate = prng.below(8)
  const lines = jobLines(20 + prng.below(LINES_MAX), fate === 0, prng)
  const isNumbered = prng.below(3) > 0
  const printing = host.print(lines, { isNumbered, damageEvery: isNumbered ? 50 : 0 })
  if (fate === 1) await hangUp(host, printing)
  else await printing
  await host.close()
}

async function hangUp(host: Host, printing: Promise<unknown>): Promise<void> {
  const over = printing.catch(() => {})
  await Promise.race([over, new Promise((resolve) => setTimeout(resolve, 20))])
  await host.close()
}

async function clear(place: Place): Promise<void> {
  const { status, stderr } = await run(['clear', '--config', place.config])
  if (status !== 0 && !stderr.includes('nothing is blocked')) throw new Error(stderr)
}

function jobLines(count: number, isRefused: boolean, prng: Prng): readonly string[] {
  const lines = ['M104 S40', 'G28', 'G1 Z0.3 F600']
  for (let i = 0; i < count; i++)
    lines.push(`G1 X${10 + prng.below(50)}.${i} Y${10 + prng.below(50)} E${i * 0.02} F6000`)
  lines.push('M105', 'M104 S0')
  if (isRefused) lines.splice(3 + prng.below(count), 0, 'M104 S400')
  return lines
}
