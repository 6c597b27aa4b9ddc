import { beforeEach, describe, expect, test } from 'vitest'
import { Identification } from '../../agent/core/index.ts'
import { HELLO_LIMIT_MS } from '../../agent/core/printer/greeting.ts'
import { IDENTITY_LIMIT_MS } from '../../agent/core/printer/identity-query.ts'
import { numbered } from './numbered.ts'

const UUID = '6f9619ff-8b86-d011-b42d-00c04fc964ff'
const ANSWER = `FIRMWARE_NAME:Marlin 2.1.2 SOURCE_CODE_URL:x UUID:${UUID}`
const FOUND = { uuid: UUID, firmware: 'Marlin 2.1.2' }
const HELLO = numbered(0, 'M110 N0')
const QUESTION = numbered(1, 'M115')

let wire: string
let nowMs: number
let identification: Identification

beforeEach(() => {
  wire = ''
  nowMs = 1000
  identification = new Identification({
    write: (bytes, start, end) => {
      wire += Buffer.from(bytes.subarray(start, end)).toString('latin1')
    },
  })
  identification.start(nowMs)
})

function hear(...lines: readonly string[]): void {
  for (const line of lines) identification.printerLine(line, nowMs)
}

function pass(ms: number): void {
  for (const untilMs = nowMs + ms; nowMs < untilMs; nowMs += 100) identification.tick(nowMs)
}

describe('asking which printer it is', () => {
  test('says hello, asks, and sends nothing else', () => {
    hear('ok')
    expect(identification.isOver).toBe(false)
    hear(ANSWER, 'Cap:EEPROM:1', 'ok')
    expect(identification).toMatchObject({ isOver: true, identity: FOUND })
    pass(60_000)
    expect(wire).toBe(HELLO + QUESTION)
  })

  test('understands an answer behind the ok', () => {
    hear('ok', 'ok FIRMWARE_NAME:Klipper FIRMWARE_VERSION:1')
    expect(identification).toMatchObject({ isOver: true, identity: { uuid: null, firmware: 'Klipper' } })
  })

  test('believes the first line of it, and none before the question', () => {
    hear(ANSWER.replace('2.1.2', '1.0'), 'ok', ANSWER, ANSWER.replace(UUID, UUID.replaceAll('f', 'a')), 'ok')
    expect(identification.identity).toEqual(FOUND)
  })

  test('waits for a board that boots as its port is opened', () => {
    pass(1000)
    hear('start', 'echo: Last Updated')
    hear('ok', 'ok')
    pass(2000)
    hear(ANSWER, 'ok')
    expect(identification.identity).toEqual(FOUND)
  })

  test('asks again where the question was damaged', () => {
    hear('ok')
    wire = ''
    hear('Error:checksum mismatch, Last Line: 0', 'Resend: 1', 'ok')
    expect(wire).toBe(QUESTION)
    hear(ANSWER, 'ok')
    expect(identification.identity).toEqual(FOUND)
  })

  test.each([
    ['says nothing', [], HELLO_LIMIT_MS + 2000],
    ['does not answer the question', ['ok'], IDENTITY_LIMIT_MS + 200],
    ['answers something else', ['ok', 'echo:Unknown command: "M115"', 'ok'], 0],
    ['restarts', ['ok', 'start', ANSWER, 'ok'], 0],
    ['halts', ['ok', 'Error:Printer halted. kill() called!', ANSWER, 'ok'], 0],
  ])('knows nothing of a printer that %s', (_, lines, ms) => {
    hear(...lines)
    pass(ms)
    expect(identification).toMatchObject({ isOver: true, identity: null })
  })
})
