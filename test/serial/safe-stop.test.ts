import fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { DeviceSide } from '../../agent/serial/listener.ts'
import { listenOnPty } from '../../agent/serial/pty-port.ts'
import { reportsCold, sendSafeStop } from '../../agent/serial/safe-stop.ts'
import { type SafeStopScript, safeStopScript } from '../../agent/serial/safe-stop-script.ts'
import { openTerminal } from '../../agent/serial/terminal.ts'
import { ScriptedPrinter } from './scripted-printer.ts'

const SCRIPT: SafeStopScript = {
  breakWait: ['M108'],
  heatersOff: ['M104 S0', 'M140 S0'],
  poll: 'M105',
  emergency: 'M112',
  limitMs: 700,
}
const ROUND = ['M108', 'M104 S0', 'M140 S0', 'M105']

let device: DeviceSide
let printer: ScriptedPrinter
let fd: number

beforeEach(async () => {
  device = await listenOnPty()
  printer = new ScriptedPrinter(device)
  fd = openTerminal(device.path)
})

afterEach(async () => {
  fs.closeSync(fd)
  await device.unplug()
})

describe('the safe stop', () => {
  test('a printer that obeys gets one round, is asked once more, and is left in peace', async () => {
    const startMs = performance.now()
    expect(await sendSafeStop(fd, SCRIPT)).toBe('cold')
    expect(performance.now() - startMs).toBeLessThan(1000)
    expect(printer.lines).toEqual([...ROUND, 'M105'])
    expect(printer.isCold).toBe(true)
  })

  test('a half command is ended by a newline before anything else', async () => {
    fs.writeSync(fd, 'N57 G1 X10 Y2')
    await sendSafeStop(fd, SCRIPT)
    expect(printer.heard.text.startsWith('N57 G1 X10 Y2\nM108\nM104 S0\n')).toBe(true)
  })

  test('a printer that loses the first round gets another', async () => {
    printer.isDeaf = true
    printer.isMute = true
    const stopped = sendSafeStop(fd, { ...SCRIPT, limitMs: 2000 })
    await printer.heard.until('M105\n')
    printer.isDeaf = false
    printer.isMute = false
    expect(await stopped).toBe('cold')
    expect(printer.lines).toEqual([...ROUND, ...ROUND, 'M105'])
  })

  test('a printer that keeps its heaters on is stopped the hard way when its time is over', async () => {
    printer.isDeaf = true
    const startMs = performance.now()
    expect(await sendSafeStop(fd, SCRIPT)).toBe('halted')
    expect(performance.now() - startMs).toBeGreaterThan(690)
    await printer.heard.until('M112\n')
    expect(printer.lines.slice(0, 4)).toEqual(ROUND)
    expect(printer.lines.at(-1)).toBe('M112')
    expect(printer.lines.filter((line) => line === 'M112')).toHaveLength(1)
  })

  test('a printer that says nothing is stopped the hard way too', async () => {
    printer.isMute = true
    expect(await sendSafeStop(fd, { ...SCRIPT, limitMs: 200 })).toBe('halted')
    await printer.heard.until('M112\n')
  })

  test('answers to the dead agent that were still waiting do not count', async () => {
    printer.isDeaf = true
    fs.writeSync(fd, 'M110\n')
    await printer.heard.until('M110\n')
    for (let index = 0; index < 5; index++) printer.say('ok T:20 /0.00 B:20 /0.00')
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await sendSafeStop(fd, { ...SCRIPT, limitMs: 200 })).toBe('halted')
  })

  test('a report that the firmware makes by itself is no answer', async () => {
    printer.isMute = true
    const chatter = setInterval(() => printer.say(' T:20 /0.00 B:20 /0.00'), 10)
    expect(await sendSafeStop(fd, { ...SCRIPT, limitMs: 300 })).toBe('halted')
    clearInterval(chatter)
  })

  test('one cold report followed by a hot one is not enough', async () => {
    printer.isMute = true
    let isHot = false
    const chatter = setInterval(() => {
      printer.say(isHot ? 'ok T:200 /210.00' : 'ok T:200 /0.00')
      isHot = !isHot
    }, 10)
    expect(await sendSafeStop(fd, { ...SCRIPT, limitMs: 300 })).toBe('halted')
    clearInterval(chatter)
  })

  test('a printer that is gone ends it at once', async () => {
    await device.unplug()
    const startMs = performance.now()
    expect(await sendSafeStop(fd, SCRIPT)).toBe('gone')
    expect(performance.now() - startMs).toBeLessThan(500)
  })

  test('a printer that goes while it is being stopped ends it too', async () => {
    printer.isDeaf = true
    const stopped = sendSafeStop(fd, { ...SCRIPT, limitMs: 5000 })
    await printer.heard.until('M105\n')
    await device.unplug()
    expect(await stopped).toBe('gone')
  })

  test('a torrent of noise does not keep it from its deadline', async () => {
    printer.isMute = true
    const noise = Buffer.alloc(60_000, 'x')
    const torrent = setInterval(() => device.write(noise), 1)
    const startMs = performance.now()
    expect(await sendSafeStop(fd, { ...SCRIPT, limitMs: 300 })).toBe('halted')
    expect(performance.now() - startMs).toBeLessThan(3000)
    clearInterval(torrent)
  })
})

describe('what counts as cold', () => {
  test('answers of real firmware whose targets are all 0', () => {
    for (const reply of [
      'ok T:19.37 /0.00 B:19.37 /0.00 @:0 B@:0',
      'ok N12 P15 B3 T:19.37 /0.00 B:19.37 /0.00 @:0 B@:0',
      'ok T:22.9 /0.0 B:23.0 /0.0 T0:22.9 /0.0 @:0 B@:0 P:0.0 A:27.5',
      'ok T:170.11/0.00 B:59.00/0.00',
      'ok B:21.0 /0.0 T0:21.3 /0.0',
      'ok T:-15.0 /0 B:inf /0',
    ]) {
      expect(reportsCold(reply), reply).toBe(true)
    }
  })

  test('anything else does not', () => {
    for (const reply of [
      'ok',
      'ok T:19.37',
      'ok T:19.37 /0.00 B:19.37 /60.00 @:0 B@:0',
      'ok T:19.37 /210.00 B:19.37 /0.00',
      'ok T:19 /0 B:20 /0 T0:19 /0 T1:19 /200',
      'ok T:19 /nan',
      ' T:19.37 /0.00 B:19.37 /0.00 @:0 B@:0',
      'T:19.37 /0.00 B:19.37 /0.00',
      'okay T:19.37 /0.00',
      'echo:ok T:19.37 /0.00',
      'ok T:19 /-1',
    ]) {
      expect(reportsCold(reply), reply).toBe(false)
    }
  })
})

describe('scripts', () => {
  const isGood = (change: object) => safeStopScript.safeParse({ ...SCRIPT, ...change }).success

  test('plain commands within the limits are taken', () => {
    expect(isGood({})).toBe(true)
    expect(isGood({ breakWait: [] })).toBe(true)
    expect(isGood({ heatersOff: Array.from({ length: 32 }, (_, tool) => `M104 T${tool} S0`) })).toBe(true)
  })

  test('a line end, a control byte, a byte outside ASCII or an empty command is refused', () => {
    for (const bad of [
      '',
      'M104 S0\nM104 S300',
      'M104\r',
      'M104 S0\0',
      'M104 °',
      ' M104 S0',
      'M104 S0 ',
      '\xff',
    ]) {
      expect(isGood({ heatersOff: [bad] }), JSON.stringify(bad)).toBe(false)
      expect(isGood({ poll: bad }), JSON.stringify(bad)).toBe(false)
      expect(isGood({ emergency: bad }), JSON.stringify(bad)).toBe(false)
      expect(isGood({ breakWait: [bad] }), JSON.stringify(bad)).toBe(false)
    }
  })

  test('too long, too many, too slow, too hasty, too much and too little are refused', () => {
    expect(isGood({ poll: 'M'.repeat(81) })).toBe(false)
    expect(isGood({ heatersOff: Array.from({ length: 33 }, () => 'M104 S0') })).toBe(false)
    expect(isGood({ heatersOff: [] })).toBe(false)
    for (const limitMs of [0, 99, 8001, 1.5, Number.NaN, '700', null]) expect(isGood({ limitMs })).toBe(false)
    expect(isGood({ extra: true })).toBe(false)
    expect(isGood({ poll: undefined })).toBe(false)
  })
})
