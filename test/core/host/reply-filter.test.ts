import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { okToHost, replyToHost } from '../../../agent/core/host/reply-filter.ts'
import { replyKind } from '../../../agent/core/printer/reply.ts'
import { meaningsOf } from './how-hosts-read.ts'
import { triggerText } from './trigger-texts.ts'

function passed(line: string): string | null {
  return replyToHost(line, replyKind(line))
}

describe('a report passes as it is', () => {
  test.each([
    ' T:19.37 /0.00 B:19.37 /0.00 @:0 B@:0',
    'T:19.37 /0.00 B:19.37 /0.00 @:0 B@:0 W:?',
    ' T:293.0 /0.0 (0.0) B:25.9 /0.0 T0:293.0 /0.0 (0.0) T1:100.0 /0.0 @:0 B@:0 @0:0 @1:127',
    'T:20.1 E:0 W:?',
    'T:-14.00 /0.00 B:20.00 /0.00 C:20.00 /0.00 P:21.5 A:30.1',
    'T:20/200',
    'X:5.00 Y:7.00 Z:0.00 E:0.00 Count X:400 Y:560 Z:0',
    'X:5.00 Y:7.00 Z:0.00 E:0.00 Count X: 400.00 Y:560.00 Z:0.00 E:0.00',
    'Reporting endstop status',
    'x_min: open',
    'z_probe: TRIGGERED',
    'filament: open',
    'echo:busy: processing',
    'echo:busy: paused for user',
    'Cap:EMERGENCY_PARSER:1',
    'Cap:AUTOREPORT_TEMP:1',
    'Cap:HOST_ACTION_COMMANDS:0',
    'echo:  M92 X80.00 Y80.00 Z400.00 E500.00',
    'Error:Thermal Runaway, system stopped! Heater_ID 0',
    'Error:Printer halted. kill() called!',
    '!! Move out of range',
    '//action:pause',
    '// action:paused',
    '//action:resume',
    '//action:cancel',
    '//action:prompt_end',
    '//action:prompt_begin Out of filament',
    '//action:prompt_button Continue',
    '//action:notification Heating done',
  ])('%j', (line) => {
    expect(passed(line)).toBe(line)
    expect(passed(`${line}\r`)).toBe(line)
  })
})

describe('what belongs to the link of the printer ends there', () => {
  test.each([
    'ok',
    'ok N12 P15 B3',
    'ok T:19.37 /0.00',
    'Resend: 12',
    'rs 12',
    'start',
    'Error:checksum mismatch, Last Line: 9',
    'Error:Line Number is not Last Line Number+1, Last Line: 9',
    'Error:No Checksum with line number, Last Line: 9',
    'wait',
    'wait\r',
    '',
    '  ',
    '\r',
    '[MP] PV01 ON NSP',
  ])('%j', (line) => {
    expect(passed(line)).toBeNull()
  })
})

describe('a capability that opens another way in reads 0', () => {
  test.each([
    'MEATPACK',
    'BINARY_FILE_TRANSFER',
    'SDCARD',
    'SD_WRITE',
    'AUTOREPORT_SD_STATUS',
    'LONG_FILENAME',
    'LFN_WRITE',
    'EXTENDED_M20',
    'CUSTOM_FIRMWARE_UPLOAD',
    'SERIAL_XON_XOFF',
    'PAREN_COMMENTS',
    'QUOTED_STRINGS',
    'MOTION_MODES',
    'REPEAT',
    'ONE_THAT_NOBODY_KNOWS_YET',
  ])('%s', (name) => {
    expect(passed(`Cap:${name}:1`)).toBe(`Cap:${name}:0`)
    expect(passed(`Cap:${name}:0`)).toBe(`Cap:${name}:0`)
  })

  test.each(['Cap:MEATPACK', 'Cap:MEATPACK:2', 'Cap:MEATPACK:1 ', 'Cap:ARCS:1 Cap:MEATPACK:1', 'Cap:a:1'])(
    'and %j is none',
    (line) => {
      expect(passed(line) ?? '').not.toMatch(/MEATPACK:[12]|Cap:a/)
    },
  )
})

describe('the answer to M115', () => {
  test('keeps its fields', () => {
    expect(
      passed(
        'FIRMWARE_NAME:Marlin 2.1.2 (Nov  1 2022) SOURCE_CODE_URL:github.com/MarlinFirmware/Marlin PROTOCOL_VERSION:1.0 MACHINE_TYPE:3D Printer EXTRUDER_COUNT:1 UUID:cede2a2f-41a2-4748-9b12-c55c62f367ff',
      ),
    ).toBe(
      'FIRMWARE_NAME:Marlin 2.1.2 (Nov  1 2022) SOURCE_CODE_URL:github.com/MarlinFirmware/Marlin PROTOCOL_VERSION:1.0 MACHINE_TYPE:3D Printer EXTRUDER_COUNT:1 UUID:cede2a2f-41a2-4748-9b12-c55c62f367ff',
    )
  })

  test('names no binary protocol', () => {
    expect(
      passed(
        'FIRMWARE_NAME:Repetier_1.0.4 COMPILED:Sep 1 2020 FIRMWARE_URL:https://github.com/repetier PROTOCOL_VERSION:1.0 MACHINE_TYPE:Mendel EXTRUDER_COUNT:1 REPETIER_PROTOCOL:3',
      ),
    ).toBe(
      'FIRMWARE_NAME:Repetier_1.0.4 COMPILED=Sep 1 2020 FIRMWARE_URL:github.com/repetier PROTOCOL_VERSION:1.0 MACHINE_TYPE:Mendel EXTRUDER_COUNT:1',
    )
  })

  test('holds no numbers of its own, and no acknowledgement', () => {
    const reply = passed('FIRMWARE_NAME:ok T:300 MACHINE_TYPE:rs X:1 REPETIER_PROTOCOL:3REPETIER_PROTOCOL:4')
    expect(reply).toBe('FIRMWARE_NAME:o-k T=300 MACHINE_TYPE:r-s X=1')
  })
})

describe('any other text is shown, and harmless', () => {
  test.each([
    ['Marlin 2.1.2', 'echo:Marlin 2.1.2'],
    ['echo:SD card ok', 'echo:SD-card o-k'],
    ['Begin file list', 'echo:Begin file-list'],
    ['echo:Unknown command: "G999"', "echo:Unknown command - 'G999'"],
    ['echo:; Material heatup parameters:', 'echo:; Material heatup parameter-s -'],
    ['okay', 'echo:o-kay'],
    ['ok:', 'echo:o-k -'],
    ['rs5', 'echo:r-s5'],
    ['ECHO:ok', 'echo:o-k'],
    ['echo:echo:ok', 'echo:echo=o-k'],
    ['restart', 'echo:resta-rt'],
    ['Bed X: 10.0 Y: 10.0', 'echo:Bed X - 10.0 Y - 10.0'],
    ['recv: T:300 /300', 'echo:recv - T=300 /300'],
    ['// Klipper state: Ready', 'echo:// Klipper state - Ready'],
    ['\u00efok', 'echo:io-k'],
    ['a\u0000b\u0007c', 'echo:a?b?c'],
  ])('%j becomes %j', (line, reply) => {
    expect(passed(line)).toBe(reply)
  })

  test.each([
    ['//action:start', null],
    ['//action:disconnect', null],
    ['//action:shutdown', null],
    ['//action:sd_inserted', null],
    ['//action:ready', null],
    ['//action:pause now', '//action:pause'],
    ['//action:prompt_button', '//action:prompt_button -'],
    ['//action:notification ok T:300', '//action:notification o-k T=300'],
    ['//action:', 'echo://action -'],
    ['//  action:pause', 'echo://  action=pause'],
    ['echo:busy: ok', 'echo:busy: o-k'],
    ['busy:processing', 'echo:busy: processing'],
    ['echo:busy: T:300', 'echo:busy: processing'],
    ['Error:Heating failed, Heater_ID: 0', 'Error:Heating failed, Heater_ID - 0'],
    ['Error: ok', 'Error:o-k'],
    ['!!', '!! '],
  ])('%j becomes %j', (line, reply) => {
    expect(passed(line)).toBe(reply)
  })
})

/** What only a report may be taken for, by the reports themselves. */
const REPORTED =
  /temperature|position|busy|endstop|capability|firmware|error|action|pause|cancel|rejection|repetier: ([A-Z]\d?:|FIRM|PROT|MACH|EXTR|Error)/

describe('of any line', () => {
  test('nothing passes that a host takes for an acknowledgement, a request or a boot', () => {
    fc.assert(
      fc.property(triggerText, (line) => {
        const reply = passed(line)
        if (reply === null) return
        expect(reply).toMatch(/^[\x20-\x7e]{1,256}$/)
        expect(meaningsOf(reply).filter((meaning) => !REPORTED.test(meaning))).toEqual([])
        // And text is nothing but text.
        if (reply.startsWith('echo:') && !reply.startsWith('echo:busy: '))
          expect(meaningsOf(reply)).toEqual([])
      }),
      { numRuns: 3_000 },
    )
  })

  test('no capability but a known one passes', () => {
    fc.assert(
      fc.property(triggerText, (text) => {
        expect(passed(`Cap:${text}`) ?? '').not.toMatch(/(MEATPACK|BINARY_FILE_TRANSFER):1/)
        expect(passed(`FIRMWARE_NAME:${text}`) ?? '').not.toMatch(/REPETIER_PROTOCOL:|MEATPACK:/)
      }),
    )
  })

  test('an acknowledgement carries temperatures or nothing', () => {
    fc.assert(
      fc.property(triggerText, (text) => {
        const ok = okToHost(`ok${text}`)
        expect(ok).toMatch(/^ok( .*)?$/)
        if (ok !== 'ok') expect(replyToHost(ok.slice(3), 0)).toBe(ok.slice(3))
        expect(ok.lastIndexOf('ok')).toBe(0)
      }),
      { numRuns: 1_000 },
    )
  })

  test('a line of any length is cut, and its numbers are not', () => {
    expect(passed(`ab ${'x'.repeat(5_000)}`)).toHaveLength(256)
    const long = `T:200 /200${' @:0'.repeat(500)}`
    expect(passed(long)).toMatch(/^echo:T=200 \/200/)
    expect(okToHost(`ok ${long}`)).toBe('ok')
  })
})

describe('an acknowledgement', () => {
  test.each([
    ['ok', 'ok'],
    ['ok T:19.37 /0.00 B:19.37 /0.00 @:0 B@:0', 'ok T:19.37 /0.00 B:19.37 /0.00 @:0 B@:0'],
    ['ok T:19.37 /0.00 B:19.37 /0.00 @:0 B@:0\r', 'ok T:19.37 /0.00 B:19.37 /0.00 @:0 B@:0'],
    ['ok B:20.0 /0.0 T0:20.0 /0.0', 'ok B:20.0 /0.0 T0:20.0 /0.0'],
    ['OK T:20 /0', 'ok T:20 /0'],
  ])('%j reads %j', (line, ok) => {
    expect(okToHost(line)).toBe(ok)
  })

  test.each([
    'ok\r',
    'ok ',
    'ok N12 P15 B3',
    'ok P15 B3',
    'ok T:',
    'ok T:x',
    'ok T:20 /',
    'ok T:20 /0 Resend: 5',
    'ok T:20 /0 ok',
    'ok T:20 /0 T',
    'ok T:1e5 /0',
    'ok T:nan /0',
    'ok T:20 /0 :5',
    'ok T:20 /0 5:5',
    'ok T:20 /0(5',
    'ok T:20 /0 (5x',
    'ok T:20/0X',
    'ok T:20X:5',
    'ok T:1234567890123 /0',
    'ok T:20\r /0',
    'ok X:5 Y:5',
    'ok FIRMWARE_NAME:Klipper',
    'okT:20 /0',
    'ok Cap:MEATPACK:1',
    '',
  ])('%j reads ok', (line) => {
    expect(okToHost(line)).toBe('ok')
  })
})
