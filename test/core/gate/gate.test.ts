import { describe, expect, test } from 'vitest'
import { numbered } from '../numbered.ts'
import { GateBench, GREETING_LINES, JOB, PREAMBLE, readyBench, START_MS, streamBench } from './gate-bench.ts'

describe('a printer that is found', () => {
  test('is told where our numbers start and brought to the declared start, without a host', () => {
    const bench = new GateBench()
    bench.does((gate) => gate.printerOpened(false, START_MS))
    expect(bench.sent().split('\n').slice(0, 2)).toEqual([
      'N0 M110 N0*125',
      numbered(1, PREAMBLE[0]!).trimEnd(),
    ])
    expect(bench.gate.printerState).toBe('ready')
    expect(bench.kinds()).toEqual(['odometer'])
  })

  test('in an unknown state is brought to rest before it is told anything, and the gate is blocked', () => {
    const bench = new GateBench()
    bench.isAnswering = false
    bench.does((gate) => gate.printerOpened(true, START_MS))
    expect(bench.sent()).toMatch(/^\nM410\nM108\nM108\nM104 S0\nM140 S0\n/)
    expect(bench.latch).toBe('found-running')
    bench.isAnswering = true
    bench.pass(15_000)
    expect(bench.gate.printerState).toBe('ready')
    expect(bench.latest('safe-stop')).toMatchObject({ confirmed: true, reason: { code: 'found-running' } })
    expect(bench.latch).toBe('found-running')
  })

  test('and does not answer is greeted again and again, and taken when it does', () => {
    const bench = new GateBench()
    bench.isAnswering = false
    bench.does((gate) => gate.printerOpened(false, START_MS))
    bench.pass(60_000)
    expect(bench.gate.printerState).toMatch(/silent|greeting/)
    expect(bench.took().every((command) => command === 'M110 N0')).toBe(true)
    bench.isAnswering = true
    bench.pass(20_000)
    expect(bench.gate.printerState).toBe('ready')
  })
})

describe('lines of a host', () => {
  test('go out with our numbers, and each is answered when the printer answered it', () => {
    const bench = readyBench()
    bench.isAnswering = false
    bench.renumber().fresh()
    bench.numbered(0, 'G28', 'G1 X1')
    const first = GREETING_LINES + 1
    expect(bench.sent()).toBe(numbered(first, 'G28'))
    expect(bench.heard()).toEqual([])
    bench.answer()
    expect(bench.heard()).toEqual(['ok'])
    expect(bench.sent()).toBe(numbered(first + 1, 'G1 X1'))
  })

  test.each([
    ['OctoPrint', 'N0 M110 N0*125\nN0 M110 N0*125\n', 1, (n: number, c: string) => numbered(n, c)],
    ['Printrun', numbered(-1, 'M110 N-1'), 0, (n: number, c: string) => numbered(n, c)],
    ['Cura', tight(0, 'M110'), 1, tight],
    ['a CRLF host', 'N0 M110 N0*125\r\n', 1, (n: number, c: string) => numbered(n, c).replace('\n', '\r\n')],
    ['an unnumbered script', '', 0, (_n: number, c: string) => `${c}\n`],
  ])('of %s are understood as it writes them', (_host, hello, first, line) => {
    const bench = readyBench().bytes(hello)
    const hellos = hello.split('\n').length - 1
    expect(bench.oks()).toBe(hellos)
    JOB.forEach((command, i) => {
      bench.bytes(line(first + i, command))
    })
    expect(bench.took()).toEqual(JOB)
    expect(bench.heard()).toEqual(JOB.map(() => 'ok'))
    expect(bench.latch).toBeNull()
  })

  test('may come several at a time, in any pieces, and are answered in their order', () => {
    const bench = readyBench()
    const bytes = ['G28', 'M105', 'G1 X5', 'M114'].map((command, i) => numbered(i + 1, command)).join('')
    for (const byte of bytes) bench.bytes(byte)
    expect(bench.took()).toEqual(['G28', 'M105', 'G1 X5', 'M114'])
    expect(bench.heard()).toEqual(['ok', `ok ${bench.temperatures}`, 'ok', 'ok'])
  })

  test('that the gate answers itself wait for the answers of those before them', () => {
    const bench = readyBench({ deny: ['M20'] })
    bench.isAnswering = false
    bench.bytes('G28\nM20\n')
    expect(bench.heard()).toEqual([])
    bench.answer()
    expect(bench.heard()).toEqual(['ok', 'Begin file list', 'End file list', 'ok'])
    expect(bench.took()).toEqual(['G28'])
  })

  test('between numbered ones and without a number, as people type them, are taken', () => {
    const bench = readyBench().numbered(1, 'G28').host('M105', 'M117 hello').numbered(2, 'G1 X1')
    expect(bench.took()).toEqual(['G28', 'M105', 'M117 hello', 'G1 X1'])
    expect(bench.oks()).toBe(4)
  })

  test('with nothing in them get no ok where Marlin gives none, and one where it gives one', () => {
    const bench = readyBench().bytes('\n\r\n; a comment\n')
    expect(bench.heard()).toEqual([])
    bench.bytes('   \n')
    expect(bench.heard()).toEqual(['ok'])
    expect(bench.took()).toEqual([])
  })

  test('lose their comment on the way', () => {
    const bench = readyBench().host('G28 ; home', 'G1 X5;M104 S300')
    expect(bench.took()).toEqual(['G28', 'G1 X5'])
  })

  test('wait for a printer that is on its way to be ready', () => {
    const bench = new GateBench()
    bench.isAnswering = false
    bench.does((gate) => gate.hostCame(START_MS))
    bench.does((gate) => gate.printerOpened(false, START_MS))
    bench.host('M105')
    expect(bench.took()).toEqual(['M110 N0'])
    bench.isAnswering = true
    bench.pass(3000)
    expect(bench.took()).toContain('M105')
    expect(bench.oks()).toBe(1)
  })

  test('get a sign of life every two seconds while they wait', () => {
    const bench = readyBench()
    bench.isAnswering = false
    bench.host('G28').pass(6000)
    expect(bench.heard()).toEqual(Array(3).fill('echo:busy: processing'))
  })
})

/** As Cura writes it: no space behind the number. */
function tight(number: number, command: string): string {
  const body = `N${number}${command}`
  let sum = 0
  for (const byte of Buffer.from(body)) sum ^= byte
  return `${body}*${sum}\n`
}

describe('what the printer says', () => {
  test('reaches the host without its acknowledgements, its requests and its numbers', () => {
    const bench = readyBench()
    bench.isAnswering = false
    bench.host('G28').fresh()
    bench.hear(' T:20.00 /0.00 B:20.00 /0.00 @:0 B@:0')
    bench.hear('Error:checksum mismatch, Last Line: 4', 'Resend: 11', 'ok', 'start of nothing')
    bench.hear('ok N11 P15 B3')
    expect(bench.heard().filter((line) => !line.startsWith('echo:'))).toEqual([
      ' T:20.00 /0.00 B:20.00 /0.00 @:0 B@:0',
      'ok',
    ])
  })

  test('has no other door: binary transfer and packed lines are struck from its capabilities', () => {
    const bench = readyBench()
    bench.isAnswering = false
    bench.host('M115').fresh()
    bench.hear('Cap:MEATPACK:1', 'Cap:BINARY_FILE_TRANSFER:1', 'Cap:AUTOREPORT_TEMP:1', 'ok')
    expect(bench.heard()).toEqual([
      'Cap:MEATPACK:0',
      'Cap:BINARY_FILE_TRANSFER:0',
      'Cap:AUTOREPORT_TEMP:1',
      'ok',
    ])
  })

  test('is not said to a host that is not there', () => {
    const bench = readyBench()
    bench.isAnswering = false
    bench.host('G28').does((gate, nowMs) => gate.hostLeft(nowMs))
    bench.fresh().hear('echo:hello', 'ok')
    expect(bench.heard()).toEqual([])
  })

  test('to the lines of a host that has left is no answer for the next one', () => {
    const bench = readyBench()
    bench.isAnswering = false
    bench.host('G28')
    bench.does((gate, nowMs) => gate.hostLeft(nowMs)).does((gate, nowMs) => gate.hostCame(nowMs))
    bench.host('M105').fresh()
    bench.answer()
    expect(bench.heard()).toEqual([])
    bench.answer()
    expect(bench.heard()).toEqual([`ok ${bench.temperatures}`])
  })
})

describe('several lines in flight', () => {
  test('go out where the printer says that it has room, and are answered in their order', () => {
    const bench = readyBench()
    bench.isAnswering = false
    bench.bytes('G1 X1\nG1 X2\nG1 X3\nG1 X4\n')
    expect(bench.took()).toEqual(['G1 X1'])
    bench.hear('ok N11 P15 B3')
    expect(bench.took()).toEqual(['G1 X2', 'G1 X3'])
    expect(bench.oks()).toBe(1)
    bench.hear('ok N12 P15 B3')
    expect(bench.oks()).toBe(1)
    bench.hear('ok N13 P15 B3')
    bench.hear('ok N14 P15 B3')
    expect(bench.oks()).toBe(2)
    expect(bench.gate.printerState).toBe('ready')
  })

  test('are all answered by the ok of the last of them, where the others got lost', () => {
    const bench = readyBench()
    bench.isAnswering = false
    bench.bytes('G1 X1\nG1 X2\nG1 X3\n').hear('ok N11 P15 B3')
    bench.fresh()
    bench.hear('ok N13 P15 B3')
    expect(bench.heard()).toEqual(['ok', 'ok'])
  })

  test('keep a refusal behind them until all are answered', () => {
    const bench = readyBench({ deny: ['G1 X4'] })
    bench.isAnswering = false
    bench.bytes('G1 X1\nG1 X2\nG1 X3\nG1 X4\nG1 X5\n').hear('ok N11 P15 B3')
    bench.fresh()
    bench.hear('ok N12 P15 B3')
    expect(bench.kinds()).toEqual([])
    bench.hear('ok N13 P15 B3')
    expect(bench.heard().map((line) => line.split(' ')[0])).toEqual([
      'ok',
      'ok',
      'echo:line',
      'echo:leave',
      'echo:appeal',
      'ok',
    ])
  })

  test('an ok that got lost is found by a question, and its line is answered', () => {
    const bench = readyBench()
    bench.isAnswering = false
    bench.host('G1 X1').fresh()
    bench.pass(6000)
    expect(bench.took()).toEqual(['M105'])
    bench.hear(`ok ${bench.temperatures}`)
    expect(bench.oks()).toBe(1)
    bench.host('G1 X2')
    expect(bench.took()).toEqual(['G1 X2'])
  })
})

describe('a host that sends faster than the printer takes', () => {
  const many = `${Array(9000).fill('G1 X1 Y1').join('\n')}\n`

  test('is asked to wait, and later to go on', () => {
    const bench = readyBench()
    bench.isAnswering = false
    bench.bytes(many)
    expect(bench.effects.filter(({ kind }) => kind === 'host-flow')).toEqual([
      { kind: 'host-flow', isOpen: false },
    ])
    bench.isAnswering = true
    bench.pass(200)
    expect(bench.effects.filter(({ kind }) => kind === 'host-flow').at(-1)).toEqual({
      kind: 'host-flow',
      isOpen: true,
    })
    expect(bench.oks()).toBe(9000)
    expect(bench.took()).toHaveLength(9000)
  })

  test('goes on as soon as there is room: no time need pass', () => {
    const bench = readyBench()
    bench.bytes(many)
    const flow = bench.effects.filter(({ kind }) => kind === 'host-flow')
    expect(flow.map((effect) => 'isOpen' in effect && effect.isOpen)).toEqual([false, true])
  })

  test('and does not wait is stopped, with nothing lost in the middle of what goes out', () => {
    const bench = readyBench()
    bench.isAnswering = false
    bench.host('G28')
    for (let i = 0; i < 6; i++) bench.bytes(many)
    expect(bench.latch).toBe('host-link-failed')
    bench.isAnswering = true
    bench.pass(10_000)
    expect(bench.took().filter((command) => command === 'G1 X1 Y1')).toEqual([])
  })

  test('leaves no closed flow behind for the next one', () => {
    const bench = readyBench()
    bench.isAnswering = false
    bench.bytes(many).does((gate, nowMs) => gate.hostLeft(nowMs))
    expect(bench.effects.filter(({ kind }) => kind === 'host-flow').at(-1)).toEqual({
      kind: 'host-flow',
      isOpen: true,
    })
  })
})

describe('the job of a host', () => {
  test('begins where a host begins to count, and ends where it counts anew', () => {
    const bench = readyBench()
      .renumber()
      .numbered(0, ...JOB)
    expect(bench.gate.openJob).toMatchObject({ id: 'stream-1', commandsSent: JOB.length })
    bench.renumber()
    expect(bench.gate.openJob).toBeNull()
    expect(bench.kinds()).toEqual(['host-opened', 'stream-opened', 'job-closed'])
    expect(bench.latest('job-closed')).toMatchObject({ outcome: 'ended', commands: JOB.length, reason: null })
    expect(bench.latch).toBeNull()
  })

  test('begins with the first line that prints, for a host without numbers', () => {
    const bench = readyBench().host('G28', 'M104 S200', 'G1 X10 F3000')
    expect(bench.gate.openJob).toBeNull()
    bench.host('G1 X20 E1')
    expect(bench.gate.openJob).not.toBeNull()
    expect(bench.took()).toEqual(['G28', 'M104 S200', 'G1 X10 F3000', 'G1 X20 E1'])
  })

  test('does not begin with what hosts ask when they connect', () => {
    const bench = readyBench().bytes('N0 M110 N0*125\n').numbered(1, 'M115', 'M105', 'M114')
    expect(bench.gate.openJob).toBeNull()
  })

  test('is sealed now and then, with the digest of what went out', () => {
    const bench = streamBench(3).pass(30_000)
    expect(bench.latest('job-sealed')).toMatchObject({ job: 'stream-1', commands: 3 })
  })
})
