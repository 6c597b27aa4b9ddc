import { describe, expect, test } from 'vitest'
import { benchPrinter, numbered } from './bench-printer.ts'

function answerTo(...lines: string[]): string[] {
  const bench = benchPrinter()
  bench.send(...lines)
  return bench.heard()
}

describe('what the printer says of itself', () => {
  test('M115 names the firmware, then its capabilities, then ok', () => {
    const lines = answerTo('M115')
    expect(lines[0]).toMatch(
      /^FIRMWARE_NAME:Marlin 2\.1\.2 \(.*\) SOURCE_CODE_URL:\S+ PROTOCOL_VERSION:1\.0 MACHINE_TYPE:.* EXTRUDER_COUNT:1 UUID:\S+$/,
    )
    expect(lines.slice(1, -1).every((line) => /^Cap:[A-Z0-9_]+:[01]$/.test(line))).toBe(true)
    expect(lines).toContain('Cap:EMERGENCY_PARSER:0')
    expect(lines.join()).not.toContain('QUOTED_STRINGS')
    expect(lines.at(-1)).toBe('ok')
  })

  test('M115 says what the printer was made to call itself', () => {
    const bench = benchPrinter({ firmware: 'Other 1.0', uuid: '6f9619ff-8b86-d011-b42d-00c04fc964ff' })
    bench.send('M115')
    const said = bench.heard().find((line) => line.startsWith('FIRMWARE_NAME:'))
    expect(said).toMatch(
      /^FIRMWARE_NAME:Other 1\.0 SOURCE_CODE_URL:.* UUID:6f9619ff-8b86-d011-b42d-00c04fc964ff$/,
    )
  })

  test('M115 shows the options that show', () => {
    const bench = benchPrinter({ build: 'all-options', hasEmergencyParser: true, hasChamber: true })
    bench.send('M115')
    const lines = bench.heard()
    for (const name of [
      'PAREN_COMMENTS',
      'QUOTED_STRINGS',
      'EMERGENCY_PARSER',
      'MOTION_MODES',
      'CHAMBER_TEMPERATURE',
    ]) {
      expect(lines).toContain(`Cap:${name}:1`)
    }
  })

  test('M503 lists the settings as commands', () => {
    const lines = answerTo('M503')
    expect(lines).toContain('echo:  M92 X80.00 Y80.00 Z400.00 E93.00')
    expect(lines.slice(0, -1).every((line) => line.startsWith('echo:'))).toBe(true)
    expect(lines.at(-1)).toBe('ok')
  })

  test('M114 and M119 report', () => {
    expect(answerTo('M114')).toEqual(['X:0.00 Y:0.00 Z:0.00 E:0.00 Count X:0 Y:0 Z:0', 'ok'])
    expect(answerTo('M119')).toEqual([
      'Reporting endstop status',
      'x_min: open',
      'y_min: open',
      'z_min: open',
      'ok',
    ])
  })

  test('M111 and M113 report what they hold', () => {
    expect(answerTo('M111')).toEqual(['echo:DEBUG:off', 'ok'])
    expect(answerTo('M111 S7')).toEqual(['echo:DEBUG:ECHO,INFO,ERRORS', 'ok'])
    expect(answerTo('M113', 'M113 S99', 'M113')).toEqual(['echo:M113 S2', 'ok', 'ok', 'echo:M113 S60', 'ok'])
  })
})

describe('text', () => {
  test('M117 is for the display, and is not answered with', () => {
    const bench = benchPrinter()
    bench.send('M117 Hello ; not this')
    expect(bench.heard()).toEqual(['ok'])
    expect(bench.printer.state().message).toBe('Hello ')
  })

  test.each([
    ['M118 hello', 'hello\r\nok\n'],
    ['M118 ok', 'ok\r\nok\n'],
    ['M118 Resend: 3', 'Resend: 3\r\nok\n'],
    ['M118 E1 hello', 'echo:hello\r\nok\n'],
    ['M118 A1 action:cancel', '//action:cancel\r\nok\n'],
    ['M118 P0 E1 A1 x', 'echo://x\r\nok\n'],
    ['M118', '\r\nok\n'],
  ])('%s is sent as %j, whatever a host will make of it', (line, sent) => {
    const bench = benchPrinter()
    bench.send(line)
    expect(bench.heardText()).toBe(sent)
  })

  test('an unknown command is named, cut where the firmware cuts it', () => {
    expect(answerTo('M9999 S1', '  HELLO *5', '   ', 'G20')).toEqual([
      'echo:Unknown command: "M9999 S1"',
      'ok',
      'echo:Unknown command: "HELLO"',
      'ok',
      'echo:Unknown command: ""',
      'ok',
      'echo:Unknown command: "G20"',
      'ok',
    ])
  })

  test('bytes above ASCII come back as they went', () => {
    const bench = benchPrinter()
    bench.send('M118 \xe2\x82\xac')
    expect(bench.heardText()).toBe('\xe2\x82\xac\r\nok\n')
  })
})

describe('tools', () => {
  test('there is one', () => {
    expect(answerTo('T0', 'T1', 'T256')).toEqual(['ok', 'echo:T1 Invalid extruder', 'ok', 'ok'])
  })
})

describe('settings', () => {
  test('are changed by the commands that M503 lists, and change what they mean', () => {
    const bench = benchPrinter({ jumps: true })
    bench.send('M92 X160', 'G1 X1', 'M114', 'M92')
    expect(bench.heard()).toEqual([
      'ok',
      'ok',
      'X:1.00 Y:0.00 Z:0.00 E:0.00 Count X:160 Y:0 Z:0',
      'ok',
      'echo:  M92 X160.00 Y80.00 Z400.00 E93.00',
      'ok',
    ])
  })

  test('are lost with a reset, unless they were stored', () => {
    const bench = benchPrinter()
    bench.send('M92 X160')
    bench.printer.reset()
    bench.send('M92')
    expect(bench.heard()).toContain('echo:  M92 X80.00 Y80.00 Z400.00 E93.00')
    bench.send('M92 X160', 'M500', 'M502', 'M92')
    expect(bench.heard()).toContain('echo:  M92 X80.00 Y80.00 Z400.00 E93.00')
    bench.printer.reset()
    bench.send('M92')
    expect(bench.heard()).toContain('echo:  M92 X160.00 Y80.00 Z400.00 E93.00')
    bench.send('M502', 'M501', 'M92')
    expect(bench.heard()).toContain('echo:  M92 X160.00 Y80.00 Z400.00 E93.00')
  })
})

describe('line numbers and restart', () => {
  test('M110 N sets the number without one of its own', () => {
    const bench = benchPrinter()
    bench.send('M110 N41', numbered(42, 'G90'))
    expect(bench.heard()).toEqual(['ok', 'ok'])
  })

  test('M110 alone changes nothing', () => {
    const bench = benchPrinter()
    bench.send('M110', numbered(1, 'G90'))
    expect(bench.heard()).toEqual(['ok', 'ok'])
  })

  test('M999 asks for the next line, then says ok for itself', () => {
    expect(answerTo('M110 N7', 'M999')).toEqual(['ok', 'Resend: 8', 'ok', 'ok'])
    expect(answerTo('M999 S1')).toEqual(['ok'])
  })
})

describe('waiting for a person', () => {
  test('M0 waits until M108 comes, and says for whom', () => {
    const bench = benchPrinter()
    bench.send('M0 Change the filament')
    bench.clock.advance(4000)
    expect(bench.heard()).toEqual(['echo:busy: paused for user', 'echo:busy: paused for user'])
    expect(bench.printer.state().message).toBe('Change the filament')
    bench.send('M108')
    expect(bench.heard()).toEqual(['ok', 'ok'])
  })

  test('M1 with a time waits no longer than that', () => {
    const bench = benchPrinter()
    bench.send('M1 P1500')
    bench.clock.advance(1499)
    expect(bench.heard()).toEqual([])
    bench.clock.advance(1)
    expect(bench.heard()).toEqual(['ok'])
  })

  test('speed max does not jump over a person', () => {
    const bench = benchPrinter({ jumps: true })
    bench.send('M0')
    expect(bench.printer.state().isWaiting).toBe(true)
  })

  test('M113 S0 keeps it quiet', () => {
    const bench = benchPrinter()
    bench.send('M113 S0', 'M0')
    bench.heard()
    bench.clock.advance(60_000)
    expect(bench.heard()).toEqual([])
  })
})
