import { type DeviceSide, listenOnPty, listenOnTcp } from './serial/index.ts'
import {
  type Faults,
  type JournalSink,
  type MarlinBuildName,
  openJournalFile,
  RunningClock,
  type SimulatedPrinter,
  type SimulatedPrinterState,
  startSimulatedPrinter,
} from './sim/index.ts'

/** Joins the built-in printer, which knows no wires, to a virtual serial port or a TCP listener. */
export interface SimulatorOptions {
  /** Where the symbolic link to the virtual serial port is made; the port has only its own name without it. */
  readonly link?: string
  /** Listens here instead of on a virtual serial port. */
  readonly tcp?: { readonly host: string; readonly port: number }
  /** File that gets the journal, one JSON object a line. */
  readonly journalPath?: string
  /** Gets the journal instead of a file. */
  readonly journal?: JournalSink
  readonly speed?: number | 'max'
  readonly seed?: number
  readonly faults?: Faults
  readonly build?: MarlinBuildName
  /** What it says of itself in M115. */
  readonly firmware?: string
  readonly uuid?: string
}

export interface Simulator {
  /** What a client opens: a path, or `tcp://host:port`. */
  readonly path: string
  state(): SimulatedPrinterState
  /** Resolves when its cable is pulled: no client can open it from then on. */
  readonly unplugged: Promise<void>
  stop(): Promise<void>
}

/** Starts a printer that a client can open. Throws `AgentError` where the link or the journal cannot be made. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const journal = options.journalPath === undefined ? undefined : openJournalFile(options.journalPath)
  const sink = options.journal ?? journal?.sink
  const device = await openDevice(options)
  let pulled = (): void => {}
  const unplugged = new Promise<void>((resolve) => {
    pulled = resolve
  })
  const printer = startSimulatedPrinter({
    write: (bytes) => device.write(bytes),
    clock: new RunningClock(options.speed ?? 1),
    unplug: () => void device.unplug().then(pulled),
    ...(sink !== undefined && { journal: sink }),
    ...(options.seed !== undefined && { seed: options.seed }),
    ...(options.faults !== undefined && { faults: options.faults }),
    ...(options.build !== undefined && { build: options.build }),
    ...(options.firmware !== undefined && { firmware: options.firmware }),
    ...(options.uuid !== undefined && { uuid: options.uuid }),
  })
  device.onBytes((bytes) => printer.receive(bytes))
  device.onClient((connected) => tellPrinter(printer, connected))
  return {
    path: device.path,
    state: () => printer.state(),
    unplugged,
    stop: async () => {
      printer.stop()
      await device.close()
      journal?.close()
    },
  }
}

function openDevice(options: SimulatorOptions): Promise<DeviceSide> {
  return options.tcp === undefined
    ? listenOnPty(options.link === undefined ? {} : { link: options.link })
    : listenOnTcp(options.tcp.host, options.tcp.port)
}

function tellPrinter(printer: SimulatedPrinter, connected: boolean): void {
  if (connected) printer.clientConnected()
  else printer.clientGone()
}
