// What is found in the machine's and the agent's own troubles: clocks, cables, stops, ends, the log itself.
import { describe, expect, test } from 'vitest'
import {
  agentStarted,
  DAY,
  digest,
  emergency,
  findings,
  HOUR,
  jobClosed,
  jobOpened,
  LogBuilder,
  MINUTE,
  ORIGIN,
  opened,
  printerLost,
  SECOND,
  sealed,
} from './log-builder.ts'

const of = (log: LogBuilder, rule: string) => findings(log).filter((finding) => finding.rule === rule)

describe('clock-back', () => {
  const stepped = (stepMs: number): LogBuilder => {
    const log = new LogBuilder()
    log.own(opened())
    log.add(agentStarted())
    log.add({ kind: 'cleared', by: 'somebody' }, -stepMs)
    return log
  }

  test.each([
    [2 * SECOND, undefined],
    [3 * SECOND, 'low'],
    [59 * MINUTE, 'low'],
    [HOUR, 'medium'],
    [DAY, 'high'],
  ])('a step of %i ms back is %s', (stepMs, severity) => {
    const [found, ...more] = of(stepped(stepMs), 'clock-back')
    expect(found?.severity).toBe(severity)
    expect(more).toEqual([])
  })

  test('it names the two records, their times, and by how much', () => {
    const [found] = of(stepped(HOUR), 'clock-back')
    expect(found).toMatchObject({ uid: 'clock-back-1', first: 1, last: 2, measured: { backSeconds: 3600 } })
    expect(Date.parse(found!.firstAt) - Date.parse(found!.lastAt)).toBe(HOUR)
  })

  test('a clock that goes back and on and back is told once, and with its largest step', () => {
    const log = new LogBuilder()
    log.own(opened())
    for (const stepMs of [-10 * SECOND, 30 * SECOND, -20 * SECOND, 30 * SECOND, -10 * SECOND])
      log.add({ kind: 'cleared', by: 'somebody' }, stepMs)
    expect(of(log, 'clock-back').map(({ count, measured }) => [count, measured])).toEqual([
      [1, { backSeconds: 10 }],
      [2, { backSeconds: 20 }],
    ])
  })
})

test('a small step back long after a large one is a small one', () => {
  const log = new LogBuilder()
  log.own(opened())
  log.add({ kind: 'cleared', by: 'somebody' }, -DAY)
  log.add({ kind: 'cleared', by: 'somebody' }, 3 * HOUR)
  log.add({ kind: 'cleared', by: 'somebody' }, -10 * SECOND)
  expect(of(log, 'clock-back').map(({ severity, measured }) => [severity, measured])).toEqual([
    ['high', { backSeconds: 86_400 }],
    ['low', { backSeconds: 10 }],
  ])
})

describe('clock-jump', () => {
  test('hours within a job are told, and hours without one are not', () => {
    const busy = new LogBuilder()
    busy.add(jobOpened())
    busy.add(sealed(), 5 * HOUR)
    expect(of(busy, 'clock-jump')).toMatchObject([
      { severity: 'low', first: 0, last: 1, measured: { aheadSeconds: 18_000 } },
    ])
    const idle = new LogBuilder()
    idle.add(jobOpened())
    idle.add(jobClosed())
    idle.add(jobOpened(), 30 * DAY)
    expect(of(idle, 'clock-jump')).toEqual([])
  })

  test('half a year without a start is told, and a machine that was stored is not', () => {
    const log = new LogBuilder()
    log.add(agentStarted())
    for (let i = 0; i < 20; i++) log.add({ kind: 'host-opened', place: 'tcp' })
    log.add({ kind: 'host-opened', place: 'tcp' }, 200 * DAY)
    expect(of(log, 'clock-jump')).toMatchObject([{ severity: 'medium', last: 21 }])
    const stored = new LogBuilder()
    for (let i = 0; i < 20; i++) stored.add({ kind: 'host-opened', place: 'tcp' })
    stored.add({ kind: 'agent-ended' })
    stored.add(agentStarted(), 900 * DAY)
    expect(of(stored, 'clock-jump')).toEqual([])
  })

  test('a board that learns the time just after its start is not', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 20; i++) log.add({ kind: 'host-opened', place: 'tcp' })
    log.add(agentStarted())
    log.add({ kind: 'host-opened', place: 'tcp' }, 300 * DAY)
    expect(of(log, 'clock-jump')).toEqual([])
  })
})

describe('unplug-in-job', () => {
  test('a printer that is lost in a job is told once, with the job’s begin and its loss', () => {
    const log = new LogBuilder()
    log.add(jobOpened())
    log.add(printerLost(), MINUTE)
    log.add(jobClosed('uncertain', 'port-lost'))
    expect(findings(log)).toMatchObject([{ uid: 'unplug-in-job-0', severity: 'medium', first: 0, last: 1 }])
  })

  test('a host’s stream is a job, and a job that ends for want of a port is lost without a gate', () => {
    const log = new LogBuilder()
    log.add({ kind: 'stream-opened', job: 'job-1', host: 'octoprint' })
    log.add(jobClosed('uncertain', 'port-lost'))
    expect(findings(log)).toMatchObject([{ rule: 'unplug-in-job', first: 0, last: 1 }])
    const noisy = new LogBuilder()
    noisy.add(jobOpened())
    noisy.add(jobClosed('stopped', 'link-failed'))
    expect(findings(noisy)).toEqual([])
  })

  test('between jobs a printer may come and go', () => {
    const log = new LogBuilder()
    log.add(jobOpened())
    log.add(jobClosed())
    log.add(printerLost())
    log.add(jobOpened())
    log.add(agentStarted())
    log.add(printerLost())
    expect(of(log, 'unplug-in-job')).toEqual([])
  })

  test('the third of a day is graver', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 3; i++) {
      log.add(jobOpened(), HOUR)
      log.add(printerLost())
    }
    expect(of(log, 'unplug-in-job').map(({ severity, count }) => [severity, count])).toEqual([
      ['medium', 1],
      ['medium', 2],
      ['high', 3],
    ])
  })
})

describe('unconfirmed-stop', () => {
  const stop = (confirmed: boolean) =>
    ({ kind: 'safe-stop', job: null, code: 'interrupted', confirmed, reason: 'stopped' }) as const

  test('a stop that the printer did not confirm is told', () => {
    const log = new LogBuilder()
    log.add(stop(true))
    log.add(stop(false))
    expect(findings(log)).toMatchObject([{ uid: 'unconfirmed-stop-1', severity: 'high', first: 1, last: 1 }])
  })
})

describe('unclean-end', () => {
  test('a start without an end before it is told, from that start on', () => {
    const log = new LogBuilder()
    log.add(agentStarted())
    log.add(agentStarted(), HOUR)
    expect(findings(log)).toMatchObject([{ uid: 'unclean-end-agent-0', severity: 'low', first: 0, last: 1 }])
  })

  test('starts and ends in turn are not', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 5; i++) {
      log.add(agentStarted(), HOUR)
      log.add({ kind: 'agent-ended' }, HOUR)
    }
    expect(findings(log)).toEqual([])
  })

  test('in mid-job it is graver, and the job’s unknown end is not told besides', () => {
    const log = new LogBuilder()
    log.add(agentStarted())
    log.add(jobOpened())
    log.add(agentStarted(), HOUR)
    log.add(jobClosed('uncertain', 'agent-ended'))
    expect(findings(log)).toMatchObject([{ uid: 'unclean-end-agent-0', severity: 'medium' }])
  })

  test('a job whose end is not known is told by itself where the agent went on', () => {
    const log = new LogBuilder()
    log.add(jobOpened())
    log.add(jobClosed('uncertain', 'printer-reset'))
    expect(findings(log)).toMatchObject([{ uid: 'unclean-end-job-0', severity: 'medium', first: 0, last: 1 }])
  })

  test('an agent that is started again and again is one finding that gets graver', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 8; i++) log.add(agentStarted(), MINUTE)
    const found = of(log, 'unclean-end')
    expect(new Set(found.map(({ uid }) => uid)).size).toBe(1)
    expect(found.map(({ count, severity }) => [count, severity])).toEqual([
      [1, 'low'],
      [2, 'low'],
      [4, 'low'],
      [5, 'medium'],
    ])
  })
})

describe('log-trouble', () => {
  test('a tail that was cut off is told, and the third of a day is graver', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 3; i++) log.own({ kind: 'tail-truncated', bytes: 12, sha256: digest(i) }, HOUR)
    expect(findings(log).map(({ uid, severity }) => [uid, severity])).toEqual([
      ['log-trouble-tail-0', 'low'],
      ['log-trouble-tail-0', 'low'],
      ['log-trouble-tail-0', 'medium'],
    ])
  })

  test('a witness that knows another log is critical, and told once though it is asked every minute', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 100; i++)
      log.add(
        { kind: 'witness-refused', witness: 'a/b', status: 409, size: 5, witnessSize: 9, isProven: true },
        MINUTE,
      )
    const found = findings(log)
    expect(
      found.every(({ severity, uid }) => severity === 'critical' && uid === 'log-trouble-witness-0'),
    ).toBe(true)
    expect(found.map(({ count }) => count)).toEqual([1, 2, 4, 8, 16, 32, 64])
  })
})

describe('emergency-stop and override-use', () => {
  test('the emergency stop is told once for those of an hour', () => {
    const log = new LogBuilder()
    log.add(emergency())
    log.add(emergency(), 2 * HOUR)
    expect(findings(log)).toMatchObject([
      { uid: 'emergency-stop-0', severity: 'medium' },
      { uid: 'emergency-stop-1', severity: 'medium' },
    ])
  })

  test('overrides are told, and five in a day are graver', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 5; i++)
      log.add({ kind: 'override', decision: 0, rules: ['x'], role: 'site', by: 'somebody', reason: 'a test' })
    expect(findings(log).map(({ count, severity }) => [count, severity])).toEqual([
      [1, 'low'],
      [2, 'low'],
      [4, 'low'],
      [5, 'medium'],
    ])
  })
})

test('a good day has no findings', () => {
  const log = new LogBuilder()
  log.own(opened())
  log.add(agentStarted())
  log.add({ kind: 'printer-opened', port: '/dev/ttyUSB0' })
  for (let i = 0; i < 30; i++) {
    log.add({ kind: 'host-opened', place: 'tcp' }, 20 * MINUTE)
    log.add(jobOpened())
    log.add(sealed(), 30 * SECOND)
    log.add(jobClosed())
    log.add({ kind: 'host-closed', place: 'tcp', lines: 9 })
  }
  log.add({ kind: 'witnessed', size: 3, root: digest('root'), cosigners: [] })
  log.add({ kind: 'agent-ended' })
  expect(findings(log)).toEqual([])
  expect(ORIGIN).toContain('m-')
})
