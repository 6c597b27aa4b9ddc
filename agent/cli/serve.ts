import { join } from 'node:path'
import { exampleConfig, type GateConfig, loadGateConfig } from '../config/index.ts'
import { controlSocketPath } from '../control/index.ts'
import { AgentError } from '../errors.ts'
import { type GateEnd, jobsMode, runGate } from '../gate/index.ts'
import { openLedger } from '../ledger.ts'
import { licencePlace } from '../licence-place.ts'
import type { LoadedPolicy } from '../load-policy.ts'
import { loadPolicy } from '../load-policy.ts'
import { createLogger } from '../logger.ts'
import { startSimulator } from '../simulator.ts'
import { openStateFolder } from '../state-folder.ts'
import { leastCosigners, loadWitnessPolicy } from '../witnessing.ts'
import { badUsage, endNow } from './end.ts'
import { interruptSignal, keepOnUnheard } from './interrupt.ts'
import { dim, say, sayJson } from './output.ts'
import { guardProgram, inspectorProgram } from './programs.ts'
import { packageFolder } from './ready-policies.ts'
import { VERSION } from './version.ts'

export interface ServeOptions {
  readonly config?: string
  readonly printExample?: true
  readonly state?: string
  readonly json?: true
}

/** `portcullis serve`: the inline gate of one printer, until it is interrupted. */
export async function serve(options: ServeOptions): Promise<void> {
  if (options.printExample) return void process.stdout.write(exampleConfig())
  if (options.config === undefined)
    throw badUsage('give `--config FILE`; `portcullis serve --print-example` writes one to start from')
  const config = loadGateConfig(options.config)
  const loaded = configuredPolicy(config)
  const { witnesses } = config.evidence
  const witnessPolicy = witnesses === null ? undefined : loadWitnessPolicy(witnesses.policyFile)
  const state = await openStateFolder(options.state ?? config.state)
  const logger = createLogger(config.logLevel)
  const ledger = await openLedger(state)
  const interrupt = interruptSignal('the gate was ended')
  keepOnUnheard()
  const simulator = config.printer.port === 'sim' ? await startSimulator({}) : undefined
  let end: GateEnd
  try {
    end = await runGate({
      config,
      portName: simulator?.path ?? config.printer.port,
      loaded,
      state,
      ledger,
      place: (printer) =>
        licencePlace(state, {
          ledger,
          printer,
          cosigners: witnesses?.required === 'jobs' ? leastCosigners(witnessPolicy) : 0,
          isRealPort: simulator === undefined,
        }),
      version: VERSION,
      guardProgram: guardProgram(),
      inspectorProgram: inspectorProgram(),
      signal: interrupt.signal,
      logger,
      ...(witnessPolicy !== undefined && { witnessPolicy }),
      listening: (places) => {
        if (options.json) sayJson({ places, control: controlSocketPath(state.path) })
        else say(...welcome(config, loaded, places, state.path))
      },
    })
  } finally {
    interrupt.release()
    await simulator?.stop()
    await ledger.close()
  }
  // The guard acts when this process is gone: nothing else may keep it.
  if (!end.isAtRest) endNow(end.failure ?? notAtRest())
  if (end.failure !== undefined) throw end.failure
}

function notAtRest(): AgentError {
  const message =
    'it is not known that the printer is at rest: where its port is open the guard turns its heaters off, but look after the machine'
  return new AgentError('INTERRUPTED', message)
}

/** A bare name is a ready policy, and nothing that happens to lie in the folder of whoever starts the gate. */
function configuredPolicy({ policy }: GateConfig): LoadedPolicy {
  const isName = /^[a-z0-9][a-z0-9-]*$/.test(policy)
  return loadPolicy(isName ? join(packageFolder(), 'policies', 'library', `${policy}.yaml`) : policy)
}

function welcome(
  config: GateConfig,
  { policy }: LoadedPolicy,
  places: readonly string[],
  state: string,
): readonly string[] {
  const { jobs, wholeJobRules, isChosen } = jobsMode(policy, config)
  const rules = wholeJobRules.join(', ')
  const lines = [
    `gate open for hosts at ${places.join(' and ')}`,
    dim(`  printer  ${config.printer.port}`),
    dim(`  policy   ${policy.name} version ${policy.version}`),
    dim(`  state    ${state}`),
  ]
  if (jobs === 'armed')
    lines.push(
      dim(
        isChosen
          ? '  jobs     only those that were armed: portcullis arm JOB'
          : `  jobs     only those that were armed (portcullis arm JOB): rules that judge whole jobs: ${rules}`,
      ),
    )
  else if (wholeJobRules.length > 0)
    lines.push(dim(`  jobs     any; not asked about jobs that were not armed: ${rules}`))
  lines.push(dim('Ctrl-C brings the printer to rest and ends it'))
  return lines
}
