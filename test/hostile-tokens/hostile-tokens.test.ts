import { describe, expect, test } from 'vitest'
import { LICENCE_REFUSAL_CODES } from '../../agent/token/index.ts'
import { knock } from './case.ts'
import { corpus } from './corpus.ts'

describe('what somebody hostile could bring', () => {
  test.each(corpus)('$name is $code', async (hostile) => {
    expect(await knock(hostile)).toBe(hostile.code)
  })

  test('is at least two hundred things, each under a name of its own', () => {
    expect(corpus.length).toBeGreaterThanOrEqual(200)
    expect(new Set(corpus.map(({ name }) => name)).size).toBe(corpus.length)
  })

  test('is never a check that broke', () => {
    expect(corpus.filter(({ code }) => code === 'check-failed')).toEqual([])
    for (const { code } of corpus) expect(LICENCE_REFUSAL_CODES).toContain(code)
  })
})
