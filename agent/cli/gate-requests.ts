import { userInfo } from 'node:os'
import { dirname, resolve } from 'node:path'
import { showable } from '../../gcode/index.ts'
import { loadGateConfig } from '../config/index.ts'
import { askGate, type ControlAnswer, controlSocketPath, type GateStatus } from '../control/index.ts'
import { type AgentErrorCode, EXIT } from '../errors.ts'
import { defaultStatePath } from '../state-folder.ts'
import { bold, columns, complain, dim, green, red, say, sayJson, sayJsonError, yellow } from './output.ts'

/** What is asked of the gate that runs: how it is, to clear its latch, to stop, to forget the armed job. */

export interface GateOptions {
  /** Configuration of the gate, for its state folder. */
  readonly config?: string
  readonly state?: string
  readonly json?: true
}

export interface StopOptions extends GateOptions {
  readonly reason?: string
}

/** `portcullis status`: how the gate is. */
export async function status(options: GateOptions): Promise<void> {
  const path = gateSocket(options)
  const answer = await askGate(path, { do: 'status' })
  if (!answer.ok || answer.status === undefined) tellRefusal(answer, options)
  else if (options.json) sayJson(answer.status)
  else say(...statusLines(answer.status, dirname(path)))
}

/** `portcullis clear`: a person has looked after the machine, and jobs may begin again. */
export async function clear(options: GateOptions): Promise<void> {
  tell(await askGate(gateSocket(options), { do: 'clear', by: asker() }), options)
}

/** `portcullis disarm`: the armed job is not to be printed after all. */
export async function disarm(options: GateOptions): Promise<void> {
  tell(await askGate(gateSocket(options), { do: 'disarm', by: asker() }), options)
}

/** `portcullis stop`: ends what is printed, with the safe stop. */
export async function stop(options: StopOptions): Promise<void> {
  const { reason } = options
  const request = { do: 'stop', by: asker(), ...(reason !== undefined && { reason }) } as const
  tell(await askGate(gateSocket(options), request), options)
}

/** The socket of the gate that is meant: --state, else that of the configuration, else the default state folder. */
export function gateSocket(options: GateOptions): string {
  const configured = options.config === undefined ? undefined : loadGateConfig(options.config).state
  return controlSocketPath(resolve(options.state ?? configured ?? defaultStatePath(process.env)))
}

/** Faults of what was asked, and of the link; any other is a fault of the gate. */
const USAGE_CODES: ReadonlySet<string> = new Set<AgentErrorCode>([
  'USAGE',
  'CONFIG_INVALID',
  'POLICY_INVALID',
  'JOB_UNREADABLE',
  'LICENCE_UNREADABLE',
])
const LINK_CODES = /^(?:PORT|PRINTER)_/

/** Tells why the gate did not do as it was asked, as any command tells what went wrong. */
export function tellRefusal(answer: ControlAnswer, options: { readonly json?: true }): void {
  const code = answer.ok ? 'INTERNAL' : answer.code
  if (options.json) sayJsonError({ code, message: answer.message })
  complain(answer.message)
  process.exitCode = exitStatusOf(code)
}

/** What a refusal with this code ends a command with. */
export function exitStatusOf(code: string): number {
  if (USAGE_CODES.has(code)) return EXIT.usage
  return LINK_CODES.test(code) ? EXIT.linkFailed : EXIT.fault
}

function tell(answer: ControlAnswer, options: GateOptions): void {
  if (!answer.ok) tellRefusal(answer, options)
  else if (options.json) sayJson({ message: answer.message })
  else say(answer.message)
}

/** Longer names are cut; the record needs no more to tell people apart. */
const NAME_CHARS_MAX = 64

/** Who asks, for the record: the user of this process, and who became it by sudo. */
export function asker(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const before = env['SUDO_USER']
  const name = nameOf(userName())
  return before === undefined || before === '' ? name : `${name} (sudo by ${nameOf(before)})`
}

function nameOf(text: string): string {
  return showable(text.slice(0, NAME_CHARS_MAX))
}

/** Containers run users that no file names. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `user ${process.getuid?.() ?? 'unknown'}`
  }
}

const STATE_WORDS: Readonly<Record<GateStatus['state'], string>> = {
  starting: yellow('starting'),
  'no-printer': yellow('no printer'),
  idle: green('idle'),
  job: green('printing'),
  refused: yellow('refusing the rest of a job'),
  stopping: yellow('stopping'),
  latched: red('stopped until a person clears it'),
  halted: red('the printer halted; reset it'),
}

export function statusLines(status: GateStatus, stateFolder: string): readonly string[] {
  const { job, armed, latch } = status
  const rows: (readonly [string, string])[] = [
    ['printer', status.printer],
    ['policy', status.policy],
    ['host', status.host === null ? 'nobody' : `${status.host} (${status.profile ?? 'not known yet'})`],
    ['jobs', status.jobs === 'armed' ? 'only the one that is armed' : 'any that the policy allows'],
  ]
  if (job !== null) rows.push(['job', `${job.name}, ${sentOf(job.commandsSent, job.commandsTotal)}`])
  if (armed !== null) rows.push(['armed', `${armed.name}, ${armed.commands} commands, until ${armed.until}`])
  return [
    `${bold(STATE_WORDS[status.state])}  ${dim(`gate of ${stateFolder}`)}`,
    ...columns(rows),
    ...(latch === null
      ? []
      : [
          `  ${red('!')} ${latch.message}`,
          dim(`      since ${latch.since}, code ${latch.code}`),
          dim('      what to do: look after the machine, then `portcullis clear`'),
        ]),
  ]
}

function sentOf(sent: number, total: number | null): string {
  if (total === null || total === 0) return `${sent} commands sent`
  return `${sent} of ${total} commands sent (${Math.floor((100 * sent) / total)} %)`
}
