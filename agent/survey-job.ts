import { createHash } from 'node:crypto'
import {
  type Claims,
  type CommandTable,
  type Facts,
  MARLIN,
  type RefusedLine,
  Survey,
  type SurveyJudge,
} from '../gcode/index.ts'
import { AgentError } from './errors.ts'

/** What one pass over a job found out. */
export interface SurveyedJob {
  readonly name: string
  readonly bytes: number
  /** Of the file's bytes, and of its canonical commands; hex. */
  readonly sha256: string
  readonly canonicalSha256: string
  readonly facts: Facts
  readonly claims: Claims
  readonly refusedLines: readonly RefusedLine[]
  readonly refusedCount: number
  /** The last line is a command without a line end: the file may have been cut short. */
  readonly isUnfinished: boolean
  /** Sent commands at which a copy of it counts for good, where that is once so many layers are complete. See `Survey`. */
  readonly commitAt: (layers: number) => number
}

export interface SurveyJobOptions {
  readonly name: string
  readonly table?: CommandTable
  readonly judge?: SurveyJudge
  readonly filamentDiameterMm?: number
  readonly estimatesTime?: boolean
  /** Sees each chunk before it is surveyed. */
  readonly alsoSee?: (chunk: Uint8Array) => void
  /** Told the bytes read so far, after each chunk. */
  readonly progress?: (bytes: number) => void
}

/** Surveys a job in one pass. Throws `AgentError` JOB_UNREADABLE where it is empty or not G-code text. */
export async function surveyJob(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  options: SurveyJobOptions,
): Promise<SurveyedJob> {
  const raw = createHash('sha256')
  const canonical = createHash('sha256')
  const survey = new Survey({
    table: options.table ?? MARLIN,
    hasher: canonical,
    ...(options.judge !== undefined && { judge: options.judge }),
    ...(options.filamentDiameterMm !== undefined && { filamentDiameterMm: options.filamentDiameterMm }),
    ...(options.estimatesTime !== undefined && { estimatesTime: options.estimatesTime }),
  })
  let bytes = 0
  for await (const chunk of chunks) {
    if (bytes === 0) refuseForeignFormat(options.name, chunk)
    bytes += chunk.length
    options.alsoSee?.(chunk)
    raw.update(chunk)
    survey.push(plainArray(chunk))
    options.progress?.(bytes)
  }
  const isUnfinished = survey.end()
  if (bytes === 0) throw new AgentError('JOB_UNREADABLE', `job \`${options.name}\` is empty`)
  const facts = survey.facts()
  // Refused commands are for a decision to deny, with the line and the reason.
  if (facts.commands === 0 && survey.refusedLines.every(isJunk))
    throw noCommands(options.name, survey.refusedCount)
  return {
    name: options.name,
    bytes,
    sha256: raw.digest('hex'),
    canonicalSha256: canonical.digest('hex'),
    facts,
    claims: survey.claims(),
    refusedLines: survey.refusedLines,
    refusedCount: survey.refusedCount,
    isUnfinished,
    commitAt: (layers) => survey.commitAt(layers),
  }
}

/**
 * The same bytes as a bare Uint8Array. A Buffer is another shape to V8, and a hot loop that meets both reads each
 * byte of both more slowly.
 */
function plainArray(chunk: Uint8Array): Uint8Array {
  return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)
}

/** Refusals of what does not even begin like a command, as prose, or is no text of one line, as pictures. */
const JUNK: ReadonlySet<string> = new Set([
  'no-command',
  'code-missing',
  'control-byte',
  'non-ascii',
  'meatpack',
  'backslash',
  'bracket',
  'stray-quote',
  'stray-byte',
  'too-long',
])

/** Only the first refused lines are known. Where they are all junk nobody needs to hear of the rest. */
function isJunk(refused: RefusedLine): boolean {
  return JUNK.has(refused.code)
}

function noCommands(name: string, refusedCount: number): AgentError {
  const why = refusedCount > 0 ? 'is not G-code: no line of it is a command' : 'holds no command'
  return new AgentError('JOB_UNREADABLE', `job \`${name}\` ${why}`)
}

/** Formats that carry G-code in a container, told by their first bytes whatever the file is called. */
const CONTAINERS: readonly { readonly start: string; readonly name: string }[] = [
  { start: 'GCDE', name: 'binary G-code (bgcode)' },
  { start: 'PK\x03\x04', name: 'a ZIP archive (.3mf, .ufp)' },
  { start: '\x1f\x8b', name: 'a gzip archive' },
  { start: '\xfd7zXZ', name: 'an xz archive' },
]
/** Bytes looked at for what text never holds. */
const SNIFFED_BYTES = 4096

function refuseForeignFormat(name: string, chunk: Uint8Array): void {
  const start = Buffer.from(chunk.buffer, chunk.byteOffset, Math.min(chunk.length, SNIFFED_BYTES))
  const text = start.toString('latin1')
  if (text.startsWith('age-encryption.org/')) {
    const message = `job \`${name}\` is sealed; give the job as it was before it was sealed`
    throw new AgentError('JOB_UNREADABLE', message)
  }
  const container = CONTAINERS.find((format) => text.startsWith(format.start))
  if (container !== undefined) {
    const message = `job \`${name}\` is ${container.name}; export it as plain text G-code`
    throw new AgentError('JOB_UNREADABLE', message)
  }
  if (text.includes('\0'))
    throw new AgentError('JOB_UNREADABLE', `job \`${name}\` is binary data, not G-code text`)
}
