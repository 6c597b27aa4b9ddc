import { EXIT } from '../errors.ts'
import { screeningOf } from '../job-screening.ts'
import { describeLicence, type LicenceResult, readLicenceFile, verifyLicence } from '../licence/index.ts'
import { licencePlace } from '../licence-place.ts'
import { licensedJob } from '../licensed-job.ts'
import { openStateFolder } from '../state-folder.ts'
import { type SurveyedJob, surveyJob } from '../survey-job.ts'
import { type Objection, readBoundedFile } from '../token/index.ts'
import { type DeclaredOptions, readDeclared } from './declared.ts'
import { openJob } from './open-job.ts'
import { dim, green, red, say, sayJson, yellow } from './output.ts'

/** `licence verify`: what a gate would say of a licence for a job, here and now. */

/** A certificate is short; a larger file is the wrong one. */
const SMALL_FILE_BYTES_MAX = 65_536

interface VerifyOptions extends DeclaredOptions {
  readonly job: string
  readonly machine?: string
  readonly user?: string
  readonly trust?: readonly string[]
  readonly state?: string
  readonly json?: true
}

/** `portcullis licence verify`. Exit status 3 where the licence does not allow the job, 4 where somebody has to release it. */
export async function verify(file: string, options: VerifyOptions): Promise<void> {
  const { user } = options
  const declared = { ...readDeclared(options), ...(user !== undefined && { operator: user }) }
  const token = await readLicenceFile(file)
  const state = await openStateFolder(options.state)
  const job = await surveyFile(options.job)
  const place = await licencePlace(state)
  const further = await Promise.all((options.trust ?? []).map(readSmallFile))
  const verified = await verifyLicence(token, {
    ...place,
    trust: { ...place.trust, anchorsPem: [...place.trust.anchorsPem, ...further] },
    machine: { ...place.machine, id: options.machine ?? state.machineId },
    job: licensedJob(job),
    declared,
  })
  const screened = screeningOf(place, declared, verified)
  const result: LicenceResult = { ...verified, objections: [...verified.objections, ...screened] }
  const isHeld = result.objections.some(({ outcome }) => outcome === 'hold')
  if (!result.ok) process.exitCode = EXIT.denied
  else if (isHeld) process.exitCode = EXIT.held
  if (options.json) {
    sayJson(result)
    return
  }
  const others = result.objections.flatMap(describeObjection)
  if (result.ok) {
    const word = isHeld ? yellow('held') : green('valid')
    say(
      `${word}  for ${options.job}`,
      ...others,
      leftOf(result.copiesLeft),
      ...describeLicence(result.licence).map(indent),
    )
    return
  }
  const { message, remedy, code } = result.refusal
  say(`${red('refused')}  ${message}`, dim(`  what to do: ${remedy}`), dim(`  code: ${code}`), ...others)
}

/** Of what the licence says, this is only what the machine's own log knows to be used. */
function leftOf(copies: number): string {
  return `  ${copies === 1 ? 'one copy is' : `${copies} copies are`} left on this machine`
}

const OUTCOMES = { deny: red('also refused'), hold: yellow('held'), warn: yellow('warning') } as const

function describeObjection({ outcome, release, refusal }: Objection): readonly string[] {
  const { message, remedy, code } = refusal
  const by = release === null ? '' : ` (${release} may release it)`
  return [`${OUTCOMES[outcome]}  ${message}${by}`, dim(`  what to do: ${remedy}`), dim(`  code: ${code}`)]
}

async function surveyFile(path: string): Promise<SurveyedJob> {
  const source = await openJob(path)
  return await surveyJob(source.chunks, { name: path }).finally(() => source.close())
}

function indent(line: string): string {
  return `  ${line}`
}

/** Reads a certificate, as text. */
async function readSmallFile(path: string): Promise<string> {
  return (await readBoundedFile(path, SMALL_FILE_BYTES_MAX, 'file')).toString('utf8')
}
