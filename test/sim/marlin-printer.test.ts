import { describe, expect, test } from 'vitest'
import { benchPrinter, numbered } from './bench-printer.ts'

const oks = (lines: readonly string[]) => lines.filter((line) => line === 'ok').length

describe('boot', () => {
  test('begins with start, and echo lines follow', () => {
    const lines = benchPrinter({ keepsBoot: true }).heard()
    expect(lines[0]).toBe('start')
    expect(lines[1]).toBe('Marlin 2.1.2')
    expect(lines.slice(2).every((line) => line.startsWith('echo:'))).toBe(true)
  })

  test('comes again with a reset, which loses all but heat', () => {
    const bench = benchPrinter({ jumps: true })
    bench.send('M109 S210', 'G28', 'G1 X10 F6000', 'M400', 'M106', 'G91', 'M155 S1', 'M110 N500')
    bench.heard()
    bench.printer.reset()
    expect(bench.heard()[0]).toBe('start')
    const state = bench.printer.state()
    expect(state).toMatchObject({
      nozzleTargetCelsius: 0,
      position: { x: 0, y: 0, z: 0, e: 0 },
      isHomed: false,
      fanSpeed: 0,
      planner: { blocks: 0, isMoving: false },
    })
    expect(state.nozzleCelsius).toBe(210)
    bench.send(numbered(1, 'G90'))
    expect(bench.heard()).toEqual(['ok'])
    bench.clock.advance(60_000)
    expect(bench.heard()).toEqual([])
    expect(bench.events('reset')).toMatchObject([{ reason: 'reset line' }])
    expect(bench.events('boot')).toHaveLength(2)
  })

  test('in the middle of a wait forgets the wait', () => {
    const bench = benchPrinter()
    bench.send('M109 S210', 'G90')
    bench.printer.reset()
    bench.heard()
    bench.clock.advance(120_000)
    expect(bench.heard()).toEqual([])
    bench.send('M105')
    expect(bench.heard()[0]).toMatch(/^ok T:/)
  })
})

describe('line errors', () => {
  test('are byte-exact on the wire', () => {
    const bench = benchPrinter()
    bench.send('N1 G28*1')
    expect(bench.heardText()).toBe('Error:checksum mismatch, Last Line: 0\nResend: 1\nok\n')
    bench.send('N1 G28')
    expect(bench.heardText()).toBe('Error:No Checksum with line number, Last Line: 0\nResend: 1\nok\n')
    bench.send(numbered(7, 'G28'))
    expect(bench.heardText()).toBe(
      'Error:Line Number is not Last Line Number+1, Last Line: 0\nResend: 1\nok\n',
    )
    expect(bench.commands()).toEqual([])
  })

  test('throw away what had to wait behind them', () => {
    const bench = benchPrinter()
    bench.send('G4 P1000', 'G90', 'G90', 'G90')
    // The queue is full: these lines wait as bytes, and the first of them is damaged.
    bench.send('N1 M104 S200*1', 'M104 S250', 'M106')
    bench.clock.advance(1000)
    expect(bench.heard()).toEqual([
      'ok',
      'Error:checksum mismatch, Last Line: 0',
      'Resend: 1',
      'ok',
      'ok',
      'ok',
      'ok',
    ])
    expect(bench.printer.state()).toMatchObject({ nozzleTargetCelsius: 0, fanSpeed: 0 })
  })

  test('leave what comes later in the same piece alone, as bytes come one by one', () => {
    const bench = benchPrinter()
    bench.send('N1 G28*1', 'M106')
    expect(bench.printer.state().fanSpeed).toBe(255)
  })

  test('of a line that was resent and arrives twice answer nothing the second time', () => {
    const bench = benchPrinter()
    bench.send(numbered(1, 'G90'), numbered(2, 'G91'), numbered(2, 'G91'), numbered(1, 'G90'))
    expect(bench.heard()).toEqual(['ok', 'ok'])
  })
})

describe('back pressure', () => {
  test('sixteen moves are taken at once, the next ok comes with the first free block', () => {
    const bench = benchPrinter()
    for (let i = 1; i <= 20; i++) bench.send(`G1 X${i} F60`)
    expect(oks(bench.heard())).toBe(16)
    expect(bench.printer.state()).toMatchObject({
      planner: { blocks: 16, isMoving: true },
      isWaiting: true,
      queuedLines: 4,
    })
    bench.clock.advance(999)
    expect(oks(bench.heard())).toBe(0)
    bench.clock.advance(1)
    expect(oks(bench.heard())).toBe(1)
    bench.clock.advance(60_000)
    expect(oks(bench.heard())).toBe(3)
    expect(bench.printer.state().position.x).toBe(20)
  })

  test('lines beyond the queue wait as bytes and are lost to nobody', () => {
    const bench = benchPrinter()
    bench.send('G4 P100')
    for (let i = 0; i < 500; i++) bench.send(`M117 line ${i}`)
    expect(bench.heard()).toEqual([])
    bench.clock.advance(100)
    expect(oks(bench.heard())).toBe(501)
    expect(bench.printer.state().message).toBe('line 499')
  })

  test('a flood is cut at a limit, and the journal says so once', () => {
    const bench = benchPrinter()
    bench.send('M0', 'G90', 'G90', 'G90')
    for (let i = 0; i < 40; i++) bench.printer.receive(new Uint8Array(64 * 1024).fill(0x41))
    expect(bench.events('overrun')).toHaveLength(1)
  })

  test('speed max jumps over moves, heat and dwells, and leaves the print time on the clock', () => {
    const bench = benchPrinter({ jumps: true })
    bench.send('M109 S210', 'G28', 'G4 S3600')
    for (let i = 1; i <= 100; i++) bench.send(`G1 X${i % 2} F60`)
    bench.send('M400')
    expect(oks(bench.heard())).toBe(104)
    expect(bench.clock.nowMs()).toBeGreaterThan(3600_000 + 99_000)
  })

  test('advanced ok tells line, free blocks and free lines', () => {
    const bench = benchPrinter({ hasAdvancedOk: true })
    bench.send(numbered(1, 'G90'), 'G1 X10 F60')
    expect(bench.heard()).toEqual(['ok N1 P15 B3', 'ok P14 B3'])
  })
})

describe('being busy', () => {
  test('is said every two seconds of one command, not of many', () => {
    const bench = benchPrinter()
    bench.send('G4 P7000', 'G4 P1500', 'G4 P1500')
    bench.clock.advance(20_000)
    expect(bench.heard()).toEqual([...Array(3).fill('echo:busy: processing'), 'ok', 'ok', 'ok'])
  })

  test('follows M113', () => {
    const bench = benchPrinter()
    bench.send('M113 S5', 'G4 P11000')
    bench.clock.advance(11_000)
    expect(bench.heard()).toEqual(['ok', 'echo:busy: processing', 'echo:busy: processing', 'ok'])
  })

  test('is said at a wait for a free block, too', () => {
    const bench = benchPrinter()
    for (let i = 1; i <= 17; i++) bench.send(`G1 X${i} F12`)
    bench.heard()
    bench.clock.advance(5000)
    expect(bench.heard()).toEqual(['echo:busy: processing', 'echo:busy: processing', 'ok'])
  })
})

describe('the end of everything', () => {
  test.each([
    ['bare', 'M112'],
    ['numbered', numbered(1, 'M112')],
    ['misread', 'M1120'],
  ])('M112 %s turns heaters off, says one last line, and nothing is answered after', (_, line) => {
    const bench = benchPrinter()
    bench.send('M104 S200', 'M140 S60')
    bench.heard()
    bench.send(line, 'M105', 'M104 S200')
    bench.clock.advance(60_000)
    expect(bench.heard()).toEqual(['Error:Printer halted. kill() called!'])
    expect(bench.printer.state()).toMatchObject({
      isHalted: true,
      nozzleTargetCelsius: 0,
      bedTargetCelsius: 0,
      invariants: { commandsWhileHalted: 0 },
    })
    expect(bench.commands()).toHaveLength(3)
    expect(bench.events('killed')).toHaveLength(1)
  })

  test('an early M112 stands in the journal as it was read', () => {
    const bench = benchPrinter()
    bench.send('  M112 P1*5')
    expect(bench.commands()).toEqual(['M112 P1'])
    expect(bench.events('killed')).toMatchObject([{ reason: 'M112 P1*5' }])
  })

  test('M112 gets through a wait as long as the queue has room', () => {
    const bench = benchPrinter()
    bench.send('M109 S210')
    bench.send('M112')
    expect(bench.printer.state().isHalted).toBe(true)
  })

  test('M112 behind a full queue is heard by an emergency parser only', () => {
    const full = ['M109 S210', 'G90', 'G90', 'G90', 'M112']
    const plain = benchPrinter()
    plain.send(...full)
    expect(plain.printer.state().isHalted).toBe(false)
    const emergency = benchPrinter({ hasEmergencyParser: true })
    emergency.send(...full)
    expect(emergency.printer.state().isHalted).toBe(true)
    expect(emergency.commands().at(-1)).toBe('M112')
  })

  test('M112 with a checksum does not reach an emergency parser, and its own line is done by the queue', () => {
    const bench = benchPrinter({ hasEmergencyParser: true })
    bench.send(numbered(1, 'M112'), 'M410', 'M108')
    expect(bench.printer.state().isHalted).toBe(false)
    expect(bench.heard()).toEqual(['ok', 'ok', 'ok'])
  })

  test('only a reset brings it back', () => {
    const bench = benchPrinter()
    bench.send('M112', 'M999', 'M105')
    bench.heard()
    bench.printer.reset()
    bench.send('M105')
    expect(bench.heard().at(-1)).toMatch(/^ok T:/)
    expect(bench.printer.state().isHalted).toBe(false)
  })

  test('M410 drops the move that waited for a block', () => {
    const bench = benchPrinter()
    for (let i = 1; i <= 17; i++) bench.send(`G1 X${i} F60`)
    bench.heard()
    bench.clock.advance(500)
    bench.send('M410', 'M114')
    const heard = bench.heard()
    expect(heard.at(-2)).toContain('X:0.50')
    expect(oks(heard)).toBe(3)
  })
})

describe('the door', () => {
  test('a printer that was stopped has no timer left and says nothing', () => {
    const bench = benchPrinter()
    bench.send('M155 S1', 'G4 P5000')
    bench.printer.stop()
    bench.printer.stop()
    bench.heard()
    bench.clock.advance(60_000)
    bench.send('M105')
    bench.printer.reset()
    expect(bench.heard()).toEqual([])
    expect(bench.events('stopped')).toHaveLength(1)
  })

  test('notes clients that come and go', () => {
    const bench = benchPrinter()
    bench.printer.clientConnected()
    bench.clock.advance(5)
    bench.printer.clientGone()
    expect(bench.journal.slice(-2)).toEqual([
      { kind: 'event', name: 'client-connected', atMs: 0 },
      { kind: 'event', name: 'client-gone', atMs: 5 },
    ])
  })

  test('the journal holds every byte, every command and every line in order', () => {
    const bench = benchPrinter()
    bench.printer.receive(Buffer.from('M10'))
    bench.printer.receive(Buffer.from(`5\n${numbered(1, 'G1X1Y2.50')}\n`))
    const records = bench.journal.slice(-6)
    expect(records.map(({ kind }) => kind)).toEqual([
      'received',
      'received',
      'command',
      'sent',
      'command',
      'sent',
    ])
    expect(bench.commands()).toEqual(['M105', 'G1 X1 Y2.50'])
    const hex = bench.journal.map((record) => (record.kind === 'received' ? record.hex : '')).join('')
    expect(Buffer.from(hex, 'hex').toString()).toBe(`M105\n${numbered(1, 'G1X1Y2.50')}\n`)
  })

  test('motion modes are cancelled by G80 where they exist', () => {
    const bench = benchPrinter({ build: 'all-options', jumps: true })
    bench.send('G1 X5', 'Y7', 'G80', 'Y9', 'M114')
    expect(bench.heard().slice(3)).toEqual([
      'echo:Unknown command: "Y9"',
      'ok',
      'X:5.00 Y:7.00 Z:0.00 E:0.00 Count X:400 Y:560 Z:0',
      'ok',
    ])
  })
})
