/**
 * What may be said outside of a reason: for each code a sentence and a remedy that were written here, once. Nothing
 * of a decision's own text is ever told. A code that is not in this table is told as `other`: who writes the log
 * chooses its words.
 */

/** A reason as it may be told to anybody. */
export interface KnownCode {
  readonly code: string
  readonly rule: string
  /** What was wrong, without any value. */
  readonly why: string
  readonly remedy: string
}

type Text = readonly [why: string, remedy: string]

const UNREADABLE: Text = [
  'a line could not be read, or could be read in more than one way',
  'take the line out or write it so that it can be read in only one way, or slice again for this printer',
]
const FAULT: Text = [
  'a rule of the policy did not work, and what it would have found is unknown',
  'tell the person who looks after this gate; nothing passes this rule until it works',
]
const CLASS: Text = [
  'the job held a kind of command that this site does not let into prints',
  'take the command out, most likely out of the start or end G-code of the slicer’s printer profile',
]
const POSITION: Text = [
  'a move began where the position of the machine was not known',
  'home with `G28` and go to an absolute position before the move',
]
const PRESET: Text = [
  'a temperature was named by a preset whose value is not in the job',
  'write the temperature itself in place of the preset',
]
const ISSUER: Text = [
  'the issuer of the licence could not be relied upon here',
  'ask the issuer, or the person who looks after the trusted issuers of this site',
]
const BROKEN_LICENCE: Text = [
  'the licence was not whole, or was not as its issuer signed it',
  'use the licence exactly as the issuer sent it, or ask for a new one',
]
const NEW_LICENCE: Text = ['the licence was not valid at that time', 'ask the issuer for a new licence']
const OTHER_LICENCE: Text = [
  'the licence was for another machine or another design',
  'print what the licence names on a machine that it names, or ask the issuer for a licence for this',
]
const USED_UP: Text = ['the copies that the licence allows were used up', 'ask the issuer for more copies']

/** Refusals of the reader of lines. */
const GRAMMAR = `control-byte non-ascii meatpack backslash bracket stray-quote stray-byte no-command code-missing
  code-too-big unknown-subcode repeated-word second-command second-line-number malformed-number exponent hex-number
  too-many-digits value-missing value-out-of-range too-long text-forges-reply text-hides-word bad-line-number
  checksum-missing checksum-wrong checksum-misplaced unfinished-line unknown`
/** Classes of commands, and what else the rule about them says. */
const CLASSES = `motion homing retraction heating fans tools modes position waiting status progress objects messages
  factors dynamics motors pauses lights checks emergency storage firmware settings calibration macros network pins
  offsets scaling self-moving safety command words`

const words = (text: string): readonly string[] => text.trim().split(/\s+/)
const all = (names: string, text: Text): Readonly<Record<string, Text>> =>
  Object.fromEntries(words(names).map((name) => [name, text]))

/** By rule: the text of the rule's own code under ``, and of each code `rule.name` under `name`. */
const RULES: Readonly<Record<string, Readonly<Record<string, Text>>>> = {
  grammar: all(GRAMMAR, UNREADABLE),
  'command-classes': all(CLASSES, CLASS),
  'unknown-commands': all('* word', [
    'the job held a command or a word that this printer’s firmware is not known to have',
    'check that the job was sliced for this printer’s firmware',
  ]),
  'nozzle-temperature': {
    '*': ['the nozzle was to be hotter than this site allows', 'slice again with a lower nozzle temperature'],
    ...all('preset automatic', PRESET),
  },
  'bed-temperature': {
    '*': ['the bed was to be hotter than this site allows', 'slice again with a lower bed temperature'],
    chamber: [
      'the chamber was to be hotter than this site allows',
      'slice again with a lower chamber temperature',
    ],
    preset: PRESET,
  },
  'build-volume': {
    '*': ['the job reached beyond the space in which this printer may move', 'slice again for this printer'],
    ...all('unknown-position arc', POSITION),
    ...all('parking lift further-axis', [
      'the job named a place to park or to lift to that lies beyond what is allowed',
      'take the place out, so that the printer parks where its maker meant it to',
    ]),
  },
  'command-amounts': {
    dwell: [
      'the job was to wait longer than this site allows',
      'wait less, or use a pause that a person ends',
    ],
    flow: ['the flow was set beyond what this site allows', 'set the flow in the slicer’s filament profile'],
    ...all('filament retraction', [
      'a length of filament was beyond what this site allows',
      'name less, or take the length out, so that the printer uses its own',
    ]),
  },
  feedrate: all('* z extruder', [
    'the job was to move faster than this site allows',
    'slice again with lower speeds',
  ]),
  'homing-first': all('* extrusion', [
    'the job moved or extruded before the printer was homed',
    'add `G28` to the start G-code of the slicer’s printer profile, before the first move, and slice again',
  ]),
  'layer-height': all('too-thick too-thin', [
    'the layers were thicker or thinner than this site allows',
    'slice again with another layer height',
  ]),
  material: {
    '*': [
      'the job was sliced for a material that this site does not print',
      'slice again for a material that it prints',
    ],
    temperature: [
      'the temperatures did not fit the material that the job names',
      'slice again with the filament that is loaded, and a profile made for it',
    ],
    unclaimed: [
      'the job did not say for which material it was sliced',
      'slice again with a slicer that writes the filament type into its comments',
    ],
  },
  'part-size': all('too-large too-small', [
    'the part was larger or smaller than this site prints',
    'scale the model, and check the unit it was exported in',
  ]),
  'volumetric-flow': all('*', [
    'the nozzle was to extrude more in a second than this site allows',
    'slice again with a lower volumetric speed',
  ]),
  licence: {
    missing: [
      'the design needs a licence, and none was given',
      'present the licence of this design, or ask its owner for one',
    ],
    sealed: [
      'the job was sealed, and no valid licence came with it',
      'present the licence of the sealed design, or ask its owner for one',
    ],
    tier: [
      'the licence was not of the tier that this site asks for',
      'ask the design’s owner for a licence of its tier',
    ],
    'copies-used-up': USED_UP,
    ...all('untrusted-issuer issuer-not-yet-valid issuer-expired issuer-not-allowed weak-key', ISSUER),
    ...all(
      'malformed too-large unsupported-claim bad-signature opinions-differ check-failed',
      BROKEN_LICENCE,
    ),
    ...all('not-yet-valid expired', NEW_LICENCE),
    ...all('other-machine other-design', OTHER_LICENCE),
  },
  policy: { unjudged: FAULT },
  gate: {
    ...all('not-armed not-in-job', [
      'the line belongs to a job, and no job was announced to the gate',
      'announce the job at the gate first, then start the print again',
    ]),
    'not-homed': [
      'the printer had been stopped, and was not homed since',
      'home it with `G28`, then begin the print from its first line',
    ],
    'no-printer': [
      'the printer was not connected, or did not answer',
      'switch it on or reset it, then begin again',
    ],
    'no-reason': FAULT,
  },
}

const KNOWN: ReadonlyMap<string, KnownCode> = new Map(
  Object.entries(RULES).flatMap(([rule, codes]) =>
    Object.entries({ ...codes, failed: FAULT }).map(([name, [why, remedy]]): [string, KnownCode] => {
      const code = name === '*' ? rule : `${rule}.${name}`
      return [code, { code, rule, why, remedy }]
    }),
  ),
)

const OTHER: KnownCode = {
  code: 'other',
  rule: 'other',
  why: 'a rule of this site’s own objected to the job',
  remedy: 'ask the person who looks after this gate what the rule is for',
}

/** Every code that may be named outside, in an order that never depends on a log. */
export const TOLD_CODES: readonly string[] = [...KNOWN.keys()].sort()

/** What may be said of a code; of one that nobody knows, that it is another. */
export function knownCode(code: string): KnownCode {
  return KNOWN.get(code) ?? OTHER
}
