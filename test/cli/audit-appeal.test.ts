// Appeals by the commands, over a log in memory.
import { Readable } from 'node:stream'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { answer, appeal, type RecordDesk } from '../../agent/cli/audit-appeal.ts'
import { decisionRecord } from '../receipt/jobs.ts'
import { SmallLog } from '../receipt/small-log.ts'
import { capture } from './captured.ts'

const captured = capture()

afterEach(() => vi.restoreAllMocks())

function site(): { log: SmallLog; desk: RecordDesk; denied: number } {
  const log = new SmallLog()
  const denied = log.append(decisionRecord({ outcome: 'deny' }))
  const desk = {
    entries: () => log.entries(),
    append: async (record: Parameters<SmallLog['append']>[0]) => ({ index: log.append(record) }),
  }
  return { log, desk, denied }
}

function typeIn(...chunks: readonly Buffer[]): void {
  vi.spyOn(process, 'stdin', 'get').mockReturnValue(Readable.from(chunks) as typeof process.stdin)
}

describe('audit appeal', () => {
  test('puts an appeal on record and says where', async () => {
    const { log, desk, denied } = site()
    await appeal(String(denied), { by: 'Ada', text: 'it is cold' }, desk)
    expect(captured.stdout).toBe(`filed  appeal 2 against decision ${denied}\n`)
    expect(log.leaves.at(-1)).toMatchObject({ kind: 'appeal-filed', decision: denied })
    expect(log.hidden.get(2)?.fields).toEqual({ by: 'Ada', text: 'it is cold' })
  })

  test('takes the text from standard input', async () => {
    const { log, desk, denied } = site()
    typeIn(Buffer.from('it is '), Buffer.from('gr\u00fcn\n\n'))
    await appeal(String(denied), { by: 'Ada', text: '-', json: true }, desk)
    expect(JSON.parse(captured.stdout)).toEqual({ index: 2, decision: denied })
    expect(log.hidden.get(2)?.fields).toMatchObject({ text: 'it is gr\u00fcn' })
  })

  test('refuses a text without end before it has read it all', async () => {
    const { log, desk, denied } = site()
    let chunks = 0
    const endless = function* () {
      for (;;) {
        chunks++
        yield Buffer.alloc(16_384, 0x61)
      }
    }
    vi.spyOn(process, 'stdin', 'get').mockReturnValue(Readable.from(endless()) as typeof process.stdin)
    await expect(appeal(String(denied), { by: 'Ada', text: '-' }, desk)).rejects.toMatchObject({
      code: 'USAGE',
    })
    expect(chunks).toBeLessThan(100)
    expect(log.leaves).toHaveLength(2)
  })

  test('that comes too late is refused like a denial, with the day', async () => {
    const { log, desk, denied } = site()
    vi.spyOn(Date, 'now').mockReturnValue(Date.parse('2026-12-25T00:00:00Z'))
    await appeal(String(denied), { by: 'Ada', text: 'please', appealDays: '7' }, desk)
    expect(process.exitCode).toBe(3)
    expect(captured.stderr).toBe(
      `portcullis: appeals against decision ${denied} ended with 2026-11-29 (UTC)\n`,
    )
    await appeal(String(denied), { by: 'Ada', text: 'please', appealDays: '7', json: true }, desk)
    expect(JSON.parse(captured.stdout)).toMatchObject({ refusal: 'late' })
    expect(log.leaves).toHaveLength(2)
  })

  test.each([
    ['no number', 'x', {}],
    ['no decision', '0', {}],
    ['no text', '1', { text: '' }],
    ['no days', '1', { appealDays: '0' }],
  ])('with %s is bad usage', async (_, index, more) => {
    const { log, desk } = site()
    const options = { by: 'Ada', text: 'please', ...more }
    await expect(appeal(index, options, desk)).rejects.toMatchObject({ code: 'USAGE' })
    expect(log.leaves).toHaveLength(2)
  })
})

describe('audit answer-appeal', () => {
  test('puts the answer on record, once', async () => {
    const { log, desk, denied } = site()
    const index = log.append({ kind: 'appeal-filed', decision: denied, by: 'Ada', text: 'please' })
    await answer(String(index), { by: 'Grace', reason: 'true', upheld: true }, desk)
    expect(captured.stdout).toBe(`recorded  appeal ${index} upheld\n  as record 3\n`)
    await answer(String(index), { by: 'Grace', reason: 'no', rejected: true }, desk)
    expect(process.exitCode).toBe(3)
    expect(captured.stderr).toContain(`appeal ${index} was decided by record 3: upheld`)
    expect(log.leaves).toHaveLength(4)
  })

  test.each([{}, { upheld: true, rejected: true }] as const)(
    'wants one outcome: case %#',
    async (outcomes) => {
      const { desk } = site()
      const asked = answer('1', { by: 'Grace', reason: 'x', ...outcomes }, desk)
      await expect(asked).rejects.toMatchObject({ code: 'USAGE' })
    },
  )
})
