import { afterEach, describe, expect, test, vi } from 'vitest'
import { parseSpeed, RunningClock, SPEED_MAX, VirtualClock } from '../../agent/sim/clock.ts'

describe('a virtual clock', () => {
  test('stands still until it is moved', () => {
    const clock = new VirtualClock()
    clock.at(1, () => expect.unreachable())
    clock.settle()
    expect(clock.nowMs()).toBe(0)
  })

  test('runs alarms in order of time, then of asking, each at its own time', () => {
    const clock = new VirtualClock()
    const heard: string[] = []
    const note = (name: string) => () => heard.push(`${name}@${clock.nowMs()}`)
    clock.at(20, note('b'))
    clock.at(10, note('a'))
    clock.at(20, note('c'))
    clock.at(99, note('late'))
    clock.advance(50)
    expect(heard).toEqual(['a@10', 'b@20', 'c@20'])
    expect(clock.nowMs()).toBe(50)
  })

  test('runs alarms that an alarm asks for, if they fall into the same stretch', () => {
    const clock = new VirtualClock()
    let count = 0
    const again = () => {
      count++
      clock.at(clock.nowMs() + 10, again)
    }
    clock.at(10, again)
    clock.advance(100)
    expect(count).toBe(10)
  })

  test('forgets an alarm that was taken back, before and after its time', () => {
    const clock = new VirtualClock()
    let count = 0
    const cancel = clock.at(10, () => count++)
    cancel()
    const run = clock.at(20, () => count++)
    clock.advance(30)
    run()
    expect(count).toBe(1)
  })

  test('jumps only where it may, and never to no time at all', () => {
    expect(new VirtualClock().jump(100)).toBe(false)
    const clock = new VirtualClock({ jumps: true })
    expect(clock.jump(Number.POSITIVE_INFINITY)).toBe(false)
    expect(clock.jump(100)).toBe(true)
    clock.jump(50)
    expect(clock.nowMs()).toBe(100)
  })
})

describe('a running clock', () => {
  afterEach(() => vi.useRealTimers())

  function fakeTime() {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  }

  test('goes as many times faster as it was told', () => {
    fakeTime()
    const clock = new RunningClock(100)
    vi.advanceTimersByTime(50)
    expect(clock.nowMs()).toBeCloseTo(5000)
  })

  test('wakes by itself, however late, and shows each alarm its own time', () => {
    fakeTime()
    const clock = new RunningClock(1000)
    const heard: number[] = []
    for (const atMs of [100, 200, 2500]) clock.at(atMs, () => heard.push(clock.nowMs()))
    vi.advanceTimersByTime(1)
    expect(heard).toEqual([100, 200])
    vi.advanceTimersByTime(2)
    expect(heard).toEqual([100, 200, 2500])
    expect(clock.nowMs()).toBeCloseTo(3000)
  })

  test('never shows an earlier time than before, even to an alarm that is late', () => {
    fakeTime()
    const clock = new RunningClock(1)
    const heard: number[] = []
    clock.at(10, () => heard.push(clock.nowMs()))
    vi.advanceTimersByTime(9)
    expect(clock.nowMs()).toBe(9)
    clock.at(5, () => heard.push(clock.nowMs()))
    vi.advanceTimersByTime(1)
    expect(heard).toEqual([9, 10])
  })

  test('settles what is due without waiting for its timer', () => {
    fakeTime()
    const clock = new RunningClock(1)
    let count = 0
    clock.at(0, () => count++)
    clock.settle()
    expect(count).toBe(1)
  })

  test('does not settle for ever when each alarm asks for another', () => {
    fakeTime()
    const clock = new RunningClock(SPEED_MAX)
    let count = 0
    const again = () => {
      count++
      clock.at(clock.nowMs() + 1, again)
    }
    clock.at(0, again)
    vi.advanceTimersByTime(1)
    expect(count).toBeGreaterThan(1000)
    expect(count).toBeLessThan(SPEED_MAX * 3)
  })

  test('leaves no timer behind when its alarms are taken back', () => {
    fakeTime()
    const clock = new RunningClock(1)
    const cancel = clock.at(1000, () => expect.unreachable())
    expect(vi.getTimerCount()).toBe(1)
    cancel()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('at speed max jumps ahead, and an alarm that jumps sees the new time', () => {
    fakeTime()
    const clock = new RunningClock('max')
    expect(clock.jump(60_000)).toBe(true)
    expect(clock.nowMs()).toBeCloseTo(60_000)
    clock.at(60_001, () => {
      clock.jump(90_000)
      expect(clock.nowMs()).toBe(90_000)
    })
    vi.advanceTimersByTime(2)
    expect(clock.nowMs()).toBeGreaterThanOrEqual(90_000)
    expect(new RunningClock(1).jump(5)).toBe(false)
  })

  test('holds a far alarm in pieces that Node can time', () => {
    fakeTime()
    const clock = new RunningClock(1)
    let isDone = false
    clock.at(2 ** 33, () => {
      isDone = true
    })
    vi.advanceTimersByTime(2 ** 33 + 10)
    expect(isDone).toBe(true)
  })
})

describe('parseSpeed', () => {
  test.each([
    ['1', 1],
    ['0.5', 0.5],
    ['100', 100],
    ['10000', 10_000],
    ['max', 'max'],
  ])('`%s` is %s', (text, speed) => {
    expect(parseSpeed(text)).toBe(speed)
  })

  test.each(['', '0', '0.0', '-1', '10001', 'fast', '1e3', 'NaN', 'Infinity', '1 ', '0x10'])(
    '`%s` is refused',
    (text) => {
      expect(() => parseSpeed(text)).toThrow(
        `speed \`${text}\` is not a factor above 0 and up to 10000, or \`max\``,
      )
    },
  )
})
