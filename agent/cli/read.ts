import {
  asciiText,
  CANONICAL_BYTES_MAX,
  Command,
  EMPTY,
  explainRefusal,
  LineParser,
  LineSplitter,
  MARLIN,
  PARSED,
  writeLine,
} from '../../gcode/index.ts'
import { AgentError } from '../errors.ts'
import { openContents } from '../sealed/index.ts'
import { badUsage } from './end.ts'
import { openJob } from './open-job.ts'
import { LineWriter, red } from './output.ts'

const NEVER_READ = 'is sealed, and what a sealed job says is never shown'

/** How one line was read: its canonical form, empty for no command, or null and why. */
type Reading =
  | { readonly line: number; readonly canonical: string }
  | { readonly line: number; readonly canonical: null; readonly code: string; readonly message: string }

/** `portcullis read`: how each line of any file is read. Judges nothing, so it ends well whatever it reads. */
export async function read(
  file: string,
  options: { readonly dialect: string; readonly json?: true },
): Promise<void> {
  if (options.dialect !== MARLIN.dialect)
    throw badUsage(`dialect \`${options.dialect}\` is not known; there is marlin`)
  const readings: Reading[] = []
  const splitter = new LineSplitter(readingSink(readings))
  const writer = new LineWriter()
  const show = (reading: Reading): Promise<void> =>
    options.json ? writer.writeJson(reading) : writer.write(describe(reading))
  const flush = async (): Promise<void> => {
    for (const reading of readings) await show(reading)
    readings.length = 0
  }
  const source = await openJob(file)
  const { isSealed, chunks } = await openContents(file, source.chunks, { problem: NEVER_READ })
  if (isSealed) throw new AgentError('JOB_UNREADABLE', `job \`${file}\` ${NEVER_READ}`)
  for await (const chunk of chunks) {
    splitter.push(chunk)
    await flush()
  }
  splitter.end()
  await flush()
  await writer.flush()
  await source.close()
}

function readingSink(readings: Reading[]): { line(bytes: Uint8Array, start: number, end: number): void } {
  const parser = new LineParser(MARLIN)
  const command = new Command()
  const out = new Uint8Array(CANONICAL_BYTES_MAX)
  let line = 0
  return {
    line: (bytes, start, end) => {
      line++
      const code = parser.parse(bytes, start, end, command)
      if (code === PARSED) readings.push({ line, canonical: asciiText(out, 0, writeLine(command, out, 0)) })
      else if (code === EMPTY) readings.push({ line, canonical: '' })
      else readings.push({ line, canonical: null, ...explainRefusal(code, command, bytes, start, end) })
    },
  }
}

function describe(reading: Reading): string {
  const number = String(reading.line).padStart(6)
  if (reading.canonical === null) return `${number}  ${red('refused')} ${reading.code}: ${reading.message}`
  return `${number}  ${reading.canonical}`.trimEnd()
}
