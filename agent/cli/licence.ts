import { writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { AgentError, EXIT, systemReason } from '../errors.ts'
import { createIssuer, issueLicence, loadIssuer, saveIssuer } from '../issuer/index.ts'
import {
  DIGEST_FORMS,
  describeLicence,
  readLicence,
  readLicenceFile,
  verifyLicence,
} from '../licence/index.ts'
import { licencePlace, licensedJob } from '../licence-place.ts'
import { openStateFolder } from '../state-folder.ts'
import { type SurveyedJob, surveyJob } from '../survey-job.ts'
import { readBoundedFile } from '../token/index.ts'
import { addTrustAnchor, LICENCE_TIERS } from '../trust/index.ts'
import { badUsage, wholeNumber } from './end.ts'
import { openJob } from './open-job.ts'
import { bold, dim, green, red, say, sayJson } from './output.ts'

/** The licence commands. Passphrases come from files, never from the command line, where every user could read them. */

/** A passphrase and a certificate are short; a larger file is the wrong one. */
const SMALL_FILE_BYTES_MAX = 65_536
const COPIES_MAX = 1_000_000
const DAYS_MAX = 7305

interface InitOptions {
  readonly name: string
  readonly uri: string
  readonly days: string
  readonly passphraseFile?: string
  readonly json?: true
}

/** `portcullis licence issuer init` */
export async function initIssuer(dir: string, options: InitOptions): Promise<void> {
  const passphrase = await readPassphrase(options.passphraseFile)
  const issuer = await createIssuer({
    name: options.name,
    uri: options.uri,
    nowMs: Date.now(),
    days: wholeNumber('--days', options.days, 1, DAYS_MAX),
    ...(passphrase !== undefined && { passphrase }),
  })
  await saveIssuer(dir, issuer)
  if (options.json) {
    sayJson({ dir, name: issuer.name, uri: issuer.uri, keysEncrypted: passphrase !== undefined })
    return
  }
  say(
    `${green('made')}  issuer ${bold(issuer.name)} (${issuer.uri}) in ${dir}`,
    passphrase === undefined
      ? '  its private keys are not encrypted: only the file modes protect them (--passphrase-file)'
      : '  its private keys are encrypted with your passphrase',
    dim(`  sites trust it with: portcullis licence trust ${dir}/root.pem`),
  )
}

interface IssueOptions {
  readonly issuer: string
  readonly design: string
  readonly licensee: string
  readonly copies: string
  readonly machine: readonly string[]
  readonly expires: string
  readonly from?: string
  readonly tier: string
  readonly form: string
  readonly title?: string
  readonly passphraseFile?: string
  readonly out?: string
  readonly json?: true
}

/** `portcullis licence issue` */
export async function issue(options: IssueOptions): Promise<void> {
  const tier = LICENCE_TIERS.find((name) => name === options.tier)
  if (tier === undefined) throw badUsage(`tier \`${options.tier}\` is not one of ${LICENCE_TIERS.join(', ')}`)
  const form = DIGEST_FORMS.find((name) => name === options.form)
  if (form === undefined) throw badUsage(`form \`${options.form}\` is not one of ${DIGEST_FORMS.join(', ')}`)
  const issuer = await loadIssuer(options.issuer, await readPassphrase(options.passphraseFile))
  const design = await surveyFile(options.design)
  if (design.refusedCount > 0) {
    const [first] = design.refusedLines
    throw badUsage(`design \`${options.design}\` cannot be printed: line ${first?.line}: ${first?.message}`)
  }
  const nowMs = Date.now()
  const order = {
    licensee: options.licensee,
    tier,
    design: {
      id: design.canonicalSha256.slice(0, 16),
      revision: '1',
      title: options.title ?? basename(options.design),
      digests: [{ form, sha256: form === 'gcode-raw' ? design.sha256 : design.canonicalSha256 }],
    },
    copies: wholeNumber('--copies', options.copies, 1, COPIES_MAX),
    machines: [...options.machine],
    ...period(options, nowMs),
  }
  const token = await issueLicence(issuer, order, nowMs).catch(inFlags)
  if (options.out !== undefined) writeToken(options.out, token)
  if (options.json) sayJson({ licence: token, out: options.out ?? null })
  else if (options.out === undefined) say(token)
  else say(`${green('issued')}  ${options.out}`, ...describeToken(token))
}

/** `portcullis licence show` */
export async function show(file: string, options: { readonly json?: true }): Promise<void> {
  const result = readLicence(await readLicenceFile(file))
  if (!result.ok) throw new AgentError('LICENCE_UNREADABLE', result.refusal.message)
  if (options.json) sayJson({ verified: false, licence: result.unverified })
  else say(...describeLicence(result.unverified), dim('not verified: `portcullis licence verify` does that'))
}

interface VerifyOptions {
  readonly job: string
  readonly machine?: string
  readonly trust?: readonly string[]
  readonly state?: string
  readonly json?: true
}

/** `portcullis licence verify`. Exit status 3 where the licence does not allow the job. */
export async function verify(file: string, options: VerifyOptions): Promise<void> {
  const token = await readLicenceFile(file)
  const state = await openStateFolder(options.state)
  const job = await surveyFile(options.job)
  const place = await licencePlace(state)
  const further = await Promise.all((options.trust ?? []).map(readSmallFile))
  const result = await verifyLicence(token, {
    ...place,
    trust: { ...place.trust, anchorsPem: [...place.trust.anchorsPem, ...further] },
    machine: { ...place.machine, id: options.machine ?? state.machineId },
    job: licensedJob(job),
    declared: {},
  })
  if (!result.ok) process.exitCode = EXIT.denied
  if (options.json) sayJson(result)
  else if (result.ok)
    say(`${green('valid')}  for ${options.job}`, ...describeLicence(result.licence).map(indent))
  else {
    const { message, remedy, code } = result.refusal
    say(`${red('refused')}  ${message}`, dim(`  what to do: ${remedy}`), dim(`  code: ${code}`))
  }
}

/** `portcullis licence trust` */
export async function trust(pem: string, options: { readonly state?: string }): Promise<void> {
  const state = await openStateFolder(options.state)
  const path = await addTrustAnchor(state.trustDir, await readSmallFile(pem))
  say(`${green('trusted')}  ${path}`)
}

/** `portcullis licence machine` */
export async function machine(options: { readonly state?: string; readonly json?: true }): Promise<void> {
  const { machineId, path } = await openStateFolder(options.state)
  if (options.json) sayJson({ machineId, state: path })
  else say(machineId)
}

async function surveyFile(path: string): Promise<SurveyedJob> {
  const source = await openJob(path)
  return await surveyJob(source.chunks, { name: path, estimatesTime: false }).finally(() => source.close())
}

/** The flags that fill the members of an order. */
const FLAGS: Readonly<Record<string, string>> = {
  licensee: '--licensee',
  machines: '--machine',
  'design.title': '--title',
}

/** Says what is wrong with an order in terms of the flags that were given. */
function inFlags(error: unknown): never {
  if (!(error instanceof AgentError) || error.code !== 'USAGE') throw error
  const [all, member = ''] = /^order `([a-z]+(?:\.[a-z]+)?)[^`]*`: /.exec(error.message) ?? []
  const flag = FLAGS[member]
  if (all === undefined || flag === undefined) throw error
  throw badUsage(`option \`${flag}\`: ${error.message.slice(all.length)}`)
}

/** From when and until when: it must not be over before it begins, nor already. */
function period(
  options: IssueOptions,
  nowMs: number,
): { readonly expiresAtMs: number; readonly notBeforeMs?: number } {
  const expiresAtMs = dateMs('--expires', options.expires)
  if (expiresAtMs <= nowMs) throw badUsage(`option \`--expires\` is in the past: \`${options.expires}\``)
  if (options.from === undefined) return { expiresAtMs }
  const notBeforeMs = dateMs('--from', options.from)
  if (expiresAtMs <= notBeforeMs)
    throw badUsage(
      `option \`--expires\`, \`${options.expires}\`, is not after \`--from\`, \`${options.from}\``,
    )
  return { expiresAtMs, notBeforeMs }
}

function describeToken(token: string): readonly string[] {
  const result = readLicence(token)
  return result.ok ? describeLicence(result.unverified).map(indent) : []
}

function indent(line: string): string {
  return `  ${line}`
}

/** A day means its beginning in UTC, so that an order means the same everywhere. */
function dateMs(option: string, text: string): number {
  const isDate = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z)?$/.test(text)
  const time = isDate ? Date.parse(text) : Number.NaN
  if (Number.isFinite(time)) return time
  throw badUsage(
    `option \`${option}\` wants a date such as 2027-06-30 or 2027-06-30T12:00:00Z, not \`${text}\``,
  )
}

async function readPassphrase(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined
  const [line = ''] = (await readSmallFile(file)).split(/\r?\n/)
  if (line === '') throw badUsage(`passphrase file \`${file}\` has an empty first line`)
  return line
}

/** Reads a certificate or a passphrase, as text. */
async function readSmallFile(path: string): Promise<string> {
  return (await readBoundedFile(path, SMALL_FILE_BYTES_MAX, 'file')).toString('utf8')
}

function writeToken(path: string, token: string): void {
  try {
    writeFileSync(path, `${token}\n`, { flag: 'wx', mode: 0o644 })
  } catch (cause) {
    const reason = systemReason(cause, { EEXIST: 'it exists already', EISDIR: 'it is a directory' })
    throw new AgentError('USAGE', `licence \`${path}\` cannot be written: ${reason}`, { cause })
  }
}
