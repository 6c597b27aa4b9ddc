import { EXIT } from '../errors.ts'
import { describeLicence, readLicenceFile, verifyLicence } from '../licence/index.ts'
import { licencePlace } from '../licence-place.ts'
import { licensedJob } from '../licensed-job.ts'
import { openStateFolder } from '../state-folder.ts'
import { type SurveyedJob, surveyJob } from '../survey-job.ts'
import { readBoundedFile } from '../token/index.ts'
import { openJob } from './open-job.ts'
import { dim, green, red, say, sayJson } from './output.ts'

/** The licence commands. Passphrases come from files, never from the command line, where every user could read them. */

/** A passphrase and a certificate are short; a larger file is the wrong one. */
const SMALL_FILE_BYTES_MAX = 65_536

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

async function surveyFile(path: string): Promise<SurveyedJob> {
  const source = await openJob(path)
  return await surveyJob(source.chunks, { name: path, estimatesTime: false }).finally(() => source.close())
}

function indent(line: string): string {
  return `  ${line}`
}

/** Reads a certificate or a passphrase, as text. */
async function readSmallFile(path: string): Promise<string> {
  return (await readBoundedFile(path, SMALL_FILE_BYTES_MAX, 'file')).toString('utf8')
}
