import { describe, expect, test } from 'vitest'
import { numbered } from '../numbered.ts'
import { denying, JOB, lockstepBench, readyBench, streamBench } from './gate-bench.ts'

const BAD = 'M104 S300'

/** The job with one line in it that is refused. */
function jobWith(at: number): string[] {
  return [...JOB.slice(0, at), BAD, ...JOB.slice(at)]
}

describe('a refused line in a job', () => {
  test.each([0, 1, 3, JOB.length])('at place %i: nothing of it or behind it goes out', (at) => {
    const bench = readyBench({ deny: [BAD] }).renumber()
    bench.numbered(0, ...jobWith(at))
    expect(bench.took()).toEqual(JOB.slice(0, at))
    expect(bench.latch).toBe('line-refused')
    const next = jobWith(at).length
    bench.numbered(next, 'M105', 'M104 S0', 'G1 X50', 'M107', 'M140 S0', 'M106 S255', 'M114')
    expect(bench.took()).toEqual(['M105', 'M104 S0', 'M107', 'M140 S0', 'M114'])
  })

  test.each([
    ['a host that has only just come', (first: number) => numbered(first, BAD)],
    ['a host without numbers, which prints with it', () => 'G1 X300 E5\n'],
  ])('as the first of %s ends its job', (_who, line) => {
    const bench = readyBench({ deny: [BAD, 'G1 X300 E5'] })
      .bytes(line(1))
      .host('G28')
      .numbered(2, 'G28')
    expect(bench.took()).toEqual([])
    expect(bench.latch).toBe('line-refused')
  })

  test('ends the job of a host that numbers its hello and nothing else', () => {
    const bench = readyBench({ deny: [BAD] })
      .bytes('N0 M110 N0*125\n')
      .host(...JOB.slice(0, 4), BAD, JOB[4]!)
    expect(bench.took()).toEqual(JOB.slice(0, 4))
    expect(bench.latch).toBe('line-refused')
  })

  test('that somebody typed among the numbered ones does not end the job', () => {
    const bench = streamBench(3, { deny: [BAD] }).host(BAD)
    expect(bench.latch).toBeNull()
    bench.numbered(3, ...JOB.slice(3))
    expect(bench.took()).toEqual(JOB.slice(3))
  })

  test('ends the job on record, with the line, the rule and the reason', () => {
    const bench = streamBench(3, { deny: [BAD] }).numbered(3, BAD)
    expect(bench.kinds()).toEqual(['line-refused', 'job-closed', 'latched'])
    expect(bench.latest('line-refused')).toEqual({
      kind: 'line-refused',
      job: 'stream-1',
      line: 3,
      code: 'bench',
      rule: 'bench',
      message: '`M104 S300` is not for this bench',
    })
    expect(bench.latest('job-closed')).toMatchObject({ outcome: 'stopped', commands: 3 })
    expect(bench.latest('latched')).toMatchObject({ job: 'stream-1', reason: { code: 'line-refused' } })
  })

  test('is told in the idiom of the host, with remedy and appeal, and acknowledged', () => {
    const bench = streamBench(3, { deny: [BAD], profile: 'octoprint' }).numbered(3, BAD)
    expect(bench.heard()).toEqual([
      "echo:line 3 - 'M104 S300' is not for this bench",
      "// action:notification line 3 - 'M104 S300' is not for this bench",
      '// action:cancel',
      '// action:pause',
      'echo:leave it out',
      '// action:notification leave it out',
      'echo:appeal - ask Ada',
      '// action:notification appeal - ask Ada',
      'ok',
    ])
  })

  test('lets each line behind it be acknowledged, so that no host hangs', () => {
    const bench = streamBench(3, { deny: [BAD] })
      .numbered(3, BAD)
      .fresh()
    bench.bytes(Array.from({ length: 50 }, (_, i) => numbered(4 + i, 'G1 X5 E5')).join(''))
    expect(bench.oks()).toBe(50)
    expect(bench.took()).toEqual([])
  })

  test.each(['G28 G1 X5', 'G1 X5 X6', 'G1 X1e3', 'G1 X(5)', 'M104 S99999', 'X5', 'G1 X5 \xff', 'G1 \x01X5'])(
    'that nobody could read for certain, %j, ends it as well',
    (line) => {
      const bench = streamBench(3).numbered(3, line)
      expect(bench.took()).toEqual([])
      expect(bench.latch).toBe('line-refused')
      expect(bench.latest('line-refused')?.code).toMatch(/^grammar\./)
    },
  )

  test('by a judge that gives no reason ends it all the same', () => {
    const judge = { judge: () => ({ kind: 'deny', objections: [] }) as const }
    const bench = readyBench({ judge }).renumber().numbered(0, 'G28', 'G1 X5')
    expect(bench.latest('line-refused')).toMatchObject({ line: 0, code: 'gate.no-reason' })
    expect(bench.latch).toBe('line-refused')
    expect(bench.took()).toEqual([])
  })

  test('leaves the heaters of the job on for a while for somebody to decide, and then turns them off', () => {
    const bench = streamBench(3, { deny: [BAD] })
      .numbered(3, BAD)
      .pass(119_000)
    expect(bench.took().filter((command) => command !== 'M105')).toEqual([])
    bench.pass(3000)
    expect(bench.took()).toContain('M104 S0')
    expect(bench.latest('safe-stop')).toMatchObject({ confirmed: true })
    expect(bench.latch).toBe('line-refused')
  })
})

describe('a refused line outside a job', () => {
  test('is refused by itself, and what follows passes', () => {
    const bench = readyBench({ deny: [BAD] }).host('G28', BAD, 'G1 X5')
    expect(bench.took()).toEqual(['G28', 'G1 X5'])
    expect(bench.kinds()).toEqual(['host-opened', 'line-refused'])
    expect(bench.latest('line-refused')).toMatchObject({ job: null, line: 2 })
    expect(bench.heard()).toEqual([
      'ok',
      "echo:line 2 - 'M104 S300' is not for this bench",
      'echo:leave it out',
      'echo:appeal - ask Ada',
      'ok',
      'ok',
    ])
  })

  test('does not change what the gate believes of the machine', () => {
    const bench = readyBench({ deny: ['G91'], judge: denying(['G91']) }).host('G91', 'G1 X5')
    expect(bench.took()).toEqual(['G1 X5'])
  })

  test('twenty times in a minute is a slip, and once more is none', () => {
    const bench = readyBench({ deny: [BAD] })
    for (let i = 0; i < 20; i++) bench.host(BAD)
    expect(bench.latch).toBeNull()
    bench.host(BAD)
    expect(bench.latch).toBe('many-refusals')
  })

  test('now and then over a day never blocks', () => {
    const bench = readyBench({ deny: [BAD] })
    for (let i = 0; i < 200; i++) bench.host(BAD).pass(4000)
    expect(bench.latch).toBeNull()
  })
})

describe('a verdict of stop', () => {
  test('brings the machine to rest at once, job or not', () => {
    const bench = readyBench({ judge: denying([BAD], 'stop') }).host('M104 S200', BAD)
    expect(bench.took()).toEqual(expect.arrayContaining(['M104 S200', 'M410', 'M108', 'M104 S0', 'M140 S0']))
    expect(bench.latch).toBe('line-refused')
    bench.pass(3000)
    expect(bench.latest('safe-stop')).toMatchObject({ confirmed: true })
  })
})

describe('the answer to a refused line', () => {
  test('waits for its record', () => {
    const bench = streamBench(3, { deny: [BAD] })
    bench.isRecording = false
    bench.numbered(3, BAD)
    expect(bench.heard()).toEqual([])
    bench.recorded('line-refused')
    expect(bench.oks()).toBe(1)
  })

  test('comes within 250 ms though the disk hangs, and nothing passes meanwhile', () => {
    const bench = streamBench(3, { deny: [BAD] })
    bench.isRecording = false
    bench.numbered(3, BAD, 'G1 X50', 'M105').pass(250)
    expect(bench.heard().at(-1)).toMatch(/^ok/)
    expect(bench.took().filter((command) => command !== 'M105')).toEqual([])
  })

  test('comes though the record fails, which stops the machine as well', () => {
    const bench = streamBench(3, { deny: [BAD] })
    bench.isRecording = false
    bench.numbered(3, BAD).recorded('line-refused', 'the disk is full')
    expect(bench.heard().at(-1)).toBe('ok')
    expect(bench.took()).toContain('M410')
  })

  test('is not owed to a host that has left', () => {
    const bench = streamBench(3, { deny: [BAD] })
    bench.isRecording = false
    bench
      .numbered(3, BAD)
      .does((gate, nowMs) => gate.hostLeft(nowMs))
      .fresh()
    bench.isRecording = true
    bench.does((gate, nowMs) => gate.hostCame(nowMs)).fresh()
    bench.host('M105')
    expect(bench.heard()).toEqual([`ok ${bench.temperatures}`])
  })
})

describe('the latch', () => {
  const latched = () =>
    streamBench(3, { deny: [BAD] })
      .numbered(3, BAD)
      .fresh()

  test('lets pass only what policy lets pass', () => {
    const bench = streamBench(3, { deny: [BAD, 'M104 S0', 'M114'] })
      .numbered(3, BAD)
      .fresh()
    bench.host('M104 S0', 'M114', 'M140 S0')
    expect(bench.took()).toEqual(['M140 S0'])
    expect(bench.heard()).toEqual(['ok', 'ok', 'ok'])
  })

  test('holds against new numbers, and says so', () => {
    const bench = latched().renumber()
    expect(bench.heard()).toEqual(
      expect.arrayContaining([expect.stringContaining('echo:blocked until it is cleared')]),
    )
    bench.numbered(0, ...JOB)
    expect(bench.took()).toEqual([])
    expect(bench.latch).toBe('line-refused')
  })

  test('holds against a host that resumes or sends the line again', () => {
    const bench = latched().numbered(4, 'M24', 'M108', 'G28', BAD, 'G1 X5')
    expect(bench.took()).toEqual(['M108'])
  })

  test('holds against one that leaves and comes back, which is told why', () => {
    const bench = latched()
    bench
      .does((gate, nowMs) => gate.hostLeft(nowMs))
      .pass(500)
      .does((gate, nowMs) => gate.hostCame(nowMs))
    expect(bench.heard().join()).toContain('line 3 was refused')
    bench.renumber().numbered(0, ...JOB)
    expect(bench.took().filter((command) => command !== 'M105')).toEqual([])
  })

  test('holds though the printer is taken away and put back', () => {
    const bench = latched()
      .does((gate, nowMs) => gate.printerLost('unplugged', nowMs))
      .pass(1000)
    bench
      .does((gate, nowMs) => gate.printerOpened(false, nowMs))
      .pass(1000)
      .fresh()
    bench.numbered(4, 'G28')
    expect(bench.took()).toEqual([])
    expect(bench.latch).toBe('line-refused')
  })

  test('is lifted by a person, on record, and nobody knows where the toolhead is from then on', () => {
    const bench = latched()
    bench.does((gate, nowMs) => gate.clear('Ada', nowMs))
    expect(bench.latch).toBeNull()
    expect(bench.latest('cleared')).toEqual({ kind: 'cleared', by: 'Ada' })
    bench.numbered(4, 'G28')
    expect(bench.took()).toEqual(['G28'])
  })

  test('is lifted when that is on record, and not by a disk that hangs', () => {
    const bench = latched()
    bench.isRecording = false
    bench.does((gate, nowMs) => gate.clear('Ada', nowMs)).numbered(4, 'G28')
    expect(bench.latch).toBe('line-refused')
    expect(bench.took()).toEqual([])
    bench.recorded('cleared')
    expect(bench.latch).toBeNull()
    expect(bench.took()).toEqual([])
    bench.isRecording = true
    bench.numbered(5, 'G28')
    expect(bench.took()).toEqual(['G28'])
  })

  test('is not lifted by one who could not see the emergency stop that came behind', () => {
    const bench = latched()
    bench.isRecording = false
    bench.does((gate, nowMs) => gate.clear('Ada', nowMs)).host('M112')
    bench.recorded('cleared')
    expect(bench.latch).toBe('line-refused')
  })

  test('is lifted by a job that was admitted', () => {
    const bench = latched().arm()
    expect(bench.latch).toBeNull()
    bench.renumber().numbered(0, ...JOB)
    expect(bench.latest('job-closed')).toMatchObject({ job: 'job-1', outcome: 'printed' })
  })

  test('lifted, lets nothing pass that had come before', () => {
    const bench = streamBench(3, { judge: denying([BAD], 'stop') })
    bench.isAnswering = false
    bench.numbered(3, BAD, 'G1 X66 E5', 'G1 X67 E6')
    bench.does((gate, nowMs) => gate.clear('Ada', nowMs))
    bench.isAnswering = true
    bench.pass(10_000)
    expect(bench.gate.printerState).toBe('ready')
    expect(bench.took().join('\n')).not.toContain('G1')
    expect(bench.oks()).toBe(3)
    expect(bench.gate.openJob).toBeNull()
    bench.host('G28')
    expect(bench.took()).toEqual(['G28'])
  })

  test('of a job in lockstep holds as well', () => {
    const bench = lockstepBench(2, { judge: denying([BAD]) }).numbered(2, 'G1 X1 X2')
    expect(bench.latch).toBe('line-refused')
    bench.numbered(3, ...JOB.slice(2))
    expect(bench.took()).toEqual([])
  })
})
