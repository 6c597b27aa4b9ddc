import { z } from 'zod'
import { Command } from '../../gcode/index.ts'
import { defineRule } from '../rule.ts'
import type { Objection } from '../verdict.ts'

const ID = 'unknown-commands'
/** `G5`, `M572`: as the reader names a command. */
const COMMAND_NAME = /^[GM](?:0|[1-9]\d{0,3})$/

/** Denies commands and words that the dialect does not know. */
export const unknownCommands = defineRule({
  id: ID,
  summary:
    'Denies commands that the firmware is not known to have, and words that a command is not known to read.',
  why: 'What a command does to a firmware that nobody looked at cannot be judged. A new release or another build may give it a meaning.',
  options: z.strictObject({
    allow: z
      .array(
        z
          .string()
          .regex(
            COMMAND_NAME,
            'is not a command; write `M572`, with a capital letter and without leading zeros',
          ),
      )
      .default([])
      .describe(
        'Commands to let through, such as `M572`. Naming one that is known lets it carry words that are not known.',
      ),
  }),
  watches: ['unknown'],
  isImplied: true,
  compile: ({ allow }) => ({
    line: (command) => {
      const row = command.row
      const name = row === undefined ? command.name() : row.name
      if (allow.includes(name)) return undefined
      if (row === undefined) return unknownCommand(name)
      const words = command.present & ~row.words
      return words === 0 ? undefined : unknownWords(command.name(), Command.letters(words))
    },
  }),
  examples: [
    {
      options: {},
      allowed: ['G1 E1 F100', 'M104 S200', 'M117 anything at all', 'T1'],
      denied: ['M572 D0 S0.05', 'G130', 'M9999', 'G1 E1 H2', 'M104 S200 X5', 'M84 Q1'],
    },
    {
      options: { allow: ['M572', 'G80'] },
      allowed: ['M572 D0 S0.05', 'G80 X1 Y1'],
      denied: ['M573', 'G81'],
    },
  ],
})

function unknownCommand(name: string): Objection {
  return {
    code: ID,
    rule: ID,
    message: `\`${name}\` is not a command that the firmware is known to have`,
    value: name,
    limit: 'known commands',
    remedy: `check that the job was sliced for this printer’s firmware; the site may list \`${name}\` under \`unknown-commands\` in its policy`,
  }
}

function unknownWords(name: string, letters: string): Objection {
  const isOne = letters.length === 1
  const value = `${name} ${letters.split('').join(' ')}`
  return {
    code: `${ID}.word`,
    rule: ID,
    message: `\`${name}\` is not known to read the ${isOne ? 'word' : 'words'} \`${letters.split('').join(' ')}\``,
    value,
    limit: 'known words',
    remedy: `take ${isOne ? 'it' : 'them'} out, or check that the job was sliced for this printer’s firmware`,
  }
}
