import { z } from 'zod'
import { CLASS_NAMES, type Command, type CommandClass, type CommandRow, MARLIN } from '../../gcode/index.ts'
import { defineRule, type Watch } from '../rule.ts'
import type { Objection } from '../verdict.ts'
import { listed } from '../wording.ts'

const ID = 'command-classes'

/**
 * Classes that a policy must allow by name, since they outlive the job, change what numbers mean, open
 * another way to the machine, or do what the line does not say.
 */
export const GUARDED_CLASSES: readonly CommandClass[] = [
  'emergency',
  'storage',
  'firmware',
  'settings',
  'calibration',
  'macros',
  'network',
  'pins',
  'offsets',
  'scaling',
  'self-moving',
  'safety',
  'messages',
]

const classes = z.array(z.enum(CLASS_NAMES)).default([])
const commands = z
  .array(
    z.string().refine(isKnownCommand, {
      error: 'is not a command that the firmware knows; write `M420`, or `T` for tool changes',
    }),
  )
  .default([])

/** Denies commands by what kind of thing they do. */
export const commandClasses = defineRule({
  id: ID,
  summary: `Denies whole classes of commands: ${listed(GUARDED_CLASSES)} unless they are allowed, others if they are denied.`,
  why: 'A print job has no business in the printer’s settings, files, firmware, network and pins: what it leaves there outlives it and harms the next person. `portcullis policy rules` lists the classes with their commands.',
  options: z
    .strictObject({
      allow: classes.describe(
        `Classes to let through of those that are otherwise denied: ${listed(GUARDED_CLASSES)}.`,
      ),
      deny: classes.describe(
        'Classes to deny. Naming one that is denied anyway changes nothing and tells the reader.',
      ),
      allowCommands: commands.describe(
        'Commands to let through though their class is denied, such as `M420`.',
      ),
      denyCommands: commands.describe('Commands to deny though their class is let through, such as `M118`.'),
    })
    .superRefine(({ allow, deny, allowCommands, denyCommands }, context) => {
      refuseBoth(allow, deny, 'deny', context)
      refuseBoth(allowCommands, denyCommands, 'denyCommands', context)
    }),
  watches: ['every'],
  isImplied: true,
  compile: ({ allow, deny, allowCommands, denyCommands }, dialect) => {
    const isDenied = (row: CommandRow): boolean => {
      if (denyCommands.includes(row.name)) return true
      if (allowCommands.includes(row.name)) return false
      if (deny.includes(row.class)) return true
      return GUARDED_CLASSES.includes(row.class) && !allow.includes(row.class)
    }
    // Only commands that are denied are asked about, so this rule costs the others nothing.
    const watches = dialect.rows.filter(isDenied).map((row) => row.name as Watch)
    return { watches, line: (command) => objectTo(command, denyCommands) }
  },
  examples: [
    {
      options: {},
      allowed: [
        'G21\nG90\nM83\nM104 S200\nG28\nG1 X10 F3000\nG92 E0\nM106 S255\nM84',
        'M201 X500 Y500\nM204 P1000\nM900 K0.1\nM220 S100\nM221 S95',
        'M862.3 P "MK3S"\nM115 U3.13.0\nM73 P0 R30\nM105',
        'T0\nM600\nM300 S440 P100\nG29',
      ],
      denied: [
        'M500',
        'M23 file.g',
        'M28 file.g',
        'M997',
        'M92 X100',
        'M810',
        'M552 S1',
        'M42 P4 S255',
        'M206 X10',
        'G20',
        'G12',
        'M302 P1',
        'M303 S200 E0',
        'M112',
        'M117 Hello',
        'G54',
      ],
    },
    {
      options: {
        allow: ['messages', 'scaling'],
        deny: ['retraction', 'storage', 'tools'],
        allowCommands: ['M420'],
        denyCommands: ['M118', 'G29'],
      },
      allowed: ['M117 Hello', 'G20', 'M420 S1', 'G28'],
      denied: ['G10', 'M20', 'M118 Hello', 'G29', 'M206 X10', 'T1'],
    },
  ],
})

function isKnownCommand(name: string): boolean {
  return MARLIN.rows.some((row) => row.name === name)
}

function refuseBoth(
  allowed: readonly string[],
  denied: readonly string[],
  key: 'deny' | 'denyCommands',
  context: z.RefinementCtx,
): void {
  for (const [index, name] of denied.entries())
    if (allowed.includes(name))
      context.addIssue({ code: 'custom', path: [key, index], message: 'is allowed as well' })
}

function objectTo(command: Command, denyCommands: readonly string[]): Objection | undefined {
  const row = command.row
  // Unknown commands are another rule's business.
  if (row === undefined) return undefined
  const value = command.name()
  const title = `\`${value}\` (${row.title})`
  const shared = {
    rule: ID,
    value,
    remedy: `take \`${value}\` out of the G-code, most likely out of the start or end G-code of the slicer’s printer profile`,
  }
  if (denyCommands.includes(row.name))
    return {
      ...shared,
      code: `${ID}.command`,
      message: `${title} is not allowed here`,
      limit: `no ${row.name}`,
    }
  return {
    ...shared,
    code: `${ID}.${row.class}`,
    message: `${title} is of the class \`${row.class}\`, which is not allowed here`,
    limit: `no ${row.class} commands`,
  }
}
