/** What can be made to go wrong with the simulated printer and its wire: one table, from which the help is written. */

import { AgentError } from '../errors.ts'

/** Counts beyond this are typing errors. */
const COUNT_MAX = 1_000_000_000

interface FaultEntry {
  readonly summary: string
  /** What the value means, or undefined for a fault that is on or off. */
  readonly value: string | undefined
  readonly least: number
}

const count = (summary: string, value: string, least = 1): FaultEntry => ({ summary, value, least })

/** Every fault by the name that `--fault NAME=VALUE` takes. */
export const FAULTS = {
  silent: { summary: 'never answers, not even at start; commands still run', value: undefined, least: 1 },
  'silent-after': count('stops answering; commands still run', 'commands that ran'),
  'hang-after': count('the firmware hangs: nothing is read, run or answered', 'commands that ran'),
  'resend-every': count('claims a checksum error', 'numbered lines between two claims', 2),
  'drop-ok': count('swallows one ok', 'which ok, counted from the start'),
  'unplug-after': count('the cable is pulled', 'commands that ran'),
  'reset-after': count('the board resets by itself, once', 'commands that ran'),
  'thermal-runaway-after': count('reports a thermal runaway and halts', 'commands that ran'),
  busy: count('every tenth command takes longer', 'seconds longer'),
  'garbage-every': count('noise bytes at the start of a line sent', 'lines between two', 2),
  'flip-bit-every': count('one bit of a received byte is flipped', 'bytes between two', 2),
  'rx-buffer': count('a serial chip without flow control: what does not fit is lost', 'bytes it holds'),
  odometer: count(
    'the board counts its prints, and once it was asked for them (M78) somebody prints from the card',
    'metres of filament in that print',
  ),
  'slow-heater': count('heaters take longer to heat and to cool', 'times slower'),
} as const satisfies Record<string, FaultEntry>

/** The name of a fault. */
export type FaultName = keyof typeof FAULTS

/** The faults that are on, with their values; 1 for those that take none. */
export type Faults = Readonly<Partial<Record<FaultName, number>>>

/** Reads `NAME=VALUE` texts (`NAME` alone for a fault without a value), or throws USAGE. */
export function parseFaults(texts: readonly string[]): Faults {
  const faults: Partial<Record<FaultName, number>> = {}
  for (const text of texts) {
    const equals = text.indexOf('=')
    const name = equals === -1 ? text : text.slice(0, equals)
    if (!isFaultName(name)) throw unusable(text, `known faults are ${Object.keys(FAULTS).join(', ')}`)
    if (faults[name] !== undefined) throw unusable(text, 'it is given twice')
    faults[name] = parseValue(text, FAULTS[name], equals === -1 ? undefined : text.slice(equals + 1))
  }
  return faults
}

/** One line a fault, for `--help`. */
export function faultHelp(): string[] {
  return Object.entries<FaultEntry>(FAULTS).map(([name, { summary, value }]) =>
    value === undefined ? `${name}: ${summary}` : `${name}=N: ${summary} (N: ${value})`,
  )
}

function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(FAULTS, name)
}

function parseValue(text: string, entry: FaultEntry, value: string | undefined): number {
  if (entry.value === undefined) {
    if (value !== undefined) throw unusable(text, 'it takes no value')
    return 1
  }
  const number = value !== undefined && /^[0-9]{1,10}$/.test(value) ? Number(value) : Number.NaN
  if (number >= entry.least && number <= COUNT_MAX) return number
  throw unusable(text, `its value (${entry.value}) is a whole number from ${entry.least} to ${COUNT_MAX}`)
}

function unusable(text: string, reason: string): AgentError {
  return new AgentError('USAGE', `fault \`${text.slice(0, 60)}\` cannot be used: ${reason}`)
}
