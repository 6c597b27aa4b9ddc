/** Holds what we read against what a Marlin build reads, recorded or simulated. */

import { type MarlinBuildName, marlinBuild } from '../../agent/sim/marlin-build.ts'
import { MarlinLineAssembly } from '../../agent/sim/marlin-line-assembly.ts'
import { MarlinParser, type ParsedCommand } from '../../agent/sim/marlin-parser.ts'
import { MARLIN, writeNumbered } from '../../gcode/index.ts'
import { bytesOf, lineOf, type ReadCommand } from '../gcode/lines-of.ts'

/** A command as a build reads it. */
export interface FirmwareCommand {
  readonly letter: string
  readonly code: number
  /** Only in builds that know subcodes. */
  readonly sub?: number
  /** By letter: the number, null for a letter without one. `S:i16` where the 16-bit reading of `S` differs. */
  readonly params: Readonly<Record<string, number | 'inf' | null>>
  readonly string_arg: string | null
}

/** The three builds that the readings were recorded from. */
export const BUILDS = ['default', 'all-options', 'slow-parser'] as const satisfies readonly MarlinBuildName[]

/** In what the build's reading differs from ours, in words; undefined where it does not. */
export function disagreement(ours: ReadCommand, theirs: FirmwareCommand | undefined): string | undefined {
  if (theirs === undefined) return 'the build reads no command'
  const [, letter, code, subcode = '0'] = /^([GMT])(\d+)(?:\.(\d))?$/.exec(ours.name)!
  if (letter !== theirs.letter || Number(code) !== theirs.code)
    return `the build reads ${theirs.letter}${theirs.code}`
  if (theirs.sub !== undefined && theirs.sub !== Number(subcode))
    return `the build reads subcode ${theirs.sub}`
  const row = MARLIN.find(letter!.charCodeAt(0), Number(code))
  if (row?.text === 'line')
    return (theirs.string_arg ?? '') === (ours.text ?? '')
      ? undefined
      : `the build reads the text \`${theirs.string_arg}\``
  return wordDisagreement(ours, theirs, row?.words ?? 0, (row?.integers ?? 0) | (row?.longs ?? 0))
}

function wordDisagreement(
  ours: ReadCommand,
  theirs: FirmwareCommand,
  known: number,
  integers: number,
): string | undefined {
  for (const letter of 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') {
    if (letter === ours.textWord) continue
    const bit = 1 << (letter.charCodeAt(0) - 0x41)
    const mine = ours.words[letter]
    const isInteger = (integers & bit) !== 0
    const their = (isInteger ? theirs.params[`${letter}:i16`] : undefined) ?? theirs.params[letter]
    // A build that takes no text finds words in it. Those that the command does not read change nothing.
    if (mine === undefined && ours.textWord !== null && (their === null || (known & bit) === 0)) continue
    if (!isSame(mine, their)) return `the build reads ${letter} as ${their}, we read ${mine}`
  }
  return undefined
}

function isSame(mine: number | null | undefined, their: number | 'inf' | null | undefined): boolean {
  if (typeof mine !== 'number' || typeof their !== 'number') return mine === their
  // Builds hold 32-bit floats, and know no negative zero that matters.
  return Math.fround(mine) === Math.fround(their)
}

/** Reads a line, sent with a number and a checksum as we send it, in a simulated build. */
export function readBySimulation(canonical: string, buildName: MarlinBuildName): FirmwareCommand | undefined {
  const build = marlinBuild(buildName)
  const assembly = new MarlinLineAssembly(build)
  const out = new Uint8Array(canonical.length + 32)
  const end = writeNumbered(1, bytesOf(canonical), 0, canonical.length, out, 0)
  let command: ParsedCommand | undefined
  for (const byte of out.subarray(0, end)) {
    const line = assembly.push(byte)
    if (line?.kind !== 'command') continue
    if (line.early !== undefined) throw new Error(`\`${canonical}\` acts at receipt: ${line.early}`)
    command = new MarlinParser(build).parse(line.text)
  }
  return command === undefined ? undefined : asFirmwareCommand(command, build.hasSubcodes)
}

function asFirmwareCommand(command: ParsedCommand, hasSubcodes: boolean): FirmwareCommand {
  const params: Record<string, number | 'inf' | null> = {}
  for (const letter of 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') {
    if (!command.has(letter)) continue
    const float = command.float(letter)
    params[letter] = float === undefined ? null : Number.isFinite(float) ? float : 'inf'
    const int16 = command.int16(letter)
    if (int16 !== undefined && int16 !== float) params[`${letter}:i16`] = int16
  }
  return {
    letter: command.letter,
    code: command.code,
    ...(hasSubcodes ? { sub: command.subcode } : {}),
    params,
    string_arg: command.stringArg ?? null,
  }
}

/** In what any of the three builds reads our canonical line otherwise than we do. */
export function disagreementInAnyBuild(canonical: string): string | undefined {
  const { command } = lineOf(canonical)
  if (command === null) return 'we do not read it ourselves'
  for (const build of BUILDS) {
    const found = disagreement(command, readBySimulation(canonical, build))
    if (found !== undefined) return `${build}: ${found}`
  }
  return undefined
}
