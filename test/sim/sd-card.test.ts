import { describe, expect, test } from 'vitest'
import { SdCard } from '../../agent/sim/sd-card.ts'

function cardWith(name: string, ...lines: string[]): SdCard {
  const card = new SdCard()
  card.startWriting(name)
  for (const line of lines) card.write(line)
  card.endWriting()
  return card
}

describe('a card', () => {
  test('gives the lines of the selected file without comments, and ends by itself', () => {
    const card = cardWith('a', 'G28 ; home', '; nothing', 'M104 S0\r')
    expect(card.select('a')).toBe(30)
    card.start()
    expect([card.nextLine(), card.nextLine(), card.nextLine()]).toEqual(['G28 ', '', 'M104 S0'])
    expect(card.isPrinting).toBe(true)
    expect(card.nextLine()).toBeUndefined()
    expect(card.isPrinting).toBe(false)
  })

  test('does not start without a file', () => {
    const card = new SdCard()
    card.start()
    expect(card.isPrinting).toBe(false)
    expect(card.nextLine()).toBeUndefined()
    expect(card.select('nothing')).toBeUndefined()
    expect(card.status()).toBe('Not SD printing')
  })

  test('goes on after a pause where it was', () => {
    const card = cardWith('a', 'G1 X1', 'G1 X2')
    card.select('a')
    card.start()
    card.nextLine()
    card.pause()
    expect(card.status()).toBe('Not SD printing')
    card.start()
    expect(card.status()).toBe('SD printing byte 6/12')
    expect(card.nextLine()).toBe('G1 X2')
  })

  test('can be sought in, before its start and beyond its end as well', () => {
    const card = cardWith('a', 'G1 X1', 'G1 X2')
    card.select('a')
    card.start()
    card.seek(8)
    expect(card.nextLine()).toBe(' X2')
    card.seek(-5)
    expect(card.nextLine()).toBe('G1 X1')
    card.seek(1e9)
    expect(card.status()).toBe('SD printing byte 12/12')
    expect(card.nextLine()).toBeUndefined()
  })

  test('keeps files over a remount, and forgets what it was doing', () => {
    const card = cardWith('a', 'G1')
    card.select('a')
    card.start()
    card.startWriting('b')
    card.remount()
    expect([card.isPrinting, card.isWriting]).toEqual([false, false])
    expect(card.list()).toEqual(['a 3'])
    card.endWriting()
    expect(card.list()).toEqual(['a 3'])
  })

  test('replaces a file of the same name, and removes one', () => {
    const card = cardWith('a', 'G1 X1', 'G1 X2')
    card.startWriting('a')
    card.write('G28')
    card.endWriting()
    expect(card.list()).toEqual(['a 4'])
    expect([card.remove('a'), card.remove('a')]).toEqual([true, false])
  })

  test('stops a file that is removed while it runs', () => {
    const card = cardWith('a', 'G1 X1')
    card.select('a')
    card.start()
    card.remove('a')
    expect(card.nextLine()).toBeUndefined()
    expect(card.isPrinting).toBe(false)
  })
})
