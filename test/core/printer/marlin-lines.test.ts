import { describe, expect, test } from 'vitest'
import {
  closingAgainLines,
  closingLines,
  preambleLines,
  safeStopLines,
} from '../../../agent/core/printer/marlin-lines.ts'

describe('a job that heats one nozzle', () => {
  test('is closed with the lines of the active tool', () => {
    expect(closingLines([])).toEqual(['M400', 'M104 S0', 'M140 S0', 'M105'])
    expect(closingLines([0])).toEqual(closingLines([]))
  })
})

describe('every job', () => {
  test('starts with a printer that says when it is busy, whatever it was told before', () => {
    expect(preambleLines([])).toContain('M113 S2')
  })
})

describe('a job that heats several', () => {
  test('starts with the flow of each at 100 %, the active tool first', () => {
    const lines = preambleLines([0, 2])
    expect(lines.indexOf('T0')).toBeLessThan(lines.indexOf('M221 S100'))
    expect(lines).toContain('M221 T2 S100')
    expect(preambleLines([])).not.toContain('M221 T2 S100')
  })

  test('has each of them turned off by number, whichever is active at the end', () => {
    expect(closingLines([0, 1])).toEqual(['M400', 'M104 S0', 'M104 T0 S0', 'M104 T1 S0', 'M140 S0', 'M105'])
    expect(closingAgainLines([1])).toEqual([
      'M104 S0',
      'M104 T0 S0',
      'M104 T1 S0',
      'M140 S0',
      'M141 S0',
      'M105',
    ])
    expect(safeStopLines([0, 1, 2]).heatersOff).toEqual([
      'M104 S0',
      'M104 T0 S0',
      'M104 T1 S0',
      'M104 T2 S0',
      'M140 S0',
      'M141 S0',
      'M107',
    ])
  })

  test('cannot make the safe stop longer than a guard takes, by naming tools that no printer has', () => {
    const everyTool = Array.from({ length: 128 }, (_, tool) => tool)
    expect(safeStopLines(everyTool).heatersOff.length).toBeLessThanOrEqual(12)
    expect(safeStopLines(everyTool).heatersOff).toContain('M104 T7 S0')
    expect(safeStopLines(everyTool).heatersOff).not.toContain('M104 T8 S0')
  })
})
