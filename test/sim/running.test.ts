import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import {
  openJournalFile,
  RunningClock,
  type SimulatedPrinter,
  startSimulatedPrinter,
} from '../../agent/sim/index.ts'
import { numbered } from './bench-printer.ts'

/** In real time, so only what cannot be shown with a clock that is turned by hand. */
describe('a printer on a running clock', () => {
  let printer: SimulatedPrinter | undefined
  afterEach(() => printer?.stop())

  /** Sends lines one by one as they are acknowledged; resolves when all of them are. */
  function printAll(lines: readonly string[], speed: number | 'max', journal?: (line: string) => void) {
    const clock = new RunningClock(speed)
    return new Promise<RunningClock>((resolve) => {
      let next = 0
      let isBooted = false
      const started = startSimulatedPrinter({
        clock,
        ...(journal === undefined ? {} : { journal }),
        write: (bytes) => {
          if (!isBooted) return
          const oks = Buffer.from(bytes)
            .toString('latin1')
            .split('\n')
            .filter((line) => line === 'ok').length
          for (let i = 0; i < oks; i++) setImmediate(sendNext)
        },
      })
      printer = started
      isBooted = true
      const sendNext = () => {
        if (next === lines.length) resolve(clock)
        else started.receive(Buffer.from(`${lines[next++]}\n`))
      }
      sendNext()
    })
  }

  const moves = Array.from({ length: 3000 }, (_, i) => numbered(i + 3, `G1 X${(i % 50) + 0.5} F9000`))
  const job = [numbered(1, 'G28'), numbered(2, 'M109 S60'), ...moves, numbered(3003, 'M400')]

  test('at speed max ends when the host is done, with the print time on its clock', async () => {
    const clock = await printAll(job, 'max')
    expect(clock.nowMs()).toBeGreaterThan(20_000)
    expect(printer!.state()).toMatchObject({ planner: { blocks: 0 }, isWaiting: false })
  })

  test('at a high speed is not held up by one timer for each move', async () => {
    const commands: string[] = []
    await printAll(job, 5000, (line) => {
      const record = JSON.parse(line)
      if (record.kind === 'command') commands.push(record.text)
    })
    expect(commands).toHaveLength(job.length)
  })

  test('journals to a file that is whole as soon as the printer has answered', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sim-'))
    try {
      const path = join(folder, 'journal.jsonl')
      const file = openJournalFile(path)
      await printAll([numbered(1, 'G90'), numbered(2, 'M104 S200')], 100, file.sink)
      const records = readFileSync(path, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
      expect(records.at(-1)).toMatchObject({ kind: 'sent', text: 'ok' })
      expect(records).toContainEqual(
        expect.objectContaining({ name: 'target', heater: 'nozzle', celsius: 200 }),
      )
      const times = records.map(({ atMs }) => atMs)
      expect(times).toEqual(times.toSorted((a: number, b: number) => a - b))
      printer!.stop()
      file.close()
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('reports by itself between bytes', async () => {
    const clock = new RunningClock(1000)
    await new Promise<void>((resolve) => {
      let reports = 0
      printer = startSimulatedPrinter({
        clock,
        write: (bytes) => {
          reports += Buffer.from(bytes).toString().match(/^ T:/gm)?.length ?? 0
          if (reports >= 5) resolve()
        },
      })
      printer.receive(Buffer.from('M155 S1\n'))
    })
    expect(clock.nowMs()).toBeGreaterThanOrEqual(5000)
  })
})
