import { createHash } from 'node:crypto'
import { readLog } from '../audit/index.ts'
import { type CopyHistory, type CopyState, historyOf } from '../copies/index.ts'
import { AgentError } from '../errors.ts'
import { atDesk, type ByOption, sayer } from './audit-desk.ts'
import { readFileOf } from './audit-files.ts'
import { findLog, type PlaceOptions } from './audit-place.ts'
import { badUsage } from './end.ts'
import { complain, dim, green, say, sayJson } from './output.ts'

/** The commands about copies of licences on the machine that makes them. */

const REFUND_BYTES_MAX = 32 * 1024

/** `portcullis licence apply-refund`: puts a refund that an issuer signed on record. */
export async function applyRefundFile(
  file: string,
  options: PlaceOptions & { readonly json?: true },
): Promise<void> {
  const token = (await readFileOf(file, REFUND_BYTES_MAX, 'refund')).toString('utf8').trim()
  if (token === '') throw new AgentError('LICENCE_UNREADABLE', `refund \`${file}\` is empty`)
  await atDesk(options, async ({ desk }) => {
    const { message, index } = await desk.refund(token)
    if (options.json) sayJson({ index })
    else say(`${green('returned')}  ${message}`)
  })
}

export interface ReportOptions extends PlaceOptions, ByOption {
  /** What is reported. */
  readonly text: string
  readonly json?: true
}

/** `portcullis licence report`: files what a licence asks to be reported, of all its copies so far. */
export async function reportCopies(licence: string, options: ReportOptions): Promise<void> {
  const by = sayer(options)
  const { text } = options
  if (text.trim() === '') throw badUsage('`--text` says nothing: tell what was made and what became of it')
  await atDesk(options, async ({ desk, state }) => {
    const copies = await copiesIn(state.logDir)
    const key = keyNamed(licence, copies)
    const through = Math.max(...copies.filter(isUnder(key)).map(({ last }) => last))
    const sha256 = createHash('sha256').update(text).digest('hex')
    const { index } = await desk.append({ kind: 'report-filed', licence: key, through, sha256, by, text })
    if (options.json) sayJson({ index, licence: key, through })
    else say(`${green('filed')}  report ${index} on \`${key}\`, of its copies up to record ${through}`)
  })
}

const STATES: readonly CopyState[] = ['reserved', 'printing', 'printed', 'uncertain', 'returned']

/** `portcullis licence usage`: which copies were made of which licence, by what the log tells. */
export async function tellUsage(
  licence: string | undefined,
  options: PlaceOptions & { readonly json?: true },
): Promise<void> {
  const { logDir } = await findLog(undefined, options)
  const copies = await copiesIn(logDir)
  const keys = licence === undefined ? keysOf(copies) : [keyNamed(licence, copies)]
  const usages = keys.map((key) => usageOf(key, copies.filter(isUnder(key))))
  if (options.json) return sayJson(usages)
  if (usages.length === 0) return complain('no copy of any licence is on record')
  for (const usage of usages) say(...usageLines(usage))
}

interface Usage {
  readonly licence: string
  readonly limit: number | null
  readonly counts: Readonly<Record<CopyState, number>>
  readonly copies: readonly CopyHistory[]
}

function usageOf(licence: string, copies: readonly CopyHistory[]): Usage {
  const count = (state: CopyState): number => copies.filter((copy) => copy.state === state).length
  const counts = Object.fromEntries(STATES.map((state) => [state, count(state)])) as Usage['counts']
  // What the latest of them was held against: a later licence file may allow more.
  const limit = copies.at(-1)?.terms?.counters.find((counter) => counter.licence === licence)?.limit
  return { licence, limit: limit ?? null, counts, copies }
}

function usageLines({ licence, limit, counts, copies }: Usage): readonly string[] {
  const used = copies.length - counts.returned
  const told = STATES.filter((state) => counts[state] > 0).map((state) => `${counts[state]} ${state}`)
  const of = limit === null ? '' : ` of ${limit}`
  return [
    `${licence}  ${green(`${used}${of} used`)}  ${dim(told.join(', '))}`,
    ...copies.map(
      ({ copy, state, first, last, at }) =>
        `  ${state.padEnd(9)}  ${at.slice(0, 16)}  ${copy}  ${dim(`records ${first} to ${last}`)}`,
    ),
  ]
}

/** All copies, in the order in which they were reserved. */
async function copiesIn(logDir: string): Promise<readonly CopyHistory[]> {
  const copies = new Map<string, CopyHistory>()
  for await (const { record } of readLog(logDir, { kinds: ['copy'] })) {
    if (record.kind !== 'copy') continue
    const name = JSON.stringify([record.licence, record.copy])
    copies.set(name, historyOf(record, copies.get(name)))
  }
  return [...copies.values()]
}

function keysOf(copies: readonly CopyHistory[]): readonly string[] {
  return [...new Set(copies.flatMap(underOf))].sort()
}

function underOf({ licence, terms }: CopyHistory): readonly string[] {
  return terms?.counters.map((counter) => counter.licence) ?? [licence]
}

function isUnder(key: string): (copy: CopyHistory) => boolean {
  return (copy) => underOf(copy).includes(key)
}

/** What the key of a sub-licence ends with. */
const PARENT = /@[0-9a-f]{64}$/

/** The key of the licence that is meant: itself, or the one key with this id. */
function keyNamed(licence: string, copies: readonly CopyHistory[]): string {
  const found = keysOf(copies).filter(
    (key) => key === licence || key.replace(PARENT, '').endsWith(`#${licence}`),
  )
  const [key] = found
  if (key === undefined) throw badUsage(`no copy of licence \`${licence}\` is on record`)
  if (found.length > 1)
    throw badUsage(`\`${licence}\` names ${found.length} licences; name one of them: ${found.join(', ')}`)
  return key
}
