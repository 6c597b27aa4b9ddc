import { describe, expect, test } from 'vitest'
import { SdCard } from '../../agent/sim/sd-card.ts'
import { type BenchPrinter, benchPrinter, numbered } from './bench-printer.ts'

/** Writes a file the way a host does: numbered lines between M28 and M29. */
function upload(bench: BenchPrinter, name: string, ...lines: string[]) {
  bench.send('M110 N0', `M28 ${name}`)
  bench.send(...lines.map((line, i) => numbered(i + 1, line)), 'M29')
}

describe('a file on the card', () => {
  test('is written, listed, selected, and runs without a byte on the wire', () => {
    const bench = benchPrinter()
    upload(bench, 'cube.gco', 'G90', 'M104 S250', 'G91')
    expect(bench.heard()).toEqual([
      'ok',
      'Writing to file: cube.gco',
      'ok',
      'ok',
      'ok',
      'ok',
      'Done saving file.',
      'ok',
    ])
    expect(bench.commands()).toEqual(['M110 N0', 'M28 cube.gco'])
    bench.send('M20', 'M23 cube.gco', 'M24')
    expect(bench.heard()).toEqual([
      'Begin file list',
      'cube.gco 18',
      'End file list',
      'ok',
      'File opened: cube.gco Size: 18',
      'File selected',
      'ok',
      'ok',
    ])
    bench.clock.advance(100)
    expect(bench.heard()).toEqual(['Done printing file'])
    expect(bench.printer.state().nozzleTargetCelsius).toBe(250)
    expect(bench.journal.filter((record) => record.kind === 'command').slice(-3)).toMatchObject([
      { text: 'G90', source: 'sd' },
      { text: 'M104 S250', source: 'sd' },
      { text: 'G91', source: 'sd' },
    ])
  })

  test('is not run while it is written, and needs numbers', () => {
    const bench = benchPrinter()
    bench.send('M28 a.gco', 'M104 S250')
    expect(bench.heard()).toEqual([
      'Writing to file: a.gco',
      'ok',
      'Error:No Checksum with line number, Last Line: 0',
      'Resend: 1',
      'ok',
    ])
    bench.send(numbered(1, 'M104 S250'), 'M29', 'M105')
    expect(bench.heard().at(-1)).toContain('T:19.37 /0.00')
  })

  test('holds something else than was sent, where a line has an N in the middle', () => {
    const card = new SdCard()
    card.startWriting('x')
    for (const line of ['N5 G1 X1*12', 'G1 N3 X10', 'G1 X2', 'M117 NO*TE']) card.write(line)
    card.endWriting()
    card.select('x')
    card.start()
    const lines: string[] = []
    for (let line = card.nextLine(); line !== undefined; line = card.nextLine()) lines.push(line)
    expect(lines).toEqual(['G1 X1', 'X10', 'G1 X2', 'M117 NO'])
  })

  test('can be paused, sought in, asked about, aborted and removed', () => {
    const bench = benchPrinter()
    upload(bench, 'a.gco', 'G4 P1000', 'G90', 'M106')
    bench.send('M27', 'M23 a.gco', 'M24')
    bench.heard()
    bench.clock.advance(10)
    bench.send('M27', 'M25')
    bench.clock.advance(5000)
    expect(bench.heard()).toEqual(['SD printing byte 9/18', 'ok', 'ok'])
    bench.send('M27', 'M26 S13', 'M24')
    bench.clock.advance(100)
    expect(bench.heard()).toEqual(['Not SD printing', 'ok', 'ok', 'ok', 'Done printing file'])
    expect(bench.printer.state().fanSpeed).toBe(255)
    bench.send('M23 a.gco', 'M24', 'M524', 'M27', 'M30 a.gco', 'M30 a.gco', 'M23 a.gco', 'M21', 'M22')
    bench.clock.advance(5000)
    const heard = bench.heard()
    expect(heard).toContain('File deleted:a.gco')
    expect(heard).toContain('Deletion failed, File: a.gco.')
    expect(heard).toContain('open failed, File: a.gco.')
    expect(heard).toContain('echo:SD card ok')
  })

  test('outlives a reset, but does not run on after it', () => {
    const bench = benchPrinter()
    upload(bench, 'a.gco', 'G4 P1000', 'M104 S200')
    bench.send('M23 a.gco', 'M24')
    bench.clock.advance(10)
    bench.printer.reset()
    bench.clock.advance(10_000)
    expect(bench.printer.state().nozzleTargetCelsius).toBe(0)
    bench.heard()
    bench.send('M20')
    expect(bench.heard()).toContain('a.gco 19')
  })

  test('that starts itself does not stop the world', () => {
    const bench = benchPrinter({ jumps: true })
    upload(bench, 'loop.gco', 'G90', 'M26 S0')
    bench.send('M23 loop.gco', 'M24')
    bench.clock.advance(1000)
    expect(bench.commands().length).toBeGreaterThan(100)
    bench.heard()
    bench.send('M524', 'M105')
    expect(bench.heard().join()).toContain('ok T:')
  })

  test('is refused when the card is full', () => {
    const card = new SdCard()
    card.startWriting('big')
    const line = 'x'.repeat(1024 * 1024)
    let written = 0
    while (card.write(line)) written++
    expect(written).toBe(63)
    expect(new SdCard().write('G1')).toBe(false)
  })
})
