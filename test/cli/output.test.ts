import { afterEach, describe, expect, test, vi } from 'vitest'
import { bold, cleanLine, columns, duration, green, size } from '../../agent/cli/output.ts'

describe('a duration', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0.0 s'],
    [12.34, '12.3 s'],
    [59.94, '59.9 s'],
    [59.96, '1 min 0 s'],
    [60, '1 min 0 s'],
    [119.7, '2 min 0 s'],
    [245, '4 min 5 s'],
    [3599.6, '1 h 0 min'],
    [4980, '1 h 23 min'],
    [360_000, '100 h 0 min'],
  ]
  test.each(cases)('of %d seconds reads well', (seconds, words) => {
    expect(duration(seconds)).toBe(words)
  })
})

describe('a size', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1000, '1.0 kB'],
    [84_362, '84.4 kB'],
    [999_949, '999.9 kB'],
    [999_950, '1.0 MB'],
    [200_000_000, '200.0 MB'],
  ]
  test.each(cases)('of %d bytes reads well', (bytes, words) => {
    expect(size(bytes)).toBe(words)
  })
})

test('columns align their values, whatever the names', () => {
  const rows = columns([
    ['nozzle', '200 °C'],
    ['fastest move', '130 mm/s'],
  ])
  expect(rows).toEqual(['  nozzle        200 °C', '  fastest move  130 mm/s'])
})

test('no colour is written where no terminal shows it', () => {
  expect(bold('text')).toBe('text')
})

describe('a line for a person', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
    vi.resetModules()
  })

  /** The module as it is where standard output is a terminal. */
  async function onTerminal(): Promise<typeof import('../../agent/cli/output.ts')> {
    const { isTTY } = process.stdout
    vi.stubEnv('NO_COLOR', undefined)
    vi.resetModules()
    process.stdout.isTTY = true
    try {
      return await import('../../agent/cli/output.ts')
    } finally {
      process.stdout.isTTY = isTTY
    }
  }

  test('holds nothing that a terminal would obey', () => {
    expect(cleanLine(`${green('allowed')}  a\nb\x1b[8mc\u202e`)).toBe('allowed  a?b?[8mc?')
  })

  test('has our colours on a terminal, and those of nobody else', async () => {
    const output = await onTerminal()
    const line = `${output.bold(output.green('allowed'))}  ${output.dim('a\nb')}\x1b[31mred\x1b[8m`
    expect(output.cleanLine(line)).toBe('\x1b[1m\x1b[32mallowed\x1b[0m\x1b[0m  \x1b[2ma?b\x1b[0m?[31mred?[8m')
  })

  test('stays aligned in columns on a terminal', async () => {
    const output = await onTerminal()
    expect(
      output
        .columns([
          ['a', '1'],
          ['long', '2'],
        ])
        .map(output.cleanLine),
    ).toEqual(['  \x1b[2ma   \x1b[0m  1', '  \x1b[2mlong\x1b[0m  2'])
  })
})
