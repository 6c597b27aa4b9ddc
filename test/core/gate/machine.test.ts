import { describe, expect, test } from 'vitest'
import type { LineJudge } from '../../../agent/core/job-reader.ts'
import { ALLOW } from '../../../policies/index.ts'
import { numbered } from '../numbered.ts'
import { GateBench, JOB, lockstepBench, readyBench, streamBench } from './gate-bench.ts'

/** Lines of a safe stop, as they are sent first. */
const STOP = ['M410', 'M108', 'M108', 'M104 S0', 'M140 S0', 'M141 S0', 'M107', 'M105']

describe('durable before effect', () => {
  test('nothing of a host goes out before it is on record that it came, but an emergency stop', () => {
    const bench = readyBench().does((gate, nowMs) => gate.hostLeft(nowMs))
    bench.isRecording = false
    bench.does((gate, nowMs) => gate.hostCame(nowMs)).fresh()
    bench.host('M105', 'G28', 'M104 S0')
    expect(bench.sent()).toBe('')
    bench.host('M112')
    expect(bench.sent()).toBe('\nM112\n')
  })

  test('nothing of a stream goes out before it is on record that it began', () => {
    const bench = readyBench().renumber().fresh()
    bench.isRecording = false
    bench.numbered(0, ...JOB).pass(3000)
    expect(bench.took()).toEqual([])
    expect(bench.kinds()).toEqual(['stream-opened'])
    bench.recorded('stream-opened')
    expect(bench.took()).toEqual(JOB)
  })

  test('a record that cannot be written ends the job and brings the machine to rest', () => {
    const bench = streamBench(4)
    bench.isRecording = false
    bench.pass(30_000).fresh()
    bench.isRecording = true
    const sealed = streamBench(4)
    sealed.isRecording = false
    sealed.pass(30_000)
    sealed.record('job-sealed', 'the disk is full')
    expect(sealed.took()).toEqual(expect.arrayContaining(STOP))
    expect(sealed.latch).toBe('record-failed')
    expect(sealed.latest('job-closed')).toMatchObject({ outcome: 'stopped' })
  })

  test('a disk that is full for good does not make the gate stop again and again', () => {
    const bench = streamBench(4)
    bench.isRecording = false
    bench.does((gate, nowMs) => gate.stop('interrupted', 'the test', nowMs))
    for (let i = 0; i < 50; i++) {
      bench.pass(200)
      while (bench.effects.splice(0).some(({ kind }) => kind === 'append')) bench.record(undefined, 'full')
    }
    expect(bench.took().filter((command) => command === 'M410').length).toBeLessThanOrEqual(2)
    expect(bench.latch).toBe('interrupted')
  })

  test('polls go on though the disk hangs in mid-job', () => {
    const bench = streamBench(4)
    bench.isRecording = false
    bench.pass(30_000).fresh()
    bench.host('M105')
    bench.numbered(4, JOB[4]!)
    expect(bench.took()).toEqual(['M105', JOB[4]])
  })
})

describe('the emergency stop', () => {
  test.each([
    ['bare', 'M112\n'],
    ['numbered', numbered(3, 'M112')],
    ['with a wrong number and checksum', 'N77 M112*1\n'],
    ['with a lower-case letter', 'm112\n'],
    ['with a comment', 'M112 ; stop\n'],
  ])('%s passes at once, bare, and is recorded after', (_how, line) => {
    const bench = streamBench(3).bytes(line)
    expect(bench.sent()).toMatch(/^\nM112\n/)
    expect(bench.kinds()).toEqual(['emergency-stop', 'job-closed', 'latched'])
    expect(bench.gate.printerState).toBe('halted')
  })

  test('passes in the middle of the queue, while the printer takes nothing', () => {
    const bench = streamBench(3)
    bench.isAnswering = false
    bench.bytes('M109 S200\nG1 X1\nG1 X2\nM112\nG1 X3\n')
    expect(bench.took()).toEqual(['M112'])
    expect(bench.oks()).toBe(5)
    bench.pass(1000)
    expect(bench.took()).toEqual([])
  })

  test('passes while the gate is blocked', () => {
    const bench = streamBench(3, { deny: ['M104 S300'] })
      .numbered(3, 'M104 S300')
      .fresh()
    bench.host('M112')
    expect(bench.took()).toEqual(['M112'])
  })

  test('passes while a refusal waits for its record', () => {
    const bench = streamBench(3, { deny: ['M104 S300'] })
    bench.isRecording = false
    bench.numbered(3, 'M104 S300', 'M112')
    expect(bench.took()).toEqual(['M112'])
  })

  test('passes while a safe stop is on its way, which has its record', () => {
    const bench = streamBench(3)
    bench.isAnswering = false
    bench.does((gate, nowMs) => gate.stop('interrupted', 'the test', nowMs)).host('M112')
    expect(bench.took()).toEqual([...STOP, 'M112'])
    expect(bench.latest('safe-stop')).toMatchObject({ confirmed: false, job: 'stream-1' })
  })

  test('passes when the queue is full', () => {
    const bench = readyBench()
    bench.isAnswering = false
    bench.bytes(`${'G1 X1 Y1 Z1\n'.repeat(22_000)}`).fresh()
    bench.host('M112')
    expect(bench.took()).toContain('M112')
  })

  test('does not fill the log where a host sends nothing else', () => {
    const bench = readyBench().bytes('M112\n'.repeat(5000))
    expect(bench.kinds().filter((kind) => kind === 'emergency-stop').length).toBeLessThan(5)
    expect(bench.took().length).toBeGreaterThan(0)
  })

  test('does not fill it by and by either, and is on record again once a person has looked', () => {
    const bench = readyBench()
    for (let i = 0; i < 1000; i++) bench.host('M112').pass(1100)
    expect(bench.took().filter((command) => command === 'M112')).toHaveLength(1000)
    expect(bench.kinds().filter((kind) => kind === 'emergency-stop').length).toBeLessThan(5)
    bench.does((gate, nowMs) => gate.clear('Ada', nowMs)).fresh()
    bench.host('M112')
    expect(bench.kinds()).toContain('emergency-stop')
  })

  test('while the printer is being opened goes out, and nothing is greeted as if it had not', () => {
    const bench = new GateBench()
    bench.does((gate, nowMs) => gate.hostCame(nowMs)).host('M112')
    expect(bench.took()).toEqual(['M112'])
    bench.isAnswering = false
    bench.does((gate, nowMs) => gate.printerOpened(false, nowMs))
    expect(bench.took()).toEqual(STOP)
    bench.pass(25_000)
    expect(bench.gate.printerState).toBe('halted')
    expect(bench.latch).toBe('emergency-stop')
    expect(bench.latest('safe-stop')).toMatchObject({ confirmed: false })
  })

  test('blocks the gate until a person clears it and the printer was reset', () => {
    const bench = streamBench(3).host('M112').fresh()
    bench.renumber().numbered(0, ...JOB)
    expect(bench.took()).toEqual([])
    bench.does((gate, nowMs) => gate.clear('Ada', nowMs))
    expect(bench.latch).toBeNull()
    expect(bench.gate.printerState).toBe('greeting')
  })
})

describe('what breaks a wait', () => {
  test('goes out bare, past the line that waits, and its own ok answers it in its turn', () => {
    const bench = readyBench()
    bench.isAnswering = false
    bench.host('M109 S200', 'M108', 'M105').fresh()
    expect(bench.gate.printerState).toBe('ready')
    const again = readyBench()
    again.isAnswering = false
    again.host('M109 S200').fresh()
    again.host('M108')
    expect(again.sent()).toBe('M108\n')
    again.hear('ok')
    expect(again.oks()).toBe(2)
    again.host('G28').fresh()
    again.hear('ok')
    expect(again.oks()).toBe(0)
    again.hear('ok')
    expect(again.oks()).toBe(1)
  })

  test('is judged, and refused by itself where policy denies it', () => {
    const bench = streamBench(3, { deny: ['M108', 'M410'] }).host('M108', 'M410')
    expect(bench.took()).toEqual([])
    expect(bench.kinds()).toEqual(['line-refused', 'line-refused'])
    bench.numbered(3, JOB[3]!)
    expect(bench.took()).toEqual([JOB[3]])
  })

  test('sent a hundred times does not fill the printer', () => {
    const bench = readyBench()
    bench.isAnswering = false
    bench.bytes('M108\n'.repeat(100))
    expect(bench.took().length).toBeLessThanOrEqual(5)
  })

  test.each(['M410', 'M410 ; stop', numbered(3, 'M410').trimEnd()])(
    '%s as a quick stop ends the job: its moves are lost',
    (line) => {
      const bench = streamBench(3).host(line)
      expect(bench.took()).toEqual(['M410'])
      expect(bench.latest('job-closed')).toMatchObject({
        outcome: 'stopped',
        reason: { code: 'interrupted' },
      })
      expect(bench.latch).toBe('interrupted')
    },
  )

  test('a quick stop that comes by the common way ends the job as well', () => {
    for (const bench of [streamBench(3), lockstepBench(3)]) {
      bench.host('M410 (now)'.slice(0, 4).toLowerCase())
      expect(bench.took()).toEqual(['M410'])
      expect(bench.latch).toBe('interrupted')
    }
  })

  test('passes while the gate is blocked, if policy lets it', () => {
    const bench = streamBench(3, { deny: ['M104 S300'] })
      .numbered(3, 'M104 S300')
      .fresh()
    bench.host('M108', 'M876 S1')
    expect(bench.took()).toEqual(['M108', 'M876 S1'])
  })
})

describe('a printer in trouble', () => {
  test.each([
    ['was reset', ['start'], 'printer-reset'],
    ['halts', ['Error:Printer halted. kill() called!'], 'printer-halted'],
    ['reports an error', ['Error:Heating failed, system stopped! Heater_ID: 0'], 'printer-error'],
    ['is cancelled at its display', ['//action:cancel'], 'printer-cancelled'],
  ])('that %s ends the job', (_what, lines, code) => {
    for (const bench of [streamBench(4), lockstepBench(4)]) {
      bench.isAnswering = false
      bench.numbered(4, JOB[4]!)
      bench.hear(...lines)
      expect(bench.latch).toBe(code)
      expect(bench.latest('job-closed')).toMatchObject({ outcome: 'stopped', reason: { code } })
      bench.isAnswering = true
      bench.pass(20_000).fresh()
      bench.numbered(5, 'G1 X50 E5')
      expect(bench.took().filter((command) => command !== 'M105')).toEqual([])
    }
  })

  test('that was reset never gets a line of the job again, and its host is answered', () => {
    const bench = streamBench(4)
    bench.isAnswering = false
    bench.numbered(4, JOB[4]!).fresh()
    bench.hear('start').pass(1000)
    expect(bench.oks()).toBe(1)
    expect(bench.sent()).toBe('N0 M110 N0*125\n')
  })

  test('that errs or is cancelled is brought to rest', () => {
    for (const line of ['Error:something is wrong', '//action:cancel']) {
      const bench = streamBench(4).hear(line)
      expect(bench.took()).toEqual(expect.arrayContaining(STOP))
      expect(bench.latest('safe-stop')).toMatchObject({ confirmed: true })
    }
  })

  test('that falls silent is stopped', () => {
    const bench = streamBench(4)
    bench.isAnswering = false
    bench.numbered(4, JOB[4]!).pass(95_000)
    expect(bench.latch).toBe('printer-silent')
    expect(bench.took()).toEqual(expect.arrayContaining(STOP))
    bench.pass(10_000)
    expect(bench.took()).toContain('M112')
    expect(bench.latest('safe-stop')).toMatchObject({ confirmed: false, job: 'stream-1' })
    expect(bench.oks()).toBe(1)
  })

  test('that is unplugged leaves the job uncertain, and does not get the rest when it is back', () => {
    for (const bench of [streamBench(4), lockstepBench(4)]) {
      bench.does((gate, nowMs) => gate.printerLost('unplugged', nowMs))
      expect(bench.latest('job-closed')).toMatchObject({
        outcome: 'uncertain',
        reason: { code: 'port-lost' },
      })
      bench.numbered(4, JOB[4]!)
      bench.does((gate, nowMs) => gate.printerOpened(true, nowMs)).pass(5000)
      expect(bench.took()).toEqual(expect.arrayContaining(STOP))
      bench.fresh().numbered(5, 'G1 X40 E4')
      expect(bench.took().filter((command) => command !== 'M105')).toEqual([])
    }
  })

  test('that is unplugged in mid-stop has its stop recorded as not confirmed', () => {
    const bench = streamBench(4)
    bench.isAnswering = false
    bench.does((gate, nowMs) => gate.stop('interrupted', 'the test', nowMs))
    bench.does((gate, nowMs) => gate.printerLost('unplugged', nowMs))
    expect(bench.latest('safe-stop')).toMatchObject({ confirmed: false, job: 'stream-1' })
  })

  test('that is not there begins no job, and its host is told', () => {
    const bench = readyBench()
      .does((gate, nowMs) => gate.printerLost('unplugged', nowMs))
      .fresh()
    bench.renumber().numbered(0, 'G28')
    expect(bench.heard().join()).toContain('printer')
    expect(bench.latch).not.toBeNull()
    bench.does((gate, nowMs) => gate.printerOpened(false, nowMs)).fresh()
    bench.numbered(1, ...JOB.slice(1))
    expect(bench.took()).toEqual([])
  })

  test('that is not there answers polls, and refuses a jog by itself', () => {
    const bench = readyBench()
      .does((gate, nowMs) => gate.printerLost('unplugged', nowMs))
      .fresh()
    bench.host('M105', 'M115', 'G28')
    expect(bench.oks()).toBe(3)
    expect(bench.kinds()).toEqual(['host-opened', 'line-refused'])
    expect(bench.latch).toBeNull()
  })

  test('gets no more hellos than it can answer after a stop: a late ok is none of them', () => {
    const bench = streamBench(4)
    bench.isAnswering = false
    bench.does((gate, nowMs) => gate.stop('interrupted', 'the test', nowMs)).pass(1000)
    const asked = bench.took().length
    const cold = 'ok T:20.00 /0.00 B:20.00 /0.00 @:0 B@:0'
    bench.hear(cold, cold, cold)
    for (let i = 0; i < asked; i++) bench.hear('ok')
    expect(bench.took().filter((command) => command === 'G21')).toEqual([])
    bench.isAnswering = true
    bench.pass(5000)
    expect(bench.gate.printerState).toBe('ready')
  })
})

describe('a host that leaves in mid-job', () => {
  const left = (lines = 4): GateBench => streamBench(lines).does((gate, nowMs) => gate.hostLeft(nowMs))

  test('with the machine cold has ended its job', () => {
    const bench = left(1).pass(500)
    expect(bench.latest('job-closed')).toMatchObject({ outcome: 'ended' })
    expect(bench.latch).toBeNull()
  })

  test('with the machine hot has half a minute to come back, and then the machine is brought to rest', () => {
    const bench = left().pass(29_000)
    expect(bench.took()).not.toContain('M410')
    expect(bench.gate.openJob).not.toBeNull()
    bench.pass(2000)
    expect(bench.took()).toEqual(expect.arrayContaining(STOP))
    expect(bench.latest('job-closed')).toMatchObject({ outcome: 'stopped', reason: { code: 'host-lost' } })
    expect(bench.latch).toBe('host-lost')
  })

  test('and is back at once does not go on, and its job did not end well', () => {
    const bench = left()
      .pass(500)
      .does((gate, nowMs) => gate.hostCame(nowMs))
      .fresh()
    bench.bytes('N0 M110 N0*125\n').numbered(1, 'G1 X40 E4', 'G1 X50 E5')
    bench.pass(10_000)
    expect(bench.took().filter((command) => command.startsWith('G1'))).toEqual([])
    expect(bench.latest('job-closed')).toMatchObject({ outcome: 'stopped', reason: { code: 'host-lost' } })
    expect(bench.oks()).toBe(3)
  })

  test('in lockstep is brought to rest as well, when nobody comes', () => {
    const bench = lockstepBench(4)
      .does((gate, nowMs) => gate.hostLeft(nowMs))
      .pass(31_000)
    expect(bench.took()).toEqual(expect.arrayContaining(['M104 S0', 'M140 S0']))
    expect(bench.latest('safe-stop')).toMatchObject({ confirmed: true })
  })

  test('in lockstep has its half minute too where the printer reported by itself for it', () => {
    const bench = lockstepBench(3).host('M155 S2')
    bench.isAnswering = false
    bench.numbered(3, JOB[3] ?? '').fresh()
    bench.does((gate, nowMs) => gate.hostLeft(nowMs))
    expect(bench.took()).toEqual([])
    bench.answer(2)
    expect(bench.took()).toEqual(['M155 S0'])
    expect(bench.gate.printerState).toBe('ready')
  })

  test('without a job leaves no heater on, whichever tool it was', () => {
    const bench = readyBench().host('M104 T1 S200', 'M104 S200')
    bench.does((gate, nowMs) => gate.hostLeft(nowMs)).fresh()
    bench.pass(31_000)
    expect(bench.took()).toEqual(expect.arrayContaining(['M104 S0', 'M104 T1 S0', 'M140 S0']))
    expect(bench.latch).toBeNull()
  })

  test('with the second tool active leaves the first one no hotter', () => {
    const bench = readyBench().host('M104 S200', 'T1')
    bench.does((gate, nowMs) => gate.hostLeft(nowMs)).fresh()
    bench.pass(31_000)
    expect(bench.took()).toEqual(expect.arrayContaining(['M104 T0 S0', 'M104 T1 S0']))
    const stopped = readyBench().host('M104 T0 S200', 'T1').fresh()
    stopped.does((gate, nowMs) => gate.stop('interrupted', 'the test', nowMs))
    expect(stopped.took()).toEqual(expect.arrayContaining(['M104 T0 S0', 'M104 T1 S0']))
  })

  test('without a job, in the middle of a wait, is not waited for', () => {
    const bench = readyBench().host('M104 S200')
    bench.isAnswering = false
    bench.host('M0')
    bench.does((gate, nowMs) => gate.hostLeft(nowMs)).fresh()
    for (let i = 0; i < 14; i++) bench.hear('echo:busy: paused for user').pass(2000)
    expect(bench.took()).toEqual([])
    bench.hear('echo:busy: paused for user').pass(3000)
    expect(bench.took()).toEqual(expect.arrayContaining(['M410', 'M104 S0', 'M140 S0']))
    expect(bench.latch).toBe('host-lost')
    bench.pass(10_000)
    expect(bench.latest('safe-stop')).toMatchObject({ job: null, confirmed: false })
  })

  test('without a job, and the printer keeps its heaters on, has it brought to rest', () => {
    const bench = readyBench().host('M104 S200')
    bench.does((gate, nowMs) => gate.hostLeft(nowMs)).fresh()
    bench.isAnswering = false
    const isHot = `ok T:200.00 /200.00 B:20.00 /0.00 @:0 B@:0`
    for (let i = 0; i < 70; i++) {
      for (const command of bench.took()) bench.hear(command === 'M105' ? isHot : 'ok')
      bench.pass(1000)
    }
    expect(bench.latch).toBe('host-lost')
    expect(bench.latest('safe-stop')).toMatchObject({ job: null })
  })

  test('after a job is none of ours', () => {
    const bench = streamBench(5).renumber().host('M104 S0', 'M105', 'M105')
    bench.does((gate, nowMs) => gate.hostLeft(nowMs)).fresh()
    bench.pass(60_000)
    expect(bench.took()).toEqual([])
    expect(bench.latch).toBeNull()
  })
})

describe('a host that says nothing in mid-job', () => {
  test('for ten minutes counts as lost', () => {
    const bench = streamBench(4).pass(599_000)
    expect(bench.latch).toBeNull()
    bench.pass(2000)
    expect(bench.latch).toBe('host-silent')
    expect(bench.took()).toEqual(expect.arrayContaining(STOP))
  })

  test('because it waits for our answer is not silent, nor is it when it has got it', () => {
    const bench = streamBench(1)
    bench.isAnswering = false
    bench.numbered(1, 'M190 S110')
    for (let i = 0; i < 20; i++) bench.pass(60_000).hear('echo:busy: processing')
    expect(bench.latch).toBeNull()
    bench.isAnswering = true
    bench.answer().pass(1000)
    expect(bench.latch).toBeNull()
    bench.numbered(2, ...JOB.slice(2))
    expect(bench.latch).toBeNull()
  })
})

describe('a host that is here and says nothing, without a job', () => {
  test('finds the heaters off after ten minutes, is told so, and is not blocked', () => {
    const bench = readyBench().host('G28', 'M104 S200').pass(599_000).fresh()
    bench.pass(2000)
    expect(bench.took()).toEqual(expect.arrayContaining(['M104 S0', 'M140 S0']))
    expect(bench.heard().join()).toMatch(/nozzle and bed were turned off/)
    expect(bench.latch).toBeNull()
    bench.pass(20_000)
    expect(bench.took()).not.toContain('M410')
    bench.host('G1 X10')
    expect(bench.took()).toEqual(['G1 X10'])
  })

  test('finds them on as long as it says anything', () => {
    const bench = readyBench().host('M104 S200').fresh()
    for (let i = 0; i < 30; i++) bench.host('M105').pass(60_000)
    expect(bench.took()).not.toContain('M104 S0')
  })

  test('finds them off again where it heats again', () => {
    const bench = readyBench().host('M104 S200').pass(700_000).host('M104 S210').fresh()
    bench.pass(590_000)
    expect(bench.took()).not.toContain('M104 S0')
    bench.pass(20_000)
    expect(bench.took()).toContain('M104 S0')
    expect(bench.latch).toBeNull()
  })

  test('and has the printer report by itself is asked for, so that it is known when it is cold', () => {
    const bench = readyBench().host('M155 S2', 'M104 S200', 'M104 S0').fresh()
    bench.pass(40_000)
    expect(bench.took()).toEqual(['M105', 'M105'])
    bench.does((gate, nowMs) => gate.shutdown('SIGTERM', nowMs))
    expect(bench.took()).toEqual([])
    expect(bench.latch).toBeNull()
  })
})

describe('the end of the gate', () => {
  const over = (bench: GateBench): boolean => bench.effects.some(({ kind }) => kind === 'finished')

  test('with a machine at rest is at once', () => {
    const bench = readyBench().does((gate, nowMs) => gate.shutdown('SIGTERM', nowMs))
    expect(over(bench)).toBe(true)
    expect(bench.took()).toEqual([])
  })

  test('is the end of what passes, but for the emergency stop', () => {
    const bench = readyBench().does((gate, nowMs) => gate.shutdown('SIGTERM', nowMs))
    bench.host('M104 S200', 'M105', 'G28', 'M108', 'M410').pass(1000)
    expect(bench.took()).toEqual([])
    bench.does((gate, nowMs) => gate.clear('Ada', nowMs))
    bench
      .arm()
      .renumber()
      .numbered(0, ...JOB)
      .pass(1000)
    expect(bench.took()).toEqual([])
    expect(bench.effects.filter(({ kind }) => kind === 'finished')).toHaveLength(1)
    bench.host('M112')
    expect(bench.took()).toEqual(['M112'])
  })

  test('lets nothing pass behind the safe stop either', () => {
    const bench = streamBench(4).does((gate, nowMs) => gate.shutdown('SIGTERM', nowMs))
    bench.pass(5000).fresh()
    bench
      .does((gate, nowMs) => gate.clear('Ada', nowMs))
      .host('M104 S200', 'G28')
      .pass(5000)
    expect(bench.took()).toEqual([])
  })

  test('in mid-job comes when the machine is at rest and that is on record', () => {
    const bench = streamBench(4)
    bench.isAnswering = false
    bench.does((gate, nowMs) => gate.shutdown('SIGTERM', nowMs))
    expect(over(bench)).toBe(false)
    expect(bench.took()).toEqual(STOP)
    bench.isAnswering = true
    bench.pass(3000)
    expect(over(bench)).toBe(true)
    expect(bench.latest('safe-stop')).toMatchObject({ job: 'stream-1', confirmed: true })
  })

  test('with a hot machine and no job turns it off', () => {
    const bench = readyBench()
      .host('M104 S200')
      .does((gate, nowMs) => gate.shutdown('SIGTERM', nowMs))
    bench.pass(3000)
    expect(bench.took()).toEqual(expect.arrayContaining(STOP))
    expect(over(bench)).toBe(true)
  })

  test('comes though the printer is not there, or never answers', () => {
    const gone = readyBench().does((gate, nowMs) => gate.printerLost('unplugged', nowMs))
    expect(over(gone.does((gate, nowMs) => gate.shutdown('SIGTERM', nowMs)))).toBe(true)
    const mute = streamBench(4)
    mute.isAnswering = false
    mute.does((gate, nowMs) => gate.shutdown('SIGTERM', nowMs)).pass(10_000)
    expect(over(mute)).toBe(true)
    expect(mute.took()).toContain('M112')
  })
})

describe('after a stop', () => {
  test.each([
    ['a stop', (bench: GateBench) => bench.does((gate, nowMs) => gate.stop('interrupted', 'test', nowMs))],
    ['a reset of the printer', (bench: GateBench) => bench.hear('start')],
    ['a quick stop', (bench: GateBench) => bench.host('M410')],
  ])('the toolhead is nowhere until it is homed: %s', (_what, end) => {
    const known: number[] = []
    const judge: LineJudge = {
      judge: (command, state) => {
        if (command.letter === 0x47) known.push(state.known)
        return ALLOW
      },
    }
    const bench = readyBench({ judge }).host('G28', 'G1 X10 Y10 Z1', 'G1 X11')
    expect(known.at(-1)).toBe(7)
    end(bench).pass(8000)
    bench.does((gate, nowMs) => gate.clear('Ada', nowMs)).host('G1 X12')
    expect(bench.took()).toContain('G1 X12')
    expect(known.at(-1)).toBe(0)
  })

  test('parks once the machine is cold, where that is configured', () => {
    const bench = streamBench(4, { park: ['G91', 'G1 Z10 F300', 'G90'] })
    bench.does((gate, nowMs) => gate.stop('interrupted', 'the test', nowMs)).pass(3000)
    const took = bench.took()
    expect(took.lastIndexOf('G1 Z10 F300')).toBeGreaterThan(took.lastIndexOf('M104 S0'))
  })

  test('a second stop is the same stop', () => {
    const bench = streamBench(4)
    bench.isAnswering = false
    for (let i = 0; i < 3; i++) bench.does((gate, nowMs) => gate.stop('interrupted', 'the test', nowMs))
    expect(bench.took()).toEqual(STOP)
    bench.isAnswering = true
    bench.pass(3000)
    expect(bench.kinds().filter((kind) => kind === 'safe-stop')).toHaveLength(1)
    expect(bench.latest('safe-stop')).toMatchObject({ job: 'stream-1' })
  })
})
