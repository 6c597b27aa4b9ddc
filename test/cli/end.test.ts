import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { badUsage, endWithError, wholeNumber } from '../../agent/cli/end.ts'
import { AgentError, InvariantError } from '../../agent/errors.ts'

let written = ''

beforeEach(() => {
  written = ''
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written += String(text)
    return true
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})

describe('a command that ends badly', () => {
  test('says why in one sentence and ends with the status of the fault', () => {
    endWithError(new AgentError('PORT_BUSY', 'port `/dev/x` is in use', { cause: new Error('EBUSY') }))
    expect(written).toBe('portcullis: port `/dev/x` is in use\n')
    expect(process.exitCode).toBe(5)
  })

  test('shows no stack even of an error in the code', () => {
    endWithError(new InvariantError('nothing reaches the port without a verdict'))
    expect(written).toMatch(/^portcullis: internal fault: nothing reaches .*\(set PORTCULLIS_DEBUG=1 .*\)\n$/)
    expect(process.exitCode).toBe(1)
  })

  test('lets nobody from outside forge a line or steer the terminal', () => {
    endWithError(new AgentError('USAGE', ['file `a\nb\x1b[8m`', 'and `c`']))
    expect(written).toBe('portcullis: file `a?b?[8m`\nand `c`\n')
  })

  test('is quiet where whoever read its output has gone', () => {
    endWithError(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    expect(written).toBe('')
    expect(process.exitCode).toBeUndefined()
  })

  test('tells even of a thrown value that is no error', () => {
    endWithError('odd')
    expect(written).toContain('internal fault: odd')
    expect(process.exitCode).toBe(1)
  })
})

describe('a whole number option', () => {
  test('takes its bounds and what lies between', () => {
    for (const [text, value] of [
      ['1', 1],
      ['0010', 10],
      ['99', 99],
    ] as const)
      expect(wholeNumber('--n', text, 1, 99)).toBe(value)
  })

  test.each(['', '0', '100', '-1', '+5', '1.5', '1e1', '0x10', ' 5', '5 ', '٣', '9'.repeat(40)])(
    'refuses %o and says what it wants',
    (text) => {
      expect(() => wholeNumber('--n', text, 1, 99)).toThrow(
        `option \`--n\` wants a whole number from 1 to 99, not \`${text}\``,
      )
    },
  )

  test('that is wrong is bad usage', () => {
    expect(badUsage('no')).toMatchObject({ code: 'USAGE', exitStatus: 2, message: 'no' })
  })
})
