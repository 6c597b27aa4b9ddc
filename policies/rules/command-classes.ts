import { z } from 'zod'
import {
  CLASS_NAMES,
  Command,
  type CommandClass,
  type CommandRow,
  MARLIN,
  WORD,
  wordMask,
} from '../../gcode/index.ts'
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

/**
 * Commands of classes that are let through which a policy must allow by name all the same: a copy printed with another
 * temperature and offset (M605), lengths of filament that mean a retraction (M209), and coolers and probes as heaters.
 */
const GUARDED_COMMANDS: readonly string[] = ['M143', 'M192', 'M193', 'M209', 'M605']

/** Every word. */
const ALL_WORDS = -1
/**
 * Words of G29 that make a mesh by probing. In one build or another the rest write heights that the line names, load
 * another mesh, or save one for the jobs after this.
 */
const PROBING_WORDS: readonly string[] = ['G29 A E J O P T V']
/** Phases of G29 that probe, or fill in between what was probed. Others zero the mesh, wait for a person or shift it. */
const PROBING_PHASES: readonly number[] = [1, 3]
const LEVEL = 'G29'

const classes = z.array(z.enum(CLASS_NAMES)).default([])
const commands = z
  .array(
    z.string().refine(isKnownCommand, {
      error: 'is not a command that the firmware knows; write `M420`, or `T` for tool changes',
    }),
  )
  .default([])
const commandsWithWords = z
  .array(
    z.string().refine((entry) => isKnownCommand(nameOf(entry)) && hasKnownWords(entry), {
      error:
        'is not a command with words that the firmware knows; write `M420`, or `M420 S V` to let no other words through',
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
      allowCommands: commandsWithWords.describe(
        `Commands to let through though their class is denied, such as \`M420\`, or with no other words than those named, such as \`M420 S V\`. ${listed(GUARDED_COMMANDS)} are denied unless they are named here, and so are words of \`G29\` that do more than probe.`,
      ),
      denyCommands: commands.describe('Commands to deny though their class is let through, such as `M118`.'),
    })
    .superRefine(({ allow, deny, allowCommands, denyCommands }, context) => {
      refuseBoth(allow, deny, 'deny', context)
      refuseBoth(allowCommands.map(nameOf), denyCommands, 'denyCommands', context)
    }),
  watches: ['every'],
  isImplied: true,
  compile: ({ allow, deny, allowCommands, denyCommands }, dialect) => {
    const allowedWords = wordsByCommand(allowCommands)
    const isDenied = (row: CommandRow): boolean => {
      if (denyCommands.includes(row.name)) return true
      if (allowedWords.has(row.name)) return false
      if (deny.includes(row.class) || GUARDED_COMMANDS.includes(row.name)) return true
      return GUARDED_CLASSES.includes(row.class) && !allow.includes(row.class)
    }
    const words = new Map([...wordsByCommand(PROBING_WORDS), ...allowedWords])
    // Only commands that are denied, wholly or in part, are asked about, so this rule costs the others nothing.
    const denied = new Set(dialect.rows.filter(isDenied))
    const limited = dialect.rows.filter((row) => (words.get(row.name) ?? ALL_WORDS) !== ALL_WORDS)
    const watches = [...denied, ...limited].map((row) => row.name as Watch)
    return {
      watches,
      line: (command) => {
        const row = command.row
        // Unknown commands are another rule's business.
        if (row === undefined) return undefined
        if (denied.has(row)) return objectTo(command, row, denyCommands)
        return objectToWords(command, row, words.get(row.name) ?? ALL_WORDS, !allowedWords.has(row.name))
      },
    }
  },
  examples: [
    {
      options: {},
      allowed: [
        'G21\nG90\nM83\nM104 S200\nG28\nG1 X10 F3000\nG92 E0\nM106 S255\nM84',
        'M201 X500 Y500\nM204 P1000\nM900 K0.1\nM220 S100\nM221 S95',
        'M862.3 P "MK3S"\nM115 U3.13.0\nM73 P0 R30\nM105',
        'T0\nM600\nM300 S440 P100\nG29',
        'G29 A\nG29 O\nG29 P1\nG29 P3 T1 V4\nG29 J2 E',
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
        'M605 S2 R100',
        'M209 S1',
        'M143 S50',
        'G29 S4 Z100',
        'G29 S3 I0 J0 Z-50',
        'G29 S1',
        'G29 P6 C20',
        'G29 P0',
        'G29 L1',
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
    {
      options: { allowCommands: ['M420 S', 'M420 V', 'G29 L R F B', 'M605'] },
      allowed: ['M420 S1 V1\nM420', 'G29\nG29 L10 R200 F10 B200', 'M605 S2 R10'],
      denied: ['M420 S1 Z10', 'M420 L1', 'G29 P1', 'G29 Z1', 'M851 Z1'],
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

/** `M420` of `M420 S V`. */
function nameOf(entry: string): string {
  return entry.split(' ', 1)[0] ?? ''
}

function lettersOf(entry: string): string {
  return entry.slice(nameOf(entry).length).replaceAll(' ', '')
}

function hasKnownWords(entry: string): boolean {
  if (!/^\S+(?: [A-Z])*$/.test(entry)) return false
  const row = MARLIN.rows.find(({ name }) => name === nameOf(entry))
  return row !== undefined && (wordMask(lettersOf(entry)) & ~row.words) === 0
}

/** The words that each command may carry: all of them where an entry names none. */
function wordsByCommand(entries: readonly string[]): ReadonlyMap<string, number> {
  const words = new Map<string, number>()
  for (const entry of entries) {
    const name = nameOf(entry)
    const letters = lettersOf(entry)
    words.set(name, letters === '' ? ALL_WORDS : (words.get(name) ?? 0) | wordMask(letters))
  }
  return words
}

function objectTo(command: Command, row: CommandRow, denyCommands: readonly string[]): Objection {
  const value = command.name()
  const title = `\`${value}\` (${row.title})`
  const shared = {
    rule: ID,
    value,
    remedy: `take \`${value}\` out of the G-code, most likely out of the start or end G-code of the slicer’s printer profile`,
  }
  if (denyCommands.includes(row.name) || GUARDED_COMMANDS.includes(row.name))
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

/** `isProbing`: the words are those that probe, and not what a policy names. */
function objectToWords(
  command: Command,
  row: CommandRow,
  allowed: number,
  isProbing: boolean,
): Objection | undefined {
  // Words that the firmware does not read are another rule's business.
  const others = command.present & row.words & ~allowed
  if (others !== 0) return wordsObjection(command, Command.letters(others), Command.letters(allowed))
  if (!isProbing || row.name !== LEVEL || !command.has(WORD.P)) return undefined
  const phase = command.value(WORD.P)
  return PROBING_PHASES.includes(phase) ? undefined : wordsObjection(command, `P${phase}`, 'P1 or P3')
}

function wordsObjection(command: Command, words: string, allowed: string): Objection {
  const isPhase = /\d/.test(words)
  const name = command.name()
  const named = isPhase ? `\`${words}\`` : listed([...words].map((letter) => `\`${letter}\``))
  const limit = isPhase ? allowed : listed([...allowed], 'or')
  return {
    code: `${ID}.words`,
    rule: ID,
    message: `\`${name}\` with ${named} is not allowed here, only with ${limit}`,
    value: `${name} ${isPhase ? words : [...words].join(' ')}`,
    limit,
    remedy: `take ${named} out of the line, most likely in the start G-code of the slicer’s printer profile`,
  }
}
