import { describe, expect, test } from 'vitest'
import { GATE, INIT, NOW, STATE, told } from './fake-world.ts'

const HASH = 'ab'.repeat(32)
const record = (at: string, rest = '"kind":"agent-started","seq":1') => `${HASH} {"at":"${at}",${rest}}\n`
const withLog = (text: string) => ({
  files: { [`${STATE}/log/records.log`]: { uid: GATE, mode: 0o600, text } },
})

describe('the clock', () => {
  test('is in order where a time server sets it', () => {
    expect(told('clock', withLog(record('2026-11-23T11:59:59.000Z')))).toEqual([
      'ok: the clock is set by a time server',
    ])
  })

  test('before this program was written is wrong', () => {
    for (const now of ['1970-01-01T00:00:30Z', '2026-11-21T23:59:59Z'])
      expect(told('clock', { now })[0]).toMatch(
        /^fail: the clock says `.*`, before this program was written$/,
      )
    expect(told('clock', { now: '2026-11-22T00:00:00Z' })[0]).toMatch(/^ok: /)
  })

  test('before the newest record of the log is wrong, then or now', () => {
    const log = record('2026-11-23T10:00:00.000Z') + record('2026-12-24T18:00:00.000Z')
    expect(told('clock', withLog(log))[0]).toBe(
      `fail: the clock says \`${NOW}\`, before the newest record of the log, which says \`2026-12-24T18:00:00.000Z\``,
    )
  })

  test('is judged by the newest record, not by the latest time in the log', () => {
    const log = record('2027-01-01T00:00:00.000Z') + record('2026-11-23T10:00:00.000Z')
    expect(told('clock', withLog(log))).toHaveLength(1)
  })

  test('may be behind by what is written while we look', () => {
    expect(told('clock', withLog(record('2026-11-23T12:00:09.000Z')))).toHaveLength(1)
  })

  test.each([
    ['nothing', ''],
    ['an unfinished record', record('2027-01-01T00:00:00.000Z').trimEnd()],
    ['garbage', 'x\0\xff\n{"at":"2027-01-01T00:00:00.000Z"}\n'],
    ['a time in another place', `${HASH} {"kind":"x","at":"2027-01-01T00:00:00.000Z"}\n`],
    ['a time that is none', record('2027-99-99T00:00:00.000Z')],
  ])('is not judged by %s', (_, text) => {
    expect(told('clock', withLog(text))).toHaveLength(1)
  })

  test('is judged by the end of a long log', () => {
    const long = record('2026-11-23T10:00:00.000Z').repeat(5000) + record('2027-01-01T00:00:00.000Z')
    expect(told('clock', withLog(long))[0]).toMatch(/^fail: /)
  })

  test('that nobody sets is a note, and so is one whose server does not show', () => {
    const files = { '/run/systemd/timesync/synchronized': undefined }
    expect(told('clock', { files })).toEqual([
      expect.stringMatching(/^note: no program seems to set the clock/),
    ])
    const chrony = { pid: 8, command: 'chronyd', uid: 0, open: [] }
    expect(told('clock', { files, processes: [INIT, chrony] })).toEqual([
      'note: `chronyd` sets the clock, but whether it has got a time does not show here',
    ])
  })

  test('that stops without power is a note', () => {
    expect(told('clock', { files: { '/sys/class/rtc/rtc0': undefined } })).toEqual([
      'ok: the clock is set by a time server',
      expect.stringMatching(/^note: this machine has no clock that goes on without power/),
    ])
  })
})
