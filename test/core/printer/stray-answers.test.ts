import { describe, expect, test } from 'vitest'
import { REPLY_BUSY, REPLY_HALTED, REPLY_OK, REPLY_OTHER } from '../../../agent/core/printer/reply.ts'
import { SETTLED_MS, StrayAnswers, UNSETTLED_MS } from '../../../agent/core/printer/stray-answers.ts'

function strays(): StrayAnswers {
  return new StrayAnswers({ write: () => {} })
}

function send(to: StrayAnswers, text: string): void {
  to.sink.write(Buffer.from(text), 0, text.length)
}

describe('answers to lines that do not count any more', () => {
  test('are over a moment after the last of them', () => {
    const answers = strays()
    answers.begin(1)
    send(answers, 'M104 S0\n')
    answers.heard(REPLY_OK, 1000)
    answers.heard(REPLY_OK, 1100)
    expect(answers.areOver(1100 + SETTLED_MS - 1)).toBe(false)
    expect(answers.areOver(1100 + SETTLED_MS)).toBe(true)
  })

  test('are waited for much longer where one is missing', () => {
    const answers = strays()
    answers.begin(2)
    answers.heard(REPLY_OK, 1000)
    expect(answers.areOver(1000 + SETTLED_MS)).toBe(false)
    expect(answers.areOver(1000 + UNSETTLED_MS)).toBe(true)
  })

  test('are not over while the printer says that it is busy', () => {
    const answers = strays()
    answers.begin(1)
    for (let atMs = 0; atMs <= 60_000; atMs += 2000) {
      expect(answers.areOver(atMs)).toBe(false)
      answers.heard(REPLY_BUSY, atMs)
    }
  })

  test('are not put off by temperatures that come without being asked for', () => {
    const answers = strays()
    answers.begin(1)
    answers.heard(REPLY_OK, 1000)
    answers.heard(REPLY_OTHER, 1400)
    expect(answers.areOver(1000 + SETTLED_MS)).toBe(true)
  })

  test('are none for a newline alone', () => {
    const answers = strays()
    send(answers, '\n')
    expect(answers.areOwed).toBe(false)
    send(answers, 'M105\n')
    expect(answers.areOwed).toBe(true)
  })

  test('can never all have come where nobody knows how many there are', () => {
    const answers = strays()
    answers.begin(Number.POSITIVE_INFINITY)
    for (let i = 0; i < 1000; i++) answers.heard(REPLY_OK, 1000)
    expect(answers.areOver(1000 + SETTLED_MS)).toBe(false)
    answers.forget()
    expect(answers.areOver(1000 + SETTLED_MS)).toBe(true)
  })

  test('end with the word of the printer that it has halted', () => {
    const answers = strays()
    expect(answers.mayStillRun).toBe(false)
    answers.begin(0)
    expect(answers.mayStillRun).toBe(true)
    answers.heard(REPLY_OK, 1)
    expect(answers.mayStillRun).toBe(true)
    answers.heard(REPLY_HALTED, 2)
    expect(answers.mayStillRun).toBe(false)
  })
})
