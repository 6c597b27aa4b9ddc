import {
  FAULTS,
  faultHelp,
  MARLIN_BUILD_NAMES,
  type MarlinBuildName,
  parseFaults,
  parseSeed,
  parseSpeed,
} from '../sim/index.ts'
import { type SimulatorOptions, startSimulator } from '../simulator.ts'
import { badUsage } from './end.ts'
import { bold, dim, say, sayJson } from './output.ts'

export interface SimOptions {
  readonly link?: string
  readonly tcp?: string
  readonly journal?: string
  readonly speed: string
  readonly seed: string
  readonly build: string
  readonly firmware?: string
  readonly uuid?: string
  readonly fault?: readonly string[]
  readonly listFaults?: true
  readonly json?: true
}

/** What a printer can say of itself on one line. */
const SAID = /^[ -~]{1,100}$/

/** `portcullis sim`: the built-in printer for any host to open. Ends at SIGINT, SIGTERM or when its cable is pulled. */
export async function sim(options: SimOptions): Promise<void> {
  if (options.listFaults) {
    say(`${Object.keys(FAULTS).length} faults, each given as --fault NAME=VALUE:`, ...faultHelp())
    return
  }
  // From before it tells its path: whoever reads that may end it at once.
  const ended = interrupted()
  const simulator = await startSimulator(simulatorOptions(options))
  if (options.json) sayJson({ path: simulator.path, pid: process.pid })
  else {
    say(
      `${bold('simulated Marlin printer')} at ${simulator.path}`,
      dim(
        `open it at any baud rate, or print: portcullis print JOB --port ${simulator.path} --policy open-bench`,
      ),
      dim('Ctrl-C ends it'),
    )
  }
  await Promise.race([ended, simulator.unplugged])
  await simulator.stop()
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
}

function simulatorOptions(options: SimOptions): SimulatorOptions {
  const build = MARLIN_BUILD_NAMES.find((name) => name === options.build)
  if (build === undefined)
    throw badUsage(`build \`${options.build}\` is not one of ${MARLIN_BUILD_NAMES.join(', ')}`)
  if (options.link !== undefined && options.tcp !== undefined)
    throw badUsage('give --link or --tcp, not both')
  for (const [option, text] of [
    ['--firmware', options.firmware],
    ['--uuid', options.uuid],
  ] as const)
    if (text !== undefined && !SAID.test(text))
      throw badUsage(`option \`${option}\` wants up to 100 printable characters, not \`${text}\``)
  return {
    build: build satisfies MarlinBuildName,
    speed: parseSpeed(options.speed),
    seed: parseSeed(options.seed),
    faults: parseFaults(options.fault ?? []),
    ...(options.firmware !== undefined && { firmware: options.firmware }),
    ...(options.uuid !== undefined && { uuid: options.uuid }),
    ...(options.link !== undefined && { link: options.link }),
    ...(options.tcp !== undefined && { tcp: listenAddress(options.tcp) }),
    ...(options.journal !== undefined && { journalPath: options.journal }),
  }
}

function listenAddress(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:tcp:\/\/)?(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host === undefined || port > 65_535) throw badUsage(`option \`--tcp\` wants HOST:PORT, not \`${text}\``)
  return { host, port }
}
