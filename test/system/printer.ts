/** The simulated printer as a command of its own, and what its journal says. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JournalRecord } from '../../agent/sim/index.ts'
import { newFolder, type Running, start, until } from './command.ts'

export interface PrinterOptions {
  readonly over?: 'pty' | 'tcp'
  /** Where the port is, in place of a folder of its own. */
  readonly link?: string
  readonly speed?: string
  readonly faults?: readonly string[]
  /** What it says of itself. */
  readonly uuid?: string
}

/** A printer that waits for a host. */
export interface Printer {
  /** What `--port` takes. */
  readonly port: string
  readonly command: Running
  journal(): readonly JournalRecord[]
  /** The commands that it executed, as it writes them. */
  commands(): readonly string[]
  receivedBytes(): number
  /** The last target of each heater; none where it was never set. */
  targets(): Readonly<Record<string, number>>
}

/** Starts `portcullis sim` and waits until it can be opened. */
export async function startPrinter(options: PrinterOptions = {}): Promise<Printer> {
  const folder = newFolder()
  const journalPath = join(folder, 'journal.jsonl')
  const where =
    options.over === 'tcp' ? ['--tcp', '127.0.0.1:0'] : ['--link', options.link ?? join(folder, 'printer')]
  const faults = (options.faults ?? []).flatMap((fault) => ['--fault', fault])
  const speed = ['--speed', options.speed ?? 'max']
  const uuid = options.uuid === undefined ? [] : ['--uuid', options.uuid]
  const command = start(['sim', '--json', '--journal', journalPath, ...where, ...speed, ...faults, ...uuid])
  const { path } = await until('the printer', () => readDocument(command.stdout()))
  const journal = (): readonly JournalRecord[] => readJournal(journalPath)
  return {
    port: path,
    command,
    journal,
    commands: () => journal().flatMap((record) => (record.kind === 'command' ? [record.text] : [])),
    receivedBytes: () =>
      journal().reduce((sum, record) => sum + (record.kind === 'received' ? record.hex.length / 2 : 0), 0),
    targets: () => lastTargets(journal()),
  }
}

function readDocument(text: string): { readonly path: string } | undefined {
  return text.trimEnd().endsWith('}') ? JSON.parse(text) : undefined
}

/** The last line may be half written while the printer runs. */
function readJournal(path: string): readonly JournalRecord[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  return lines.slice(0, -1).map((line) => JSON.parse(line))
}

function lastTargets(journal: readonly JournalRecord[]): Readonly<Record<string, number>> {
  const targets: Record<string, number> = {}
  for (const record of journal) {
    if (record.kind === 'event' && record.name === 'target')
      targets[String(record['heater'])] = Number(record['celsius'])
  }
  return targets
}

/** Whether every heater that was ever on was told to be off. */
export function isCold(printer: Printer): boolean {
  return Object.values(printer.targets()).every((celsius) => celsius === 0)
}

/** Another program that holds a lock on the port's device, as a terminal program does. */
export async function holdPort(port: string): Promise<ChildProcess> {
  const holder = spawn('flock', ['--nonblock', port, 'sh', '-c', 'echo held; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  })
  await new Promise<void>((resolve, reject) => {
    holder.stdout?.once('data', () => resolve())
    holder.once('exit', () => reject(new Error('flock could not hold the port')))
  })
  return holder
}
