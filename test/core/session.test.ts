import { describe, expect, test } from 'vitest'
import { closingAgainLines, closingLines, preambleLines } from '../../agent/core/printer/marlin-lines.ts'
import { RECORD_LIMIT_MS, SEAL_EVERY_COMMANDS, type SessionPhase } from '../../agent/core/session.ts'
import type { DurableIndex } from '../../agent/durable-index.ts'
import { jobOf } from './canonical.ts'
import { numbered } from './numbered.ts'
import { COLD, HOT, JOB, type SessionBench, sessionBench } from './session-bench.ts'

const PREAMBLE = preambleLines([])

const CLOSING = closingLines([])
const CLOSING_AGAIN = closingAgainLines([])

/** Answers each line with the same ok until nothing new is sent, and gives all that was sent. */
function answerAll(bench: SessionBench, reply = 'ok'): string[] {
  const all: string[] = []
  for (let commands = bench.commands(); commands.length > 0; commands = bench.commands()) {
    all.push(...commands)
    bench.hear(reply)
  }
  return all
}

/** Answers the last lines of a job until the printer is asked whether it is cold. */
function answerUntilAsked(bench: SessionBench): void {
  while (bench.commands().at(-1) !== 'M105') bench.hear('ok')
}

describe('a job that goes well', () => {
  test('sends hello, preamble, job and closing in this order, one line at a time', () => {
    const bench = sessionBench()
    bench.session.start(bench.nowMs)
    expect(bench.sent()).toBe('N0 M110 N0*125\n')
    bench.hear('ok')
    bench.record('job-opened')
    bench.giveJob()
    expect(bench.session.phase).toBe('preamble')
    expect(answerAll(bench, COLD)).toEqual([...PREAMBLE, 'M78', ...JOB, ...CLOSING, 'M78'])
  })

  test('starts its numbers at 1 behind the hello', () => {
    const bench = sessionBench()
    bench.goTo('preamble')
    expect(bench.sent()).toBe(`N0 M110 N0*125\n${numbered(1, PREAMBLE[0]!)}`)
  })

  test('asks for blocks one at a time, and for the next only when it needs it', () => {
    const bench = sessionBench()
    bench.goTo('job')
    const wishes = (): number => bench.effects.filter(({ kind }) => kind === 'want-block').length
    expect(wishes()).toBe(1)
    bench.session.jobBlock(Buffer.from('G28\nG1 X1\n'), bench.nowMs)
    expect(wishes()).toBe(1)
    bench.hear('ok', 'ok')
    expect(wishes()).toBe(2)
    bench.session.jobBlock(Buffer.from('; nothing in it\n'), bench.nowMs)
    expect(wishes()).toBe(3)
  })

  test('ends only when the closing is on record', () => {
    const bench = sessionBench()
    bench.goTo('ending')
    expect(bench.finished()).toBeUndefined()
    bench.record('job-closed')
    expect(bench.finished()).toEqual({
      kind: 'finished',
      outcome: 'printed',
      reason: null,
      coldConfirmed: true,
    })
    expect(bench.session.phase).toBe('done')
  })

  test('closes with what was sent: how many commands, and their digest', () => {
    const bench = sessionBench()
    bench.goTo('done')
    expect(bench.records()).toEqual([
      { kind: 'job-opened', preamble: PREAMBLE },
      { kind: 'odometer', isAfterJob: false, printer: null, sent: { filamentMm: 0, commands: 0 } },
      { kind: 'job-closed', outcome: 'printed', commands: 4, sha256: jobOf(...JOB).sha256, reason: null },
    ])
    expect(bench.session.commandsSent).toBe(4)
  })

  test('seals its digest in the log on the way', () => {
    const lines = Array.from({ length: SEAL_EVERY_COMMANDS + 5 }, (_, i) => `G1 X${i % 100}`)
    const bench = sessionBench({ job: jobOf(...lines) })
    bench.goTo('job')
    bench.giveJob()
    while (bench.session.phase === 'job') bench.hear('ok')
    const seal = {
      commands: SEAL_EVERY_COMMANDS,
      sha256: jobOf(...lines.slice(0, SEAL_EVERY_COMMANDS)).sha256,
    }
    expect(bench.records().slice(2)).toEqual([{ kind: 'job-sealed', ...seal }])
  })

  test('says nothing more once it is done, whatever comes', () => {
    const bench = sessionBench()
    bench.goTo('done')
    bench.sent()
    const effects = bench.effects.length
    bench.hear('ok', 'Resend: 3', 'start', 'Error:x', '//action:cancel')
    bench.pass(200_000)
    bench.session.stop('interrupted', 'too late', bench.nowMs)
    bench.session.portEnded('too late', bench.nowMs)
    bench.session.recorded(1, 1 as DurableIndex, bench.nowMs)
    bench.session.start(bench.nowMs)
    expect(bench.sent()).toBe('')
    expect(bench.effects.length).toBe(effects)
  })
})

describe('before the job is on record', () => {
  test('nothing but hellos leaves, not one byte of the preamble', () => {
    const bench = sessionBench()
    bench.goTo('recording')
    bench.hear('ok', 'ok', COLD, 'Resend: 1', 'ok')
    bench.pass(60_000)
    expect(bench.sent()).toBe('N0 M110 N0*125\n')
    expect(bench.effects.map(({ kind }) => kind)).toEqual(['append'])
    bench.record('job-opened')
    expect(bench.commands()).toEqual(['G21'])
  })

  test('no other record opens it', () => {
    const bench = sessionBench()
    bench.goTo('recording')
    bench.session.recorded(999, 999 as DurableIndex, bench.nowMs)
    bench.hear('ok')
    expect(bench.session.phase).toBe('recording')
  })

  test('a record that cannot be written ends it with nothing sent but the safe stop', () => {
    const bench = sessionBench()
    bench.goTo('recording')
    bench.sent()
    bench.record('job-opened', 'no space is left')
    expect(bench.commands()[0]).toBe('M410')
    bench.hear(COLD, COLD)
    expect(bench.session.phase).toBe('ending')
    bench.record('safe-stop', 'no space is left')
    bench.record('job-closed', 'no space is left')
    expect(bench.finished()).toMatchObject({ outcome: 'stopped', reason: { code: 'record-failed' } })
    expect(bench.session.commandsSent).toBe(0)
  })

  test('a record that becomes durable after a stop opens nothing', () => {
    const bench = sessionBench()
    bench.goTo('recording')
    bench.session.stop('interrupted', 'Ctrl-C', bench.nowMs)
    bench.sent()
    bench.record('job-opened')
    expect(bench.session.phase).toBe('stopping')
    expect(bench.sent()).toBe('')
  })
})

describe('a record that cannot be written in mid-job', () => {
  test('stops the job', () => {
    const lines = Array.from({ length: SEAL_EVERY_COMMANDS + 5 }, (_, i) => `G1 X${i % 100}`)
    const bench = sessionBench({ job: jobOf(...lines) })
    bench.goTo('job')
    bench.session.jobBlock(jobOf(...lines).bytes, bench.nowMs)
    while (bench.session.commandsSent < SEAL_EVERY_COMMANDS) bench.hear('ok')
    bench.record('job-sealed', 'no space is left')
    expect(bench.session.phase).toBe('stopping')
  })

  test('is told even where it was the last one and the job is printed', () => {
    const bench = sessionBench()
    bench.goTo('ending')
    bench.record('job-closed', 'no space is left')
    expect(bench.finished()).toMatchObject({
      outcome: 'printed',
      reason: { code: 'record-failed', message: 'no space is left' },
    })
  })
})

describe('the end of a job', () => {
  test('is not reached by oks alone: the printer must say that it is cold', () => {
    const bench = sessionBench()
    bench.goTo('closing')
    for (let i = 0; i < 5; i++) bench.hear('ok')
    expect(bench.session.phase).toBe('closing')
    bench.hear(COLD)
    expect(bench.session.phase).toBe('ending')
  })

  test('does not count what was reported before it asked', () => {
    const bench = sessionBench()
    bench.goTo('closing')
    bench.hear(COLD)
    bench.hear('ok', 'ok', 'ok')
    expect(bench.session.phase).toBe('closing')
  })

  test('turns off a heater that is still on, and asks again', () => {
    const bench = sessionBench()
    bench.goTo('closing')
    answerUntilAsked(bench)
    bench.hear(HOT)
    expect(bench.commands()).toEqual([CLOSING_AGAIN[0]])
    bench.hear('ok', 'ok', 'ok', COLD)
    bench.record('job-closed')
    expect(bench.finished()).toMatchObject({ outcome: 'printed', reason: null, coldConfirmed: true })
  })

  test('asks again where no report came', () => {
    const bench = sessionBench()
    bench.goTo('closing')
    answerUntilAsked(bench)
    bench.hear('ok')
    bench.pass(6_000)
    expect(bench.commands()).toEqual([CLOSING_AGAIN[0]])
  })

  test('of a printer that stays hot is a safe stop', () => {
    const bench = sessionBench()
    bench.goTo('closing')
    for (let i = 0; i < 30 && bench.session.phase === 'closing'; i++) bench.hear(HOT)
    expect(bench.session.phase).toBe('stopping')
    bench.pass(10_000)
    expect(bench.sent()).toContain('\nM112\n')
    bench.record('job-closed')
    expect(bench.finished()).toMatchObject({
      outcome: 'stopped',
      reason: { code: 'heaters-on' },
      coldConfirmed: false,
    })
  })

  test('does not wait for ever for a log that hangs', () => {
    const bench = sessionBench()
    bench.goTo('closing')
    answerUntilAsked(bench)
    bench.hear(COLD)
    bench.pass(RECORD_LIMIT_MS - 500)
    expect(bench.finished()).toBeUndefined()
    bench.pass(1_000)
    expect(bench.finished()).toMatchObject({ outcome: 'printed', reason: { code: 'record-failed' } })
  })

  test('of other commands than were surveyed is no good end', () => {
    const bench = sessionBench({ canonicalSha256: '0'.repeat(64) })
    bench.goTo('closing')
    answerUntilAsked(bench)
    bench.hear(COLD)
    expect(bench.session.phase).toBe('stopping')
    bench.hear(COLD, COLD)
    expect(bench.records().at(-1)).toMatchObject({ outcome: 'stopped', reason: { code: 'job-changed' } })
  })
})

const STOPPABLE: readonly SessionPhase[] = ['hello', 'recording', 'preamble', 'job', 'closing']

describe.each(STOPPABLE)('in the phase %s', (phase) => {
  test('a stop sends the safe stop and nothing else, and is recorded', () => {
    const bench = sessionBench()
    bench.goTo(phase)
    bench.sent()
    bench.session.stop('interrupted', 'Ctrl-C', bench.nowMs)
    expect(bench.sent()).toMatch(/^\nM410\nM108\nM108\nM104 S0\nM140 S0\n/)
    bench.hear('ok', 'Resend: 1', 'ok', HOT, COLD, COLD)
    expect(bench.sent()).toBe('M105\n')
    const reason = { code: 'interrupted', message: 'Ctrl-C' }
    expect(bench.records().slice(-2)).toMatchObject([
      { kind: 'safe-stop', reason, confirmed: true },
      { kind: 'job-closed', outcome: 'stopped', reason },
    ])
    bench.record('job-closed')
    expect(bench.finished()).toEqual({ kind: 'finished', outcome: 'stopped', reason, coldConfirmed: true })
  })

  test('a lost port ends it at once, uncertain, and on record', () => {
    const bench = sessionBench()
    bench.goTo(phase)
    bench.session.portEnded('unplugged', bench.nowMs)
    expect(bench.session.phase).toBe('ending')
    bench.record('job-closed')
    expect(bench.finished()).toMatchObject({
      outcome: 'uncertain',
      reason: { code: 'port-lost', message: 'unplugged' },
      coldConfirmed: false,
    })
  })

  test('blocks that come after the stop are not sent', () => {
    const bench = sessionBench()
    bench.goTo(phase)
    bench.session.stop('interrupted', 'Ctrl-C', bench.nowMs)
    bench.sent()
    bench.giveJob()
    bench.hear('ok', 'ok')
    expect(bench.sent()).toBe('')
  })

  test.each([
    ['Error:Thermal Runaway, system stopped! Heater_ID: 0', 'printer-error'],
    ['Error:Printer halted. kill() called!', 'printer-halted'],
  ])('%j stops it', (line, code) => {
    const bench = sessionBench()
    bench.goTo(phase)
    bench.hear(line)
    expect(bench.session.phase).toBe('stopping')
    bench.pass(10_000)
    expect(bench.records().at(-1)).toMatchObject({ kind: 'job-closed', reason: { code } })
  })
})

describe.each(['recording', 'preamble', 'job', 'closing'] as const)('in the phase %s', (phase) => {
  test.each([
    ['start', 'printer-reset'],
    ['//action:cancel', 'printer-cancelled'],
  ])('%j stops it', (line, code) => {
    const bench = sessionBench()
    bench.goTo(phase)
    bench.hear(line)
    bench.pass(10_000)
    expect(bench.records().at(-1)).toMatchObject({ kind: 'job-closed', outcome: 'stopped', reason: { code } })
  })
})

describe('while it stops', () => {
  test('a second reason changes nothing', () => {
    const bench = sessionBench()
    bench.goTo('stopping')
    bench.session.stop('guard-lost', 'the guard ended', bench.nowMs)
    bench.pass(10_000)
    expect(bench.records().at(-1)).toMatchObject({ reason: { code: 'interrupted' } })
  })

  test('a lost port ends it at once', () => {
    const bench = sessionBench()
    bench.goTo('stopping')
    bench.session.portEnded('unplugged', bench.nowMs)
    bench.record('job-closed')
    expect(bench.finished()).toMatchObject({ outcome: 'stopped', coldConfirmed: false })
  })

  test('a printer that never says it is cold gets the emergency stop, and nobody says it is', () => {
    const bench = sessionBench()
    bench.goTo('stopping')
    bench.pass(9_000)
    expect(bench.sent()).toContain('\nM112\n')
    bench.record('job-closed')
    expect(bench.finished()).toMatchObject({ coldConfirmed: false })
  })
})

describe('a line that is refused although the survey let it pass', () => {
  test('stops the job before it, and nothing behind it leaves', () => {
    const bench = sessionBench()
    bench.goTo('job')
    bench.sent()
    bench.session.jobBlock(Buffer.from('G28\nG1 X1\nM104 S20 S300\nG1 X2\n'), bench.nowMs)
    expect(bench.session.phase).toBe('stopping')
    expect(bench.sent()).not.toMatch(/G1|S300/)
    bench.pass(10_000)
    expect(bench.records().at(-1)).toMatchObject({
      reason: { code: 'line-refused', message: expect.stringMatching(/^line 3 is refused/) },
    })
  })
})

describe('a printer that falls silent', () => {
  test('in mid-job is asked, then given up and brought to rest', () => {
    const bench = sessionBench()
    bench.goTo('preamble')
    bench.sent()
    bench.pass(100_000)
    expect(bench.commands().slice(0, 3)).toEqual(['M105', 'M105', 'M410'])
    bench.record('job-closed')
    expect(bench.finished()).toMatchObject({ outcome: 'stopped', reason: { code: 'printer-silent' } })
  })

  test('that wants the same line again and again stops the job', () => {
    const bench = sessionBench()
    bench.goTo('preamble')
    for (let i = 0; i < 11; i++) bench.hear('Resend: 1', 'ok')
    bench.pass(10_000)
    expect(bench.records().at(-1)).toMatchObject({ reason: { code: 'link-failed' } })
  })

  test('and whose ok behind a resend was lost goes on after a while', () => {
    const bench = sessionBench()
    bench.goTo('preamble')
    bench.hear('ok')
    bench.sent()
    bench.hear('Resend: 3')
    bench.pass(6_000)
    bench.hear('ok')
    expect(bench.commands()).toEqual([PREAMBLE[2]])
  })
})
