import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { judgeGcode } from '../../policies/index.ts'
import { policyFrom, policyYaml } from './snippet.ts'

/**
 * Ways past the maker space's limits that a clever file may try, each with the codes that must stop it. One
 * that is missing here is the one to add first.
 */
const makerSpace = policyFrom(
  readFileSync(new URL('../../policies/library/maker-space.yaml', import.meta.url), 'utf8'),
)

const HOME = 'G28\nG1 X100 Y100 Z10 F3000\n'

function codesOf(gcode: string): readonly string[] {
  const reasons = judgeGcode(makerSpace, gcode).reasons.filter(({ outcome }) => outcome === 'deny')
  return [...new Set(reasons.map(({ code }) => code))].sort()
}

describe.each<[string, readonly (readonly [what: string, gcode: string, ...codes: string[]])[]]>([
  [
    'a nozzle above 260 °C',
    [
      ['plainly', 'M104 S300', 'nozzle-temperature'],
      ['in lower case without spaces', 'm104s300', 'nozzle-temperature'],
      ['with a leading zero in the command', 'M0104 S300', 'nozzle-temperature'],
      ['with a plus sign and zeros', 'M104 S+000300', 'nozzle-temperature'],
      ['with blank space inside the word', 'M104 S 300', 'nozzle-temperature'],
      ['behind a line number', 'N5 M104 S300*99', 'nozzle-temperature'],
      ['by the word for cooling', 'M109 R300', 'nozzle-temperature'],
      ['beside a lawful S', 'M109 S200 R300', 'nozzle-temperature'],
      ['for another tool', 'M104 T1 S300', 'nozzle-temperature'],
      ['after selecting another tool', 'T1\nM104 S300', 'nozzle-temperature'],
      ['by the printer’s preset', 'M104 I2', 'nozzle-temperature.preset'],
      ['raised with the flow', 'M104 S200 F1 B300', 'nozzle-temperature'],
      ['raised with the flow, up to who knows what', 'M104 S200 F1', 'nozzle-temperature.automatic'],
      ['by a number that wraps', 'M104 S65836', 'grammar.value-out-of-range'],
      ['by a negative number that wraps', 'M109 R-65236', 'grammar.value-out-of-range'],
      ['by an exponent', 'M104 S3E2', 'grammar.exponent'],
      ['by a hexadecimal number', 'M104 S0x12C', 'grammar.hex-number'],
      ['by the second of two words', 'M104 S200 S300', 'grammar.repeated-word'],
      ['by a second command on the line', 'G28 M104 S300', 'grammar.second-command'],
      ['by a command number that wraps', 'M65640 S300', 'grammar.code-too-big'],
      ['by PID tuning', 'M303 E0 S300', 'nozzle-temperature', 'command-classes.calibration'],
      [
        'by a preset that the next job takes',
        'M145 S0 H300',
        'nozzle-temperature',
        'command-classes.settings',
      ],
      ['after a filament change', 'M600 R400', 'nozzle-temperature'],
      ['after a filament change, beside a lawful count of beeps', 'M600 B3 R261', 'nozzle-temperature'],
      ['by an offset for a second toolhead', 'M605 S2 R100', 'command-classes.command'],
      ['by a test pattern', 'G26 H300', 'nozzle-temperature', 'command-classes.self-moving'],
      [
        'by another meaning of the number',
        'M149 K\nM104 S533',
        'command-classes.scaling',
        'nozzle-temperature',
      ],
      ['by a changed sensor', 'M305 P0 R4700 T100000 B3950', 'command-classes.calibration'],
      ['behind a quote', 'M117 "\nM104 S300', 'grammar.stray-quote', 'nozzle-temperature'],
      ['behind a bracket', '(M105) M104 S300', 'grammar.bracket'],
      ['behind a backslash', 'M10\\4 S300', 'grammar.backslash'],
      ['behind a backspace', 'M104 S200\b\b\b300', 'grammar.control-byte'],
      ['behind a carriage return in a comment', '; harmless\rM104 S300', 'nozzle-temperature'],
    ],
  ],
  [
    'a bed above 110 °C or a chamber that is not there',
    [
      ['plainly', 'M140 S120', 'bed-temperature'],
      ['while waiting', 'M190 R120', 'bed-temperature'],
      ['by the preset', 'M190 I0', 'bed-temperature.preset'],
      ['the chamber', 'M141 S60', 'bed-temperature.chamber'],
      ['the chamber, while waiting', 'M191 S60', 'bed-temperature.chamber'],
    ],
  ],
  [
    'a move out of the volume',
    [
      ['plainly', `${HOME}G1 X221`, 'build-volume'],
      ['without a space', `${HOME}G1X221`, 'build-volume'],
      ['as a travel move', `${HOME}G0 Y-1`, 'build-volume'],
      ['into the bed', `${HOME}G1 Z-1`, 'build-volume'],
      ['by many small steps', `${HOME}G91\n${'G1 X10\n'.repeat(13)}`, 'build-volume'],
      ['by a shifted origin', `${HOME}G92 X0\nG1 X150`, 'build-volume'],
      ['by an origin shifted twice', `${HOME}G92 X50\nG92 X0\nG1 X121`, 'build-volume'],
      [
        'by an origin given before homing',
        'G92 X0 Y0 Z0\nG1 X10',
        'homing-first',
        'build-volume.unknown-position',
      ],
      [
        'by an origin given while the place is unknown',
        'G28\nG92 X0\nG1 X300',
        'homing-first',
        'build-volume.unknown-position',
      ],
      [
        'by an origin that someone before left shifted',
        'G28 O\nG1 Z0.2 F600\nG1 X100 Y100',
        'homing-first',
        'build-volume.unknown-position',
      ],
      [
        'by an origin shifted before a homing that may do nothing',
        `${HOME}G92 Z60\nG28 O\nG1 Z0.2`,
        'homing-first',
        'build-volume.unknown-position',
      ],
      ['in inches', `${HOME}G20\nG1 X9`, 'command-classes.scaling', 'build-volume'],
      ['by an arc that bulges', `${HOME}G1 X215 Y100\nG3 X215 Y120 J10`, 'build-volume'],
      ['by a full circle', `${HOME}G2 X100 Y100 I-101`, 'build-volume'],
      [
        'by an arc in another plane',
        `${HOME}G18\nG2 X100 Z10 K-60`,
        'build-volume',
        'command-classes.scaling',
      ],
      ['by an arc without a centre', `${HOME}G2 X110 Y110`, 'build-volume.arc'],
      ['by an arc from nowhere', 'G28\nG2 X110 Y110 I5', 'build-volume.arc'],
      ['relative to nowhere', 'G28\nG91\nG1 X300', 'build-volume.unknown-position'],
      ['relative to nowhere after a tool change', `${HOME}T1\nG91\nG1 X100`, 'build-volume.unknown-position'],
      ['relative to nowhere after levelling', `${HOME}G29\nG91\nG1 Z-20`, 'build-volume.unknown-position'],
      ['after the motors were let go', `${HOME}M84\nG1 X10`, 'homing-first', 'build-volume.unknown-position'],
      ['without ever homing', 'G1 X10 Y10', 'homing-first', 'build-volume.unknown-position'],
      ['by parking there', 'M600 X400', 'build-volume.parking'],
      ['by parking there on a pause', 'M125 Y400', 'build-volume.parking'],
      [
        'by parking there at an origin that someone before left shifted',
        'G28 O\nM125 X100 Y100',
        'build-volume.unknown-position',
      ],
      ['by taking a picture there', 'M240 X400', 'build-volume.parking', 'command-classes.self-moving'],
      ['by lifting before homing', 'G28 R300', 'build-volume.lift'],
      ['by lifting at each retraction', 'M207 Z300', 'build-volume.lift'],
      ['by lifting a little at each retraction', 'M207 Z10', 'build-volume.lift'],
      ['by lifting at the top', 'G28\nG1 X110 Y110 Z249.9 F600\nM207 Z10\nG10', 'build-volume.lift'],
      ['by retractions that nobody wrote', 'M209 S1', 'command-classes.command'],
      ['by lifting to load filament', `${HOME}M701 L10 Z2000`, 'build-volume.lift'],
      ['by lowering to unload filament', `${HOME}M702 Z-20`, 'build-volume.lift'],
      ['by axes that nobody measured', `${HOME}G1 A500 U500`, 'build-volume.further-axis'],
      ['by one beside a lawful X', `${HOME}G0 X10 W5`, 'build-volume.further-axis'],
      ['by an origin of such an axis', 'G92 A500', 'build-volume.further-axis'],
      ['by homing such an axis', 'G28 U', 'build-volume.further-axis'],
      ['by homing such an axis of another name', 'G28 X I', 'build-volume.further-axis'],
      ['by the path of a tool change', 'M217 Z300 X400', 'command-classes.command'],
      ['by an offset of the home position', 'M206 X100', 'command-classes.offsets'],
      ['by a workspace of its own', 'G54', 'command-classes.offsets'],
      ['by machine coordinates', 'G53 X400', 'command-classes.offsets', 'unknown-commands.word'],
      ['by an offset of a tool', 'M218 T1 X100', 'command-classes.offsets'],
      ['by a probe set deeper', 'M851 Z-5', 'command-classes.offsets'],
      ['by an offset of the whole mesh', 'G29 S4 Z100', 'command-classes.words'],
      ['by a height in the mesh', 'G29 S3 I0 J0 Z-50', 'command-classes.words'],
      ['by a height in the mesh of another build', 'G29 W1 I0 J0 Z-50', 'command-classes.words'],
      ['by a mesh shifted by its phase', 'G29 P6 C20', 'command-classes.words'],
      ['by a mesh shifted by its phase and Z', 'G29 P6 Z20', 'command-classes.words'],
      ['by a mesh filled with a constant', 'G29 P3 C-5', 'command-classes.words'],
      ['by a mesh of zeros', 'G29 P0', 'command-classes.words'],
      ['by a mesh that is saved', 'G29 S1', 'command-classes.words'],
      ['by another mesh', 'M420 L1', 'command-classes.words'],
      ['by another mesh, shifted', 'M420 L1 Z10 C', 'command-classes.words'],
      ['by a copy of the print beside it', 'M605 S2 X200', 'command-classes.command'],
      ['by small steps that nobody counts', 'M290 Z-2', 'command-classes.offsets'],
      ['by longer millimetres', 'M92 X400', 'command-classes.scaling'],
      ['by other microsteps', 'M350 X1', 'command-classes.scaling'],
      ['without end stops', 'M121\nM211 S0', 'command-classes.safety'],
      ['by a curve', 'G5 X300 I10 J10 P0 Q0', 'command-classes.self-moving'],
      ['by a step of the motors', 'G6 X1000', 'command-classes.self-moving'],
      ['back to a place that was saved', 'G61 X', 'command-classes.self-moving'],
      ['by a probe', 'G38.2 X300', 'command-classes.self-moving'],
    ],
  ],
  [
    'more than any print needs',
    [
      ['a wait of weeks', 'M104 S200\nG4 P2147483647', 'command-amounts.dwell'],
      ['a wait of days in seconds', 'G4 S500000', 'command-amounts.dwell'],
      ['a wait that wraps to weeks', 'G4 P-1', 'command-amounts.dwell'],
      ['a flow that floods', 'M221 S30000', 'command-amounts.flow'],
      ['a flow that pulls', 'M221 S-100', 'command-amounts.flow'],
      ['a flow for another tool', 'M221 T1 S5000', 'command-amounts.flow'],
      ['filament of metres at a change', 'M600 E-1000 U-3000 L3000', 'command-amounts.filament'],
      ['filament of metres on loading', 'M701 L99999', 'command-amounts.filament'],
      [
        'filament of metres on loading, and a lift',
        'M701 L99999 Z2000',
        'command-amounts.filament',
        'build-volume.lift',
      ],
      ['filament of metres on unloading', 'M702 U99999', 'command-amounts.filament'],
      [
        'filament of metres for later changes',
        'M603 L3000',
        'command-amounts.filament',
        'command-classes.settings',
      ],
      ['filament of metres at each recovery', 'M208 S1000', 'command-amounts.retraction'],
      ['filament of metres at each retraction', 'M207 S-1000', 'command-amounts.retraction'],
    ],
  ],
  [
    'what outlives the job or opens another door',
    [
      ['saved settings', 'M500', 'command-classes.settings'],
      ['factory settings', 'M502', 'command-classes.settings'],
      ['a passcode', 'M512 P1234 S5678', 'command-classes.settings'],
      ['a file that is run', 'M32 evil.gco', 'command-classes.storage'],
      ['a file that is opened and run', 'M23 evil.gco\nM24', 'command-classes.storage'],
      [
        'a file that is written',
        'M28 evil.gco\nM104 S300\nM29',
        'command-classes.storage',
        'nozzle-temperature',
      ],
      ['a file that is deleted', 'M30 other.gco', 'command-classes.storage'],
      ['a macro', 'M810 M104 S300', 'grammar.second-command'],
      ['a macro that exists', 'M810', 'command-classes.macros'],
      ['new firmware', 'M997', 'command-classes.firmware'],
      ['another baud rate, which hides the rest', 'M575 B250000', 'command-classes.firmware'],
      ['the network', 'M552 S1', 'command-classes.network'],
      ['a pin', 'M42 P4 S255', 'command-classes.pins'],
      ['a servo', 'M280 P0 S180', 'command-classes.pins'],
      ['the power supply', 'M81', 'command-classes.pins'],
      ['a laser', 'M3 S255', 'command-classes.pins'],
      ['a bus', 'M260 A99 B1 S1', 'command-classes.pins'],
      ['cold extrusion', 'M302 S0', 'command-classes.safety'],
      ['a line number that is not the host’s', 'M110 N5\nM117 M110 N5', 'grammar.text-forges-reply'],
      ['a reply that is not the printer’s', 'M118 ok', 'grammar.text-forges-reply'],
      ['words to the host', 'M118 hello', 'command-classes.command'],
      ['an answer to a prompt', 'M876 S1', 'command-classes.emergency'],
      ['the end of a wait', 'M108', 'command-classes.emergency'],
      ['a command that nobody knows', 'M1234', 'unknown-commands'],
      ['a command that nobody knows, by its subcode', 'G28.9', 'grammar.unknown-subcode'],
      ['a word that nobody knows', 'G28 Q1', 'unknown-commands.word'],
    ],
  ],
])('%s is stopped', (_limit, attacks) => {
  test.each(attacks.map(([what, gcode, ...codes]) => [what, gcode, codes] as const))(
    '%s',
    (_what, gcode, codes) => {
      expect(codesOf(gcode)).toEqual([...codes].sort())
    },
  )
})

describe('what is printed is measured', () => {
  const measuring = policyFrom(
    policyYaml(
      '  part-size: { maxMm: { x: 40 } }\n  layer-height: { maxMm: 0.4 }\n  volumetric-flow: { maxMm3PerS: 30 }\n',
    ),
  )
  const part = 'G1 X150 E5 F1500\nG1 Y150 E5\nG1 Z0.9\nG1 X100 E500\nG1 Y100 E5\n'

  test.each([
    ['plainly', ''],
    ['behind a pull that no firmware makes', 'G1 E-9000 F300\n'],
    ['behind many pulls', 'G1 E-150 F300\n'.repeat(60)],
    ['behind a pull on the way', 'G1 X90 E-200 F300\nG1 X100\n'],
    ['behind a place of E renamed', 'M82\nG92 E9000\nG1 E0 F300\nM83\n'],
  ])('%s', (_what, before) => {
    const gcode = `G28\nG1 X100 Y100 Z0.2 F3000\nM83\n${before}${part}`
    const { reasons, facts } = judgeGcode(measuring, gcode)
    expect(new Set(reasons.map(({ code }) => code))).toEqual(
      new Set(['part-size.too-large', 'layer-height.too-thick', 'volumetric-flow']),
    )
    expect(facts!.filamentMm).toBe(515)
  })
})

describe('what is not an attack passes', () => {
  test.each([
    ['the highest temperatures', 'M104 S260\nM140 S110\nM141 S0'],
    ['every corner of the volume', 'G28\nG1 X0 Y0 Z0 F3000\nG1 X220 Y220 Z250\nG1 X0 Y220 Z0.2 E9'],
    ['a lift before homing', 'G91\nG1 Z5 F600\nG90\nG28'],
    ['a homing only where it is needed, after one that is sure', `${HOME}G28 O\nG1 X50 Y50 Z5`],
    ['a shifted origin that stays inside', `${HOME}G92 X0\nG1 X-100\nG1 X120`],
    ['relative moves all over', `${HOME}G91\nG1 X-100\nG1 X200\nG1 X-200 Z5\nG90`],
    ['firmware retraction', 'M207 S1 F2400 Z0\nG28\nG10\nG11'],
    ['a filament change', `${HOME}M600\nG1 X100 Y100 F6000`],
    [
      'what PrusaSlicer asks of the printer',
      'M862.1 P0.4\nM862.3 P "MK3S"\nM115 U3.13.0\nM862.6 P "Input shaper"',
    ],
    ['progress and status', 'M73 P10 R30\nM105\nM114\nM155 S1'],
    ['objects that can be cancelled', 'M486 T2\nM486 S0\nM486 A cube'],
    [
      'tuning for the session',
      'M201 X9000\nM203 X500\nM204 S3000\nM205 X8\nM900 K0.05\nM593 F40\nM220 S90\nM221 S95',
    ],
    [
      'a mesh that is probed, loaded and shown',
      'G28\nG29\nG29 A\nG29 P1\nG29 P3\nG29 O V2 T1\nM420 S1\nM420 S1 V\nM420 S1 Z10',
    ],
    ['what filament and layers need', 'G4 S30\nG4 P500\nM221 S90\nM600 E-2 U-450 L500\nM701 L100\nM207 S5'],
    ['a nozzle heated again after a filament change', `${HOME}M600 R215`],
  ])('%s', (_what, gcode) => {
    expect(codesOf(gcode)).toEqual([])
  })
})
