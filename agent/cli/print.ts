import type { Decision } from '../../policies/index.ts'
import { applyRefund, bundledRefunds } from '../copy-refund.ts'
import type { StopReason } from '../core/index.ts'
import type { DurableIndex } from '../durable-index.ts'
import { AgentError, EXIT } from '../errors.ts'
import { type Ledger, openLedger } from '../ledger.ts'
import { licencePlace } from '../licence-place.ts'
import { createLogger, LOG_LEVELS, type LogLevel } from '../logger.ts'
import { type PrintedJob, printJob } from '../print-job.ts'
import { identifyPrinter, namesPrinter } from '../printer-identity.ts'
import { sealingKeyIn } from '../sealing-key.ts'
import { checkPortName } from '../serial/index.ts'
import { type Simulator, startSimulator } from '../simulator.ts'
import { openStateFolder } from '../state-folder.ts'
import type { WitnessClient } from '../witness/index.ts'
import { leastCosigners, loadWitnessPolicy, type WitnessingOptions, witnessing } from '../witnessing.ts'
import { type DeclaredOptions, readDeclared } from './declared.ts'
import { badUsage, checkPerson, errorDocument, wholeNumber } from './end.ts'
import { interruptSignal, keepOnUnheard } from './interrupt.ts'
import { complain, dim, duration, green, red, say, sayJson } from './output.ts'
import { presentedLicence } from './presented-licence.ts'
import { guardProgram } from './programs.ts'
import { type Progress, startProgress } from './progress.ts'
import { findPolicy } from './ready-policies.ts'
import { decisionLines, EXIT_BY_OUTCOME } from './show-decision.ts'

export interface PrintOptions extends DeclaredOptions {
  readonly port: string
  readonly policy: string
  readonly licence?: string
  readonly user?: string
  /** Policy file of the witnesses without whose cosignatures nothing is printed. */
  readonly witnesses?: string
  readonly baud: string
  readonly logLevel: string
  readonly json?: true
  readonly state?: string
}

/** The built-in printer takes no longer than it must. */
const SIM_SPEED = 'max'
const BAUD_MAX = 4_000_000
/** A person stands there and waits. */
const WITNESS_WAIT_MS = 15_000
/** Reasons to stop a print that lie on this side of the wire; all others are the printer's or the link's. */
const FAULTS_OF_OURS: ReadonlySet<string> = new Set<StopReason['code']>([
  'interrupted',
  'record-failed',
  'job-changed',
  'guard-lost',
  'line-refused',
])

/** `portcullis print`: decides, records, and prints what is allowed. */
export async function print(job: string, options: PrintOptions): Promise<void> {
  const baud = wholeNumber('--baud', options.baud, 300, BAUD_MAX)
  checkPortName(options.port)
  checkPerson('--user', options.user)
  const declared = readDeclared(options)
  const logger = createLogger(levelOf(options.logLevel))
  const loaded = findPolicy(options.policy)
  const witnesses = options.witnesses === undefined ? undefined : loadWitnessPolicy(options.witnesses)
  const licence = await presentedLicence(job, options.licence)
  const state = await openStateFolder(options.state)
  // Said before anything is spooled: a trust folder that cannot be used.
  await licencePlace(state)
  const simulator = options.port === 'sim' ? await startSimulator({ speed: SIM_SPEED }) : undefined
  const interrupt = interruptSignal('the job was stopped')
  // Whoever pipes a job in may never end it; the wait for it ends with the command.
  interrupt.signal.addEventListener('abort', () => {
    if (job === '-')
      process.stdin.destroy(new AgentError('INTERRUPTED', 'interrupted before the job was there'))
  })
  // Nobody may have begun to read it: whoever does is told, and removes what is in the spool by then.
  if (job === '-') process.stdin.on('error', () => {})
  keepOnUnheard()
  const bar = printProgress()
  let decided: Decision | undefined
  let ledger: Ledger | undefined
  let client: WitnessClient | undefined
  const dispute = new AbortController()
  try {
    const printed = await printJob({
      source: job === '-' ? { stream: process.stdin, name: 'standard input' } : { path: job },
      spoolDir: state.spoolDir,
      loaded,
      openLog: async () => {
        ledger = await openLedger(state)
        client =
          witnesses === undefined
            ? undefined
            : startWitnessing({
                ledger,
                state,
                policy: witnesses,
                logger,
                // A log that is disputed vouches for nothing: the machine is brought to rest.
                alarm: (message) => dispute.abort(message),
              })
        // Copies that the issuer gave back are free before the licence is looked at.
        for (const refund of bundledRefunds(licence.text)) await applyRefund(ledger, state, refund)
        return ledger
      },
      place: async () =>
        licencePlace(state, {
          ...(ledger !== undefined && { ledger }),
          printer: namesPrinter(licence.text, state.machineId)
            ? await identifyPrinter(simulator?.path ?? options.port, baud, logger)
            : null,
          cosigners: leastCosigners(witnesses),
          isRealPort: simulator === undefined,
        }),
      portName: simulator?.path ?? options.port,
      baud,
      guardProgram: guardProgram(),
      signal: AbortSignal.any([interrupt.signal, dispute.signal]),
      logger,
      ...(witnesses !== undefined && { witnessed: (at) => requireWitnesses(client, at) }),
      allowed: (decision, commands) => {
        decided = decision
        if (!options.json) say(...decisionLines(decision))
        bar.start(commands)
      },
      progress: (sent) => bar.update(sent),
      sealingKey: await sealingKeyIn(state.path),
      ...(licence.text !== undefined && { licenceText: licence.text }),
      ...(declared !== undefined && { declared }),
      ...(options.user !== undefined && { user: { name: options.user } }),
    })
    bar.stop()
    if (!options.json) say(...licence.saidOf(printed.carrier))
    show(printed, options)
  } catch (error) {
    // The decision is on record although nothing was printed, so whoever reads JSON is told of it.
    if (options.json && decided !== undefined)
      sayJson({ decision: decided, print: null, error: errorDocument(error) })
    throw error
  } finally {
    bar.stop()
    interrupt.release()
    await client?.close()
    await stopAll(simulator, ledger)
  }
}

function startWitnessing(options: WitnessingOptions): WitnessClient {
  const client = witnessing(options)
  client.start()
  return client
}

async function requireWitnesses(client: WitnessClient | undefined, at: DurableIndex): Promise<void> {
  if (await client?.waitFor(at + 1, WITNESS_WAIT_MS)) return
  const message = `too few witnesses have cosigned the decision within ${WITNESS_WAIT_MS / 1000} s; look at their network, or print without \`--witnesses\``
  throw new AgentError('NOT_WITNESSED', message)
}

function levelOf(text: string): LogLevel {
  const level = LOG_LEVELS.find((name) => name === text)
  if (level !== undefined) return level
  throw badUsage(`log level \`${text}\` is not one of ${LOG_LEVELS.join(', ')}`)
}

function show(printed: PrintedJob, options: PrintOptions): void {
  const { decision, session } = printed
  if (options.json) sayJson({ decision, print: session ?? null })
  if (session === undefined) {
    if (!options.json) say(...decisionLines(decision), dim('  nothing was sent to the printer'))
    process.exitCode = EXIT_BY_OUTCOME[decision.outcome]
    return
  }
  if (session.reason === null) {
    if (!options.json)
      say(`${green('printed')}  ${session.commandsSent} commands in ${duration(session.seconds)}`)
    return
  }
  process.exitCode = FAULTS_OF_OURS.has(session.reason.code) ? EXIT.fault : EXIT.linkFailed
  const heaters = session.coldConfirmed
    ? 'the printer reports its heaters off'
    : 'the printer did not confirm that its heaters are off'
  complain(`${session.reason.message}; ${heaters}`)
  if (!options.json) say(`${red(session.outcome)}  after ${session.commandsSent} commands`)
}

async function stopAll(simulator: Simulator | undefined, ledger: Ledger | undefined): Promise<void> {
  await simulator?.stop()
  await ledger?.close()
}

function printProgress(): Progress & { start(total: number): void } {
  let bar: Progress | undefined
  return {
    start: (total) => {
      bar = startProgress('printing', total)
    },
    update: (value) => bar?.update(value),
    stop: () => {
      bar?.stop()
      bar = undefined
    },
  }
}
