import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { AgentError } from '../../agent/errors.ts'
import { VirtualClock } from '../../agent/sim/clock.ts'
import { Journal, openJournalFile } from '../../agent/sim/journal.ts'

describe('a journal', () => {
  test('holds the agreed keys first, and the time of the printer', () => {
    const lines: string[] = []
    const clock = new VirtualClock()
    const journal = new Journal((line) => lines.push(line), clock)
    journal.received(Uint8Array.of(0x47, 0x31, 0xff))
    clock.advance(1500.25)
    journal.command('G1 X10 Y20', false)
    journal.command('G28', true)
    journal.sent('ok')
    journal.event('target', { heater: 'bed', celsius: 60 })
    expect(lines).toEqual([
      '{"kind":"received","hex":"4731ff","atMs":0}',
      '{"kind":"command","text":"G1 X10 Y20","atMs":1500.25}',
      '{"kind":"command","text":"G28","source":"sd","atMs":1500.25}',
      '{"kind":"sent","text":"ok","atMs":1500.25}',
      '{"kind":"event","name":"target","heater":"bed","celsius":60,"atMs":1500.25}',
    ])
  })

  test('takes the part of a buffer that it is given, not the whole', () => {
    const lines: string[] = []
    const journal = new Journal((line) => lines.push(line), new VirtualClock())
    journal.received(Uint8Array.of(1, 2, 3, 4).subarray(1, 3))
    expect(lines[0]).toContain('"hex":"0203"')
  })
})

describe('a journal file', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'journal-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('shows each line to a reader as soon as it is written', () => {
    const path = join(folder, 'journal.jsonl')
    const file = openJournalFile(path)
    file.sink('{"a":1}')
    expect(readFileSync(path, 'utf8')).toBe('{"a":1}\n')
    file.sink('{"b":2}')
    expect(readFileSync(path, 'utf8')).toBe('{"a":1}\n{"b":2}\n')
    file.close()
  })

  test('starts anew', () => {
    const path = join(folder, 'journal.jsonl')
    for (const line of ['first', 'second']) {
      const file = openJournalFile(path)
      file.sink(line)
      file.close()
    }
    expect(readFileSync(path, 'utf8')).toBe('second\n')
  })

  test('that cannot be made says why in one sentence', () => {
    const path = join(folder, 'missing', 'journal.jsonl')
    const open = () => openJournalFile(path)
    expect(open).toThrow(AgentError)
    expect(open).toThrow(`the journal \`${path}\` cannot be written: its folder does not exist`)
  })

  test('on a full disk says so', () => {
    const file = openJournalFile('/dev/full')
    expect(() => file.sink('x')).toThrow(
      'the journal `/dev/full` cannot be written: no space is left on the disk',
    )
    file.close()
  })
})
