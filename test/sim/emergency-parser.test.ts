import { describe, expect, test } from 'vitest'
import { EmergencyParser } from '../../agent/sim/emergency-parser.ts'

function actions(text: string) {
  const parser = new EmergencyParser()
  return [...Buffer.from(text, 'latin1')].flatMap((byte) => parser.push(byte) ?? [])
}

describe('the emergency parser', () => {
  test.each([
    ['M112\n', 'kill', 'M112'],
    ['  M112\r', 'kill', 'M112'],
    ['N5 M112\n', 'kill', 'M112'],
    ['N-12 M 108\n', 'break-wait', 'M108'],
    ['garbage\nM410\n', 'quickstop', 'M410'],
  ])('acts on %j', (text, action, name) => {
    expect(actions(text)).toEqual([{ action, text: name }])
  })

  test.each(['M112*36\n', 'N5 M112*36\n', 'M112 \n', 'M1120\n', 'm112\n', '\\M112\n', 'xM112\n', 'M112'])(
    'lets %j pass: it wants the end of the line right after the digits',
    (text) => {
      expect(actions(text)).toEqual([])
    },
  )

  test('forgets a line that is too long, and reads the next', () => {
    expect(actions(`${' '.repeat(500)}M112\nM108\n`)).toMatchObject([{ action: 'break-wait' }])
  })
})
