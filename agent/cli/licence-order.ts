/** An order's file on the command line: read as strictly as a policy, and the files that it names looked at. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { formatProblems, readYaml, YamlCheck } from '../../policies/index.ts'
import { isNobodysUuid } from '../core/index.ts'
import { AgentError, assert, systemReason } from '../errors.ts'
import {
  type FileDigests,
  filesOf,
  type LicenceOrder,
  type NamedFile,
  ORDER_KEYS,
  type OrderFile,
  orderFileSchema,
  toOrder,
} from '../issuer/index.ts'
import { type SurveyedJob, surveyJob } from '../survey-job.ts'
import { readBoundedFile } from '../token/index.ts'
import { tierOfClasses, tightness } from '../trust/index.ts'
import { openJob } from './open-job.ts'

/** A complete order, comments and all, takes 6 KiB. */
const ORDER_BYTES_MAX = 64 * 1024

/** How a file is called in messages, and what it says. */
export interface OrderKind<Schema> {
  readonly what: string
  readonly schema: Schema
  /** Its keys at the top, for a hint about one that is none. */
  readonly keys: readonly string[]
  readonly bytesMax?: number
}

/** A file that was read, and how to say what is wrong at a place in it. */
interface ReadFile<T> {
  readonly value: T
  fail(path: readonly PropertyKey[], message: string): AgentError
}

/** Reads a file of that kind. Fails with USAGE, with each problem as `file:line:column ...`. */
export async function readOrderFile<Schema extends Parameters<YamlCheck['read']>[0]>(
  path: string,
  { what, schema, keys, bytesMax = ORDER_BYTES_MAX }: OrderKind<Schema>,
): Promise<ReadFile<Schema['_output']>> {
  const yaml = readYaml(await readText(path, what, bytesMax), what)
  if (!yaml.ok) throw problems(path, yaml.problems)
  const check = new YamlCheck(yaml.source, what)
  const value = check.read(schema, yaml.source.value, [], keys)
  if (value === undefined) throw problems(path, check.problems)
  const fail = (at: readonly PropertyKey[], message: string): AgentError => {
    check.addAt(at, message)
    return problems(path, check.problems)
  }
  return { value, fail }
}

/** Reads an order for a licence, and looks at the files that it names. */
export async function readOrder(path: string, nowMs: number): Promise<LicenceOrder> {
  const { value: order, fail } = await readOrderFile(path, {
    what: 'licence order',
    schema: orderFileSchema,
    keys: ORDER_KEYS,
  })
  if (order.expires <= nowMs) throw fail(['expires'], '`expires` is in the past')
  const looser = looserThanAsked(order)
  if (looser !== undefined) throw fail(['tier'], looser)
  const unprintable = unprintableSlicing(order)
  if (unprintable !== undefined) throw fail(['design', 'files'], unprintable)
  for (const [i, machine] of order.machines.entries()) {
    const uuid = 'printer' in machine ? machine.printer?.uuid : undefined
    if (uuid !== undefined && isNobodysUuid(uuid))
      throw fail(['machines', i, 'printer', 'uuid'], SHIPPED_UUID)
  }
  const digests = new Map<string, FileDigests>()
  for (const file of filesOf(order)) {
    const found = await digestsOf(file, dirname(path)).catch((error: unknown) => {
      throw error instanceof AgentError ? fail(file.at, error.message) : error
    })
    digests.set(keyOf(file), found)
  }
  return toOrder(order, (file) => {
    const found = digests.get(keyOf(file))
    assert(found !== undefined, 'every file of an order was looked at')
    return found
  })
}

/** A tier that every gate would refuse for its classes; an exemption may go past it. */
function looserThanAsked({ tier, design, exemption }: OrderFile): string | undefined {
  const asked = tierOfClasses(design.classes ?? [])
  if (asked.because === undefined || exemption !== undefined || tightness(tier) >= tightness(asked.tier))
    return undefined
  return `\`tier\` must be ${asked.tier} at least, not \`${tier}\`: the design is of class \`${asked.because}\``
}

/** Files by which no gate would know the design: what is printed is G-code, and only a slicer can say what it was made from. */
function unprintableSlicing({ design, slicing }: OrderFile): string | undefined {
  const isAttested = slicing?.mode === 'attested-slicer'
  const hasModel = design.files.some(({ form }) => form === 'model')
  if (isAttested && !hasModel)
    return '`slicing` is `attested-slicer`, and no file has the `form: model` that a slicer could vouch for'
  if (isAttested || design.files.some(({ form }) => form !== 'model')) return undefined
  return 'every file has the `form: model`, which is nothing to print: add one of G-code, or `slicing: { mode: attested-slicer }`'
}

const SHIPPED_UUID =
  '`uuid` is the one that firmware ships with: it names no printer, so no gate would take one for this printer'

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

async function readText(path: string, what: string, bytesMax: number): Promise<string> {
  const bytes = await readBoundedFile(path, bytesMax, what)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new AgentError('USAGE', `${what} \`${path}\` is not UTF-8 text`, { cause })
  }
}

function problems(path: string, found: Parameters<typeof formatProblems>[1]): AgentError {
  return new AgentError(
    'USAGE',
    found.map((problem) => formatProblems(path, [problem])),
  )
}
