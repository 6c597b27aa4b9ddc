/** The builds of Marlin 2.1 whose readings were recorded. What differs between them is how they read a line. */

/** Names of the recorded builds; `default` is what most boards run. */
export const MARLIN_BUILD_NAMES = ['default', 'all-options', 'slow-parser'] as const

/** One of the recorded builds. */
export type MarlinBuildName = (typeof MARLIN_BUILD_NAMES)[number]

/** The compile-time switches of Marlin that change how bytes become a command. */
export interface MarlinBuild {
  readonly name: MarlinBuildName
  /** FASTER_GCODE_PARSER: letters are found once, in order, so that the last of a repeated letter wins. */
  readonly isFasterParser: boolean
  readonly isCaseInsensitive: boolean
  /** GCODE_QUOTED_STRINGS: `"` protects `;` and `(`, and a value may be quoted. */
  readonly hasQuotedStrings: boolean
  readonly hasParenComments: boolean
  /** `G92.1` is its own command instead of `G92` followed by something that is no letter. */
  readonly hasSubcodes: boolean
  /** GCODE_MOTION_MODES: a line that begins with an axis letter repeats the last motion command. */
  readonly hasMotionModes: boolean
  /** GCODE_MACROS: M810 to M819 take the rest of the line as text. */
  readonly hasMacros: boolean
  /** Planes (G17 to G19), inches (G20) and full circles in arcs (`P`): options that change what a move means. */
  readonly hasCncOptions: boolean
  /** PRINTCOUNTER: it counts its prints and tells of them by M78. Off where nobody turns it on. */
  readonly hasPrintCounter: boolean
}

const PLAIN = {
  isCaseInsensitive: false,
  hasQuotedStrings: false,
  hasParenComments: false,
  hasSubcodes: false,
  hasMotionModes: false,
  hasMacros: false,
  hasCncOptions: false,
  hasPrintCounter: false,
} as const

const BUILDS: Readonly<Record<MarlinBuildName, MarlinBuild>> = {
  default: { name: 'default', isFasterParser: true, ...PLAIN },
  'slow-parser': { name: 'slow-parser', isFasterParser: false, ...PLAIN },
  'all-options': {
    name: 'all-options',
    isFasterParser: true,
    isCaseInsensitive: true,
    hasQuotedStrings: true,
    hasParenComments: true,
    hasSubcodes: true,
    hasMotionModes: true,
    hasMacros: true,
    hasCncOptions: true,
    hasPrintCounter: true,
  },
}

/** Gives the switches of a recorded build. */
export function marlinBuild(name: MarlinBuildName): MarlinBuild {
  return BUILDS[name]
}
