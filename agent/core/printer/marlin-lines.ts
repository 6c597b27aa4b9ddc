import type { SafeStopLines } from './safe-stop.ts'

/**
 * The lines that the agent itself sends to a Marlin printer around a job. Documented in the README: a journal of
 * a print holds these and the job's own commands, and nothing else.
 */

/**
 * Establishes the declared start that the survey reckons from: no leftover mode, factor, tool or filament diameter may
 * scale a job. The tool comes first, since `M221` alone means the active one. `M113 S2` has the printer say that it is busy,
 * as it does from its boot: one that was told to keep quiet would be taken for dead.
 */
export function preambleLines(tools: readonly number[]): readonly string[] {
  const flows = otherTools(tools).map((tool) => `M221 T${tool} S100`)
  return ['G21', 'G90', 'M82', 'T0', 'M220 S100', 'M221 S100', ...flows, 'M200 D0', 'G92 E0', 'M113 S2']
}

/** Hot ends that Marlin can have (HOTENDS, Conditionals_LCD.h). A higher number names none. */
const HOT_ENDS_MAX = 8

function otherTools(tools: readonly number[]): readonly number[] {
  return tools.filter((tool) => tool > 0 && tool < HOT_ENDS_MAX)
}

/** The active nozzle, and by number each that a job uses: tool 0 is one of them as soon as another may be active. */
function nozzlesOff(tools: readonly number[]): readonly string[] {
  const others = otherTools(tools)
  const used = others.length === 0 ? [] : [0, ...others]
  return ['M104 S0', ...used.map((tool) => `M104 T${tool} S0`)]
}

/** Waits for the last move, leaves the machine cold, and asks whether it is: only the answer ends a job well. */
export function closingLines(tools: readonly number[]): readonly string[] {
  return ['M400', ...nozzlesOff(tools), 'M140 S0', 'M105']
}

/** Sent where the machine is not cold after that: every heater that there may be, and the question again. */
export function closingAgainLines(tools: readonly number[]): readonly string[] {
  return [...nozzlesOff(tools), 'M140 S0', 'M141 S0', 'M105']
}

/** Asks for the printer's own counters, and sets nothing: before a job's first line, and after its last. */
export const ODOMETER_QUESTION = 'M78'

/** Asks which printer it is, and sets nothing: where a licence names one. */
export const IDENTITY_QUESTION = 'M115'

/** Tells the printer where our numbers start. Sent as line 0 of its own, until it is acknowledged. */
export const HELLO = 'M110 N0'

/** How Marlin is brought to rest. M410 and M108 must stand alone and without number to be seen while it waits. */
export function safeStopLines(tools: readonly number[]): SafeStopLines {
  return {
    dropMoves: 'M410',
    breakWait: 'M108',
    heatersOff: [...nozzlesOff(tools), 'M140 S0', 'M141 S0', 'M107'],
    poll: 'M105',
    emergency: 'M112',
  }
}
