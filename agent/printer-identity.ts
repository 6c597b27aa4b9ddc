import { performance } from 'node:perf_hooks'
import { type FirmwareIdentity, Identification } from './core/index.ts'
import { type PrinterIdentity, readLicence } from './licence/index.ts'
import type { AgentLogger } from './logger.ts'
import { openPort, usbSerialOf } from './serial/index.ts'

/**
 * Which printer is behind a port: what it says of itself, and the serial number of its USB adapter. That tells one honest
 * printer from another. Whoever builds a printer, or a firmware, can have it say what another one says.
 */

/** How often time is told while it is asked. */
const TICK_MS = 100

/** Whether a licence binds this machine to one printer, so that it must be asked which one it is. */
export function namesPrinter(licenceText: string | undefined, machineId: string): boolean {
  if (licenceText === undefined) return false
  const reading = readLicence(licenceText)
  if (!reading.ok) return false
  return reading.unverified.machines.some(({ id, printer }) => id === machineId && printer !== undefined)
}

/** A printer's identity from what is known of it; null where nothing is. */
export function printerIdentity(
  said: FirmwareIdentity | null,
  usbSerial: string | null,
): PrinterIdentity | null {
  if (said === null && usbSerial === null) return null
  return {
    level: usbSerial === null ? 'reported' : 'usb',
    uuid: said?.uuid ?? null,
    firmware: said?.firmware ?? null,
    usbSerial,
  }
}

/** Whether it is the printer that a decision was about, as far as anybody can tell. */
export function isSamePrinter(now: PrinterIdentity | null, then: PrinterIdentity): boolean {
  return (
    now !== null &&
    now.uuid === then.uuid &&
    now.firmware === then.firmware &&
    now.usbSerial === then.usbSerial
  )
}

/** What is told where it is another one, or does not say any more. */
export function otherPrinterWords(portName: string): string {
  return `the printer at \`${portName}\` is not known to be the one that was allowed; look which one is connected, and ask again`
}

/** Asks the printer at a port that nobody has open, and closes it again. Throws as `openPort` does. */
export async function identifyPrinter(
  portName: string,
  baud: number,
  logger?: AgentLogger,
): Promise<PrinterIdentity | null> {
  const inquiry = new PrinterInquiry()
  const listener = { line: (text: string) => inquiry.line(text), end: () => inquiry.end() }
  const port = await openPort(portName, listener, { baud })
  try {
    const said = await inquiry.ask((bytes) => port.write(bytes))
    const identity = printerIdentity(said, await usbSerialOf(portName))
    logger?.info({ port: portName, source: 'gate', ...identity }, 'printer asked which one it is')
    return identity
  } finally {
    await port.close()
  }
}

/** Asks over a port that is open; whoever has it hands in its lines. */
export class PrinterInquiry {
  #identification: Identification | undefined
  #done: ((said: FirmwareIdentity | null) => void) | undefined

  /** What the printer says of itself, or null. */
  async ask(write: (bytes: Uint8Array) => void): Promise<FirmwareIdentity | null> {
    const identification = new Identification({
      write: (bytes, start, end) => write(bytes.subarray(start, end)),
    })
    this.#identification = identification
    const answered = new Promise<FirmwareIdentity | null>((resolve) => {
      this.#done = resolve
    })
    const ticks = setInterval(() => {
      identification.tick(performance.now())
      this.#check()
    }, TICK_MS)
    identification.start(performance.now())
    return await answered.finally(() => clearInterval(ticks))
  }

  line(text: string): void {
    this.#identification?.printerLine(text, performance.now())
    this.#check()
  }

  /** The port is gone. */
  end(): void {
    this.#done?.(null)
  }

  #check(): void {
    if (this.#identification?.isOver === true) this.#done?.(this.#identification.identity)
  }
}
