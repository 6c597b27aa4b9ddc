import { beforeEach, describe, expect, test } from 'vitest'
import { OwnLines } from '../../../agent/core/printer/own-lines.ts'
import { PrinterLink } from '../../../agent/core/printer/printer-link.ts'
import { UsedTools } from '../../../agent/core/printer/used-tools.ts'

const UNKNOWN = 'echo:Unknown command: "M78"'

let link: PrinterLink
let own: OwnLines

beforeEach(() => {
  link = new PrinterLink({ write: () => undefined })
  link.restart(0, 0)
  own = new OwnLines(link, () => undefined)
})

/** Sends what may go out now. */
function send(): string[] {
  const sent: string[] = []
  for (let line = own.next(0); line !== undefined; line = own.next(0)) {
    sent.push(Buffer.from(line).toString('latin1'))
    link.send(line, 0, line.length, 0)
  }
  return sent
}

function answer(): void {
  link.acknowledge('ok')
  own.odometer.settled(link.oldest)
}

describe('lines of our own', () => {
  test('go out in their order, each when the link is free, and the question behind them', () => {
    own.push(['G21', 'G90'])
    own.odometer.want()
    const sent: string[] = []
    for (let i = 0; i < 4; i++) {
      sent.push(...send())
      answer()
    }
    expect(sent).toEqual(['G21', 'G90', 'M78'])
    expect(own.areOver).toBe(true)
  })

  test('that come while the question waits go before it', () => {
    own.push(['G21'])
    own.odometer.want()
    expect(send()).toEqual(['G21'])
    own.push(['G90'])
    answer()
    expect(send()).toEqual(['G90'])
  })

  test('hold a host back while they wait, and while the question does', () => {
    expect(own.areOver).toBe(true)
    own.push(['G21'])
    expect([own.areOver, own.areWaiting]).toEqual([false, true])
    send()
    expect([own.areOver, own.areWaiting]).toEqual([true, false])
    own.odometer.want()
    expect([own.areOver, own.areWaiting]).toEqual([false, false])
  })

  test('leave the link idle where only the question is on its way: it does nothing', () => {
    expect(own.isLinkIdle).toBe(true)
    own.odometer.want()
    expect(send()).toEqual(['M78'])
    expect(own.isLinkIdle).toBe(true)
    own.odometer.heard(UNKNOWN)
    answer()
    own.push(['G28'])
    expect(own.isLinkIdle).toBe(false)
    send()
    expect(own.isLinkIdle).toBe(false)
  })

  test('the question waits until the link is free of lines that others may follow', () => {
    const move = Buffer.from('G1 X1')
    link.send(move, 0, move.length, 0)
    link.acknowledge('ok N1 P15 B5')
    link.send(move, 0, move.length, 0)
    own.odometer.want()
    expect(send()).toEqual([])
    answer()
    expect(send()).toEqual(['M78'])
  })

  test('cleared are gone, and the question with them', () => {
    own.push(['G21'])
    own.odometer.want()
    own.clear()
    expect(send()).toEqual([])
    expect(own.areOver).toBe(true)
  })
})

test('a tool is known from its first use, and tool 0 always', () => {
  const tools = new UsedTools()
  expect([tools.add(0), tools.add(2), tools.add(2), tools.add(1)]).toEqual([false, true, false, true])
  expect(tools.numbers).toEqual([2, 1])
})
