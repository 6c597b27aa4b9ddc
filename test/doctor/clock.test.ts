import { describe, expect, test } from 'vitest'
import { GATE, INIT, NOW, STATE, told } from './fake-world.ts'

/** A commit of one record in the journal: a header of bytes that are no text, then the record behind its length. */
const record = (at: string, rest = '"kind":"agent-started","seq":1') =>
  `PCF1\x00\xff\x00\x4a{"at":"${at}",${rest}}`
const withLog = (text: string, ahead?: string) => ({
  files: {
    [`${STATE}/log/journal/00000000000007`]: { uid: GATE, mode: 0o600, text },
    ...(ahead !== undefined && {
      [`${STATE}/log/journal/00000000000008`]: { uid: GATE, mode: 0o600, text: ahead },
    }),
  },
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
    ['the beginning of a record', 'PCF1{"at":"2027-01-01T00:00:00.000Z'],
    ['a time in another place', '{"kind":"x","at":"2027-01-01T00:00:00.000Z"}'],
    [
      'a time that a text quotes',
      record('2026-11-23T10:00:00.000Z', '"name":"{\\"at\\":\\"2027-01-01T00:00:00.000Z\\",\\""'),
    ],
    ['a time that is none', record('2027-99-99T00:00:00.000Z')],
  ])('is not judged by %s', (_, text) => {
    expect(told('clock', withLog(text))).toHaveLength(1)
  })

  test('is judged by the newest segment with records, not by one that was made ahead', () => {
    const [old, late] = [record('2026-11-23T10:00:00.000Z'), record('2027-01-01T00:00:00.000Z')]
    expect(told('clock', withLog(late, ''))[0]).toMatch(/^fail: /)
    expect(told('clock', withLog(old, late))[0]).toMatch(/^fail: /)
    expect(told('clock', withLog(late, old))).toHaveLength(1)
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
