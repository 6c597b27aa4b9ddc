// The commands of the log as their help tells them: complete, in one style, and the same words for the same thing.
import { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { addAuditCommands } from '../../agent/cli/audit-commands.ts'

const program = new Command('portcullis')
addAuditCommands(program)
const audit = program.commands[0]!

/** Every command and what its help must mention beside `--state` and `--config`. */
const READING = ['--from', '--kind', '--job', '--since', '--json']
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  show: READING,
  tail: [...READING, '--follow'],
  verify: ['--against', '--policy', '--copy', '--json'],
  record: [],
  prove: ['--out'],
  policy: ['--witnesses'],
  receipt: ['--out', '--name-operator', '--appeal-days', '--json'],
  incidents: ['--index', '--export', '--by', '--json'],
  report: ['--for', '--licence', '--from', '--to', '--zone', '--html', '--csv', '--json'],
  case: ['--json'],
  appeal: ['--text', '--appeal-days', '--by', '--json'],
  'answer-appeal': ['--upheld', '--rejected', '--withdrawn', '--reason', '--by', '--json'],
  'approve-case': ['--by', '--json'],
  sample: ['--count', '--tier', '--from', '--policy', '--beacon', '--json'],
  review: ['--finding', '--lesson', '--note', '--by', '--json'],
  erase: ['--by', '--json'],
  subjects: ['--json'],
}
/** They need no log: what they check came from elsewhere. */
const ANYWHERE: Readonly<Record<string, readonly string[]>> = {
  'verify-proof': ['--policy', '--key', '--record', '--json'],
  'verify-receipt': ['--policy', '--serial', '--json'],
}

const named = (name: string): Command => audit.commands.find((command) => command.name() === name)!
const flags = (name: string): readonly (string | undefined)[] => named(name).options.map(({ long }) => long)

test('the commands of the log are these', () => {
  expect(audit.commands.map((command) => command.name()).sort()).toEqual(
    [...Object.keys(COMMANDS), ...Object.keys(ANYWHERE)].sort(),
  )
})

test.each(Object.entries(COMMANDS))('`%s` is of a site, and mentions each option', (name, options) => {
  expect(flags(name)).toEqual(expect.arrayContaining(['--state', '--config', ...options]))
})

test.each(Object.entries(ANYWHERE))('`%s` needs no site', (name, options) => {
  expect([...flags(name)].sort()).toEqual([...options].sort())
})

describe.each([...Object.keys(COMMANDS), ...Object.keys(ANYWHERE)])('the help of `%s`', (name) => {
  test('says what each word is for, without a full stop, and fits a terminal', () => {
    const command = named(name)
    const texts = [
      command.description(),
      ...command.registeredArguments.map(({ description }) => description),
      ...command.options.map(({ description }) => description),
    ]
    for (const text of texts) expect(text).toMatch(/^[a-z][^\n]*[^.\n]$/)
    for (const line of command.helpInformation().split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })
})

test('what can be given several times takes nothing that stands behind it', () => {
  for (const name of ['show', 'verify'])
    for (const option of named(name).options) expect(option.variadic, option.long).toBe(false)
})
