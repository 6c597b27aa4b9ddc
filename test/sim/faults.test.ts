import { describe, expect, test } from 'vitest'
import { AgentError } from '../../agent/errors.ts'
import { FAULTS, faultHelp, parseFaults } from '../../agent/sim/index.ts'
import { type BenchPrinter, benchPrinter, numbered } from './bench-printer.ts'

describe('fault options', () => {
  test('are read by name, with a value where they take one', () => {
    expect(parseFaults(['silent', 'resend-every=7', 'busy=20'])).toEqual({
      silent: 1,
      'resend-every': 7,
      busy: 20,
    })
    expect(parseFaults([])).toEqual({})
  })

  test.each([
    ['sillent', 'known faults are silent, silent-after'],
    ['toString', 'known faults are'],
    ['', 'known faults are'],
    ['silent=1', 'it takes no value'],
    ['drop-ok', 'its value (which ok, counted from the start) is a whole number from 1 to 1000000000'],
    ['drop-ok=0', 'is a whole number from 1 to'],
    ['resend-every=1', 'is a whole number from 2 to'],
    ['drop-ok=1.5', 'is a whole number'],
    ['drop-ok=-1', 'is a whole number'],
    ['drop-ok=1000000001', 'is a whole number'],
  ])('refuse `%s`', (text, reason) => {
    expect(() => parseFaults([text])).toThrow(AgentError)
    expect(() => parseFaults([text])).toThrow(reason)
    expect(() => parseFaults([text])).toThrow(`fault \`${text}\` cannot be used`)
  })

  test('are refused when given twice', () => {
    expect(() => parseFaults(['busy=1', 'busy=2'])).toThrow(
      'fault `busy=2` cannot be used: it is given twice',
    )
  })

  test('have one line of help each', () => {
    const help = faultHelp()
    expect(help).toHaveLength(Object.keys(FAULTS).length)
    expect(help).toContain('drop-ok=N: swallows one ok (N: which ok, counted from the start)')
    expect(help).toContain('silent: never answers, not even at start; commands still run')
  })
})

function faulty(...texts: string[]): BenchPrinter {
  return benchPrinter({ faults: parseFaults(texts), keepsBoot: true, seed: 1 })
}

function sendEach(bench: BenchPrinter, count: number, line = 'G90') {
  for (let i = 0; i < count; i++) bench.send(line)
}

describe('each fault', () => {
  test('silent: nothing is ever sent, but commands run', () => {
    const bench = faulty('silent')
    bench.send('M104 S200', 'M105')
    expect(bench.heard()).toEqual([])
    expect(bench.commands()).toEqual(['M104 S200', 'M105'])
    expect(bench.journal.some((record) => record.kind === 'sent')).toBe(false)
    expect(bench.printer.state().nozzleTargetCelsius).toBe(200)
  })

  test('silent-after: the command after the last answer runs, and nothing is heard of it', () => {
    const bench = faulty('silent-after=2')
    bench.heard()
    bench.send('G90', 'G90', 'M104 S200')
    expect(bench.heard()).toEqual(['ok', 'ok'])
    expect(bench.printer.state().nozzleTargetCelsius).toBe(200)
  })

  test('hang-after: nothing runs any more, until a reset', () => {
    const bench = faulty('hang-after=1')
    bench.send('M104 S200', 'M104 S0')
    bench.clock.advance(60_000)
    expect(bench.commands()).toEqual(['M104 S200'])
    expect(bench.printer.state().nozzleTargetCelsius).toBe(200)
    bench.printer.reset()
    bench.heard()
    bench.send('M400')
    expect(bench.heard()).toEqual(['ok'])
  })

  test('resend-every: each third numbered line is asked for again, and then taken', () => {
    const bench = faulty('resend-every=3')
    bench.heard()
    bench.send(numbered(1, 'G90'), numbered(2, 'G91'), numbered(3, 'M82'))
    expect(bench.heard()).toEqual(['ok', 'ok', 'Error:checksum mismatch, Last Line: 2', 'Resend: 3', 'ok'])
    bench.send(numbered(3, 'M82'))
    expect(bench.heard()).toEqual(['ok'])
    expect(bench.commands()).toEqual(['G90', 'G91', 'M82'])
    expect(bench.events('fault')).toMatchObject([{ fault: 'resend-every', numberedLine: 3 }])
  })

  test('drop-ok: one ok is swallowed and no other', () => {
    const bench = faulty('drop-ok=2')
    bench.heard()
    sendEach(bench, 4)
    expect(bench.heard()).toEqual(['ok', 'ok', 'ok'])
    expect(bench.events('fault')).toMatchObject([{ fault: 'drop-ok', ok: 2 }])
  })

  test('drop-ok counts the answer to M105, which is an ok too', () => {
    const bench = faulty('drop-ok=1')
    bench.heard()
    bench.send('M105')
    expect(bench.heard()).toEqual([])
  })

  test('unplug-after: the link is told, after everything said so far has left', () => {
    const log: string[] = []
    const bench = benchPrinter({
      faults: parseFaults(['unplug-after=2']),
      write: (bytes) => log.push(Buffer.from(bytes).toString()),
      unplug: () => log.push('unplugged'),
    })
    log.length = 0
    bench.send('G90', 'G91', 'M82')
    expect(log.join('')).toBe('ok\nok\nunpluggedok\n')
  })

  test('reset-after: targets are lost, and the printer starts again by itself, once', () => {
    const bench = faulty('reset-after=2')
    bench.heard()
    bench.send('M104 S200', 'G90', 'G91')
    expect(bench.heard().filter((line) => line === 'start')).toHaveLength(1)
    expect(bench.printer.state().nozzleTargetCelsius).toBe(0)
    expect(bench.events('reset')).toMatchObject([{ reason: 'by itself' }])
  })

  test('thermal-runaway-after: an error, heaters off, silence', () => {
    const bench = faulty('thermal-runaway-after=1')
    bench.heard()
    bench.send('M104 S200', 'M105')
    expect(bench.heard()).toEqual([
      'ok',
      'Error:Thermal Runaway, system stopped! Heater_ID: 0',
      'Error:Printer halted. kill() called!',
    ])
    expect(bench.printer.state()).toMatchObject({ isHalted: true, nozzleTargetCelsius: 0 })
  })

  test('busy: each tenth command takes longer, and says so', () => {
    const bench = faulty('busy=5')
    bench.heard()
    sendEach(bench, 10)
    expect(bench.heard()).toHaveLength(9)
    bench.clock.advance(4999)
    expect(bench.heard()).toEqual(['echo:busy: processing', 'echo:busy: processing'])
    bench.clock.advance(1)
    expect(bench.heard()).toEqual(['ok'])
  })

  test('garbage-every: noise stands before the line, and never ends it', () => {
    const bench = faulty('garbage-every=2')
    bench.heard()
    sendEach(bench, 4)
    const heard = bench.heard()
    expect(heard).toHaveLength(4)
    // Five lines were sent at boot.
    expect(heard.map((line) => /^[\x80-\xff]+ok$/.test(line))).toEqual([true, false, true, false])
    expect(heard.every((line) => line.endsWith('ok'))).toBe(true)
    const sent = bench.journal.flatMap((record) => (record.kind === 'sent' ? [record.text] : []))
    expect(sent.slice(-4)).toEqual(heard)
  })

  test('flip-bit-every: one bit of each tenth byte is another, and a checksum finds it', () => {
    const bench = faulty('flip-bit-every=10')
    bench.heard()
    const line = Buffer.from(`${numbered(1, 'M104 S200')}\n`)
    bench.printer.receive(line)
    const received = bench.journal.flatMap((record) => (record.kind === 'received' ? [record.hex] : []))
    const seen = Buffer.from(received.join(''), 'hex')
    const different = [...seen].flatMap((byte, at) => (byte === line[at] ? [] : [at]))
    expect(different).toEqual([9])
    expect((seen[9]! ^ line[9]!).toString(2).match(/1/g)).toHaveLength(1)
    expect(bench.heard()).toContain('Error:checksum mismatch, Last Line: 0')
    expect(bench.printer.state().nozzleTargetCelsius).toBe(0)
  })

  test('rx-buffer: what does not fit while the printer is busy is lost', () => {
    const bench = faulty('rx-buffer=8')
    bench.heard()
    bench.send('G4 P1000', 'G90', 'G91', 'M82')
    bench.send('M83', 'M104 S200')
    bench.clock.advance(1000)
    expect(bench.events('overrun')).toHaveLength(1)
    expect(bench.commands()).toEqual(['G4 P1000', 'G90', 'G91', 'M82', 'M83'])
  })

  test('slow-heater: warming takes so many times longer', () => {
    const [slow, quick] = [faulty('slow-heater=4'), faulty()]
    for (const bench of [slow, quick]) bench.send('M104 S200')
    slow.clock.advance(40_000)
    quick.clock.advance(10_000)
    expect(slow.printer.state().nozzleCelsius).toBeCloseTo(quick.printer.state().nozzleCelsius, 6)
    expect(slow.printer.state().nozzleCelsius).toBeGreaterThan(50)
  })
})

describe('the same seed', () => {
  function noisy(seed: number) {
    const bench = benchPrinter({
      faults: parseFaults(['garbage-every=3', 'flip-bit-every=17', 'resend-every=5']),
      seed,
    })
    for (let i = 1; i <= 40; i++) bench.send(numbered(i, `G1 X${i}`))
    bench.clock.advance(60_000)
    return bench.journal.map((record) => JSON.stringify(record))
  }

  test('gives the same journal, and another seed another', () => {
    expect(noisy(5)).toEqual(noisy(5))
    expect(noisy(5)).not.toEqual(noisy(6))
  })
})
