import { expect, test } from 'vitest'
import { CommandQueue } from '../../agent/core/command-queue.ts'
import { JobReader } from '../../agent/core/job-reader.ts'
import { quoted } from '../../agent/core/printer/reply.ts'
import { MARLIN } from '../../gcode/index.ts'

const reader = (isConfidential: boolean): JobReader =>
  new JobReader(
    MARLIN,
    {
      judge: () => ({
        kind: 'deny',
        objections: [{ code: 'c', rule: 'r', message: 'the word `SECRET` is not allowed', remedy: 'none' }],
      }),
    },
    new CommandQueue(),
    isConfidential,
  )

test('a line that is refused in print is told with its words, and of a sealed job without', () => {
  for (const line of ['G1 X1\n', 'G1 X(SECRET\n']) {
    const [open, sealed] = [reader(false), reader(true)]
    for (const one of [open, sealed]) one.push(Buffer.from(`; a comment\n${line}`))
    expect(open.refused?.line).toBe(2)
    expect(open.refused?.message).not.toMatch(/is sealed/)
    expect(sealed.refused).toEqual({ line: 2, message: 'what is not told, for the job is sealed' })
  }
})

test('what a printer says is quoted, and while a sealed job is printed it is not', () => {
  expect(quoted('Error:\x1b[1mSECRET')).toBe('`Error:?[1mSECRET`')
  expect(quoted('Error:SECRET', true)).toBe('what is not told, for the job is sealed')
})
