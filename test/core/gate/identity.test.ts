/** Which printer it is, asked at the gate: for a job whose licence names one, heard by no host, in nobody's way. */
import { describe, expect, test } from 'vitest'
import type { FirmwareIdentity } from '../../../agent/core/index.ts'
import { IDENTITY_LIMIT_MS } from '../../../agent/core/printer/identity-query.ts'
import { jobOf } from '../canonical.ts'
import { type GateBench, JOB, readyBench } from './gate-bench.ts'

const UUID = '6f9619ff-8b86-d011-b42d-00c04fc964ff'
const ANSWER = [`FIRMWARE_NAME:Marlin 2.1.2 UUID:${UUID}`, 'Cap:EEPROM:1']
const FOUND: FirmwareIdentity = { uuid: UUID, firmware: 'Marlin 2.1.2' }

/** Asks; the answers that come are kept in order. */
function ask(bench: GateBench): (FirmwareIdentity | null)[] {
  const told: (FirmwareIdentity | null)[] = []
  bench.does((gate) => gate.identify((identity) => told.push(identity)))
  return told
}

/** A gate with a host, whose printer does not answer by itself from here on. */
function quietBench(): GateBench {
  const bench = readyBench().fresh()
  bench.isAnswering = false
  return bench
}

describe('the gate', () => {
  test('asks when it is to, and the host hears nothing of it', () => {
    const bench = quietBench()
    const told = ask(bench)
    bench.pass(200)
    expect(bench.took()).toEqual(['M115'])
    bench.hear(...ANSWER, 'ok')
    expect(told).toEqual([FOUND])
    expect(bench.heard()).toEqual([])
  })

  test('asks of its own accord never', () => {
    expect(readyBench().pass(60_000).took()).not.toContain('M115')
  })

  test('asks once for two who want to know at once, and anew for one who comes later', () => {
    const bench = quietBench()
    const first = ask(bench)
    const second = ask(bench)
    bench.pass(200).hear(...ANSWER, 'ok')
    expect([first, second]).toEqual([[FOUND], [FOUND]])
    const third = ask(bench)
    bench.pass(200).hear('FIRMWARE_NAME:Other', 'ok')
    expect(third).toEqual([{ uuid: null, firmware: 'Other' }])
    expect(bench.took()).toEqual(['M115', 'M115'])
  })

  test('lets the host’s own question have its own answer', () => {
    const bench = quietBench()
    const told = ask(bench)
    bench.pass(200).host('M115')
    bench.hear(...ANSWER, 'ok')
    expect(told).toEqual([FOUND])
    expect(bench.heard()).toEqual([])
    bench.hear('FIRMWARE_NAME:Marlin 2.1.2 MACHINE_TYPE:x', 'ok')
    expect(bench.heard().join('\n')).toContain('MACHINE_TYPE:x')
  })

  test('knows nothing of a printer that does not say, or is stopped meanwhile, or gone', () => {
    const silent = quietBench()
    const unanswered = ask(silent)
    silent.pass(200).hear('ok')
    expect(unanswered).toEqual([null])
    const slow = quietBench()
    const late = ask(slow)
    slow.pass(IDENTITY_LIMIT_MS + 300)
    expect(late).toEqual([null])
    const stopped = quietBench()
    const dropped = ask(stopped)
    stopped.pass(200).does((gate, nowMs) => gate.stop('interrupted', 'the test', nowMs))
    expect(dropped).toEqual([null])
    expect(ask(stopped), 'it is being brought to rest').toEqual([null])
    const gone = quietBench()
    gone.does((gate, nowMs) => gate.printerLost('unplugged', nowMs))
    expect(ask(gone)).toEqual([null])
  })
})

describe('a job whose licence names the printer', () => {
  const armed = (isForThisPrinter: boolean): GateBench =>
    readyBench()
      .arm(jobOf(...JOB), { isForThisPrinter })
      .fresh()
  const effectsOf = (bench: GateBench): readonly string[] => bench.effects.map(({ kind }) => kind)

  test.each([
    ['restarts', (bench: GateBench) => bench.hear('start')],
    [
      'is unplugged and back',
      (bench: GateBench) =>
        bench
          .does((gate, nowMs) => gate.printerLost('unplugged', nowMs))
          .does((gate, nowMs) => gate.printerOpened(false, nowMs)),
    ],
  ])('is armed no longer when the printer %s', (_, happen) => {
    const bench = happen(armed(true))
    expect(bench.gate.armedJob).toBeNull()
    expect(effectsOf(bench)).toContain('printer-doubted')
    expect(effectsOf(bench).indexOf('printer-doubted')).toBeLessThan(effectsOf(bench).indexOf('job-over'))
    const other = happen(armed(false))
    expect(other.gate.armedJob).not.toBeNull()
    expect(effectsOf(other)).not.toContain('printer-doubted')
  })

  test('is printed where it is still the same', () => {
    const bench = armed(true).renumber()
    bench.numbered(0, ...JOB)
    expect(bench.kinds()).toContain('job-closed')
    expect(bench.latest('job-closed')).toMatchObject({ outcome: 'printed' })
  })
})
