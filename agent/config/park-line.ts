/** The lines that park the machine after a stop: few, harmless, and known before the first job. */

import {
  asciiText,
  CANONICAL_BYTES_MAX,
  Command,
  EMPTY,
  explainRefusal,
  LineParser,
  MARLIN,
  PARSED,
  WORD,
  writeLine,
} from '../../gcode/index.ts'

/** Moves, homing, waiting, motors off and a beep: nothing here can heat, extrude or change a setting for good. */
const PARK_COMMANDS = ['G0', 'G1', 'G4', 'G28', 'G90', 'G91', 'M18', 'M84', 'M400', 'M300'] as const

/** A longer pause is a slip of the unit, and nothing else reaches the printer meanwhile. */
const DWELL_SECONDS_MAX = 60

/** The line in its canonical form, or why it may not stand there. */
export type ParkLine =
  | { readonly ok: true; readonly canonical: string }
  | { readonly ok: false; readonly why: string }

/** Reads one line of `park` as the printer's firmware would. */
export function readParkLine(text: string): ParkLine {
  const command = new Command()
  // Bytes past ASCII are refused by the parser, whatever character they make.
  const bytes = new TextEncoder().encode(text)
  const code = new LineParser(MARLIN).parse(bytes, 0, bytes.length, command)
  if (code === EMPTY) return refused('holds no command')
  if (code !== PARSED)
    return refused(`cannot be sent: ${explainRefusal(code, command, bytes, 0, bytes.length).message}`)
  const out = new Uint8Array(CANONICAL_BYTES_MAX)
  const canonical = asciiText(out, 0, writeLine(command, out, 0))
  const [name = ''] = canonical.split(' ', 1)
  if (!PARK_COMMANDS.some((one) => one === name))
    return refused(`must be one of ${PARK_COMMANDS.join(', ')}: after a stop nothing else is sent`)
  if (command.has(WORD.E)) return refused('has an E word: parking moves no filament')
  if (name === 'G4' && dwellSeconds(command) > DWELL_SECONDS_MAX)
    return refused(`waits longer than the limit of ${DWELL_SECONDS_MAX} s`)
  return { ok: true, canonical }
}

/** `P` is in milliseconds; where both stand, firmwares differ about which one counts. */
function dwellSeconds(command: Command): number {
  return Math.max(command.value(WORD.P) / 1000, command.value(WORD.S))
}

function refused(why: string): ParkLine {
  return { ok: false, why }
}
