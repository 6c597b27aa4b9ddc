import { describe, expect, test } from 'vitest'
import { HELLO_LIMIT_MS } from '../../../agent/core/printer/greeting.ts'
import { COLD, sessionBench } from '../session-bench.ts'

const HELLO_LINE = 'N0 M110 N0*125\n'

describe('the greeting', () => {
  test('sends and times nothing before it is started: the guard may not stand ready yet', () => {
    const bench = sessionBench()
    bench.hear('start', 'echo: boot', 'ok')
    bench.pass(60_000)
    expect(bench.sent()).toBe('')
    expect(bench.effects).toEqual([])
    bench.session.start(bench.nowMs)
    bench.pass(1000)
    expect(bench.sent()).toBe(HELLO_LINE)
    expect(bench.session.phase).toBe('hello')
  })

  test('is never said to a session that was stopped before it began', () => {
    const bench = sessionBench()
    bench.session.stop('guard-lost', 'the guard ended', bench.nowMs)
    bench.session.start(bench.nowMs)
    expect(bench.sent()).not.toContain('M110')
  })

  test('is never said to a port that ended before it began', () => {
    const bench = sessionBench()
    bench.session.portEnded('unplugged', bench.nowMs)
    bench.session.start(bench.nowMs)
    bench.pass(5_000)
    expect(bench.sent()).not.toContain('M110')
    bench.record('job-closed')
    expect(bench.finished()).toMatchObject({ reason: { code: 'port-lost' } })
  })

  test('is over with one answer to one hello', () => {
    const bench = sessionBench()
    bench.goTo('hello')
    bench.hear('ok N0 P15 B3')
    expect(bench.session.phase).toBe('recording')
  })

  test('is said again until someone answers', () => {
    const bench = sessionBench()
    bench.goTo('hello')
    bench.pass(4_600)
    expect(bench.sent()).toBe(HELLO_LINE.repeat(4))
  })

  test('waits for quiet where several hellos are answered late, so that no late ok counts for a line', () => {
    const bench = sessionBench()
    bench.goTo('hello')
    bench.pass(4_600)
    for (let i = 0; i < 4; i++) {
      bench.hear('ok')
      bench.pass(400)
      expect(bench.session.phase).toBe('hello')
    }
    bench.pass(100)
    expect(bench.session.phase).toBe('recording')
    bench.record('job-opened')
    bench.sent()
    bench.pass(1_000)
    expect(bench.sent()).toBe('')
  })

  test('starts over when the board boots, as opening a port makes many boards do', () => {
    const bench = sessionBench()
    bench.goTo('hello')
    bench.hear('start', 'Marlin 2.1.2', 'echo:Hardcoded Default Settings Loaded')
    expect(bench.sent()).toBe(HELLO_LINE.repeat(2))
    bench.hear('ok')
    bench.pass(500)
    expect(bench.session.phase).toBe('recording')
  })

  test('that arrived damaged is said again, and the ok behind the refusal is no answer', () => {
    const bench = sessionBench()
    bench.goTo('hello')
    bench.hear('Error:checksum mismatch, Last Line: 57', 'Resend: 58', 'ok')
    bench.pass(1_000)
    expect(bench.session.phase).toBe('hello')
    expect(bench.sent()).toBe(HELLO_LINE.repeat(2))
    bench.hear('ok')
    bench.pass(500)
    expect(bench.session.phase).toBe('recording')
  })

  test('to a printer that never answers ends with a reason, and waits for nobody', () => {
    const bench = sessionBench()
    bench.goTo('hello')
    bench.pass(HELLO_LIMIT_MS)
    expect(bench.session.phase).toBe('ending')
    expect(bench.sent()).toContain('M104 S0\n')
    bench.record('job-closed')
    expect(bench.finished()).toMatchObject({
      outcome: 'stopped',
      reason: { code: 'printer-silent', message: 'the printer did not answer within 12 s' },
      coldConfirmed: false,
    })
  })

  test('takes no cancel and no busy for an answer', () => {
    const bench = sessionBench()
    bench.goTo('hello')
    bench.hear('echo:busy: processing', '//action:cancel', COLD.slice(2), 'wait')
    expect(bench.session.phase).toBe('hello')
  })
})
