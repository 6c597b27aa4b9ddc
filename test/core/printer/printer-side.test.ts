import { beforeEach, describe, expect, test } from 'vitest'
import { HELLO_LIMIT_MS } from '../../../agent/core/printer/greeting.ts'
import { preambleLines } from '../../../agent/core/printer/marlin-lines.ts'
import { PROBE_AFTER_MS, RESENDS_MAX, SILENT_AFTER_MS } from '../../../agent/core/printer/printer-link.ts'
import { FIRST_STOP_LIMIT_MS, PrinterSide } from '../../../agent/core/printer/printer-side.ts'
import { STOP_LIMIT_MS } from '../../../agent/core/printer/safe-stop.ts'
import { SETTLED_MS, UNSETTLED_MS } from '../../../agent/core/printer/stray-answers.ts'
import { numbered } from '../numbered.ts'

const PREAMBLE = preambleLines([])
/** What a printer answers to the preamble and to the question for its odometer, where it was not built to count. */
const PREPARED = [...PREAMBLE.map(() => 'ok'), 'echo:Unknown command: "M78"', 'ok']
const COLD = 'ok T:19.37 /0.00 B:19.37 /0.00 @:0 B@:0'
const HOT = 'ok T:180.00 /200.00 B:60.00 /0.00 @:127 B@:0'
const G = 0x47

let sent = ''
let heard: string[] = []
let nowMs = 0
let side: PrinterSide

const taken = (): string => {
  const text = sent
  sent = ''
  return text
}

const events = (): string[] => heard.splice(0)

function hear(...lines: readonly string[]): void {
  for (const line of lines) side.line(line, nowMs)
}

function send(command: string): void {
  side.sendHost(Buffer.from(command), 0, command.length, nowMs)
}

function ask(): void {
  side.sendOwn(['M105'], nowMs)
}

function pass(ms: number): void {
  for (const endMs = nowMs + ms; nowMs < endMs; ) {
    nowMs = Math.min(endMs, nowMs + 100)
    side.tick(nowMs)
  }
}

function ready(): void {
  side.opened(false, nowMs)
  hear('ok', ...PREPARED)
  expect(side.state).toBe('ready')
  taken()
  events()
}

beforeEach(() => {
  sent = ''
  heard = []
  nowMs = 1000
  side = new PrinterSide(
    {
      write: (bytes, start, end) => {
        sent += Buffer.from(bytes.subarray(start, end)).toString('latin1')
      },
    },
    {
      answered: (reply) => heard.push(`answered ${reply ?? 'by nobody'}`),
      said: (line) => heard.push(`said ${line}`),
      rested: (isCold) => heard.push(isCold ? 'rested cold' : 'rested'),
      ready: () => heard.push('ready'),
      odometer: (reading) => heard.push(`odometer ${reading?.filamentMm ?? 'unknown'}`),
      trouble: (code) => heard.push(`trouble ${code}`),
    },
  )
})

describe('the way to be ready', () => {
  test('is a hello, the declared start, and nothing of a host before its last ok', () => {
    side.opened(false, nowMs)
    expect(taken()).toBe('N0 M110 N0*125\n')
    hear('ok')
    PREAMBLE.forEach((line, i) => {
      expect(taken()).toBe(numbered(i + 1, line))
      expect(side.isOpenFor(G)).toBe(false)
      hear('ok')
    })
    expect(taken()).toBe(numbered(PREAMBLE.length + 1, 'M78'))
    expect(side.isOpenFor(G)).toBe(false)
    hear('ok')
    expect(side.state).toBe('ready')
    expect(side.isOpenFor(G)).toBe(true)
    expect(events()).toEqual(['odometer unknown', 'ready'])
  })

  test('begins again where the printer boots in the middle of it', () => {
    side.opened(false, nowMs)
    hear('ok')
    taken()
    hear('ok', 'start')
    expect(side.state).toBe('greeting')
    pass(SETTLED_MS)
    expect(taken()).toContain('N0 M110 N0*125\n')
  })

  test('is not found with a printer that says nothing, which is asked again some seconds later', () => {
    side.opened(false, nowMs)
    pass(HELLO_LIMIT_MS)
    expect(side.state).toBe('silent')
    expect(events()).toEqual(['trouble printer-silent'])
    taken()
    pass(6000)
    expect(taken()).toContain('M110 N0')
  })

  test('is found at once with one that begins to speak after all', () => {
    side.opened(false, nowMs)
    pass(HELLO_LIMIT_MS)
    hear('start')
    expect(side.state).toBe('greeting')
    pass(SETTLED_MS)
    hear('ok')
    pass(1000)
    expect(taken()).toContain('G21')
  })

  test('leads through a stop where nobody knows what the printer is doing', () => {
    side.opened(true, nowMs)
    expect(side.state).toBe('stopping')
    expect(taken()).not.toContain('M110')
    pass(FIRST_STOP_LIMIT_MS - 100)
    expect(taken()).not.toContain('M112')
    pass(100)
    expect(taken()).toContain('M112')
    expect(side.state).toBe('halted')
  })
})

describe('a line of the host', () => {
  test('is answered by its own ok, and own lines between by none', () => {
    ready()
    send('G28')
    side.sendOwn(['M105'], nowMs)
    hear('ok')
    expect(events()).toEqual(['answered ok'])
    hear(COLD)
    expect(events()).toEqual([])
    expect(side.isIdle).toBe(true)
  })

  test('waits while own lines are to go out', () => {
    ready()
    side.sendOwn(['M105', 'M105'], nowMs)
    expect(side.isOpenFor(G)).toBe(false)
    hear(COLD, COLD)
    expect(side.isOpenFor(G)).toBe(true)
  })

  test('does not overtake own lines that wait for the printer to be alone', () => {
    ready()
    send('G1 X1')
    hear('ok N11 P15 B5')
    send('G1 X2')
    side.sendOwn(['M105'], nowMs)
    expect(side.isOpenFor(G)).toBe(false)
    hear('ok N12 P15 B5', COLD)
    expect(side.isOpenFor(G)).toBe(true)
  })

  test('whose ok got lost is answered when a question shows that it ran', () => {
    ready()
    send('G28')
    pass(PROBE_AFTER_MS)
    expect(taken()).toContain('M105')
    hear(COLD)
    expect(events()).toEqual(['answered by nobody'])
    expect(side.hostInFlight).toBe(0)
  })

  test('that is sent again is answered once', () => {
    ready()
    send('G28')
    hear('Error:checksum mismatch, Last Line: 10', 'Resend: 11', 'ok')
    expect(events()).toEqual([])
    hear('ok')
    expect(events()).toEqual(['answered ok'])
  })

  test('asked for again though its ok came is not answered twice', () => {
    ready()
    send('G28')
    hear('ok')
    send('G1 X1')
    hear('Resend: 11', 'ok', 'ok', 'ok')
    expect(events()).toEqual(['answered ok', 'answered ok'])
    expect(side.hostInFlight).toBe(0)
  })

  test('is answered by nobody where nobody can: the printer went, was reset, or is stopped', () => {
    for (const end of [
      () => side.lost(),
      () => hear('start'),
      () => side.stop([], nowMs),
      () => side.kill(),
      () => hear('Error:Printer halted. kill() called!'),
    ]) {
      ready()
      send('G28')
      end()
      pass(SETTLED_MS)
      expect(events()).toContain('answered by nobody')
      expect(side.hostInFlight).toBe(0)
      side.lost()
      events()
    }
  })

  test('of a host that has left is answered to nobody', () => {
    ready()
    send('G28')
    side.disown(nowMs)
    hear('ok')
    expect(events()).toEqual([])
    send('G1 X1')
    hear('ok')
    expect(events()).toEqual(['answered ok'])
  })
})

describe('trouble', () => {
  test('with the link stops the machine before anybody is told', () => {
    ready()
    send('G28')
    for (let i = 0; i <= RESENDS_MAX; i++) hear('Resend: 11', 'ok')
    expect(side.state).toBe('stopping')
    expect(taken()).toContain('M410')
    expect(events().slice(0, 2)).toEqual(['answered by nobody', 'trouble link-failed'])
  })

  test('is a long silence', () => {
    ready()
    send('G28')
    pass(SILENT_AFTER_MS)
    expect(side.state).toBe('stopping')
    expect(events()).toContain('trouble printer-silent')
  })

  test('is none where nothing is on its way', () => {
    ready()
    pass(10 * SILENT_AFTER_MS)
    expect(side.state).toBe('ready')
    expect(taken()).toBe('')
  })

  test('that the printer is reset: it is greeted, and no number of before is known', () => {
    ready()
    send('G28')
    hear('start')
    pass(SETTLED_MS)
    expect(taken()).toContain('N0 M110 N0*125\n')
    hear('Resend: 11', 'ok', 'ok')
    expect(taken()).not.toContain('G28')
  })
})

describe('a stop', () => {
  test('ends when the printer says that it is cold, and it is greeted when no answer is on its way', () => {
    ready()
    side.heats()
    send('G28')
    side.stop([], nowMs)
    taken()
    hear('ok', HOT, COLD, COLD)
    expect(side.state).toBe('greeting')
    expect(side.mayBeHot).toBe(false)
    expect(events()).toContain('rested cold')
    expect(taken()).not.toContain('M110')
    pass(UNSETTLED_MS)
    expect(taken()).toContain('N0 M110 N0*125\n')
  })

  test('takes no late answer for that to the hello', () => {
    ready()
    side.stop([], nowMs)
    pass(900)
    const lines = taken()
      .split('\n')
      .filter((line) => line !== '').length
    hear(COLD, COLD, COLD)
    for (let i = 0; i < lines; i++) {
      pass(100)
      hear('ok')
    }
    expect(taken()).not.toContain('G21')
    pass(SETTLED_MS)
    expect(taken()).toContain('M110 N0')
    hear('ok')
    expect(taken()).toContain('G21')
  })

  test('is one, however often it is asked for', () => {
    ready()
    side.stop([], nowMs)
    taken()
    side.stop([], nowMs)
    expect(taken()).toBe('')
  })

  test('of a printer that never says so is the emergency stop', () => {
    ready()
    side.stop([], nowMs)
    pass(STOP_LIMIT_MS)
    expect(taken()).toContain('M112')
    expect(side.state).toBe('halted')
    expect(events()).toContain('rested')
  })

  test('parks before the declared start, and only a machine that is cold', () => {
    ready()
    side.stop(['G91', 'G1 Z10'], nowMs)
    hear(COLD, COLD)
    expect(taken()).not.toContain('G91')
    pass(UNSETTLED_MS)
    hear('ok')
    expect(taken()).toContain(numbered(1, 'G91'))
  })

  test('names the tools that were used', () => {
    ready()
    expect(side.tools.add(0)).toBe(false)
    expect(side.tools.add(2)).toBe(true)
    expect(side.tools.add(2)).toBe(false)
    side.stop([], nowMs)
    expect(taken()).toContain('M104 T2 S0\n')
  })

  test('sends no line of a host', () => {
    ready()
    side.stop([], nowMs)
    expect(side.isOpenFor(G)).toBe(false)
    expect(side.sendBare(Buffer.from('M108'), 0, 4)).toBe(false)
  })
})

describe('what a host has the printer report', () => {
  const ask = (...commands: readonly string[]): void => {
    for (const command of commands) {
      send(command)
      hear('ok')
    }
  }
  const own = (): string[] =>
    taken()
      .split('\n')
      .slice(0, -1)
      .map((line) => line.replace(/^N\d+ |\*\d+$/g, ''))

  test('ends with it, and what it did not touch is left alone', () => {
    ready()
    ask('M155 S2', 'M113 S0', 'M155 S4')
    taken()
    side.disown(nowMs)
    hear('ok', 'ok')
    expect(own()).toEqual(['M113 S2', 'M155 S0'])
    side.disown(nowMs)
    expect(own()).toEqual([])
    ask('M113', 'M105', 'M1550 S2', 'G1 X155 S2', 'M15')
    taken()
    side.disown(nowMs)
    expect(own()).toEqual([])
  })

  test('ends before a line of the next one goes out', () => {
    ready()
    ask('M154 S1')
    send('G28')
    side.disown(nowMs)
    expect(side.isOpenFor(G)).toBe(false)
    hear('ok')
    expect(side.isOpenFor(G)).toBe(false)
    hear('ok')
    expect(side.isOpenFor(G)).toBe(true)
  })

  test('ends as soon as the printer is ready, where it was not when the host left', () => {
    ready()
    ask('M155 S2')
    side.stop([], nowMs)
    side.disown(nowMs)
    hear(COLD, COLD)
    pass(UNSETTLED_MS)
    taken()
    hear('ok', ...PREAMBLE.map(() => 'ok'), 'ok')
    expect(own().at(-1)).toBe('M155 S0')
    expect(side.state).toBe('ready')
  })

  test('goes on while it is here, whatever else happens', () => {
    ready()
    ask('M155 S2')
    side.stop([], nowMs)
    hear(COLD, COLD)
    pass(UNSETTLED_MS)
    taken()
    hear('ok', ...PREAMBLE.map(() => 'ok'))
    side.prepareAgain(nowMs)
    hear(...PREAMBLE.map(() => 'ok'))
    expect(own()).not.toContain('M155 S0')
  })
})

describe('the emergency stop', () => {
  test('goes out on a line of its own, whatever is going on', () => {
    ready()
    send('M109 S200')
    taken()
    side.kill()
    expect(taken()).toBe('\nM112\n')
    side.kill()
    expect(taken()).toBe('\nM112\n')
    expect(side.state).toBe('halted')
  })

  test('is tried where no printer is known yet, which is brought to rest when it is', () => {
    side.kill()
    expect(taken()).toBe('\nM112\n')
    expect(side.state).toBe('absent')
    side.opened(false, nowMs)
    expect(side.state).toBe('stopping')
    side.lost()
    side.opened(false, nowMs)
    expect(side.state).toBe('greeting')
  })

  test('leaves a printer that says nothing more until it is reset', () => {
    ready()
    side.kill()
    taken()
    hear('Error:Printer halted. kill() called!', 'ok')
    pass(60_000)
    expect(taken()).toBe('')
    hear('start')
    pass(SETTLED_MS)
    expect(taken()).toBe('N0 M110 N0*125\n')
  })

  test('that may not have arrived is followed by a stop, when somebody wants to go on', () => {
    ready()
    side.kill()
    taken()
    side.revive(nowMs)
    expect(side.state).toBe('stopping')
    expect(taken()).toContain('M104 S0')
  })
})

describe('whether the printer may be hot', () => {
  test('is so from the first command that heats until it says that it is cold itself', () => {
    ready()
    expect(side.mayBeHot).toBe(false)
    side.heats()
    side.sendOwn(['M105'], nowMs)
    hear(HOT)
    expect(side.mayBeHot).toBe(true)
    ask()
    hear('ok T:20.00 /0.00 B:20.00 /60.00')
    expect(side.mayBeHot).toBe(true)
    ask()
    hear(COLD)
    expect(side.mayBeHot).toBe(true)
    ask()
    hear(COLD)
    expect(side.mayBeHot).toBe(false)
  })

  test('is settled by the answers to the questions of a host as well', () => {
    ready()
    side.heats()
    for (const question of ['M105', 'M105 T0']) {
      send(question)
      hear(COLD)
    }
    expect(side.mayBeHot).toBe(false)
  })

  test('is not settled by what the printer reports unasked: its queue may hold the line that heats', () => {
    ready()
    side.heats()
    for (let i = 0; i < 5; i++) hear(' T:20.00 /0.00 B:20.00 /0.00')
    expect(side.mayBeHot).toBe(true)
  })

  test('is not settled by the answer to a question from before that comes up to three times', () => {
    for (const times of [2, 3]) {
      ready()
      ask()
      hear(COLD)
      side.heats()
      send('M104 S200')
      for (let i = 1; i < times; i++) {
        hear(COLD)
        ask()
      }
      hear('ok')
      ask()
      expect(side.mayBeHot).toBe(true)
      hear(HOT)
      expect(side.mayBeHot).toBe(true)
      side.lost()
    }
  })

  test('is not settled by two answers with another line between them', () => {
    ready()
    side.heats()
    ask()
    hear(COLD)
    side.heats()
    send('M104 S200')
    hear('ok')
    ask()
    hear(COLD)
    expect(side.mayBeHot).toBe(true)
  })

  test('is so again where lines of our own warm up what was warm before', () => {
    ready()
    side.sendOwn(['M140 S0', 'M104 T1 S0', 'G1 X1'], nowMs)
    hear('ok', 'ok', 'ok')
    expect(side.mayBeHot).toBe(false)
    side.sendOwn(['M109 S200'], nowMs)
    expect(side.mayBeHot).toBe(true)
  })

  test('is not settled by a report from before the line that heats was run', () => {
    ready()
    side.heats()
    send('M104 S200')
    hear(' T:20.00 /0.00 B:20.00 /0.00')
    expect(side.mayBeHot).toBe(true)
  })

  test('outlives an unplug', () => {
    ready()
    side.heats()
    side.lost()
    expect(side.mayBeHot).toBe(true)
  })
})
