import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type CommandRow, MARLIN } from '../../gcode/index.ts'
import { describeClasses, judgeGcode, type Policy } from '../../policies/index.ts'
import { commandClasses } from '../../policies/rules/command-classes.ts'
import { policyFrom, policyOf } from './snippet.ts'

/**
 * What no job may do unless a site says so by name. A command that joins or leaves this list is a decision.
 */
const GUARDED = {
  messages: 'M117 M118',
  emergency: 'M108 M112 M410 M876',
  storage: 'M20 M21 M22 M23 M24 M25 M26 M27 M28 M29 M30 M32 M33 M34 M524 M928 M1000 M1001',
  firmware: 'M12 M100 M111 M575 M707 M708 M936 M993 M994 M995 M997 M999',
  settings: 'M102 M145 M210 M413 M422 M423 M500 M501 M502 M504 M510 M511 M512 M603 M672 M910',
  calibration:
    'M301 M303 M304 M305 M306 M309 M425 M569 M665 M666 M863 M864 M867 M868 M871 M906 M907 M908 M912 M913 M914 M919 M951',
  macros: 'M808 M810 M811 M812 M813 M814 M815 M816 M817 M818 M819 M820',
  network: 'M552 M553 M554',
  pins: 'M3 M4 M5 M7 M8 M9 M10 M11 M42 M43 M80 M81 M126 M127 M128 M129 M226 M260 M261 M280 M281 M282 M380 M381 M485 M3426',
  offsets: 'G53 G54 G55 G56 G57 G58 G59 M206 M218 M290 M293 M294 M420 M421 M428 M851 M852',
  scaling: 'G18 G19 G20 M92 M149 M200 M350 M351 M404 M405 M406',
  'self-moving':
    'G5 G6 G12 G26 G27 G33 G34 G35 G38 G42 G60 G61 G76 G425 M48 M240 M360 M361 M362 M363 M364 M915 M916 M917 M918 M1002 M1004',
  safety: 'M85 M86 M87 M120 M121 M211 M302 M412 M540',
} as const

const guarded = describeClasses(MARLIN)
  .filter(({ isGuarded }) => isGuarded)
  .flatMap(({ commands }) => commands.map(({ name }) => name))
/** Guarded one by one, whatever their class. */
const GUARDED_ALONE = ['M143', 'M192', 'M193', 'M209', 'M605']
/** What the two policies of the library say besides their classes. */
const LIBRARY_ALLOWS = ['M117', 'M420']
const LIBRARY_DENIES = ['M118', 'M217']

/** A line of the command that the reader takes. */
function lineOf(row: CommandRow): string {
  if (row.name === 'T') return 'T1'
  if (row.name === 'M862') return 'M862.1 P0.4'
  if (row.subcodes.length > 0) return `${row.name}.${row.subcodes[0]}`
  return row.text === 'line' ? `${row.name} x` : row.name
}

function deniedBy(policy: Policy): readonly string[] {
  return MARLIN.rows
    .filter((row) =>
      judgeGcode(policy, lineOf(row)).reasons.some(
        ({ rule }) => rule === 'command-classes' || rule === 'grammar',
      ),
    )
    .map(({ name }) => name)
}

describe('every command of the firmware', () => {
  test('is denied without being named where its class is guarded, and let through otherwise', () => {
    expect([...deniedBy(policyOf(commandClasses, {}))].sort()).toEqual([...guarded, ...GUARDED_ALONE].sort())
  })

  test.each(['maker-space', 'open-bench'])(
    'meets the same stand in %s, but for what is named there',
    (name) => {
      const yaml = readFileSync(new URL(`../../policies/library/${name}.yaml`, import.meta.url), 'utf8')
      const expected = [
        ...guarded.filter((one) => !LIBRARY_ALLOWS.includes(one)),
        ...LIBRARY_DENIES,
        ...GUARDED_ALONE,
      ]
      expect([...deniedBy(policyFrom(yaml))].sort()).toEqual([...new Set(expected)].sort())
    },
  )

  test('stands in the documentation once, with what it does', () => {
    const classes = describeClasses(MARLIN)
    const named = classes.flatMap(({ commands }) => commands)
    expect(new Set(named.map(({ name }) => name)).size).toBe(MARLIN.rows.length)
    for (const { title } of named) expect(title).not.toBe('')
  })

  test('is guarded where it was decided to be', () => {
    const guardedClasses = describeClasses(MARLIN).filter(({ isGuarded }) => isGuarded)
    const namesOf = guardedClasses.map(({ name, commands }) => [
      name,
      commands.map((one) => one.name).join(' '),
    ])
    expect(Object.fromEntries(namesOf)).toEqual(GUARDED)
  })

  test.each(Object.keys(GUARDED))('of the class %s passes where the class is allowed', (name) => {
    const commands = MARLIN.rows.filter((row) => row.class === name).map((row) => row.name)
    const denied = deniedBy(policyOf(commandClasses, { allow: [name] }))
    expect(denied.filter((one) => commands.includes(one))).toEqual([])
    expect(denied).toHaveLength(guarded.length + GUARDED_ALONE.length - commands.length)
  })

  test('is told with its class and what it does', () => {
    expect(judgeGcode(policyOf(commandClasses, {}), 'M997').reasons).toMatchObject([
      {
        code: 'command-classes.firmware',
        value: 'M997',
        limit: 'no firmware commands',
        message: '`M997` (update the firmware) is of the class `firmware`, which is not allowed here',
      },
    ])
    expect(judgeGcode(policyOf(commandClasses, { denyCommands: ['M73'] }), 'M73 P1').reasons).toMatchObject([
      {
        code: 'command-classes.command',
        value: 'M73',
        limit: 'no M73',
        message: '`M73` (set the progress) is not allowed here',
      },
    ])
  })
})

describe('a command that is let through with some of its words', () => {
  const told = (options: object, gcode: string) =>
    judgeGcode(policyOf(commandClasses, options), gcode).reasons.map(({ code, message }) => [code, message])

  test('is refused with another, in words that name both', () => {
    expect(told({ allowCommands: ['M420 S V'] }, 'M420 S1 Z10 L2')).toEqual([
      ['command-classes.words', '`M420` with `L` and `Z` is not allowed here, only with S or V'],
    ])
    expect(told({}, 'G29 P6')).toEqual([
      ['command-classes.words', '`G29` with `P6` is not allowed here, only with P1 or P3'],
    ])
  })

  test('is let through with all of them where a site names none, and where two entries name them', () => {
    expect(told({ allowCommands: ['G29', 'M420'] }, 'G29 S4 Z100\nG29 P6 C20\nM420 L1 Z10 C')).toEqual([])
    expect(told({ allowCommands: ['M420 S', 'M420 Z'] }, 'M420 S1 Z10')).toEqual([])
  })

  test('stays limited in G29 where its class is allowed or other commands are named', () => {
    expect(told({ allow: ['offsets'], allowCommands: ['M420'] }, 'G29 S4 Z100')).toHaveLength(1)
  })

  test.each([['M420 X9'], ['M420 s'], ['M420  S'], ['M420 B'], ['M9000 S'], [''], ['M420 SV'], ['M420 ']])(
    'is not written as `%s`',
    (entry) => {
      expect(commandClasses.options.safeParse({ allowCommands: [entry] }).success).toBe(false)
    },
  )

  test('cannot be denied as well', () => {
    const options = { allowCommands: ['M420 S V'], denyCommands: ['M420'] }
    expect(commandClasses.options.safeParse(options).success).toBe(false)
  })
})
