import { describe, expect, test } from 'vitest'
import { type MarlinBuildName, marlinBuild } from '../../agent/sim/marlin-build.ts'
import { MarlinLineAssembly } from '../../agent/sim/marlin-line-assembly.ts'
import { MarlinParser, type ParsedCommand } from '../../agent/sim/marlin-parser.ts'
import { type RecordedCommand, recordedReadings } from './recorded-readings.ts'

const EARLY = { kill: 'KILL;', quickstop: 'QUICKSTOP;', 'break-wait': '' }

function asRecorded(queued: string, command: ParsedCommand, hasSubcodes: boolean): RecordedCommand {
  const params: Record<string, number | 'inf' | null> = {}
  for (const letter of 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') {
    if (!command.has(letter)) continue
    const float = command.float(letter)
    if (float === undefined) {
      params[letter] = null
      continue
    }
    params[letter] = Number.isFinite(float) ? float : 'inf'
    const int16 = command.int16(letter)!
    if (int16 !== float) params[`${letter}:i16`] = int16
  }
  return {
    queued,
    letter: command.letter,
    code: command.code,
    ...(hasSubcodes ? { sub: command.subcode } : {}),
    params,
    string_arg: command.stringArg ?? null,
  }
}

/** The recording prints nine digits of a 32-bit float: enough to tell each one from its neighbours. */
function asFloats(command: RecordedCommand): RecordedCommand {
  const params = Object.entries(command.params).map(([name, value]) => [
    name,
    typeof value === 'number' ? Math.fround(value) : value,
  ])
  return { ...command, params: Object.fromEntries(params) }
}

function read(input: Uint8Array, buildName: MarlinBuildName) {
  const build = marlinBuild(buildName)
  const assembly = new MarlinLineAssembly(build)
  const parser = new MarlinParser(build)
  const commands: RecordedCommand[] = []
  let reply = ''
  let early = ''
  for (const byte of [...input, 0x0a]) {
    const line = assembly.push(byte)
    if (line?.kind === 'resend') reply += line.replies.map((text) => `${text}\n`).join('')
    if (line?.kind !== 'command') continue
    if (line.early !== undefined) early += EARLY[line.early]
    commands.push(asRecorded(line.text, parser.parse(line.text), build.hasSubcodes))
  }
  return { commands, reply, early }
}

describe.each([
  ['default', 'marlin-2.1.2-default.tsv'],
  ['all-options', 'marlin-2.1.2-all-options.tsv'],
  ['slow-parser', 'marlin-2.1.2-slow-parser.tsv'],
] as const)('the simulated %s build of Marlin 2.1.2', (buildName, fileName) => {
  const readings = recordedReadings(fileName)

  test('has all 363 recorded readings to answer for', () => {
    expect(readings).toHaveLength(363)
  })

  test.each(readings.map((reading) => [reading.escaped, reading] as const))(
    'reads `%s` as recorded',
    (_, recorded) => {
      expect(read(recorded.input, buildName)).toEqual({
        commands: recorded.commands.map(asFloats),
        reply: recorded.reply,
        early: recorded.early,
      })
    },
  )
})
