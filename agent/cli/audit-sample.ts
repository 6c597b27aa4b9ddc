/** Sampled audits: decisions drawn by lot for a person to look at again, and what was found. */
import { TIERS } from '../log-format/index.ts'
import {
  drawSample,
  type Finding,
  reviewDecision,
  SAMPLE_MAX,
  type SampleOrder,
  seedOfBeacon,
  seedOfHead,
} from '../review/index.ts'
import { isProblem, type NoteKey, noteKey } from '../verify/index.ts'
import { type RecordDesk, recordIndex, tellRefused } from './audit-appeal.ts'
import { readPolicyFile } from './audit-files.ts'
import { badUsage, wholeNumber } from './end.ts'
import { bold, dim, green, LineWriter, say, sayJson, yellow } from './output.ts'

const COUNT_BY_DEFAULT = '5'
const FINDINGS: readonly Finding[] = ['sound', 'doubtful', 'wrong']

/** The log, its size, and the note of the latest head that witnesses cosigned, where there is one. */
export interface SampleDesk extends RecordDesk {
  readonly size: number
  readonly witnessedHead: string | null
}

export interface SampleOptions {
  readonly tier?: string
  readonly count?: string
  /** The first record that counts. */
  readonly from?: string
  /** Value of a public beacon that was named beforehand, instead of a cosignature. */
  readonly beacon?: string
  /** A file of trusted witnesses. */
  readonly policy?: string
  readonly json?: true
}

/** `portcullis audit sample`: draws decisions, puts that on record, and lists them. */
export async function sample(options: SampleOptions, desk: SampleDesk): Promise<void> {
  const count = wholeNumber('--count', options.count ?? COUNT_BY_DEFAULT, 1, SAMPLE_MAX)
  const tier = TIERS.find((name) => name === options.tier) ?? null
  if (options.tier !== undefined && tier === null) {
    throw badUsage(`tier \`${options.tier}\` is not one of ${TIERS.join(', ')}`)
  }
  const from = options.from === undefined ? null : recordIndex(options.from)
  const origin = await seedFor(options, desk)
  const drawn = await drawSample(desk.entries(), { ...origin, tier, from, count })
  if ('refusal' in drawn) return tellRefused(drawn, options)
  const { index } = await desk.append(drawn)
  const { seed, source } = drawn
  if (options.json) {
    const head = source === 'cosignature' ? desk.witnessedHead : null
    sayJson({ index, sample: drawn, head, witness: origin.witness })
    return
  }
  const whose = tier === null ? '' : ` of tier ${tier}`
  say(
    `${green('drawn')}  ${bold(String(drawn.drawn.length))} of ${drawn.population} decisions${whose}, as sample ${index}`,
    dim(`  records ${drawn.from} to ${drawn.size - 1}, seed ${seed}`),
    source === 'beacon'
      ? yellow('  the seed is worth something only where beacon, round and count were named beforehand')
      : dim(`  the seed is the signature of ${origin.witness} over the head at ${drawn.size}`),
  )
  await listDrawn(drawn.drawn, desk)
  say(dim(`then: portcullis audit review ${index} RECORD --finding sound|doubtful|wrong --by NAME`))
}

type SeedFor = Pick<SampleOrder, 'seed' | 'size' | 'source'> & { readonly witness: string | null }

async function seedFor(options: SampleOptions, desk: SampleDesk): Promise<SeedFor> {
  if (options.beacon !== undefined) {
    const seed = seedOfBeacon(options.beacon)
    if (isProblem(seed)) throw badUsage(seed.problem)
    return { seed, size: desk.size, source: 'beacon', witness: null }
  }
  if (options.policy === undefined || desk.witnessedHead === null) {
    const why =
      options.policy === undefined ? 'no witnesses are named (`--policy FILE`)' : 'no witness has cosigned'
    throw badUsage(
      `${why}; a sample needs a cosignature, or a beacon that was named beforehand (\`--beacon\`)`,
    )
  }
  const policy = await readPolicyFile(options.policy)
  const witnesses = policy.keys.filter(({ kind }) => kind === 'cosigner')
  const head = seedOfHead(Buffer.from(desk.witnessedHead, 'utf8'), [await logKeyOf(desk), ...witnesses])
  if (isProblem(head)) throw badUsage(`the latest witnessed head cannot be drawn from: ${head.problem}`)
  return { seed: head.seed, size: head.size, source: 'cosignature', witness: head.witness }
}

/** The log's own key, as record 0 names it. */
async function logKeyOf(desk: SampleDesk): Promise<NoteKey> {
  for await (const { record } of desk.entries()) {
    if (record.kind !== 'log-opened') break
    const key = noteKey('log', record.origin, Buffer.from(record.logKey, 'base64'))
    if (!isProblem(key)) return key
  }
  throw badUsage('the log has no record 0; there is nothing to draw from')
}

async function listDrawn(drawn: readonly number[], desk: SampleDesk): Promise<void> {
  const wanted = new Set(drawn)
  const writer = new LineWriter()
  for await (const { index, record } of desk.entries()) {
    if (!wanted.has(index) || record.kind !== 'decision') continue
    const rules = [...new Set(record.reasons.map(({ rule }) => rule))].join(', ')
    await writer.write(
      `${String(index).padStart(7)}  ${dim(record.at)}  ${record.outcome.padEnd(5)}  ${record.tier}  ${dim(rules)}`,
    )
  }
  await writer.flush()
}

export interface ReviewOptions {
  readonly finding: string
  readonly lesson?: string
  readonly note?: string
  readonly by: string
  readonly json?: true
}

/** `portcullis audit review`: what a person found in a decision that was drawn. */
export async function review(
  sampleIndex: string,
  decisionIndex: string,
  options: ReviewOptions,
  desk: RecordDesk,
): Promise<void> {
  const finding = FINDINGS.find((name) => name === options.finding)
  if (finding === undefined)
    throw badUsage(`finding \`${options.finding}\` is not one of ${FINDINGS.join(', ')}`)
  const reviewed = await reviewDecision(desk.entries(), {
    sample: recordIndex(sampleIndex),
    decision: recordIndex(decisionIndex),
    finding,
    lesson: options.lesson ?? null,
    note: options.note ?? null,
    by: options.by,
  })
  if ('refusal' in reviewed) return tellRefused(reviewed, options)
  const { index } = await desk.append(reviewed)
  if (options.json) sayJson({ index, sample: reviewed.sample, decision: reviewed.decision, finding })
  else say(`${green('recorded')}  decision ${reviewed.decision} is ${finding}`, dim(`  as record ${index}`))
}
