import { beforeEach, describe, expect, test } from 'vitest'
import { safeStopLines } from '../../../agent/core/printer/marlin-lines.ts'
import { SafeStop, STOP_LIMIT_MS, STOP_POLL_MS } from '../../../agent/core/printer/safe-stop.ts'

const ROUND = 'M108\nM104 S0\nM140 S0\nM141 S0\nM107\nM105\n'
const COLD = 'ok T:19.37 /0.00 B:19.37 /0.00 @:0 B@:0'
const HOT = 'ok T:180.00 /200.00 B:60.00 /0.00 @:127 B@:0'

let sent = ''
let stop: SafeStop

const taken = (): string => {
  const text = sent
  sent = ''
  return text
}

beforeEach(() => {
  sent = ''
  stop = new SafeStop(
    {
      write: (bytes, start, end) => {
        sent += Buffer.from(bytes.subarray(start, end)).toString('latin1')
      },
    },
    safeStopLines([]),
  )
})

describe('a safe stop', () => {
  test('ends a half line, breaks the wait, turns the heaters off and asks, in that order and without numbers', () => {
    stop.start(1000, 0)
    expect(taken()).toBe(`\nM410\nM108\n${ROUND}`)
    expect(stop.isRunning).toBe(true)
  })

  test('is said again until the printer answers, and breaks waits again each time', () => {
    stop.start(1000, 0)
    taken()
    stop.tick(1000 + STOP_POLL_MS - 1)
    expect(taken()).toBe('')
    stop.tick(1000 + STOP_POLL_MS)
    expect(taken()).toBe(ROUND)
    stop.tick(1000 + 2 * STOP_POLL_MS)
    expect(taken()).toBe(ROUND)
  })

  test('ends when the printer has said twice that its targets are 0', () => {
    stop.start(0, 0)
    taken()
    stop.reply(COLD)
    expect(stop.isCold).toBe(false)
    expect(taken()).toBe('M105\n')
    stop.reply(COLD)
    expect(stop.isCold).toBe(true)
    expect(stop.isRunning).toBe(false)
    stop.tick(60_000)
    expect(taken()).toBe('')
  })

  test('does not believe answers to questions that were on their way before', () => {
    stop.start(0, 3)
    for (let i = 0; i < 3; i++) stop.reply(COLD)
    expect(stop.isCold).toBe(false)
    stop.reply(COLD)
    expect(stop.isCold).toBe(true)
  })

  test('does not believe reports that the printer makes by itself', () => {
    stop.start(0, 0)
    for (let i = 0; i < 10; i++) stop.reply(COLD.slice(2))
    expect(stop.isCold).toBe(false)
  })

  test('starts counting again when a heater is on after all', () => {
    stop.start(0, 0)
    stop.reply(COLD)
    stop.reply(HOT)
    stop.reply(COLD)
    expect(stop.isCold).toBe(false)
    stop.reply(COLD)
    expect(stop.isCold).toBe(true)
  })

  test.each([
    'ok T:19 /0 B:19 /0 T0:19 /0 T1:180 /200 @:0',
    'ok T:19 /0 B:19 /0 C:30 /45',
    'ok T:19 /0 B:19 /60',
    'ok',
    'ok N5 P15 B3',
  ])('%j is no word that it is cold', (line) => {
    stop.start(0, 0)
    for (let i = 0; i < 5; i++) stop.reply(line)
    expect(stop.isRunning).toBe(true)
  })

  test('ends in the emergency stop, on a line of its own, when the limit has passed', () => {
    stop.start(500, 0)
    stop.tick(500 + STOP_LIMIT_MS - 1)
    taken()
    stop.reply(HOT)
    stop.tick(500 + STOP_LIMIT_MS)
    expect(taken()).toBe('\nM112\n')
    expect(stop.isRunning).toBe(false)
    expect(stop.isCold).toBe(false)
    stop.tick(500 + 2 * STOP_LIMIT_MS)
    stop.reply(COLD)
    expect(taken()).toBe('')
    expect(stop.isCold).toBe(false)
  })

  test('ends with a printer that halts, which answers no more and is not known to be cold', () => {
    stop.start(0, 0)
    stop.reply('Error:Printer halted. kill() called!')
    expect(stop.isRunning).toBe(false)
    expect(stop.isCold).toBe(false)
  })

  test('has its own limit where the printer may yet be booting', () => {
    stop.start(0, 0, 3 * STOP_LIMIT_MS)
    stop.tick(3 * STOP_LIMIT_MS - 1)
    expect(taken()).not.toContain('M112')
    stop.tick(3 * STOP_LIMIT_MS)
    expect(taken()).toContain('M112')
  })

  test('names every tool that was used, and no tool that cannot be', () => {
    const lines = safeStopLines([0, 1, 3, 99]).heatersOff
    const nozzles = ['M104 S0', 'M104 T0 S0', 'M104 T1 S0', 'M104 T3 S0']
    expect(lines).toEqual([...nozzles, 'M140 S0', 'M141 S0', 'M107'])
  })

  test('is started once, however often it is asked for', () => {
    stop.start(0, 0)
    taken()
    stop.start(100, 0)
    expect(taken()).toBe('')
  })

  test('says and believes nothing before it is asked for', () => {
    stop.reply(COLD)
    stop.reply(COLD)
    stop.tick(60_000)
    expect(taken()).toBe('')
    expect(stop.isRunning).toBe(false)
    expect(stop.isCold).toBe(false)
  })
})
