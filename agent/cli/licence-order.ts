/** An order's file on the command line: read as strictly as a policy, and the files that it names looked at. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { formatProblems, readYaml, YamlCheck } from '../../policies/index.ts'
import { AgentError, systemReason } from '../errors.ts'
import {
  type FileDigests,
  filesOf,
  type LicenceOrder,
  type NamedFile,
  ORDER_KEYS,
  orderFileSchema,
  toOrder,
} from '../issuer/index.ts'
import { type SurveyedJob, surveyJob } from '../survey-job.ts'
import { readBoundedFile } from '../token/index.ts'
import { openJob } from './open-job.ts'

/** How the file is called in messages. */
const KIND = 'order'

/** A complete order, comments and all, takes 6 KiB. */
const ORDER_BYTES_MAX = 64 * 1024

/** Reads an order. Fails with USAGE, with each problem as `file:line:column ...`. */
export async function readOrder(path: string): Promise<LicenceOrder> {
  const yaml = readYaml(await readText(path), KIND)
  if (!yaml.ok) throw problems(path, yaml.problems)
  const check = new YamlCheck(yaml.source, KIND)
  const order = check.read(orderFileSchema, yaml.source.value, [], ORDER_KEYS)
  if (order === undefined) throw problems(path, check.problems)
  const digests = new Map<string, FileDigests>()
  for (const file of filesOf(order)) {
    const found = await digestsOf(file, dirname(path)).catch((error: unknown) => {
      if (!(error instanceof AgentError)) throw error
      check.addAt([...file.at], error.message)
    })
    if (found) digests.set(keyOf(file), found)
  }
  if (check.problems.length > 0) throw problems(path, check.problems)
  return toOrder(order, (file) => digests.get(keyOf(file)) ?? { sha256: '' })
}

/** Surveys a job that a licence is to name: one that cannot be printed is refused. */
export async function surveyDesign(path: string): Promise<SurveyedJob> {
  const source = await openJob(path)
  const job = await surveyJob(source.chunks, { name: path, estimatesTime: false }).finally(() =>
    source.close(),
  )
  const [first] = job.refusedLines
  if (first === undefined) return job
  const message = `design \`${path}\` cannot be printed: line ${first.line}: ${first.message}`
  throw new AgentError('USAGE', message)
}

function keyOf({ as, path }: Pick<NamedFile, 'as' | 'path'>): string {
  return `${as} ${path}`
}

async function digestsOf({ path, as }: NamedFile, folder: string): Promise<FileDigests> {
  const place = isAbsolute(path) ? path : join(folder, path)
  if (as === 'job') return await surveyDesign(place)
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(place)) hash.update(chunk)
  } catch (cause) {
    throw new AgentError('USAGE', `file \`${place}\` cannot be read: ${systemReason(cause)}`, { cause })
  }
  return { sha256: hash.digest('hex') }
}

async function readText(path: string): Promise<string> {
  const bytes = await readBoundedFile(path, ORDER_BYTES_MAX, KIND)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new AgentError('USAGE', `${KIND} \`${path}\` is not UTF-8 text`, { cause })
  }
}

function problems(path: string, found: Parameters<typeof formatProblems>[1]): AgentError {
  return new AgentError(
    'USAGE',
    found.map((problem) => formatProblems(path, [problem])),
  )
}
