/**
 * The line path makes no garbage: a pause of the collector in mid-print is a blob on the part. Heap growth is
 * measured over a warmed run, with room for what the engine itself keeps.
 */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { CommandQueue } from '../../agent/core/command-queue.ts'
import { Gate } from '../../agent/core/index.ts'
import { JobReader } from '../../agent/core/job-reader.ts'
import { PrinterLink } from '../../agent/core/printer/printer-link.ts'
import type { DurableIndex } from '../../agent/durable-index.ts'
import { MARLIN } from '../../gcode/index.ts'
import { ALLOW } from '../../policies/index.ts'
import { canonicalJob, fixture } from './canonical.ts'
import { numbered } from './numbered.ts'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

const BLOCK_BYTES = 65_536
const WARM_PASSES = 20
const PASSES = 20
/** One object a line would be 40 bytes or more. */
const BYTES_A_LINE_MAX = 4

const CUBE = fixture('demo/cube.gcode')
const { commands } = canonicalJob(CUBE)

/** Bytes of garbage that `run` leaves, uncollected, for each of the lines it handles. */
function bytesALine(lines: number, run: () => void): number {
  for (let i = 0; i < WARM_PASSES; i++) run()
  let least = Number.POSITIVE_INFINITY
  // The engine may compile or collect in the middle of a measurement: the best of some counts.
  for (let attempt = 0; attempt < 5; attempt++) {
    collect()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < PASSES; i++) run()
    least = Math.min(least, process.memoryUsage().heapUsed - before)
  }
  return Math.max(0, least) / (lines * PASSES)
}

describe('a warmed line path', () => {
  test('reads, judges and queues a job without garbage', () => {
    const queue = new CommandQueue()
    const reader = new JobReader(MARLIN, { judge: () => ALLOW }, queue)
    const blocks: Uint8Array[] = []
    for (let from = 0; from < CUBE.length; from += BLOCK_BYTES) {
      blocks.push(CUBE.subarray(from, from + BLOCK_BYTES))
    }
    const garbage = bytesALine(commands.length, () => {
      for (const block of blocks) {
        reader.push(block)
        queue.clear()
      }
    })
    expect(reader.refused).toBeUndefined()
    expect(garbage).toBeLessThan(BYTES_A_LINE_MAX)
  })

  test.each([
    ['plain', 'ok'],
    ['advanced', 'ok P15 B3'],
  ])('sends and acknowledges lines without garbage, with a %s ok', (_kind, ok) => {
    let written = 0
    const link = new PrinterLink({
      write: (_bytes, start, end) => {
        written += end - start
      },
    })
    link.restart(0, 0)
    const line = Buffer.from('G1 X111.625 Y105 E5.28526')
    const garbage = bytesALine(commands.length, () => {
      for (let i = 0; i < commands.length; i++) {
        link.send(line, 0, line.length, i)
        link.heard(true, i)
        link.acknowledge(ok)
        link.tick(i)
      }
    })
    expect(written).toBeGreaterThan(0)
    expect(garbage).toBeLessThan(BYTES_A_LINE_MAX)
  })

  test.each([
    ['of a job that streams', 'any', (command: string) => `${command}\n`],
    [
      'with numbers of the host',
      'armed',
      (command: string, i: number) => numbered(i, withoutFilament(command)),
    ],
  ] as const)(
    'passes lines %s through the gate and their answers back, without garbage',
    (_what, jobs, wrap) => {
      let nowMs = 1
      let toPrinter = 0
      let toHost = 0
      const gate = new Gate({
        table: MARLIN,
        judge: { judge: () => ALLOW },
        printer: {
          write: () => {
            toPrinter++
          },
        },
        host: {
          write: () => {
            toHost++
          },
        },
        effects: (effect) => {
          if (effect.kind === 'append') recordIds.push(effect.id)
        },
        newHash: () => ({ update: () => {}, peek: () => '' }),
        newJobId: () => 'job',
        profile: 'auto',
        jobs,
        permitsInterlude: false,
        appeal: '',
        hostLostMs: 30_000,
        hostSilentMs: 600_000,
        refusedHotMs: 120_000,
        park: [],
      })
      const recordIds: number[] = []
      const answer = (): void => {
        gate.printerLine('ok', nowMs)
        for (let id = recordIds.pop(); id !== undefined; id = recordIds.pop())
          gate.recorded(id, id as DurableIndex, nowMs)
      }
      const send = (line: Uint8Array): void => {
        nowMs++
        gate.hostBytes(line, nowMs)
        answer()
        answer()
      }
      gate.printerOpened(false, nowMs)
      for (let i = 0; i < 20; i++) answer()
      gate.hostCame(nowMs)
      answer()
      // What waits for heat, homes or is no command of the printer's says nothing about the common line.
      const moves = commands.filter((command) => /^G1 /.test(command))
      const restart = Buffer.from('M110 N-1\n')
      const lines = moves.map((command, i) => Buffer.from(wrap(command, i), 'latin1'))
      const garbage = bytesALine(lines.length, () => {
        if (jobs === 'armed') send(restart)
        for (const line of lines) send(line)
        gate.tick(nowMs)
      })
      expect(toPrinter).toBeGreaterThan(lines.length * PASSES)
      expect(toHost).toBeGreaterThanOrEqual(toPrinter - 20)
      expect(gate.latch).toBeNull()
      expect(garbage).toBeLessThan(BYTES_A_LINE_MAX)
    },
  )
})

function withoutFilament(command: string): string {
  return command.replace(/ E\S+/, '')
}
