import { expect, test } from 'vitest'
import { HISTORY_LINES, LineHistory } from '../../../agent/core/printer/line-history.ts'

const keep = (history: LineHistory, text: string): void => {
  const bytes = Buffer.from(`..${text}..`)
  history.keep(bytes, 2, bytes.length - 2)
}

const replayed = (history: LineHistory, lineNumber: number): string => {
  let text = ''
  history.replay(lineNumber, (bytes, start, end) => {
    text += Buffer.from(bytes.subarray(start, end)).toString()
  })
  return text
}

test('a kept line comes back byte for byte under its number', () => {
  const history = new LineHistory()
  history.restart(5)
  keep(history, 'five')
  keep(history, 'six')
  expect(replayed(history, 6)).toBe('six')
  expect(replayed(history, 5)).toBe('five')
})

test('the newest lines are kept and the oldest make room', () => {
  const history = new LineHistory()
  history.restart(1)
  for (let n = 1; n <= HISTORY_LINES + 10; n++) keep(history, `line ${n}`)
  expect(history.has(10)).toBe(false)
  expect(history.has(11)).toBe(true)
  expect(replayed(history, 11)).toBe('line 11')
  expect(replayed(history, HISTORY_LINES + 10)).toBe(`line ${HISTORY_LINES + 10}`)
  expect(history.has(HISTORY_LINES + 11)).toBe(false)
})

test('a shorter line in a used slot brings nothing of the longer one with it', () => {
  const history = new LineHistory()
  history.restart(0)
  for (let n = 0; n < HISTORY_LINES; n++) keep(history, 'a long line of before')
  keep(history, 'short')
  expect(replayed(history, HISTORY_LINES)).toBe('short')
})

test('a restart forgets everything', () => {
  const history = new LineHistory()
  history.restart(0)
  keep(history, 'zero')
  history.restart(1)
  expect(history.has(0)).toBe(false)
  expect(history.has(1)).toBe(false)
  expect(() => replayed(history, 0)).toThrow('a line sent again is in the history')
})

test('a line that would not fit its slot is a bug, not half a line', () => {
  const history = new LineHistory()
  history.restart(0)
  expect(() => keep(history, 'x'.repeat(257))).toThrow('a line sent fits its slot in the history')
  expect(history.has(0)).toBe(false)
})

test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 0.5 - 1])('line %d is never there', (lineNumber) => {
  const history = new LineHistory()
  history.restart(0)
  keep(history, 'zero')
  expect(history.has(lineNumber)).toBe(false)
})
