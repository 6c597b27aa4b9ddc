// What is found in refusals: bursts, probing, and jobs that come again with small changes.
import { describe, expect, test } from 'vitest'
import { decision, findings, HOUR, LogBuilder, MINUTE, refused, SECOND } from './log-builder.ts'

const of = (log: LogBuilder, rule: string) => findings(log).filter((finding) => finding.rule === rule)

describe('refusal-burst', () => {
  test('twenty refusals within ten minutes are one finding, from the first to the last', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 20; i++) log.add(refused('one'), 29 * SECOND)
    expect(of(log, 'refusal-burst')).toMatchObject([
      { uid: 'refusal-burst-0', severity: 'low', first: 0, last: 19, count: 20, isUpdate: false },
    ])
  })

  test('nineteen are none, and twenty over a longer time are none', () => {
    const few = new LogBuilder()
    for (let i = 0; i < 19; i++) few.add(refused('one'))
    expect(of(few, 'refusal-burst')).toEqual([])
    const slow = new LogBuilder()
    for (let i = 0; i < 40; i++) slow.add(refused('one'), 33 * SECOND)
    expect(of(slow, 'refusal-burst')).toEqual([])
  })

  test('denied jobs count like refused lines, and allowed ones do not', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 10; i++) {
      log.add(refused('one'))
      log.add(decision({ raw: 'same' }))
      log.add(decision({ outcome: 'allow', codes: [] }))
    }
    expect(of(log, 'refusal-burst')).toMatchObject([{ count: 20 }])
  })

  test('a burst that goes on is told again at twice the count, and as it gets graver', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 1000; i++) log.add(refused('one'))
    const found = of(log, 'refusal-burst')
    expect(found.map(({ count }) => count)).toEqual([20, 40, 80, 100, 200, 400, 800, 1000])
    expect(found.map(({ severity }) => severity)).toEqual([
      ...['low', 'low', 'low'],
      ...['medium', 'medium', 'medium', 'medium'],
      'high',
    ])
    expect(new Set(found.map(({ uid }) => uid)).size).toBe(1)
    expect(found.map(({ isUpdate }) => isUpdate)).toEqual([false, ...Array(7).fill(true)])
  })

  test('a burst after a quiet time is another one', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 20; i++) log.add(refused('one'))
    for (let i = 0; i < 20; i++) log.add(refused('one'), i === 0 ? HOUR : SECOND)
    expect(of(log, 'refusal-burst').map(({ uid }) => uid)).toEqual(['refusal-burst-0', 'refusal-burst-20'])
  })

  test('a host that the gate blocked for it is a burst however few are on record', () => {
    const log = new LogBuilder()
    log.add(refused('one'))
    log.add({ kind: 'latched', job: null, code: 'many-refusals', reason: 'many lines were refused' })
    log.add({ kind: 'latched', job: null, code: 'printer-silent', reason: 'no answer' })
    expect(of(log, 'refusal-burst')).toMatchObject([{ severity: 'medium', first: 0, last: 1, count: 2 }])
  })

  test('a clock that is set back does not hide a burst', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 10; i++) log.add(refused('one'))
    log.ms -= 5 * MINUTE
    for (let i = 0; i < 10; i++) log.add(refused('one'))
    expect(of(log, 'refusal-burst')).toMatchObject([{ count: 20 }])
  })
})

describe('probing', () => {
  test('five new reasons in five attempts of one subject are probing', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 5; i++) log.add(decision({ codes: [`code-${i}`] }), 5 * MINUTE)
    expect(of(log, 'probing')).toMatchObject([
      { uid: 'probing-subject-0', severity: 'medium', first: 0, last: 4, count: 5 },
    ])
  })

  test('a bad file with many faults that comes again is not', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 9; i++) log.add(decision({ codes: ['a', 'b', 'c', 'd', 'e', 'f'] }))
    expect(of(log, 'probing')).toEqual([])
  })

  test('the many refused lines of one job are one attempt', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 12; i++) log.add(refused(`code-${i}`, 'job-1'))
    expect(of(log, 'probing')).toEqual([])
  })

  test('lines of a console are attempts of their own', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 5; i++) log.add(refused(`code-${i}`))
    expect(of(log, 'probing')).toMatchObject([{ uid: 'probing-subject-0', count: 5 }])
  })

  test('two hours between attempts are too long', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 12; i++) log.add(decision({ codes: [`code-${i}`] }), 2 * HOUR)
    expect(of(log, 'probing')).toEqual([])
  })

  test('whoever changes the name with each attempt is found all the same', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 8; i++)
      log.add(decision({ codes: [`code-${i}`] }), MINUTE, `s-${`${i}`.padStart(16, '0')}`)
    expect(of(log, 'probing')).toMatchObject([{ uid: 'probing-any-0', severity: 'low', count: 8 }])
  })

  test('what one subject does is not told a second time as that of any', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 12; i++) log.add(decision({ codes: [`code-${i}`] }))
    expect(of(log, 'probing').map(({ uid, severity }) => [uid, severity])).toEqual([
      ['probing-subject-0', 'medium'],
      ['probing-subject-0', 'high'],
    ])
  })

  test('a crowd of other subjects does not drive out the one that goes on', () => {
    const log = new LogBuilder()
    const crowd = (n: number) => {
      for (let i = 0; i < 31; i++)
        log.add(decision({ codes: ['common'] }), 0, `s-${`${n * 100 + i}`.padStart(16, 'a')}`)
    }
    for (let i = 0; i < 5; i++) {
      log.add(decision({ codes: [`code-${i}`] }), 10)
      crowd(i)
    }
    expect(of(log, 'probing').map(({ uid }) => uid)).toContain('probing-subject-0')
  })
})

describe('resubmission', () => {
  const size = (n: number) => ({ commands: 10_000 + n * 10, bytes: 300_000 + n * 100 })

  test('five variants of a job, each denied, are a finding', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 5; i++) log.add(decision(size(i)), HOUR)
    expect(of(log, 'resubmission')).toMatchObject([
      { uid: 'resubmission-denied-0', severity: 'low', first: 0, last: 4, count: 5 },
    ])
  })

  test('the same file again and again is no variant', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 9; i++) log.add(decision({ raw: 'same' }), HOUR)
    expect(of(log, 'resubmission')).toEqual([])
  })

  test('the same commands with other comments are variants, however long the comments', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 5; i++) log.add(decision({ canonical: 'same', bytes: 30_000 * (i + 1) }), HOUR)
    expect(of(log, 'resubmission')).toMatchObject([{ count: 5 }])
  })

  test('small changes that lead far are followed', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 5; i++) log.add(decision({ commands: 10_000 + i * 190, bytes: 300_000 }))
    expect(of(log, 'resubmission')).toMatchObject([{ count: 5 }])
  })

  test('different jobs are different jobs', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 9; i++) log.add(decision({ commands: 1000 * (i + 1) }))
    expect(of(log, 'resubmission')).toEqual([])
  })

  test('a variant that is allowed after them is told, once, and graver after many', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 5; i++) log.add(decision(size(i)))
    log.add(decision({ ...size(5), outcome: 'allow', codes: [] }))
    log.add(decision({ ...size(5), outcome: 'allow', codes: [] }))
    expect(of(log, 'resubmission').map(({ uid, severity, last }) => [uid, severity, last])).toEqual([
      ['resubmission-denied-0', 'low', 4],
      ['resubmission-allowed-0', 'medium', 5],
    ])
    const many = new LogBuilder()
    for (let i = 0; i < 10; i++) many.add(decision(size(i)))
    many.add(decision({ ...size(10), outcome: 'warn', codes: [] }))
    expect(of(many, 'resubmission').at(-1)).toMatchObject({ uid: 'resubmission-allowed-0', severity: 'high' })
  })

  test('a file that is mended in three attempts is nobody’s business', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 3; i++) log.add(decision(size(i)))
    log.add(decision({ ...size(3), outcome: 'allow', codes: [] }))
    expect(findings(log)).toEqual([])
  })

  test('a harmless job of the same size in between does not begin the count anew', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 5; i++) {
      log.add(decision(size(i)))
      log.add(decision({ ...size(i), outcome: 'allow', codes: [] }))
    }
    expect(of(log, 'resubmission').map(({ uid }) => uid)).toEqual([
      'resubmission-denied-0',
      'resubmission-allowed-0',
    ])
  })

  test('a held job is neither', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 5; i++) log.add(decision(size(i)))
    log.add(decision({ ...size(5), outcome: 'hold', codes: [] }))
    expect(of(log, 'resubmission')).toHaveLength(1)
  })
})
