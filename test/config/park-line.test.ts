import { describe, expect, test } from 'vitest'
import { readParkLine } from '../../agent/config/park-line.ts'

describe('a line that parks', () => {
  test.each([
    ['G91', 'G91'],
    ['G1 Z10 F600', 'G1 Z10 F600'],
    ['g28 x y ; home two', 'G28 X Y'],
    ['G0X5.Y.5', 'G0 X5 Y0.5'],
    ['G4 S60', 'G4 S60'],
    ['G4 P60000', 'G4 P60000'],
    ['M84', 'M84'],
    ['M300 S440 P200', 'M300 S440 P200'],
  ])('%s goes out as %s', (text, canonical) => {
    expect(readParkLine(text)).toEqual({ ok: true, canonical })
  })

  test.each([
    ['', 'holds no command'],
    ['; nothing', 'holds no command'],
    ['G1 X5 E5', 'has an E word: parking moves no filament'],
    ['M84 E', 'has an E word: parking moves no filament'],
    ['G4 S61', 'waits longer than the limit of 60 s'],
    ['G4 P61000', 'waits longer than the limit of 60 s'],
    ['G4 P1 S100', 'waits longer than the limit of 60 s'],
  ])('%s is refused: %s', (text, why) => {
    expect(readParkLine(text)).toEqual({ ok: false, why })
  })

  test.each([
    'M104 S200',
    'M140 S0',
    'M112',
    'G92 Z0',
    'G29',
    'M500',
    'T0',
    'M110 N0',
    'M117 hi',
    'M9999',
    'G10',
  ])('%s is none of those that may follow a stop', (text) => {
    expect(readParkLine(text)).toMatchObject({
      ok: false,
      why: expect.stringContaining('must be one of G0, G1'),
    })
  })

  test.each([
    'G1 X1\nM104 S250',
    'G1 X1 M104 S250',
    'G1 X1 X2',
    'G1 X1e3',
    'G1 X\xb2',
    'G28.1',
    'hello',
    'G1 X1 (home)',
  ])('%j is not one line with one meaning', (text) => {
    expect(readParkLine(text)).toMatchObject({ ok: false })
  })

  test('never carries more than the canonical command', () => {
    const line = readParkLine('G28 ; home\nM104 S250')
    expect(line.ok ? line.canonical : '').not.toContain('M104')
  })
})
