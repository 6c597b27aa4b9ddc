/** The commands that seal a job for machines, and that put a licence into a job. */
import { attachment } from '../delivery/index.ts'
import { AgentError } from '../errors.ts'
import { readLicence, readLicenceFile } from '../licence/index.ts'
import { openContents, RECIPIENTS_MAX, recipientProblem, seal } from '../sealed/index.ts'
import { sealingRecipient } from '../sealing-key.ts'
import { openStateFolder } from '../state-folder.ts'
import { badUsage } from './end.ts'
import { openJob } from './open-job.ts'
import { complain, dim, green, say, sayJson } from './output.ts'
import { writeWholeFile } from './whole-file.ts'

interface PlaceOptions {
  readonly state?: string
  readonly json?: true
}

/** `portcullis licence machine`. The id alone on standard output, for whoever puts it into another command. */
export async function machine(options: PlaceOptions): Promise<void> {
  const { machineId, path } = await openStateFolder(options.state)
  const sealTo = await sealingRecipient(path).catch((error: unknown) => {
    // What is lost with it are sealed jobs, and nothing else.
    if (!(error instanceof AgentError)) throw error
    complain(error.message)
    return null
  })
  if (options.json) sayJson({ machineId, sealTo, state: path })
  else {
    say(machineId)
    // A person is told the rest; a command that asks wants the id alone.
    if (sealTo !== null && process.stdout.isTTY)
      say(dim(`jobs are sealed to it with: portcullis licence seal JOB --to ${sealTo}`))
  }
}

/** `portcullis licence seal-key` */
export async function sealKey(options: PlaceOptions): Promise<void> {
  const { machineId, path } = await openStateFolder(options.state)
  const sealTo = await sealingRecipient(path)
  if (options.json) sayJson({ machineId, sealTo })
  else say(sealTo)
}

interface SealOptions {
  readonly to: readonly string[]
  readonly out: string
  readonly json?: true
}

/** `portcullis licence seal` */
export async function sealJob(job: string, options: SealOptions): Promise<void> {
  const { to, out } = options
  if (to.length > RECIPIENTS_MAX) throw badUsage(`option \`--to\` may stand ${RECIPIENTS_MAX} times at most`)
  for (const recipient of to) {
    const problem = await recipientProblem(recipient)
    if (problem !== undefined) throw badUsage(`option \`--to\`: \`${recipient}\` ${problem}`)
  }
  const source = await openJob(job)
  try {
    await writeWholeFile(out, seal(plainJob(job, source.chunks, 'is sealed already'), to))
  } finally {
    await source.close()
  }
  if (options.json) sayJson({ out, to })
  else {
    say(
      `${green('sealed')}  ${out}`,
      dim(`  it is printed only with a licence: send it as ${out}.licence beside it`),
    )
  }
}

interface AttachOptions {
  readonly out: string
  readonly asCommands?: true
  readonly json?: true
}

/** `portcullis licence attach` */
export async function attach(job: string, licenceFile: string, options: AttachOptions): Promise<void> {
  const licence = await readLicenceFile(licenceFile)
  requireDigestOfCommands(licenceFile, licence)
  const carrier = options.asCommands ? 'commands' : 'comments'
  const { out } = options
  const source = await openJob(job)
  try {
    const plain = plainJob(
      job,
      source.chunks,
      'is sealed; attach its licence before it is sealed, or put it beside it',
    )
    await writeWholeFile(out, attachment(job, plain, licence, carrier))
  } finally {
    await source.close()
  }
  if (options.json) sayJson({ out, carrier })
  else
    say(
      `${green('attached')}  ${out}`,
      dim(`  the licence stands in ${carrier} at its head; its commands are the same`),
    )
}

/** A licence for the bytes of a file is none for the same file with a licence in it. */
function requireDigestOfCommands(file: string, licence: string): void {
  const read = readLicence(licence)
  if (!read.ok) throw new AgentError('LICENCE_UNREADABLE', `licence \`${file}\`: ${read.refusal.message}`)
  const { digests } = read.unverified.design
  if (digests.length === 0 || digests.some(({ form }) => form !== 'gcode-raw')) return
  const message = `licence \`${file}\` is for the file byte by byte (gcode-raw), and would not be valid for the file with the licence in it; put it beside the job as \`JOB.licence\`, or ask for one that is for the commands (gcode-canon)`
  throw new AgentError('USAGE', message)
}

/** The job's chunks, where it is not sealed. */
async function* plainJob(
  job: string,
  chunks: AsyncIterable<Uint8Array>,
  refusal: string,
): AsyncGenerator<Uint8Array, void> {
  const contents = await openContents(job, chunks, { problem: refusal })
  if (contents.isSealed) throw new AgentError('USAGE', `job \`${job}\` ${refusal}`)
  let isEmpty = true
  for await (const chunk of contents.chunks) {
    isEmpty = false
    yield chunk
  }
  if (isEmpty) throw new AgentError('JOB_UNREADABLE', `job \`${job}\` is empty`)
}
