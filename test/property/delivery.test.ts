import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromBase32, toBase32 } from '../../agent/delivery/base32.ts'
import { attachment, JobHead, licenceIn } from '../../agent/delivery/index.ts'
import { surveyJob } from '../../agent/survey-job.ts'
import { Command, isLicencePart, LineParser, MARLIN, PARSED } from '../../gcode/index.ts'
import { gathered, pieces } from '../sealed/sealed-job.ts'

const licence = fc.string({ unit: fc.constantFrom(...'ABCxyz019-_.{}":\n'), minLength: 1, maxLength: 3000 })
const line = fc.constantFrom(
  'G28',
  'G1 X10 Y10 F3000',
  'G1 X20 E1',
  'M105',
  '; a comment',
  '',
  'M104 S200',
  'G1 X5 X6',
)
const carrier = fc.constantFrom('comments' as const, 'commands' as const)

test('a licence that is attached is read back as it was, and no command of the job changes', async () => {
  await fc.assert(
    fc.asyncProperty(
      licence,
      fc.array(line, { maxLength: 40 }),
      carrier,
      fc.integer({ min: 1, max: 5000 }),
      async (text, lines, how, cut) => {
        const job = Buffer.from(`G28\n${lines.join('\n')}\n`)
        const carrying = await gathered(attachment('job', pieces(job, cut), text, how))
        const head = new JobHead()
        for await (const piece of pieces(carrying, cut)) head.add(piece)
        expect(licenceIn('job', head)).toEqual({ licence: text, carrier: how })
        const [plain, changed] = [
          await surveyJob([job], { name: 'a' }),
          await surveyJob([carrying], { name: 'b' }),
        ]
        expect(changed.canonicalSha256).toBe(plain.canonicalSha256)
        expect(changed.refusedCount).toBe(plain.refusedCount)
        expect(changed.sha256).not.toBe(plain.sha256)
      },
    ),
    { numRuns: 150 },
  )
})

test('each piece in a command is one that the gate reads, within the line of the printer, and keeps', async () => {
  const parser = new LineParser(MARLIN)
  const command = new Command()
  await fc.assert(
    fc.asyncProperty(licence, async (text) => {
      const lines = (await gathered(attachment('job', pieces(Buffer.from('G28\n'), 9), text, 'commands')))
        .toString()
        .split('\n')
      for (const one of lines.slice(0, lines.indexOf('G28'))) {
        const bytes = Buffer.from(one)
        expect(parser.parse(bytes, 0, bytes.length, command)).toBe(PARSED)
        expect(isLicencePart(command)).toBe(true)
        expect(bytes.length).toBeLessThanOrEqual(MARLIN.commandBytesMax)
      }
    }),
    { numRuns: 150 },
  )
})

test('base32 is read back as it was written, and nothing else is read', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = toBase32(bytes)
      expect(text).toMatch(/^[A-Z2-7]*$/)
      expect(fromBase32(text)).toEqual(Buffer.from(bytes))
    }),
  )
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ABYZ27018=a'), maxLength: 20 }), (text) => {
      const bytes = fromBase32(text)
      if (bytes !== undefined) expect(toBase32(bytes)).toBe(text)
    }),
  )
})

test('whatever a job holds, its head is read without an error that is not for people', () => {
  const near = fc.constantFrom(
    '; portcullis-licence ',
    'M5790 L',
    '1/2 ',
    '2/2 ',
    'AB',
    '\n',
    'G28\n',
    ';',
    ' ',
    '\r',
  )
  fc.assert(
    fc.property(fc.array(near, { maxLength: 60 }), (parts) => {
      const head = new JobHead()
      head.add(Buffer.from(parts.join('')))
      try {
        licenceIn('job', head)
      } catch (error) {
        expect(error).toMatchObject({ name: 'AgentError', code: 'LICENCE_UNREADABLE' })
      }
    }),
    { numRuns: 2000 },
  )
})
