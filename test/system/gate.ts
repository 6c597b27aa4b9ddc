/** The inline gate as a command of its own, in front of a simulated printer, and the ways to ask it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import { askGate, controlSocketPath, type GateStatus } from '../../agent/control/index.ts'
import { type Ended, type Running, run, start, until } from './command.ts'
import type { Printer } from './printer.ts'
import { logRecords, type Site } from './site.ts'

/** What a test's configuration says beside the defaults: one printer, a link and a TCP port, any job, few waits. */
export interface GateSetUp {
  readonly policy?: string
  readonly printer?: Readonly<Record<string, unknown>>
  readonly host?: Readonly<Record<string, unknown>>
  readonly stop?: Readonly<Record<string, unknown>>
  readonly log?: string
  readonly answers?: Readonly<Record<string, unknown>>
  readonly incidents?: Readonly<Record<string, unknown>>
  readonly privacy?: Readonly<Record<string, unknown>>
}

export interface Gate {
  /** Path of the configuration. */
  readonly config: string
  /** Where hosts find the virtual port. */
  readonly link: string
  readonly command: Running
  /** What the gate told once hosts could connect. */
  readonly told: { readonly places: readonly string[]; readonly control: string }
  readonly tcpPort: number
  /** Asks the gate that runs: `status`, `arm JOB ..` and so on. */
  ask(...args: readonly string[]): Promise<Ended>
  status(): Promise<GateStatus>
  /** Waits until the gate's state is one of these, and answers with its status. */
  untilState(...states: readonly GateStatus['state'][]): Promise<GateStatus>
  /** Lifts the latch, as a person does who has looked. */
  clear(): Promise<void>
}

/** Between two questions to a gate. */
const ASK_EVERY_MS = 50
const PATIENCE_MS = 30_000

/** Writes a configuration for the site's gate, and answers with its path. JSON is YAML. */
export function writeConfig(site: Site, port: string, setUp: GateSetUp = {}): string {
  const config = {
    printer: { port, ...setUp.printer },
    host: { link: join(site.folder, 'gate'), tcp: '127.0.0.1:0', jobs: 'any', ...setUp.host },
    policy: setUp.policy ?? 'maker-space',
    state: site.state,
    log: setUp.log ?? 'silent',
    ...(setUp.stop !== undefined && { stop: setUp.stop }),
    ...(setUp.answers !== undefined && { answers: setUp.answers }),
    ...(setUp.incidents !== undefined && { incidents: setUp.incidents }),
    ...(setUp.privacy !== undefined && { privacy: setUp.privacy }),
  }
  const path = join(site.folder, 'gate.yaml')
  writeFileSync(path, JSON.stringify(config, null, 2))
  return path
}

/** Starts a gate and waits until hosts can connect. */
export async function startGate(
  site: Site,
  port: string,
  setUp: GateSetUp = {},
  under: readonly string[] = [],
): Promise<Gate> {
  const config = writeConfig(site, port, setUp)
  const command = start(['serve', '--config', config, '--json'], { under })
  const told = await until('the gate', () => {
    const text = command.stdout()
    if (text.trimEnd().endsWith('}')) return JSON.parse(text) as Gate['told']
    if (command.stderr().startsWith('portcullis: ')) throw new Error(command.stderr())
    return undefined
  })
  return gateAt(site, config, command, told)
}

function gateAt(site: Site, config: string, command: Running, told: Gate['told']): Gate {
  const ask = (...args: readonly string[]): Promise<Ended> => run([...args, '--config', config])
  // What `portcullis status` asks, without a process for each question.
  const status = async (): Promise<GateStatus> => {
    const answer = await askGate(controlSocketPath(site.state), { do: 'status' })
    if (!answer.ok || answer.status === undefined) throw new Error(JSON.stringify(answer))
    return answer.status
  }
  return {
    config,
    link: join(site.folder, 'gate'),
    command,
    told,
    tcpPort: Number(/:(\d+)$/.exec(told.places.find((place) => place.startsWith('tcp:')) ?? '')?.[1] ?? 0),
    ask,
    status,
    untilState: async (...states) => {
      const deadlineMs = Date.now() + PATIENCE_MS
      for (;;) {
        const seen = await status()
        if (states.includes(seen.state)) return seen
        if (Date.now() > deadlineMs) throw new Error(`the gate is ${seen.state}, not ${states.join(' or ')}`)
        await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS))
      }
    },
    clear: async () => {
      const { status: exit, stderr } = await ask('clear')
      expect(stderr).toBe('')
      expect(exit).toBe(0)
    },
  }
}

/** Commands of the journal from the given one on, without the questions that everyone asks. */
export function commandsFrom(printer: Printer, first: number): readonly string[] {
  return printer
    .commands()
    .slice(first)
    .filter((command) => command !== 'M105')
}

const canonicalOf = new Map<string, readonly string[]>()

/** What a file says, by `read`: its commands in their canonical form. */
export async function canonicalCommands(file: string): Promise<readonly string[]> {
  const known = canonicalOf.get(file)
  if (known !== undefined) return known
  const { stdout } = await run(['read', file, '--json'])
  const commands = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).canonical as string)
    .filter((canonical) => canonical !== '')
  canonicalOf.set(file, commands)
  return commands
}

/** Records of one kind in the site's log. */
export async function recordsOf(site: Site, kind: string): Promise<readonly Record<string, unknown>[]> {
  return (await logRecords(site)).filter((record) => record['kind'] === kind)
}

/**
 * Waits until the records of one kind are like these. What happens is told to people at once, and is on record a moment
 * after.
 */
export async function expectRecords(site: Site, kind: string, like: readonly object[]): Promise<void> {
  await vi.waitFor(async () => expect(await recordsOf(site, kind)).toMatchObject(like), {
    timeout: PATIENCE_MS,
    interval: ASK_EVERY_MS,
  })
}

/** Waits until the last record of one kind is like this. */
export async function expectLast(site: Site, kind: string, like: object): Promise<void> {
  await vi.waitFor(async () => expect((await recordsOf(site, kind)).at(-1)).toMatchObject(like), {
    timeout: PATIENCE_MS,
    interval: ASK_EVERY_MS,
  })
}
