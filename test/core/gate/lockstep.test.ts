import { describe, expect, test } from 'vitest'
import { jobOf } from '../canonical.ts'
import { denying, type GateBench, JOB, lockstepBench, PREAMBLE, readyBench } from './gate-bench.ts'

describe('an armed job', () => {
  test('is printed whole by a host that sends it: the preamble, its commands and nothing else', () => {
    const bench = readyBench({ jobs: 'armed' }).arm().renumber().fresh()
    bench.numbered(0, ...JOB)
    expect(bench.took()).toEqual([...PREAMBLE, ...JOB])
    expect(bench.kinds()).toEqual(['job-opened', 'job-closed'])
    expect(bench.latest('job-closed')).toMatchObject({
      job: 'job-1',
      outcome: 'printed',
      commands: JOB.length,
      sha256: jobOf(...JOB).sha256,
    })
    expect(bench.latch).toBeNull()
    expect(bench.effects.filter(({ kind }) => kind === 'job-over')).toHaveLength(1)
  })

  test('begins with its record, and not a byte of it or of the preamble goes out before', () => {
    const bench = readyBench().arm().renumber().fresh()
    bench.isRecording = false
    bench.numbered(0, ...JOB).pass(5000)
    expect(bench.took()).toEqual([])
    expect(bench.oks()).toBe(0)
    bench.recorded('job-opened')
    expect(bench.took().slice(0, PREAMBLE.length + 1)).toEqual([...PREAMBLE, 'G28'])
  })

  test('whose record fails is stopped before it began', () => {
    const bench = readyBench().arm().renumber().fresh()
    bench.isRecording = false
    bench.numbered(0, ...JOB)
    bench.isRecording = true
    bench.recorded('job-opened', 'the disk is full').pass(3000)
    expect(bench.took().filter((command) => JOB.slice(2).includes(command))).toEqual([])
    expect(bench.latch).toBe('record-failed')
    expect(bench.gate.openJob).toBeNull()
  })

  test('begins when the lines before it have run: its declared start must not come between them', () => {
    const bench = readyBench().arm().host('M105').fresh()
    bench.isAnswering = false
    bench.host('G1 X1', 'G28')
    expect(bench.kinds()).toEqual([])
    bench.answer()
    expect(bench.kinds()).toEqual(['job-opened'])
  })

  test('waits for the next of its blocks in the middle, and takes no line for a miss meanwhile', () => {
    const bench = readyBench()
    bench.isSpooling = false
    bench
      .arm()
      .renumber()
      .numbered(0, ...JOB)
      .fresh()
    const bytes = jobOf(...JOB).bytes
    bench.does((gate, nowMs) => gate.jobBlock(bytes.subarray(0, 20), nowMs))
    expect(bench.took()).toEqual([...PREAMBLE, 'G28', 'M104 S200'])
    expect(bench.effects).toContainEqual({ kind: 'want-block' })
    bench.does((gate, nowMs) => gate.jobBlock(bytes.subarray(20), nowMs))
    expect(bench.took()).toEqual(JOB.slice(2))
    bench.does((gate, nowMs) => gate.jobEnded(nowMs))
    expect(bench.latest('job-closed')).toMatchObject({ outcome: 'printed' })
    expect(bench.heard().every((line) => line === 'ok')).toBe(true)
  })

  test('waits for its spool, and the host with it', () => {
    const bench = readyBench()
    bench.isSpooling = false
    bench.arm().renumber().numbered(0, 'G28').fresh()
    bench.pass(1000)
    expect(bench.took()).toEqual([])
    bench.isSpooling = true
    bench.pass(100)
    expect(bench.took()).toEqual([...PREAMBLE, 'G28'])
  })

  test('lets a person jog and ask before it begins', () => {
    const bench = readyBench({ jobs: 'armed' }).arm().fresh()
    bench.host('M105', 'G1 Z10 F600', 'M104 S50')
    expect(bench.took()).toEqual(['M105', 'G1 Z10 F600', 'M104 S50'])
    expect(bench.gate.openJob).toBeNull()
    bench.renumber().numbered(0, ...JOB)
    expect(bench.latest('job-closed')).toMatchObject({ outcome: 'printed' })
  })

  test('does not begin with what somebody types at a host that numbers its lines', () => {
    const bench = readyBench().bytes('N0 M110 N0*125\n').numbered(1, 'M115').arm().fresh()
    bench.host('G28')
    expect(bench.took()).toEqual(['G28'])
    bench.numbered(2, ...JOB)
    expect(bench.latest('job-closed')).toMatchObject({ job: 'job-1', outcome: 'printed' })
  })

  test('demanded, and not there: printing is refused, jogging is not', () => {
    const bench = readyBench({ jobs: 'armed' }).host('G28', 'G1 X10 Y10 F3000')
    expect(bench.took()).toEqual(['G28', 'G1 X10 Y10 F3000'])
    bench.host('G1 X20 E1', 'G1 X30')
    expect(bench.took()).toEqual([])
    expect(bench.latest('line-refused')).toMatchObject({ code: 'gate.not-armed' })
    expect(bench.latch).toBe('line-refused')
  })

  test('demanded: another one than that which is armed does not print', () => {
    const bench = readyBench({ jobs: 'armed' }).arm().renumber().fresh()
    bench.numbered(0, 'G28 X', 'G1 X5 F3000', 'G1 X20 E1', 'G1 X30 E2')
    expect(bench.took()).toEqual(['G28 X', 'G1 X5 F3000'])
    expect(bench.latch).toBe('line-refused')
  })

  test('is given up when another one is armed, or nobody wants it any more', () => {
    const bench = readyBench().arm().arm(jobOf('G28'), { id: 'job-2' })
    expect(bench.effects).toContainEqual({ kind: 'job-over', job: 'job-1' })
    bench.does((gate) => gate.disarm())
    expect(bench.effects).toContainEqual({ kind: 'job-over', job: 'job-2' })
    expect(bench.gate.armedJob).toBeNull()
  })

  test('whose spool holds another job than was surveyed is stopped at its end', () => {
    const bench = readyBench().arm(jobOf(...JOB), { canonicalSha256: '00' })
    bench.renumber().numbered(0, ...JOB)
    expect(bench.latest('job-closed')).toMatchObject({ outcome: 'stopped', reason: { code: 'job-changed' } })
    expect(bench.latch).toBe('job-changed')
  })

  test('whose spool holds a line that is refused is stopped, and the line is not sent', () => {
    const bench = readyBench({ judge: denying(['G1 X30 E2']) }).arm()
    bench.renumber().numbered(0, ...JOB)
    expect(bench.took()).not.toContain('G1 X30 E2')
    expect(bench.latch).toBe('line-refused')
  })

  test('names its tools before its first command', () => {
    const bench = readyBench()
      .arm(jobOf(...JOB), { tools: [0, 1] })
      .renumber()
      .fresh()
    bench.numbered(0, 'G28')
    expect(bench.effects).toContainEqual({ kind: 'tools', tools: [1] })
    expect(bench.took()).toContain('M221 T1 S100')
  })
})

describe('in lockstep', () => {
  test('a line that is not the next one is acknowledged, told of once, and not sent', () => {
    const bench = lockstepBench(2).numbered(2, 'G1 X99', 'G1 X98')
    expect(bench.heard().map((line) => line.replace(/-.*/, ''))).toEqual([
      expect.stringMatching(/^echo:not the next line/),
      'ok',
      'ok',
    ])
    bench.numbered(4, ...JOB.slice(2))
    expect(bench.took()).toEqual(JOB.slice(2))
    expect(bench.latest('job-closed')).toMatchObject({ outcome: 'printed' })
  })

  test('seven misses in a row are forgiven, eight stop the job and the machine', () => {
    const bench = lockstepBench(3)
    const misses = (from: number): void => {
      for (let i = 0; i < 7; i++) bench.numbered(from + i, 'G1 X99')
    }
    misses(3)
    bench.numbered(10, JOB[3]!)
    misses(11)
    expect(bench.latch).toBeNull()
    bench.numbered(18, 'G1 X99')
    expect(bench.latch).toBe('not-the-job')
    expect(bench.took()).toContain('M410')
    expect(bench.took()).not.toContain('G1 X99')
  })

  test('what observes passes, and what hosts keep to themselves is skipped, on both sides', () => {
    const job = jobOf('G28', 'M73 P10', 'M0', 'G1 X10', 'M105', 'M25', 'G1 X20', 'M1', 'M110 N5')
    const bench = readyBench().arm(job).renumber().fresh()
    bench.numbered(0, 'G28', 'M105', 'M114', 'G1 X10', 'M0 S5', 'M25', 'G1 X20')
    expect(bench.took().slice(PREAMBLE.length)).toEqual(['G28', 'M105', 'M114', 'G1 X10', 'G1 X20'])
    expect(bench.heard().every((line) => /^ok/.test(line))).toBe(true)
    expect(bench.latest('job-closed')).toMatchObject({ outcome: 'printed', sha256: job.sha256 })
  })

  test('heaters-off passes and leaves the next command where it was', () => {
    const bench = lockstepBench(2).host('M104 S0', 'M140 S0', 'M107')
    expect(bench.took()).toEqual(['M104 S0', 'M140 S0', 'M107'])
    bench.numbered(2, ...JOB.slice(2))
    expect(bench.latest('job-closed')).toMatchObject({ outcome: 'printed' })
  })

  test('the job ends with the answer to its last command, not before', () => {
    const bench = lockstepBench(4)
    bench.isAnswering = false
    bench.numbered(4, JOB[4]!)
    expect(bench.kinds()).toEqual([])
    bench.answer()
    expect(bench.kinds()).toEqual(['job-closed'])
  })

  test('what comes behind its last command waits for that answer, and is no part of the job', () => {
    const bench = lockstepBench(4, { permitsInterlude: true })
    bench.isAnswering = false
    bench.host('M105').hear('ok N24 P15 B5').fresh()
    bench.bytes('G1 X30 E2\nG1 Z50\n')
    expect(bench.took()).toEqual(['G1 X30 E2'])
    bench.hear('ok')
    expect(bench.kinds()).toEqual(['job-closed'])
    expect(bench.latest('job-closed')).toMatchObject({ outcome: 'printed' })
    expect(bench.took()).toEqual(['G1 Z50'])
  })

  test('a host that leaves ends it, and it does not go on when the host is back', () => {
    const bench = lockstepBench(3).does((gate, nowMs) => gate.hostLeft(nowMs))
    expect(bench.latest('job-closed')).toMatchObject({ outcome: 'stopped', reason: { code: 'host-lost' } })
    bench.does((gate, nowMs) => gate.hostCame(nowMs)).fresh()
    bench.numbered(3, ...JOB.slice(3))
    expect(bench.took()).toEqual([])
  })

  test('a host that sends the job twice prints it once', () => {
    const bench = lockstepBench(5).renumber().fresh()
    bench.numbered(0, ...JOB.slice(0, 3))
    expect(bench.gate.openJob).toMatchObject({ id: 'stream-1' })
    const armed = lockstepBench(5, { jobs: 'armed' }).renumber().fresh()
    armed.numbered(0, 'G92 E0', ...JOB)
    expect(armed.took()).toEqual(['G92 E0', ...JOB.slice(0, 3)])
    expect(armed.latch).toBe('line-refused')
  })

  test('repeated numbers and new numbers do not repeat commands', () => {
    const bench = lockstepBench(3).numbered(2, JOB[2]!)
    expect(bench.took()).toEqual([])
    bench.renumber().numbered(0, JOB[3]!, JOB[4]!)
    expect(bench.took()).toEqual(JOB.slice(3))
    expect(bench.latest('job-closed')).toMatchObject({ outcome: 'printed' })
  })

  test('a question that policy denies is swallowed, and one about the card is answered', () => {
    const bench = lockstepBench(2, { deny: ['M20', 'M27', 'M115'] }).host('M27', 'M20', 'M115')
    expect(bench.took()).toEqual([])
    expect(bench.heard()).toEqual(['Not SD printing', 'ok', 'Begin file list', 'End file list', 'ok', 'ok'])
    expect(bench.latch).toBeNull()
  })
})

describe('a pause in lockstep', () => {
  const permitted = (lines: number): GateBench => lockstepBench(lines, { permitsInterlude: true })

  test('that policy does not permit is a row of misses', () => {
    const bench = lockstepBench(4).host('G1 Z20 F600')
    expect(bench.took()).toEqual([])
  })

  test('lets a person jog, and puts everything back before the next command', () => {
    const job = jobOf('G28', 'M109 S200', 'M106 S128', 'G1 X10 Y10 Z1 F3000', 'G1 X20 E1', 'G1 X30 E2')
    const bench = known(lockstepBench(0, { permitsInterlude: true }, job), job.commands, 5)
    bench.host('G91', 'G1 Z20 F600', 'G90', 'G1 X0 Y0 F6000', 'M104 S150', 'M107')
    expect(bench.took()).toEqual(['G91', 'G1 Z20 F600', 'G90', 'G1 X0 Y0 F6000', 'M104 S150', 'M107'])
    bench.numbered(5, 'G1 X30 E2')
    expect(bench.took()).toEqual([
      'M140 S0',
      'M109 S200',
      'M106 S128',
      'G21',
      'G90',
      'G1 X20 Y10 F6000',
      'G1 Z1 F300',
      'M83',
      'G92 E1',
      'G90',
      'M82',
      'G1 F3000',
      'G1 X30 E2',
    ])
    expect(bench.latest('interlude')).toMatchObject({ job: 'job-1', commands: 6 })
    expect(bench.latest('job-closed')).toMatchObject({ outcome: 'printed', sha256: job.sha256 })
  })

  test('may begin with the heater off, which is put back as well', () => {
    const bench = inPause().host('M104 S0', 'M140 S0').fresh()
    bench.numbered(4, 'G1 X30 E2')
    expect(bench.took()[1]).toBe('M109 S200')
  })

  test('pushes filament back that it pulled, and no more', () => {
    const bench = inPause().host('M83', 'G1 E-5 F300')
    bench.fresh().numbered(4, 'G1 X30 E2')
    expect(bench.took()).toContain('G1 E5 F300')
  })

  test('pushes filament back that it pulled after it had pushed some, which is gone', () => {
    const bench = inPause().host('M83', 'G1 E30 F300', 'G1 E-5')
    bench.fresh().numbered(4, 'G1 X30 E2')
    expect(bench.took()).toContain('G1 E5 F300')
  })

  test('leaves filament that was taken out to the person who puts it in', () => {
    const bench = inPause().host('M83', 'G1 E-9000 F300')
    bench.fresh().numbered(4, 'G1 X30 E2')
    expect(bench.took().filter((command) => /^G1 E/.test(command))).toEqual([])
  })

  test.each([
    'G1 X50 E9',
    'G28 X',
    'G92 X0',
    'T1',
    'M104 T1 S200',
    'M221 S200',
    'M220 S200',
    'G20',
    'M600',
    'M206 X1',
    'M106 P1 S255',
    'M104 I1',
    'M109 S200 B250 F1',
    'G1 X5 S100',
    'M143 S5',
    'M84',
  ])('does not permit %s, which could not be put back', (line) => {
    const bench = inPause().host(line)
    expect(bench.took()).toEqual([])
  })

  test('is not begun where nobody knows the place to go back to', () => {
    const bench = lockstepBench(1, { permitsInterlude: true }).host('G1 Z20 F600')
    expect(bench.took()).toEqual([])
  })

  test('of a job that ended leaves nothing to put back for the next one', () => {
    const bench = inPause().host('G1 Z20 F600')
    bench.does((gate, nowMs) => gate.hostLeft(nowMs)).pass(100)
    bench.does((gate, nowMs) => gate.hostCame(nowMs))
    bench.arm(jobOf('G28', 'G1 X5'), { id: 'job-2' }).renumber().fresh()
    bench.numbered(0, 'G28', 'G1 X5')
    expect(bench.took()).toEqual([...PREAMBLE, 'G28', 'G1 X5'])
    expect(bench.kinds()).not.toContain('interlude')
  })

  function inPause(): GateBench {
    return known(permitted(0), JOB.slice(0), 4)
  }

  /** Sends so many commands of the job, the last of which leave the toolhead at a known place. */
  function known(bench: GateBench, commands: readonly string[], lines: number): GateBench {
    return bench.numbered(0, ...commands.slice(0, lines)).fresh()
  }
})
