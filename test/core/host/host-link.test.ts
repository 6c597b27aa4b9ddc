import { beforeEach, describe, expect, test } from 'vitest'
import {
  HOST_RESENDS_MAX,
  HostLink,
  LINE_HOPELESS,
  LINE_LOST,
  LINE_REPEATED,
  LINE_TAKEN,
  type LineFate,
} from '../../../agent/core/host/host-link.ts'
import {
  BAD_LINE_NUMBER,
  CHECKSUM_MISPLACED,
  CHECKSUM_MISSING,
  CHECKSUM_WRONG,
  CONTROL_BYTE,
  EMPTY,
  PARSED,
  REPEATED_WORD,
  UNNUMBERED,
} from '../../../gcode/index.ts'

let link: HostLink

/** A line that arrived whole. */
const take = (number: number): LineFate => link.take(PARSED, number, false, true)
const damaged = (): LineFate => link.take(CHECKSUM_WRONG, UNNUMBERED, false, false)

beforeEach(() => {
  link = new HostLink()
})

describe('numbered lines', () => {
  test('are taken one after the other, from 1 on for a host that has only just come', () => {
    expect([1, 2, 3].map(take)).toEqual([LINE_TAKEN, LINE_TAKEN, LINE_TAKEN])
    expect(link.lastNumber).toBe(3)
    expect(link.isNumbered).toBe(true)
  })

  test('start behind the number that M110 gives, below 0 too', () => {
    expect(link.take(PARSED, -1, true, true)).toBe(LINE_TAKEN)
    link.renumber(-1)
    expect([0, 1].map(take)).toEqual([LINE_TAKEN, LINE_TAKEN])
    link.renumber(99)
    expect(take(100)).toBe(LINE_TAKEN)
  })

  test('may begin anew as often as the host likes', () => {
    for (let i = 0; i < 50; i++) {
      expect(link.take(PARSED, 0, true, true)).toBe(LINE_TAKEN)
      link.renumber(0)
    }
    expect(take(1)).toBe(LINE_TAKEN)
  })

  test('that came before, the last or the one before it, are passed over', () => {
    ;[1, 2, 3].map(take)
    expect([3, 2].map(take)).toEqual([LINE_REPEATED, LINE_REPEATED])
    expect(link.lastNumber).toBe(3)
  })

  test.each([1, 0, 5, 999_999_999])(
    'out of order (%i after 3) are asked for again, as Marlin does',
    (number) => {
      ;[1, 2, 3].map(take)
      expect(take(number)).toBe(LINE_LOST)
      expect(link.request(0)).toEqual([
        'Error:Line Number is not Last Line Number+1, Last Line: 3',
        'Resend: 4',
      ])
      expect(take(4)).toBe(LINE_TAKEN)
    },
  )

  test('that nobody can read but are as they were written are taken: policy has them', () => {
    expect(link.take(REPEATED_WORD, 1, false, true)).toBe(LINE_TAKEN)
    expect(link.lastNumber).toBe(1)
  })
})

describe('a damaged line', () => {
  test.each([
    [CHECKSUM_WRONG, 'checksum mismatch'],
    [CHECKSUM_MISSING, 'No Checksum with line number'],
    [CHECKSUM_MISPLACED, 'checksum mismatch'],
    [BAD_LINE_NUMBER, 'checksum mismatch'],
  ])('is asked for again in the words of Marlin', (code, text) => {
    take(1)
    expect(link.take(code, UNNUMBERED, false, false)).toBe(LINE_LOST)
    expect(link.request(0)).toEqual([`Error:${text}, Last Line: 1`, 'Resend: 2'])
  })

  test('is asked for ten times, and then given up', () => {
    take(1)
    for (let i = 0; i < HOST_RESENDS_MAX; i++) expect(damaged()).toBe(LINE_LOST)
    expect(damaged()).toBe(LINE_HOPELESS)
    expect(damaged()).toBe(LINE_HOPELESS)
  })

  test('now and then is forgotten with each line that arrives', () => {
    for (let n = 1; n < 100; n++) {
      expect(damaged()).toBe(LINE_LOST)
      expect(take(n)).toBe(LINE_TAKEN)
    }
  })

  test('without its front, among numbered ones, is garbage that is asked for again', () => {
    take(1)
    expect(link.take(CONTROL_BYTE, UNNUMBERED, false, false)).toBe(LINE_LOST)
  })

  test('of a host without numbers cannot be asked for: policy has it', () => {
    expect(link.take(CONTROL_BYTE, UNNUMBERED, false, false)).toBe(LINE_TAKEN)
  })
})

describe('lines that had come behind one that is asked for', () => {
  test('come again, so they are passed over in silence', () => {
    take(1)
    damaged()
    link.request(3)
    expect([3, 4, 5].map(take)).toEqual([LINE_REPEATED, LINE_REPEATED, LINE_REPEATED])
    expect([2, 3, 4].map(take)).toEqual([LINE_TAKEN, LINE_TAKEN, LINE_TAKEN])
  })

  test('are passed over damaged as well', () => {
    take(1)
    damaged()
    link.request(2)
    expect([damaged(), damaged()]).toEqual([LINE_REPEATED, LINE_REPEATED])
    expect(take(2)).toBe(LINE_TAKEN)
  })

  test('and are no more than had come: the next one out of order is asked for', () => {
    take(1)
    damaged()
    link.request(1)
    expect(take(3)).toBe(LINE_REPEATED)
    expect(take(3)).toBe(LINE_LOST)
  })

  test('that carry no number are taken: they do not come again', () => {
    take(1)
    damaged()
    link.request(1)
    expect(take(UNNUMBERED)).toBe(LINE_TAKEN)
  })

  test('do not hide the line that was asked for, if it is among them', () => {
    take(1)
    damaged()
    link.request(2)
    expect(take(2)).toBe(LINE_TAKEN)
    expect(take(3)).toBe(LINE_TAKEN)
  })
})

describe('lines without a number', () => {
  test('are taken, before and between numbered ones', () => {
    expect(link.take(PARSED, UNNUMBERED, false, true)).toBe(LINE_TAKEN)
    expect(link.isNumbered).toBe(false)
    take(1)
    expect(link.take(PARSED, UNNUMBERED, false, true)).toBe(LINE_TAKEN)
    expect(link.take(EMPTY, UNNUMBERED, false, false)).toBe(LINE_TAKEN)
    expect(take(2)).toBe(LINE_TAKEN)
  })
})

test('another host starts from nothing', () => {
  take(1)
  damaged()
  link.request(5)
  link.restart()
  expect(link.isNumbered).toBe(false)
  expect(link.lastNumber).toBe(0)
  expect(take(2)).toBe(LINE_LOST)
})
