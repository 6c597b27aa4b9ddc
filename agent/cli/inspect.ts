import { openContents } from '../sealed/index.ts'
import { lineWithoutText, NO_CLAIMS } from '../sealed-decision.ts'
import { sealingKeyIn } from '../sealing-key.ts'
import { defaultStatePath } from '../state-folder.ts'
import { type SurveyedJob, surveyJob } from '../survey-job.ts'
import { openJob } from './open-job.ts'
import { bold, columns, dim, say, sayJson, size, yellow } from './output.ts'
import { startProgress } from './progress.ts'
import { claimLines, factLines } from './show-facts.ts'

export interface InspectOptions {
  readonly json?: true
  readonly time: boolean
  readonly state?: string
}

/** `portcullis inspect`: facts and claims of a job, no judgement. */
export async function inspect(job: string, options: InspectOptions): Promise<void> {
  const source = await openJob(job)
  const progress = startProgress('reading', source.bytes ?? 0)
  const surveyed = await survey(job, source.chunks, options, (bytes) => progress.update(bytes)).finally(
    () => {
      progress.stop()
      return source.close()
    },
  )
  if (options.json) sayJson(inspectionDocument(surveyed))
  else say(...inspectionLines(surveyed))
}

/** A sealed job is opened with this machine's key, and told of as a decision tells of it: by measures, without its text. */
async function survey(
  job: string,
  chunks: AsyncIterable<Uint8Array>,
  options: InspectOptions,
  progress: (bytes: number) => void,
): Promise<SurveyedJob> {
  const key = await sealingKeyIn(options.state ?? defaultStatePath(process.env))
  const contents = await openContents(job, chunks, key)
  const surveyed = await surveyJob(contents.chunks, { name: job, estimatesTime: options.time, progress })
  if (!contents.isSealed) return surveyed
  return {
    ...surveyed,
    facts: { ...surveyed.facts, unknownCommands: [] },
    claims: NO_CLAIMS,
    refusedLines: surveyed.refusedLines.map(lineWithoutText),
  }
}

/** The part of a decision that is no decision: same names, same shapes. */
function inspectionDocument(surveyed: SurveyedJob): unknown {
  const { name, bytes, sha256, canonicalSha256, claims, refusedLines, refusedCount } = surveyed
  const { lines, commands, ...facts } = surveyed.facts
  return {
    job: { name, bytes, lines, commands, sha256, canonicalSha256 },
    facts,
    claims,
    refused: { count: refusedCount, first: refusedLines },
  }
}

function inspectionLines(surveyed: SurveyedJob): readonly string[] {
  const { refusedCount, refusedLines } = surveyed
  return [
    `${bold(surveyed.name)}  ${dim(size(surveyed.bytes))}`,
    ...columns([
      ['SHA-256 of the file', surveyed.sha256],
      ['SHA-256 of the commands', surveyed.canonicalSha256],
    ]),
    '',
    ...factLines(surveyed.facts),
    '',
    ...claimLines(surveyed.claims),
    ...(refusedCount === 0
      ? []
      : ['', yellow(`${refusedCount} lines cannot be read, so no printer would get them:`)]),
    ...refusedLines.map(({ line, code, message }) => `  line ${line}: ${message} ${dim(code)}`),
  ]
}
