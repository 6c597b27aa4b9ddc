import { describe, expect, test } from 'vitest'
import {
  advancedField,
  firstNumber,
  printable,
  REPLY_BUSY,
  REPLY_CANCEL,
  REPLY_ERROR,
  REPLY_HALTED,
  REPLY_LINK_ERROR,
  REPLY_OK,
  REPLY_OTHER,
  REPLY_RESEND,
  REPLY_START,
  replyKind,
  reportsCold,
  reportsTemperatures,
} from '../../../agent/core/printer/reply.ts'

describe('a line from the printer', () => {
  test.each([
    ['ok', REPLY_OK],
    ['ok\r', REPLY_OK],
    ['OK', REPLY_OK],
    ['ok N12 P15 B3', REPLY_OK],
    ['ok T:19.37 /0.00 B:19.37 /0.00 @:0 B@:0', REPLY_OK],
    ['Resend: 12', REPLY_RESEND],
    ['Resend:12', REPLY_RESEND],
    ['RESEND: 12', REPLY_RESEND],
    ['rs 5', REPLY_RESEND],
    ['echo:busy: processing', REPLY_BUSY],
    ['echo:busy: paused for user', REPLY_BUSY],
    ['busy: processing', REPLY_BUSY],
    ['start', REPLY_START],
    ['Error:checksum mismatch, Last Line: 9', REPLY_LINK_ERROR],
    ['Error:Line Number is not Last Line Number+1, Last Line: 9', REPLY_LINK_ERROR],
    ['Error:No Checksum with line number, Last Line: 9', REPLY_LINK_ERROR],
    ['Error:Thermal Runaway, system stopped! Heater_ID: 0', REPLY_ERROR],
    ['error: MINTEMP', REPLY_ERROR],
    ['!! Move out of range', REPLY_ERROR],
    ['Error:Printer halted. kill() called!', REPLY_HALTED],
    ['Error:Printer stopped due to errors. Fix the error and use M999 to restart.', REPLY_HALTED],
    ['!! kill() called', REPLY_HALTED],
    ['//action:cancel', REPLY_CANCEL],
    ['// action:cancel', REPLY_CANCEL],
    ['//action:cancel \r', REPLY_CANCEL],
  ])('%j is told for what it is', (line, kind) => {
    expect(replyKind(line)).toBe(kind)
  })

  test.each([
    '',
    'okay',
    'ok:',
    'okN12',
    ' ok',
    'o',
    'resen',
    'rs5',
    'rsomething',
    'busy',
    'echo:ok',
    'echo:Resend: 5',
    'echo:busy',
    'echo: busy: processing',
    'restart',
    'start now',
    'started',
    '! halted',
    '//action:cancelled',
    '//action:cancel now',
    '//  action:cancel',
    '//action:pause',
    '//action:notification ok',
    'echo://action:cancel',
    ' T:19.37 /0.00 B:19.37 /0.00 @:0 B@:0',
    '\u00efok',
    'Err',
  ])('%j only looks like one', (line) => {
    expect(replyKind(line)).toBe(REPLY_OTHER)
  })
})

describe('the numbers of a reply', () => {
  test('a request names the first number in it', () => {
    expect(firstNumber('Resend: 12')).toBe(12)
    expect(firstNumber('Resend:N7 or 8')).toBe(7)
    expect(firstNumber('rs 0')).toBe(0)
  })

  test('a request without a number asks for no line', () => {
    expect(firstNumber('Resend:')).toBe(-1)
  })

  test('an absurd number is a number all the same', () => {
    expect(firstNumber(`Resend: ${'9'.repeat(400)}`)).toBe(Number.POSITIVE_INFINITY)
  })

  test('an advanced ok gives its fields, and a plain one none', () => {
    expect(advancedField('ok N12 P15 B3', 'N')).toBe(12)
    expect(advancedField('ok N12 P15 B3', 'P')).toBe(15)
    expect(advancedField('ok N12 P15 B3', 'B')).toBe(3)
    expect(advancedField('ok', 'N')).toBe(-1)
    expect(advancedField('ok N', 'N')).toBe(-1)
    expect(advancedField('ok N-1', 'N')).toBe(-1)
  })

  test('a bed temperature is not the room in the buffer', () => {
    expect(advancedField('ok T:19.37 /0.00 B:60.00 /60.00 @:0 B@:0', 'B')).toBe(-1)
  })
})

describe('reported temperatures', () => {
  test.each([
    'ok T:19.37 /0.00 B:19.37 /0.00 @:0 B@:0',
    ' T:19.37 /0.00 B:19.37 /0.00 @:0 B@:0',
    'ok T:20.0/0.0',
    'ok T:-14.00 /0.00',
    'ok T:19 /0 B:19 /0 T0:19 /0 T1:19 /0 @:0 B@:0 @0:0 @1:0',
    'ok T:19.37 /0.00 B:19.37 /0.00 C:20.00 /0.00 @:0',
  ])('%j is cold', (line) => {
    expect(reportsTemperatures(line)).toBe(true)
    expect(reportsCold(line)).toBe(true)
  })

  test.each([
    ['the nozzle', 'ok T:19.37 /200.00 B:19.37 /0.00 @:0 B@:0'],
    ['the bed', 'ok T:19.37 /0.00 B:19.37 /60.00 @:0 B@:0'],
    ['the chamber', 'ok T:19.37 /0.00 B:19.37 /0.00 C:20.00 /45.00 @:0'],
    ['the second of two nozzles', 'ok T:19 /0 B:19 /0 T0:19 /0 T1:19 /200 @:0 B@:0'],
    ['half a degree', 'ok T:19.37 /0.50 B:19.37 /0.00'],
  ])('a target of %s is not cold', (_heater, line) => {
    expect(reportsTemperatures(line)).toBe(true)
    expect(reportsCold(line)).toBe(false)
  })

  test.each([
    ['unreadable', 'ok T:19.37 /x.00 B:19.37 /0.00'],
    ['noise', 'ok T:19.37 /0.\u00b00 B:19.37 /0.00'],
    ['missing', 'ok T:200.00 200.00 B:19.37 /0.00'],
    ['empty', 'ok T:19.37 / B:19.37 /0.00'],
  ])('a target that is %s is not taken for 0', (_what, line) => {
    expect(reportsCold(line)).toBe(false)
  })

  test.each(['ok', 'X:0.00 Y:0.00 Z:0.00 E:0.00', 'echo:T', 'ok T:', 'MAT:1 /0', ''])(
    '%j reports none',
    (line) => {
      expect(reportsTemperatures(line)).toBe(false)
      expect(reportsCold(line)).toBe(false)
    },
  )
})

test('a quoted reply is cut and cannot reach the terminal', () => {
  expect(printable('Error:\u001b[31mred\u0007')).toBe('Error:?[31mred?')
  expect(printable('x'.repeat(2000))).toHaveLength(80)
})
