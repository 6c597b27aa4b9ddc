import { createPublicKey } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { logSize, readLog } from '../audit/index.ts'
import { EXIT } from '../errors.ts'
import { keyIdOf, readKey } from '../key-file.ts'
import type { LedgerPlace } from '../ledger.ts'
import { checkSample } from '../review/index.ts'
import { isProblem, type NoteKey, noteKey, type Verification, verifyLog } from '../verify/index.ts'
import { type HiddenVerification, verifyHidden } from '../verify-hidden.ts'
import { readFileOf, readPolicyFile } from './audit-files.ts'
import { findLog, type PlaceOptions } from './audit-place.ts'
import { dim, green, red, say, sayJson, yellow } from './output.ts'
import { checkerProgram } from './programs.ts'
import { startProgress } from './progress.ts'

const NOTE_BYTES_MAX = 256 * 1024

export interface VerifyLogOptions extends PlaceOptions {
  readonly json?: true
  /** Checkpoints of this log that were kept elsewhere. */
  readonly against?: readonly string[]
  /** A tlog-policy file: which key the log must have, and who must have cosigned. */
  readonly policy?: string
  /** The folder is a copy of what is published, without the journal. */
  readonly copy?: true
}

/** `portcullis audit verify`: whether the log, and the side table beside it, is whole and unaltered. Else exit status 6. */
export async function verify(dir: string | undefined, options: VerifyLogOptions): Promise<void> {
  const place = await findLog(dir, options)
  const { logDir } = place
  const own = await ownKey(logDir)
  const earlier = await Promise.all(
    (options.against ?? []).map(async (name) => ({
      name,
      note: await readFileOf(name, NOTE_BYTES_MAX, 'checkpoint'),
    })),
  )
  const policy = options.policy === undefined ? undefined : await readPolicyFile(options.policy)
  const program = checkerProgram()
  const size = options.json ? 0 : await logSize(logDir).catch(() => 0)
  const bar = options.json ? undefined : startProgress('verifying', size)
  const verification = await verifyLog(logDir, {
    earlier,
    ...(own !== undefined && { key: own }),
    ...(policy !== undefined && { policy }),
    ...(options.copy && { isCopy: true }),
    program,
    onProgress: (records) => bar?.update(records),
  }).finally(() => bar?.stop())
  const samples = verification.ok && !options.copy ? await wrongSamples(logDir) : []
  const hidden = verification.ok && !options.copy ? await hiddenOf(place, own !== undefined) : null
  // The log is whole without them; whoever names a policy asks for more.
  const isWitnessed = !verification.findings.some(({ code }) => code === 'not-witnessed')
  const ok = verification.ok && isWitnessed && samples.length === 0 && hidden?.ok !== false
  if (!ok) process.exitCode = EXIT.evidenceFailed
  if (options.json) sayJson({ ...verification, ok, samples, hidden })
  else say(...verificationLines({ ...verification, ok }, { samples, hidden }, policy !== undefined))
}

/** The key that the log must have, where it lies in the state folder whose key that is. */
async function ownKey(logDir: string): Promise<NoteKey | undefined> {
  const root = dirname(logDir)
  const log = basename(logDir) === 'log' ? await readKey(root, 'log') : undefined
  const machine = log === undefined ? undefined : await readKey(root, 'machine')
  if (log === undefined || machine === undefined) return undefined
  const { x = '' } = createPublicKey(log).export({ format: 'jwk' })
  const origin = `portcullis/${keyIdOf('machine', machine)}/${keyIdOf('log', log)}`
  const key = noteKey('log', origin, Buffer.from(x, 'base64url'))
  return isProblem(key) ? undefined : key
}

/** What the records hide, where the side table is beside the log; null for a log that came without it. */
async function hiddenOf(place: LedgerPlace, isOwn: boolean): Promise<HiddenVerification | null> {
  const isState = isOwn && place.logDir === join(dirname(place.vaultDir), 'log')
  return isState || place.wrappingKey !== undefined ? await verifyHidden(place) : null
}

/** Samples on record that are not what their seed draws. */
async function wrongSamples(logDir: string): Promise<readonly string[]> {
  const problems: string[] = []
  for await (const { record } of readLog(logDir, { kinds: ['sampled'] })) {
    if (record.kind !== 'sampled') continue
    const wrong = await checkSample(readLog(logDir), record)
    if (wrong !== null) problems.push(wrong.problem)
  }
  return problems
}

interface Beside {
  readonly samples: readonly string[]
  readonly hidden: HiddenVerification | null
}

function verificationLines(
  verification: Verification,
  { samples, hidden }: Beside,
  hasPolicy: boolean,
): readonly string[] {
  const { ok, records, root, checkpoint, witnessed, findings, omitted } = verification
  return [
    `${ok ? green('whole') : red('does not verify')}  ${records} records${root === null ? '' : `, root ${root}`}`,
    ...findings.map(
      ({ severity, code, message }) =>
        `  ${severity === 'damage' || code === 'not-witnessed' ? red('✗') : yellow('!')} ${message} ${dim(`(${code})`)}`,
    ),
    ...samples.map((problem) => `  ${red('✗')} ${problem} ${dim('(wrong-sample)')}`),
    ...(hidden?.findings ?? []).map(({ code, message }) => `  ${red('✗')} ${message} ${dim(`(${code})`)}`),
    ...(omitted + (hidden?.omitted ?? 0) > 0 ? [`  and ${omitted + (hidden?.omitted ?? 0)} more`] : []),
    ...(checkpoint === null ? [] : [dim(`  checkpoint over ${checkpoint.size} records, signed by the log`)]),
    ...(hidden?.ok ? [dim(`  ${hiddenWords(hidden)}`)] : []),
    dim(`  ${witnessWords(witnessed, hasPolicy)}`),
  ]
}

function hiddenWords({ records, opened, erased }: HiddenVerification): string {
  const gone = erased === 0 ? '' : `, and of ${erased} it was erased, as records say`
  return `${records} records hide something: of ${opened} the side table holds it${gone}`
}

function witnessWords(witnessed: Verification['witnessed'], hasPolicy: boolean): string {
  if (witnessed === null)
    return 'no witness has cosigned it: only a later checkpoint kept elsewhere shows that records are missing at its end'
  const upTo = `up to record ${witnessed.size - 1}`
  if (witnessed.cosigners.length > 0)
    return `witnessed ${upTo} by ${witnessed.cosigners.map(({ name }) => name).join(', ')}`
  return hasPolicy
    ? `a head ${upTo} is kept as witnessed, and no witness of the policy has cosigned it`
    : `said to be witnessed ${upTo}; who the witnesses must be is for you to say: --policy FILE`
}
