/** Proofs that a record is in a log: made from the log, checked anywhere. */
import { proveInclusion, publishedHead, readEntry } from '../audit/index.ts'
import { EXIT } from '../errors.ts'
import { joinRecord, parseLeaf } from '../log-format/index.ts'
import {
  checkTlogProof,
  isProblem,
  noteKey,
  parseTlogPolicy,
  parseTlogProof,
  printNoteKey,
  type TlogPolicy,
} from '../verify/index.ts'
import { recordIndex } from './audit-appeal.ts'
import { readFileOf, readPolicyFile, writeNewFile } from './audit-files.ts'
import { findLog, type PlaceOptions, readSettings, untilPublished } from './audit-place.ts'
import { badUsage } from './end.ts'
import { dim, green, red, say, sayJson } from './output.ts'
import { recordWords } from './record-words.ts'

const PROOF_BYTES_MAX = 512 * 1024

export interface ProveOptions extends PlaceOptions {
  /** The file to write, or `-` for standard output. */
  readonly out: string
}

/** `portcullis audit prove`: a file that proves one record to be in the log, with the record itself. */
export async function prove(index: string, dir: string | undefined, options: ProveOptions): Promise<void> {
  const { logDir } = await findLog(dir, options)
  const at = recordIndex(index)
  const extra = await readEntry(logDir, at)
  await untilPublished(logDir, at)
  const proof = await proveInclusion(logDir, at, { extra })
  if (options.out === '-') {
    process.stdout.write(proof)
    return
  }
  await writeNewFile(options.out, proof)
  say(
    `${green('proven')}  record ${at}, in ${options.out}`,
    dim('  anybody can check it who has the key of the log: portcullis audit policy > log.policy, then'),
    dim(`  portcullis audit verify-proof ${options.out} --policy log.policy`),
  )
}

export interface VerifyProofOptions {
  readonly policy?: string
  /** The log's key, as `audit policy` prints it, where there is no policy. */
  readonly key?: string
  /** The record, where the proof does not hold it. */
  readonly record?: string
  readonly json?: true
}

/** `portcullis audit verify-proof`: whether a proof holds, without the log. Exit status 6 where it does not. */
export async function verifyProof(file: string, options: VerifyProofOptions): Promise<void> {
  const policy = await trusted(options)
  const proof = parseTlogProof(await readFileOf(file, PROOF_BYTES_MAX, 'proof'))
  if ('problem' in proof) return tellFailed(proof.problem, options)
  const record =
    options.record === undefined ? proof.extra : await readFileOf(options.record, PROOF_BYTES_MAX, 'record')
  if (record === null) throw badUsage('the proof does not hold its record; give it with `--record FILE`')
  const checked = checkTlogProof(proof, record, policy)
  if ('problem' in checked) return tellFailed(checked.problem, options)
  const { checkpoint, cosigners } = checked
  const leaf = leafOf(record)
  if (options.json) {
    const { origin, size } = checkpoint
    sayJson({
      ok: true,
      index: proof.index,
      origin,
      size,
      cosigners: cosigners.map(({ key }) => key.name),
      record: leaf,
    })
    return
  }
  say(
    `${green('in the log')}  record ${proof.index} of ${checkpoint.origin}, of ${checkpoint.size} records`,
    `  ${leaf === null ? dim('(not a record of this version)') : `${dim(leaf.at)}  ${recordWords(joinRecord(leaf, undefined))}`}`,
    dim(
      cosigners.length === 0
        ? '  signed by the log; no witness was asked for'
        : `  signed by the log and cosigned by ${cosigners.map(({ key }) => key.name).join(', ')}`,
    ),
  )
}

function leafOf(bytes: Buffer): ReturnType<typeof readLeaf> {
  try {
    return readLeaf(JSON.parse(bytes.toString('utf8')))
  } catch {
    return null
  }
}

function readLeaf(value: unknown) {
  const parsed = parseLeaf(value)
  return 'leaf' in parsed ? parsed.leaf : null
}

function tellFailed(problem: string, options: VerifyProofOptions): void {
  process.exitCode = EXIT.evidenceFailed
  if (options.json) sayJson({ ok: false, problem })
  else say(`${red('does not verify')}  ${problem}`)
}

async function trusted(options: VerifyProofOptions): Promise<TlogPolicy> {
  if (options.policy !== undefined) return await readPolicyFile(options.policy)
  if (options.key === undefined)
    throw badUsage('whose log it is must be known from elsewhere: give `--policy FILE` or `--key KEY`')
  const policy = parseTlogPolicy(Buffer.from(`log ${options.key}\nquorum none\n`, 'utf8'))
  if (isProblem(policy)) throw badUsage(`\`--key\`: ${policy.problem}`)
  return policy
}

export interface PolicyOptions extends PlaceOptions {
  /** A tlog-policy file with the witnesses of this log; that of the configuration by default. */
  readonly witnesses?: string
}

/** `portcullis audit policy`: what others need to check proofs of this log: its key, its witnesses and their quorum. */
export async function policy(dir: string | undefined, options: PolicyOptions): Promise<void> {
  const { logDir } = await findLog(dir, options)
  const { origin } = await publishedHead(logDir)
  const genesis = leafOf(await readEntry(logDir, 0))
  const key =
    genesis?.kind === 'log-opened' ? noteKey('log', origin, Buffer.from(genesis.logKey, 'base64')) : undefined
  if (key === undefined || isProblem(key)) throw badUsage('the log does not begin with its own key')
  const witnesses = options.witnesses ?? readSettings(options).evidence.witnesses?.policyFile
  if (witnesses === undefined) {
    say(`log ${printNoteKey(key)}`, 'quorum none')
    return
  }
  // Checked first; then its own words are passed on, comments and all.
  const named = await readPolicyFile(witnesses)
  const text = (await readFileOf(witnesses, PROOF_BYTES_MAX, 'policy')).toString('utf8').trimEnd()
  const isThere = named.logs.some(({ key: { name } }) => name === origin)
  say(...(isThere ? [] : [`log ${printNoteKey(key)}`]), ...text.split('\n'))
}
