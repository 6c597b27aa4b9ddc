/**
 * The composition keeps the promise of the core: over a real virtual serial port, no byte of a job is on the wire
 * before its record is durable, and without the record there is none at all.
 */

import { afterEach, describe, expect, test } from 'vitest'
import type { Receipt } from '../../agent/audit/index.ts'
import { closingLines, HELLO, preambleLines } from '../../agent/core/printer/marlin-lines.ts'
import type { DurableIndex } from '../../agent/durable-index.ts'
import { AgentError } from '../../agent/errors.ts'
import type { Recorder } from '../../agent/ledger.ts'
import type { AuditRecord } from '../../agent/log-format/index.ts'
import { type RunSessionOptions, runSession } from '../../agent/run-session.ts'
import { openPort } from '../../agent/serial/index.ts'
import type { Faults, JournalRecord } from '../../agent/sim/index.ts'
import { type Simulator, startSimulator } from '../../agent/simulator.ts'
import { MARLIN } from '../../gcode/index.ts'
import { ALLOW } from '../../policies/index.ts'
import { admittedAt } from '../admission.ts'
import { type CanonicalJob, jobOf } from './canonical.ts'

const PREAMBLE = preambleLines([])

const JOB = jobOf('G28', 'M104 S50', 'G1 X10 Y10 F3000', 'G1 X20 F1200')

type Kind = AuditRecord['kind']

/** A log whose disk the test holds in its hands. */
class HeldLog implements Recorder {
  readonly origin = 'portcullis/00000000000000000000000000000000'
  readonly records: AuditRecord[] = []
  private readonly holds: ReadonlySet<Kind>
  private readonly fails: ReadonlySet<Kind>
  private readonly held: (() => void)[] = []
  private waits: (() => void)[] = []

  constructor(options: { readonly holds?: readonly Kind[]; readonly fails?: readonly Kind[] } = {}) {
    this.holds = new Set(options.holds)
    this.fails = new Set(options.fails)
  }

  append(record: AuditRecord): Promise<Receipt> {
    const index = this.records.push(record) - 1
    for (const tell of this.waits.splice(0)) tell()
    if (this.fails.has(record.kind)) {
      return Promise.reject(new AgentError('AUDIT_UNWRITABLE', 'no space is left on the disk'))
    }
    const receipt = { origin: this.origin, index: index as DurableIndex, at: '2026-11-22T20:00:00.000Z' }
    if (!this.holds.has(record.kind)) return Promise.resolve(receipt)
    return new Promise((resolve) => this.held.push(() => resolve(receipt)))
  }

  /** Resolves when a record of this kind was asked for. */
  async asked(kind: Kind): Promise<void> {
    while (!this.records.some((record) => record.kind === kind)) {
      await new Promise<void>((resolve) => this.waits.push(resolve))
    }
  }

  /** The disk says that it has what waits. */
  release(): void {
    for (const resolve of this.held.splice(0)) resolve()
  }
}

interface Bench {
  readonly simulator: Simulator
  /** Commands that the printer ran. */
  commands(): string[]
  /** Resolves when the printer has sent a line that matches. */
  said(pattern: RegExp): Promise<void>
}

const simulators: Simulator[] = []

afterEach(async () => {
  for (const simulator of simulators.splice(0)) await simulator.stop()
})

async function printer(faults: Faults = {}): Promise<Bench> {
  const journal: JournalRecord[] = []
  let waits: (() => void)[] = []
  const simulator = await startSimulator({
    speed: 'max',
    faults,
    journal: (line) => {
      journal.push(JSON.parse(line))
      const told = waits
      waits = []
      for (const tell of told) tell()
    },
  })
  simulators.push(simulator)
  return {
    simulator,
    commands: () => journal.flatMap((record) => (record.kind === 'command' ? [record.text] : [])),
    said: async (pattern) => {
      while (!journal.some((record) => record.kind === 'sent' && pattern.test(record.text))) {
        await new Promise<void>((resolve) => waits.push(resolve))
      }
    },
  }
}

async function* blocksOf(job: CanonicalJob): AsyncGenerator<Uint8Array, void> {
  yield job.bytes
}

function options(bench: Bench, log: Recorder, more: Partial<RunSessionOptions> = {}): RunSessionOptions {
  return {
    portName: bench.simulator.path,
    baud: 115_200,
    table: MARLIN,
    judge: { judge: () => ALLOW },
    blocks: blocksOf(JOB),
    canonicalSha256: JOB.sha256,
    tools: [],
    isConfidential: false,
    commandsTotal: JOB.commands.length,
    log,
    jobId: 'job-1',
    admitted: admittedAt(0),
    guardProgram: undefined,
    ...more,
  }
}

const ignore = { line: () => undefined, end: () => undefined }

/** Whether another program can have the port now. */
async function isFree(bench: Bench): Promise<boolean> {
  const port = await openPort(bench.simulator.path, ignore, { baud: 115_200 })
  await port.close()
  return true
}

describe('a job whose record is late', () => {
  test('has not one byte on the wire until the record is durable, and prints after it', async () => {
    const bench = await printer()
    const log = new HeldLog({ holds: ['job-opened'] })
    const running = runSession(options(bench, log))
    await log.asked('job-opened')
    await bench.said(/^ok/)
    // Time in which a gate that does not wait would have sent its preamble many times over.
    await new Promise((resolve) => setTimeout(resolve, 250))
    expect(new Set(bench.commands())).toEqual(new Set([HELLO]))
    log.release()
    expect(await running).toMatchObject({ outcome: 'printed', reason: null, coldConfirmed: true })
    const commands = bench.commands().filter((text) => text !== HELLO)
    expect(commands).toEqual([...PREAMBLE, 'M78', ...JOB.commands, ...closingLines([])])
  })

  test('can be stopped while it waits, and sends nothing when the record comes at last', async () => {
    const bench = await printer()
    const log = new HeldLog({ holds: ['job-opened'] })
    const controller = new AbortController()
    const running = runSession(options(bench, log, { signal: controller.signal }))
    await log.asked('job-opened')
    controller.abort('the test stops it')
    await log.asked('job-closed')
    log.release()
    expect(await running).toMatchObject({
      outcome: 'stopped',
      reason: { code: 'interrupted' },
      commandsSent: 0,
    })
    expect(bench.commands()).not.toContain('G21')
    expect(bench.commands()).not.toContain('G28')
  })

  test('is not called printed before its end is on record', async () => {
    const bench = await printer()
    const log = new HeldLog({ holds: ['job-closed'] })
    let hasEnded = false
    const running = runSession(options(bench, log)).then((result) => {
      hasEnded = true
      return result
    })
    await log.asked('job-closed')
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(hasEnded).toBe(false)
    log.release()
    expect((await running).outcome).toBe('printed')
  })
})

describe('a job whose record cannot be written', () => {
  test('sends no byte of itself, says why, and gives the port back', async () => {
    const bench = await printer()
    const log = new HeldLog({ fails: ['job-opened', 'safe-stop', 'job-closed'] })
    const result = await runSession(options(bench, log))
    expect(result).toMatchObject({
      outcome: 'stopped',
      reason: { code: 'record-failed', message: 'no space is left on the disk' },
      commandsSent: 0,
    })
    const commands = bench.commands()
    for (const text of [...PREAMBLE, 'G28', 'M104 S50']) expect(commands).not.toContain(text)
    expect(bench.simulator.state().nozzleTargetCelsius).toBe(0)
    expect(await isFree(bench)).toBe(true)
  })

  test('at its very end is told, although it is printed', async () => {
    const bench = await printer()
    const result = await runSession(options(bench, new HeldLog({ fails: ['job-closed'] })))
    expect(result).toMatchObject({ outcome: 'printed', reason: { code: 'record-failed' } })
  })
})

describe('a job that goes wrong in mid-print', () => {
  test('by a printer that is unplugged ends uncertain, and on record', async () => {
    const bench = await printer({ 'unplug-after': 10 })
    const log = new HeldLog()
    const result = await runSession(options(bench, log))
    expect(result).toMatchObject({
      outcome: 'uncertain',
      reason: { code: 'port-lost' },
      coldConfirmed: false,
    })
    expect(log.records.map(({ kind }) => kind)).toEqual(['job-opened', 'safe-stop', 'job-closed'])
  })

  test('by a spool that was changed stops, with the heaters off', async () => {
    const bench = await printer()
    async function* changed(): AsyncGenerator<Uint8Array, void> {
      yield Buffer.from('G28\nM104 S50\n')
      throw new AgentError('SPOOL_CHANGED', 'the spooled job is not what was surveyed')
    }
    const log = new HeldLog()
    const result = await runSession(options(bench, log, { blocks: changed() }))
    expect(result).toMatchObject({ outcome: 'stopped', reason: { code: 'job-changed' }, coldConfirmed: true })
    expect(bench.simulator.state().nozzleTargetCelsius).toBe(0)
    expect(await isFree(bench)).toBe(true)
  })

  test('by a signal that was there before it began sends nothing of the job', async () => {
    const bench = await printer()
    const log = new HeldLog()
    const result = await runSession(options(bench, log, { signal: AbortSignal.abort('too late') }))
    expect(result).toMatchObject({ outcome: 'stopped', reason: { code: 'interrupted', message: 'too late' } })
    expect(bench.commands()).not.toContain('G21')
  })
})
