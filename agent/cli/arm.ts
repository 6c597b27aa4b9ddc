import { existsSync, lstatSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { askGate, type ControlAnswer } from '../control/index.ts'
import { decisionSchema } from '../decision-schema.ts'
import { AgentError, EXIT } from '../errors.ts'
import { spoolJob } from '../spool/index.ts'
import { type DeclaredOptions, readDeclared } from './declared.ts'
import { checkPerson } from './end.ts'
import { exitStatusOf, type GateOptions, gateSocket, tellRefusal } from './gate-requests.ts'
import { dim, say, sayJson } from './output.ts'
import { presentedLicence } from './presented-licence.ts'
import { startProgress } from './progress.ts'
import { decisionLines, EXIT_BY_OUTCOME } from './show-decision.ts'

export interface ArmOptions extends GateOptions, DeclaredOptions {
  readonly licence?: string
  readonly user?: string
}

/** `portcullis arm`: the gate that runs inspects a job and, if it is allowed, waits for a host to print it. */
export async function arm(job: string, options: ArmOptions): Promise<void> {
  checkPerson('--user', options.user)
  const declared = readDeclared(options)
  const socket = gateSocket(options)
  const presented = await presentedLicence(job, options.licence)
  const licence = presented.text
  const interrupt = interruptSignal()
  try {
    const source = job === '-' ? await spoolInput(socket, interrupt.signal) : fileSource(job)
    try {
      const progress = startProgress('inspecting', source.bytes)
      const answer = await askGate(
        socket,
        {
          do: 'arm',
          path: source.path,
          name: source.name,
          ...(licence !== undefined && { licence }),
          ...(options.user !== undefined && { user: options.user }),
          ...(declared !== undefined && { declared }),
        },
        (bytes) => progress.update(bytes),
        interrupt.signal,
      ).finally(() => progress.stop())
      if (!options.json) say(...presented.saidOf(undefined))
      tellArmed(withHint(answer, job), options)
    } finally {
      await source.remove()
    }
  } finally {
    interrupt.release()
  }
}

/** What the gate is to read, by a path that means the same to it. */
interface ArmSource {
  readonly path: string
  readonly name: string
  readonly bytes: number
  remove(): Promise<void>
}

/** Whether it is there and a job is for the gate to say; the size is for the bar. */
function fileSource(job: string): ArmSource {
  const path = resolve(job)
  const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  return { path, name: basename(path), bytes, remove: async () => {} }
}

/** A private copy of standard input in the gate's own spool: a service may see no other folder of ours. */
async function spoolInput(socket: string, signal: AbortSignal): Promise<ArmSource> {
  // Before somebody pipes in a long job: is there a gate at all?
  await askGate(socket, { do: 'status' }, undefined, signal)
  becomeOwnerOf(socket)
  const interrupted = () =>
    process.stdin.destroy(new AgentError('INTERRUPTED', 'interrupted before the job was there'))
  signal.addEventListener('abort', interrupted)
  // Nobody may have begun to read it: whoever does is told, and removes what is in the spool by then.
  process.stdin.on('error', () => {})
  const name = 'standard input'
  const spooled = await spoolJob(join(dirname(socket), 'spool'), { stream: process.stdin, name }).finally(
    () => signal.removeEventListener('abort', interrupted),
  )
  return { path: spooled.path, name, bytes: spooled.bytes, remove: () => spooled.remove() }
}

/**
 * Root goes on as the gate's user: the gate could not read root's file, and root had better write nothing in a folder
 * of somebody else, who could lead it anywhere.
 */
function becomeOwnerOf(socket: string): void {
  const { uid, gid } = lstatSync(socket)
  if (process.geteuid?.() !== 0 || uid === 0) return
  process.setgroups?.([gid])
  process.setegid?.(gid)
  process.seteuid?.(uid)
}

/** The gate may run as another user, or be a service that sees no home folders: then a job that is there is not, to it. */
function withHint(answer: ControlAnswer, job: string): ControlAnswer {
  const isUnseen =
    !answer.ok &&
    answer.code === 'JOB_UNREADABLE' &&
    /does not exist$|permission denied$/.test(answer.message)
  if (!isUnseen || job === '-' || !existsSync(job)) return answer
  const message = `${answer.message} for the gate; pipe it in: \`portcullis arm - < JOB\``
  return { ...answer, message }
}

function tellArmed(answer: ControlAnswer, options: ArmOptions): void {
  const { data: decision } = decisionSchema.safeParse(answer.decision)
  if (decision === undefined) {
    tellRefusal(answer, options)
    return
  }
  if (options.json) sayJson({ armed: answer.ok, message: answer.message, decision })
  else say(...decisionLines(decision), answer.ok ? `  ${answer.message}` : dim(`  ${answer.message}`))
  const status = EXIT_BY_OUTCOME[decision.outcome]
  process.exitCode = answer.ok || status !== EXIT.done ? status : exitStatusOf(answer.code)
}

/** Whoever interrupts does not want the job armed any more: the gate sees that we have gone. */
function interruptSignal(): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController()
  const abort = () => controller.abort()
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, abort)
  return {
    signal: controller.signal,
    release: () => {
      for (const signal of signals) process.off(signal, abort)
    },
  }
}
