import { describe, expect, test } from 'vitest'
import {
  buildRow,
  CLASS_NAMES,
  COMMAND_CLASSES,
  Command,
  type CommandRow,
  CommandTable,
  LICENCE_PART,
  MARLIN,
} from '../../gcode/index.ts'
import { lineOf } from './lines-of.ts'
import { MARLIN_DISPATCHES } from './marlin-dispatch.ts'

function namesWhere(holds: (row: CommandRow) => boolean): string {
  return MARLIN.rows
    .filter(holds)
    .map((row) => row.name)
    .join(' ')
}

describe('the table of Marlin', () => {
  test('has a row for every command that Marlin 2.1 dispatches', () => {
    expect(
      MARLIN_DISPATCHES.filter(
        (name) => MARLIN.find(name.charCodeAt(0), Number(name.slice(1))) === undefined,
      ),
    ).toEqual([])
  })

  test('has no other row but the one for tools, and the one for the gate itself', () => {
    const names = new Set(MARLIN_DISPATCHES)
    expect(namesWhere((row) => !names.has(row.name))).toBe(`${LICENCE_PART} T`)
  })

  test('names each class, and each class has a command', () => {
    expect(Object.keys(COMMAND_CLASSES)).toEqual(CLASS_NAMES)
    expect(CLASS_NAMES.filter((name) => !MARLIN.rows.some((row) => row.class === name))).toEqual([])
    for (const row of MARLIN.rows) expect(CLASS_NAMES[row.classIndex], row.name).toBe(row.class)
  })

  test('gives each command its class', () => {
    const classes = Object.fromEntries(
      CLASS_NAMES.map((name) => [name, namesWhere((row) => row.class === name)]),
    )
    expect(classes).toMatchInlineSnapshot(`
      {
        "calibration": "M301 M303 M304 M305 M306 M309 M425 M569 M665 M666 M863 M864 M867 M868 M871 M906 M907 M908 M912 M913 M914 M919 M951",
        "checks": "M16 M862",
        "dynamics": "M201 M203 M204 M205 M493 M592 M593 M900",
        "emergency": "M108 M112 M410 M876",
        "factors": "M220 M221",
        "fans": "M106 M107 M710",
        "firmware": "M12 M100 M111 M575 M707 M708 M936 M993 M994 M995 M997 M999",
        "heating": "M104 M109 M140 M141 M143 M190 M191 M192 M193",
        "homing": "G28 G29 G30 G31 G32 M401 M402",
        "lights": "M150 M250 M255 M256 M300 M355 M414 M7219",
        "macros": "M808 M810 M811 M812 M813 M814 M815 M816 M817 M818 M819 M820",
        "messages": "M117 M118",
        "modes": "G17 G21 G80 G90 G91 M82 M83",
        "motion": "G0 G1 G2 G3",
        "motors": "M17 M18 M84",
        "network": "M552 M553 M554",
        "objects": "M486",
        "offsets": "G53 G54 G55 G56 G57 G58 G59 M206 M218 M290 M293 M294 M420 M421 M428 M851 M852",
        "pauses": "M0 M1 M125 M600 M701 M702 M704 M705 M706",
        "pins": "M3 M4 M5 M7 M8 M9 M10 M11 M42 M43 M80 M81 M126 M127 M128 M129 M226 M260 M261 M280 M281 M282 M380 M381 M485 M3426",
        "position": "G92",
        "progress": "M73 M75 M76 M77 M78",
        "retraction": "G10 G11 M207 M208 M209",
        "safety": "M85 M86 M87 M120 M121 M211 M302 M412 M540",
        "scaling": "G18 G19 G20 M92 M149 M200 M350 M351 M404 M405 M406",
        "self-moving": "G5 G6 G12 G26 G27 G33 G34 G35 G38 G42 G60 G61 G76 G425 M48 M240 M360 M361 M362 M363 M364 M915 M916 M917 M918 M1002 M1004",
        "settings": "M102 M145 M210 M413 M422 M423 M500 M501 M502 M504 M510 M511 M512 M603 M672 M910",
        "status": "G800 M31 M105 M110 M113 M114 M115 M119 M122 M123 M154 M155 M407 M430 M503 M800 M860 M861 M865 M866 M869 M909 M911 M5790",
        "storage": "M20 M21 M22 M23 M24 M25 M26 M27 M28 M29 M30 M32 M33 M34 M524 M928 M1000 M1001",
        "tools": "M163 M164 M165 M166 M217 M403 M605 M709 T",
        "waiting": "G4 M400",
      }
    `)
  })

  test('marks what the digest leaves out', () => {
    expect(namesWhere((row) => row.observes)).toMatchInlineSnapshot(
      `"G800 M20 M27 M31 M33 M73 M105 M110 M113 M114 M115 M117 M119 M123 M154 M155 M407 M503 M504 M800 M820 M860 M861 M865 M869 M909 M911 M5790"`,
    )
  })

  test('marks what heats', () => {
    expect(namesWhere((row) => row.heats)).toMatchInlineSnapshot(
      `"G26 G76 M24 M32 M104 M109 M140 M141 M143 M145 M190 M191 M192 M193 M303 M306 M600 M701 M702 M1000 M1004"`,
    )
  })

  test('marks what changes the meaning of later numbers', () => {
    expect(namesWhere((row) => row.scales)).toMatchInlineSnapshot(
      `"G18 G19 G20 G53 G54 G55 G56 G57 G58 G59 M92 M149 M200 M206 M209 M218 M221 M290 M293 M294 M350 M351 M404 M405 M406 M420 M421 M423 M425 M428 M501 M502 M605 M665 M666 M851 M852 M863 M867 M871"`,
    )
  })

  test('marks what outlives the job', () => {
    expect(namesWhere((row) => row.stores)).toMatchInlineSnapshot(
      `"G29 G33 G425 M28 M29 M30 M78 M102 M145 M164 M200 M206 M207 M208 M210 M217 M218 M281 M301 M303 M304 M305 M306 M309 M413 M414 M421 M422 M423 M425 M428 M500 M510 M512 M708 M810 M811 M812 M813 M814 M815 M816 M817 M818 M819 M851 M864 M871 M910 M928 M936 M951 M993 M994 M995 M997 M1004"`,
    )
  })

  test('marks what carries text', () => {
    const texts = Object.fromEntries(
      ['line', 'word', 'quoted', 'version'].map((kind) => [kind, namesWhere((row) => row.text === kind)]),
    )
    expect(texts).toMatchInlineSnapshot(`
      {
        "line": "M16 M23 M28 M30 M32 M33 M75 M117 M118 M485 M928 M5790",
        "quoted": "M862",
        "version": "M115",
        "word": "M486",
      }
    `)
    expect(namesWhere((row) => row.isTextSearched)).toBe('M16 M32 M33 M75 M485')
  })
})

describe('every row', () => {
  test.each(MARLIN.rows.map((row) => [row.name, row] as const))('of %s is well formed', (name, row) => {
    expect(name).toMatch(/^([GM]\d+|T)$/)
    expect(row.title).toMatch(/^[a-z0-9A-Z].*[^.]$/)
    // Marks stand on words that the command reads.
    for (const mask of [row.flags, row.integers, row.longs]) expect(mask & ~row.words).toBe(0)
    expect(row.integers & row.longs).toBe(0)
    expect(row.textWord >= 0).toBe(['word', 'quoted', 'version'].includes(row.text))
    if (row.textWord >= 0) expect((row.words >>> row.textWord) & 1).toBe(1)
    if (row.text === 'line') expect(row.words).toBe(0)
    // What moves the machine along a way of its own leaves it somewhere else.
    if (row.class === 'self-moving') expect(row.moves || row.losesAxes === 0, name).toBe(true)
    if (row.observes) expect([row.moves, row.heats, row.scales], name).toEqual([false, false, false])
  })

  test.each(MARLIN.rows.map((row) => [row.name, row] as const))(
    'of %s takes each of its words',
    (name, row) => {
      const head = row.name === 'T' ? 'T0' : name
      for (const letter of Command.letters(row.words)) {
        const slot = letter.charCodeAt(0) - 0x41
        if (slot === row.textWord) continue
        expect(lineOf(`${head} ${letter}5`).command, `${head} ${letter}5`).toMatchObject({
          words: { [letter]: 5 },
        })
        const isFlag = ((row.flags >>> slot) & 1) === 1
        expect(lineOf(`${head} ${letter}`).code, `${head} ${letter}`).toBe(
          isFlag ? undefined : 'value-missing',
        )
      }
    },
  )
})

describe('the table', () => {
  test('finds a row by letter and number, one for all tools, and none for what it does not know', () => {
    expect(MARLIN.find(0x47, 1)?.name).toBe('G1')
    expect(MARLIN.find(0x4d, 104)?.name).toBe('M104')
    expect(MARLIN.find(0x54, 0)).toBe(MARLIN.find(0x54, 127))
    expect(MARLIN.find(0x47, 9999)).toBeUndefined()
    expect(MARLIN.find(0x4d, 1)?.name).toBe('M1')
    expect(MARLIN.find(0x58, 1)).toBeUndefined()
  })

  test('refuses a row that stands twice, has no name or has nonsense for words', () => {
    const row = ['G1', 'motion', 'X', 'move'] as const
    expect(() => new CommandTable('x', 95, [row, row])).toThrow('G1 stands twice')
    expect(() => buildRow(['X1', 'motion', '', 'no command'])).toThrow('`X1` is not a command name')
    expect(() => buildRow(['G1', 'motion', 'x', 'lower case'])).toThrow('word `x` of G1')
    expect(() => buildRow(['G1', 'motion', 'X?#', 'marks in the wrong order'])).toThrow('word `X?#` of G1')
  })

  test('reads the notation of its rows', () => {
    const row = buildRow(['G38.2.3', 'motion', 'X Y# Z~? S#?', 'probe', 'moves heats stores scales loses:XZ'])
    expect(row).toMatchObject({
      name: 'G38',
      code: 38,
      subcodes: [2, 3],
      moves: true,
      heats: true,
      stores: true,
      scales: true,
      observes: false,
      losesAxes: 0b101,
      text: 'none',
      textWord: -1,
    })
    expect(Command.letters(row.words)).toBe('SXYZ')
    expect(Command.letters(row.flags)).toBe('SZ')
    expect(Command.letters(row.integers)).toBe('SY')
    expect(Command.letters(row.longs)).toBe('Z')
  })
})
