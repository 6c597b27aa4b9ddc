import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lineOf } from '../gcode/lines-of.ts'
import { disagreementInAnyBuild } from '../golden/firmware-command.ts'
import { canonicalLine, junk } from './gcode-lines.ts'

test('what we send is read by every build of Marlin as we read it', () => {
  fc.assert(
    fc.property(canonicalLine, (line) => {
      expect(disagreementInAnyBuild(line), line).toBeUndefined()
    }),
    { numRuns: 3000 },
  )
})

test('what we make of any bytes at all is read by every build of Marlin as we read it', () => {
  fc.assert(
    fc.property(junk, (bytes) => {
      const { canonical } = lineOf(bytes)
      if (canonical === null || canonical === '') return
      expect(disagreementInAnyBuild(canonical), canonical).toBeUndefined()
    }),
    { numRuns: 3000 },
  )
})
