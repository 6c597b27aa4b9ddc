/** Receipts: made from the state folder's log, and checked anywhere. */
import { dirname } from 'node:path'
import { proveInclusion, readEntry, readLog } from '../audit/index.ts'
import { AgentError, EXIT } from '../errors.ts'
import { readKey } from '../key-file.ts'
import type { LedgerPlace } from '../ledger.ts'
import { parseLeaf } from '../log-format/index.ts'
import {
  describeReceipt,
  findReceiptRecords,
  makeReceipt,
  type ProvenRecord,
  RECEIPT_BYTES_MAX,
  type ReceiptVerification,
  readSerialNumber,
  verifyReceipt,
} from '../receipt/index.ts'
import { openVault } from '../vault/index.ts'
import { isProblem, printNoteKey } from '../verify/index.ts'
import { APPEAL_DAYS_MAX } from './audit-appeal.ts'
import { readFileOf, readPolicyFile, writeNewFile } from './audit-files.ts'
import { findLog, type PlaceOptions, readSettings, untilPublished } from './audit-place.ts'
import { badUsage, wholeNumber } from './end.ts'
import { bold, dim, green, red, say, sayJson, yellow } from './output.ts'

/** A file that is too large for a receipt does not verify; one that is larger still is the wrong file. */
const FILE_BYTES_MAX = 16 * RECEIPT_BYTES_MAX

export interface ReceiptOptions extends PlaceOptions {
  /** The file to write, or `-` for standard output. */
  readonly out: string
  readonly nameOperator?: true
  /** Days within which an appeal may be filed; those of the site by default. */
  readonly appealDays?: string
  readonly json?: true
}

/** `portcullis audit receipt`: a decision, by its record's index or its id, as a signed file. */
export async function exportReceipt(
  which: string,
  dir: string | undefined,
  options: ReceiptOptions,
): Promise<void> {
  const days = options.appealDays ?? String(readSettings(options).evidence.answers.appealDays)
  const appealDays = wholeNumber('--appeal-days', days, 1, APPEAL_DAYS_MAX)
  const place = await findLog(dir, options)
  const text = await receiptOf(place, which, options.nameOperator === true, appealDays)
  if (options.out === '-') {
    process.stdout.write(text)
    return
  }
  await writeNewFile(options.out, text)
  const { statement } = verifyReceipt(text)
  if (options.json) sayJson({ file: options.out, statement: withoutEvidence(statement) })
  else if (statement !== null)
    say(...describeReceipt(statement), '', dim(`written to ${options.out}; anybody can check it with:`))
  if (!options.json) say(dim(`  portcullis audit verify-receipt ${options.out}`))
}

async function receiptOf(
  place: LedgerPlace,
  which: string,
  namesOperator: boolean,
  appealDays: number,
): Promise<string> {
  const { logDir, vaultDir, wrappingKey } = place
  const key = await readKey(dirname(logDir), 'log')
  if (key === undefined || wrappingKey === undefined) {
    throw badUsage('a receipt is signed with the key of the log; name the state folder that holds it')
  }
  const found = await findReceiptRecords(readLog(logDir), /^\d{1,15}$/.test(which) ? Number(which) : which)
  if (isProblem(found)) throw badUsage(found.problem)
  const { decision: index, release, opened, copy, closed } = found
  await untilPublished(logDir, Math.max(...[index, release, opened, copy, closed].map((at) => at ?? 0)))
  const vault = await openVault(vaultDir, { wrappingKey, isReader: true })
  try {
    const decision = await prove(logDir, found.decision)
    const row = await vault.open(sealedOf(decision))
    if ('gone' in row) {
      throw badUsage(
        `what decision ${found.decision} said is ${row.gone}; there is nothing to make a receipt of`,
      )
    }
    const made = makeReceipt({
      records: {
        log: await prove(logDir, 0),
        decision,
        release: await proveAny(logDir, found.release),
        opened: await proveAny(logDir, found.opened),
        copy: await proveAny(logDir, found.copy),
        closed: await proveAny(logDir, found.closed),
      },
      hidden: { fields: row.fields, salt: Buffer.from(row.salt, 'hex') },
      key,
      namesOperator,
      appealDays,
    })
    if (typeof made === 'string') return made
    throw new AgentError(
      'AUDIT_DAMAGED',
      `there can be no receipt of decision ${found.decision}: ${made.problem}`,
    )
  } finally {
    await vault.close()
  }
}

async function proveAny(logDir: string, index: number | null): Promise<ProvenRecord | null> {
  return index === null ? null : await prove(logDir, index)
}

async function prove(logDir: string, index: number): Promise<ProvenRecord> {
  return { leaf: await readEntry(logDir, index), proof: await proveInclusion(logDir, index) }
}

/** The reader of the log has checked the record. */
function sealedOf({ leaf }: ProvenRecord) {
  const parsed = parseLeaf(JSON.parse(Buffer.from(leaf).toString('utf8')))
  if ('leaf' in parsed && parsed.leaf.sealed !== undefined) return parsed.leaf.sealed
  throw new AgentError('AUDIT_DAMAGED', 'the decision hides nothing, and every decision does')
}

export interface VerifyReceiptOptions {
  /** A file of trusted logs and witnesses. */
  readonly policy?: string
  /** What stands on the part. */
  readonly serial?: string
  readonly json?: true
}

/** `portcullis audit verify-receipt`: whether a receipt holds, and what it says. Exit status 6 where it does not. */
export async function checkReceipt(file: string, options: VerifyReceiptOptions): Promise<void> {
  const policy = options.policy === undefined ? undefined : await readPolicyFile(options.policy)
  const serial = options.serial === undefined ? undefined : readSerialNumber(options.serial)
  if (serial !== undefined && typeof serial !== 'string') throw badUsage(serial.problem)
  const bytes = await readFileOf(file, FILE_BYTES_MAX, 'receipt')
  const verification = verifyReceipt(bytes.toString('utf8'), policy === undefined ? {} : { policy })
  const isThisPart = serial === undefined || serialOf(verification) === serial
  const ok = verification.ok && isThisPart
  if (!ok) process.exitCode = EXIT.evidenceFailed
  if (options.json) {
    const { log, statement, ...rest } = verification
    sayJson({
      ...rest,
      ok,
      ...(serial !== undefined && { isThisPart }),
      log: log === null ? null : printNoteKey(log),
      statement: withoutEvidence(statement),
    })
    return
  }
  if (ok || !verification.ok || serial === undefined) say(...verificationLines(verification))
  else say(red('does not verify'), `  ${red('✗')} ${otherPart(verification, serial)}`)
}

/** What stands on the part is not what the receipt is of. */
function otherPart(verification: ReceiptVerification, serial: string): string {
  const own = serialOf(verification)
  const whose = own === null ? 'a job that was not printed' : `part ${own}`
  return `it is the receipt of ${whose}, not of part ${serial}`
}

function verificationLines(verification: ReceiptVerification): readonly string[] {
  const { ok, assurance, isKeyTrusted, log, statement, findings } = verification
  const faults = findings.map(({ code, message }) => `  ${red('✗')} ${message} ${dim(`(${code})`)}`)
  if (!ok || statement === null) return [red('does not verify'), ...faults]
  const why =
    assurance === 'witnessed'
      ? 'the witnesses of the policy saw this log'
      : 'only the key of the log vouches for it: whoever holds that key can sign anything'
  return [
    `${green('verifies')}  assurance ${bold(assurance ?? 'none')}: ${why}`,
    ...(isKeyTrusted
      ? []
      : [
          yellow('  without --policy the key is the receipt\u2019s own: compare it with that of the machine'),
        ]),
    ...(log === null ? [] : [dim(`  log ${printNoteKey(log)}`)]),
    '',
    ...describeReceipt(statement),
  ]
}

function serialOf({ statement }: ReceiptVerification): string | null {
  return statement !== null && 'serial' in statement.predicate ? statement.predicate.serial : null
}

/** For people and scripts: the evidence is in the file. */
function withoutEvidence(statement: ReceiptVerification['statement']): object | null {
  if (statement === null) return null
  const { evidence: _, ...predicate } = statement.predicate
  return { ...statement, predicate }
}
