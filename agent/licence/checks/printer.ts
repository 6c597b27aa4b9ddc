/** On which of the machine's printers. */
import { deny, type Objection, refuse } from '../../token/index.ts'
import type { PrinterIdentity } from '../context.ts'
import { type LicensedPrinter, PRINTER_LEVELS } from '../licence.ts'

/** A licence names a printer where it means one: not to know which one is there is no reason to go on. */
export function checkPrinter(
  wanted: LicensedPrinter | undefined,
  found: PrinterIdentity | null,
): readonly Objection[] {
  if (wanted === undefined) return []
  if (found === null) {
    const what = 'licence is for one printer, and it is not known which one is here'
    return [deny(refuse('printer-unknown', what, 'unknown', describe(wanted)))]
  }
  return [
    ...compare('UUID', found.uuid, wanted.uuid, isSameUuid),
    ...compare('firmware', found.firmware, wanted.firmware, isNamed),
    ...compare('USB serial number', found.usbSerial, wanted.usbSerial, (one, other) => one === other),
    ...compareLevel(found, wanted),
  ]
}

function compare(
  part: string,
  found: string | null,
  wanted: string | undefined,
  fits: (found: string, wanted: string) => boolean,
): readonly Objection[] {
  if (wanted === undefined) return []
  if (found === null) {
    const what = `licence is for a printer whose ${part} it names, and this one tells none of its own`
    return [deny(refuse('printer-unknown', what, 'none', wanted))]
  }
  return fits(found, wanted) ? [] : [deny(refuse('other-printer', part, found, wanted))]
}

/** Hexadecimal digits are the same in capitals. */
function isSameUuid(found: string, wanted: string): boolean {
  return found.toLowerCase() === wanted.toLowerCase()
}

/** `Marlin` is the name in `Marlin 2.1.2.4 (Sep 2 2024)`, and not in `Marlinesque 1`. */
function isNamed(found: string, wanted: string): boolean {
  return found === wanted || found.startsWith(`${wanted} `)
}

function compareLevel({ level }: PrinterIdentity, { level: wanted }: LicensedPrinter): readonly Objection[] {
  if (wanted === undefined || PRINTER_LEVELS.indexOf(level) >= PRINTER_LEVELS.indexOf(wanted)) return []
  const what = `licence asks for a printer known by \`${wanted}\`, this one is known by \`${level}\``
  return [deny(refuse('printer-unknown', what, level, wanted))]
}

function describe({ uuid, firmware, usbSerial, level }: LicensedPrinter): string {
  return [uuid, firmware, usbSerial, level].filter((part) => part !== undefined).join(', ')
}
