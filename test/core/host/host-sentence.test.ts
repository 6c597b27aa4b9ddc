import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { harmlessText, hostSentence } from '../../../agent/core/host/host-sentence.ts'
import { meaningsOf } from './how-hosts-read.ts'
import { triggerText } from './trigger-texts.ts'

describe('a sentence for a host', () => {
  test.each([
    ['nozzle target 300 °C is above the limit of 260 °C', 'nozzle target 300 C is above the limit of 260 C'],
    ['line 12: `M104 S300`: nozzle target 300 °C', "line 12 - 'M104 S300' - nozzle target 300 C"],
    ['the token is broken', 'the to-ken is bro-ken'],
    ['two hours at first', 'two hour-s at fir-st'],
    ['OK', 'O-K'],
    ['resend checksum line number restart wait', 're-send check-sum line-number resta-rt wa-it'],
    ['waiting', 'waiting'],
    ['x_min is -5 mm', 'x-min is -5 mm'],
    ['open from 08:00 to 18:30', 'open from 08.00 to 18.30'],
    ['ask at https://makers.example/appeal', 'ask at maker-s.example/appeal'],
    ['X:10 T0: 200', 'X=10 T0 - 200'],
    ['a — b … “c” ×2 é', "a - b ... 'c' x2 e"],
    ['<b>bold</b>', '(b)bold(/b)'],
    ['one\r\ntwo\tthree', 'one two three'],
    ['\u001b[31mred\u0007', '?[31mred?'],
    ['  spaces   inside  ', 'spaces inside'],
    ['', 'no reason given'],
    ['\n \n', 'no reason given'],
  ])('%j reads %j', (text, expected) => {
    expect(hostSentence(text)).toBe(expected)
  })

  test('is cut at a word, and says that it was', () => {
    const cut = hostSentence('nozzle target 300 C is above the limit of 260 C, '.repeat(4))
    expect(cut.length).toBeLessThanOrEqual(100)
    expect(cut).toMatch(/limit of ...$|\w,? \.\.\.$/)
  })

  test('is cut within a word that is longer than a line, without making another word of it', () => {
    const text = `x ${'y'.repeat(92)}`
    expect(hostSentence(text)).toHaveLength(94)
    expect(hostSentence(`${'.'.repeat(91)}waiting${'.'.repeat(20)}`)).toBe(`${'.'.repeat(91)}wa-it ...`)
  })

  test('keeps two words apart that blanks had kept apart', () => {
    expect(hostSentence('line   number, SD   card')).toBe('line-number, SD-card')
  })

  test('of any text is one line of ASCII that no host takes for a reply, wherever it stands', () => {
    fc.assert(
      fc.property(
        triggerText,
        fc.constantFrom('echo:', 'echo: ', '// action:notification '),
        (text, head) => {
          const sentence = hostSentence(text)
          expect(sentence).toMatch(/^[\x20-\x7e]{1,100}$/)
          expect(meaningsOf(`${head}${sentence}`)).toEqual(meaningsOf(head))
        },
      ),
      { numRuns: 2_000 },
    )
  })

  test('of a sentence is the sentence', () => {
    fc.assert(
      fc.property(triggerText, (text) => {
        const once = hostSentence(text)
        expect(hostSentence(once)).toBe(once)
      }),
      { numRuns: 1_000 },
    )
  })

  test('keeps every number of a refusal', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -9999, max: 9999 }),
        fc.float({ noNaN: true, min: 0, max: 999 }),
        (a, b) => {
          const limit = b.toFixed(2)
          const sentence = hostSentence(`target ${a} °C is above the limit of ${limit} °C`)
          expect(sentence).toBe(`target ${a} C is above the limit of ${limit} C`)
        },
      ),
    )
  })
})

test('harmless text keeps the blanks of what a printer wrote', () => {
  expect(harmlessText('  M92 X80.00 Y80.00')).toBe('  M92 X80.00 Y80.00')
  expect(harmlessText('; Steps per unit:')).toBe('; Steps per unit -')
})

test('a text of any length costs no more than a line of the printer', () => {
  expect(harmlessText('ok'.repeat(1_000_000)).length).toBeLessThanOrEqual(1_600)
  expect(hostSentence(':'.repeat(1_000_000)).length).toBeLessThanOrEqual(100)
})
