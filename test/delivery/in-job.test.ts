import { describe, expect, test } from 'vitest'
import { attachment, JobHead, licenceIn } from '../../agent/delivery/index.ts'
import { surveyJob } from '../../agent/survey-job.ts'
import { gathered, pieces } from '../sealed/sealed-job.ts'

const LICENCE = `${'eyJ0eXAiOiJkZXNpZ24tbGljZW5jZStqd3QifQ.payload-_.signature'.repeat(20)}\nsecond.line.here`
const JOB = '; a job\nG28\nG1 X10 Y10 F3000\nG1 X20 E1\n'
const CARRIERS = ['comments', 'commands'] as const

const attached = (
  job: string | Uint8Array,
  carrier: 'comments' | 'commands',
  licence = LICENCE,
  cut = 1000,
): Promise<Buffer> => gathered(attachment('job', pieces(Buffer.from(job), cut), licence, carrier))

function inJob(job: Uint8Array | string, cut = 4096): ReturnType<typeof licenceIn> {
  const bytes = Buffer.from(job)
  const head = new JobHead()
  for (let from = 0; from < bytes.length; from += cut) head.add(bytes.subarray(from, from + cut))
  return licenceIn('job', head)
}

const digestOf = async (job: Uint8Array): Promise<string> =>
  (await surveyJob([job], { name: 'job' })).canonicalSha256

describe.each(CARRIERS)('a licence in the %s of a job', (carrier) => {
  test('is read as it was attached, and the job is the same job', async () => {
    const job = await attached(JOB, carrier)
    expect(inJob(job)).toEqual({ licence: LICENCE, carrier })
    expect(job.toString().endsWith(JOB)).toBe(true)
    expect(await digestOf(job)).toBe(await digestOf(Buffer.from(JOB)))
  })

  test('is read however the job is cut into chunks', async () => {
    const job = await attached(JOB, carrier)
    for (const cut of [1, 2, 59, 1000, 1_000_000]) expect(inJob(job, cut)?.licence).toBe(LICENCE)
  })

  test('is read whatever ends the lines, and with blanks behind them', async () => {
    const text = (await attached(JOB, carrier)).toString()
    for (const end of ['\r\n', '\r', ' \n']) expect(inJob(text.replaceAll('\n', end))?.licence).toBe(LICENCE)
  })

  test('may have other lines before it and between its pieces', async () => {
    const text = (await attached(JOB, carrier)).toString()
    expect(inJob(`; thumbnail\nM105\n${text.replaceAll('\n', '\n; more\n\nG21\n')}`)?.licence).toBe(LICENCE)
  })

  test('of the longest kind is found in the head, and a longer one is not attached', async () => {
    const longest = 'a'.repeat(24_000)
    expect(inJob(await attached(JOB, carrier, longest))?.licence).toBe(longest)
    await expect(attached(JOB, carrier, `${longest}a`)).rejects.toMatchObject({
      code: 'LICENCE_UNREADABLE',
      message: expect.stringMatching(/24001 bytes .* put it beside the job/),
    })
  })

  test('is attached to a job that carries none', async () => {
    const once = await attached(JOB, carrier)
    for (const other of CARRIERS)
      await expect(attached(once, other)).rejects.toMatchObject({
        code: 'USAGE',
        message: expect.stringMatching(/carries a licence already/),
      })
  })

  test('stands behind the mark of a UTF-8 file, which stays first', async () => {
    const mark = Buffer.from([0xef, 0xbb, 0xbf])
    const job = await attached(Buffer.concat([mark, Buffer.from(JOB)]), carrier)
    expect(job.subarray(0, 3)).toEqual(mark)
    expect(job.indexOf(mark, 1)).toBe(-1)
    expect(inJob(job)?.licence).toBe(LICENCE)
  })

  test('that lost, repeats, exchanges or changes a piece is refused, never passed over', async () => {
    const lines = (await attached(JOB, carrier)).toString().split('\n')
    const without = (i: number): string[] => lines.filter((_, at) => at !== i)
    const last = lines.indexOf('; a job') - 1
    const broken: [string, string[]][] = [
      ['the first is gone', without(0)],
      ['one is gone', without(2)],
      ['the last is gone', without(last)],
      ['one stands twice', [...lines.slice(0, 3), lines[2]!, ...lines.slice(3)]],
      ['two are exchanged', [lines[1]!, lines[0]!, ...lines.slice(2)]],
      ['one is shorter', lines.map((line, i) => (i === 1 ? line.slice(0, -1) : line))],
      ['one is longer', lines.map((line, i) => (i === 1 ? `${line}A` : line))],
      ['one has other letters', lines.map((line, i) => (i === 1 ? line.replace(/.$/, '1') : line))],
      ['one is in small letters', lines.map((line, i) => (i === 1 ? line.toLowerCase() : line))],
      ['one counts otherwise', lines.map((line, i) => (i === 1 ? line.replace(/\/\d+/, '/999') : line))],
      ['one is numbered otherwise', lines.map((line, i) => (i === 1 ? line.replace(/\d+\//, '02/') : line))],
      [
        'the last has more than it can',
        lines.map((line, i) => (i === last ? line.replace(/.$/, '7') : line)),
      ],
    ]
    for (const [what, text] of broken)
      expect(() => inJob(text.join('\n')), what).toThrow(
        /^job `job` carries a licence in its .* that is not whole: /,
      )
  })

  test('that stands behind the first 64 KiB is not whole, or not there', async () => {
    const text = (await attached(JOB, carrier)).toString()
    const padding = `; ${'x'.repeat(98)}\n`
    expect(inJob(padding.repeat(700) + text)).toBeUndefined()
    expect(() => inJob(padding.repeat(645) + text)).toThrow(/only \d+ stand in the first 65536 bytes/)
  })

  test('that is no licence at all is refused', async () => {
    await expect(attached(JOB, carrier, '\u0001').then(inJob)).rejects.toThrow(/its pieces are not a licence/)
  })
})

describe('a job', () => {
  test('that carries nothing has no licence', () => {
    for (const job of ['', JOB, '; portcullis\n', '; licence\n', 'M579\nM57900\nM5791 L1/1 AA\n'])
      expect(inJob(job)).toBeUndefined()
  })

  test('that carries one licence twice carries that one', async () => {
    const twice = `${await attached('', 'comments')}${await attached(JOB, 'commands')}`
    expect(() => inJob(twice)).not.toThrow()
    const comments = (await attached(JOB, 'comments')).toString()
    const commands = (await attached(JOB, 'commands')).toString()
    expect(inJob(`${comments}${commands}`)).toEqual({ licence: LICENCE, carrier: 'comments' })
    expect(inJob(`${comments}${comments}`)?.licence).toBe(LICENCE)
  })

  test('that carries two that differ is refused', async () => {
    const one = await attached(JOB, 'comments')
    for (const carrier of CARRIERS) {
      const other = await attached(JOB, carrier, 'another.licence.here')
      expect(() => inJob(`${one}${other}`)).toThrow(
        'job `job` carries two licences that differ; name the one that is meant with `--licence`',
      )
    }
  })

  test.each([
    'M5790',
    'm5790 l1/1 AA',
    'M5790 L1/1 AA ; and more',
    'N5 M5790 L1/1 AA*20',
    'M05790 L1/1 AA',
    'M 5790 L1/1 AA',
    ';portcullis-licence 1/1 AA',
    '; Portcullis-Licence 1/1 AA',
    '; portcullis-licence',
  ])('with a line that is nearly a piece is refused: `%s`', (line) => {
    expect(() => inJob(`${line}\nG28\n`)).toThrow(/a piece of it is not as it was written/)
  })

  test('that never ends a line costs no more than its head', () => {
    expect(inJob(Buffer.alloc(10_000_000, 'x'))).toBeUndefined()
  })
})
