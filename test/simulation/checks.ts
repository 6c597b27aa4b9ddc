/** What must hold of every run, whatever went wrong in it. Each broken promise is one sentence. */

import {
  closingAgainLines,
  closingLines,
  HELLO,
  preambleLines,
  safeStopLines,
} from '../../agent/core/printer/marlin-lines.ts'
import { LICENCE_PART } from '../../gcode/index.ts'
import { unexplained } from './odometer-check.ts'
import type { Run, Scene } from './run.ts'

const PREAMBLE = preambleLines([])

const CLOSING = closingLines([])
const CLOSING_AGAIN = closingAgainLines([])
const MARLIN_SAFE_STOP = safeStopLines([])

const SAFE_STOP: ReadonlySet<string> = new Set([
  MARLIN_SAFE_STOP.dropMoves,
  MARLIN_SAFE_STOP.breakWait,
  ...MARLIN_SAFE_STOP.heatersOff,
  MARLIN_SAFE_STOP.poll,
  MARLIN_SAFE_STOP.emergency,
])
const OBSERVING: ReadonlySet<string> = new Set(['M105', 'M78', HELLO])

/** The promises that the run broke; none in a good one. */
export function brokenPromises(scene: Scene, run: Run): string[] {
  return [
    ...checkEnd(run),
    ...checkWritten(scene, run),
    ...checkExecuted(scene, run),
    ...checkHeat(scene, run),
    ...checkRecords(run),
    ...unexplained(run.records),
  ]
}

function checkEnd(run: Run): string[] {
  const broken: string[] = []
  if (run.outcome === 'endless') broken.push('the run never ended')
  if (run.outcome === 'printed' && !run.coldConfirmed) broken.push('printed, and nobody knows if it is cold')
  if (run.state.invariants.commandsWhileHalted > 0) broken.push('a halted printer ran a command')
  return broken
}

/** Every line that leaves is one of ours, judged and on record, and a number always means the same line. */
function checkWritten(scene: Scene, run: Run): string[] {
  const judged = new Set([...PREAMBLE, ...scene.job.commands, ...CLOSING, ...CLOSING_AGAIN, 'M105', 'M78'])
  const byNumber = new Map<string, string>()
  return run.written.flatMap(({ text, isOpened, isStopped }) => {
    const line = text.slice(0, -1)
    if (!text.endsWith('\n') || line.includes('\n')) return [`not one whole line: ${JSON.stringify(text)}`]
    if (isStopped) return line === '' || SAFE_STOP.has(line) ? [] : [`sent while stopping: ${line}`]
    if (line === `N0 ${HELLO}*125`) return isOpened ? ['a hello in mid-job'] : []
    const [, number, command] = /^N(\d+) (.*)\*\d+$/.exec(line) ?? []
    if (number === undefined || command === undefined) return [`sent without a number: ${line}`]
    if (!isOpened) return [`sent before the job was on record: ${line}`]
    if (command.startsWith(LICENCE_PART)) return [`sent what is for the gate alone: ${line}`]
    if (!judged.has(command)) return [`sent without a judgement: ${line}`]
    if ((byNumber.get(number) ?? line) !== line) return [`two lines with one number: ${line}`]
    byNumber.set(number, line)
    return []
  })
}

/** The printer ran what was to be run, in order, each once; or the beginning of it. */
function checkExecuted(scene: Scene, run: Run): string[] {
  const observed = (text: string): boolean => OBSERVING.has(text) || text.startsWith(LICENCE_PART)
  const expected = [...PREAMBLE, ...scene.job.commands, ...CLOSING].filter((text) => !observed(text))
  const broken: string[] = []
  let next = 0
  let wasReset = false
  for (const record of run.journal) {
    if (record.kind === 'event' && record.name === 'reset') wasReset = true
    // A damaged line that lost its N is an unknown command to the printer: it answers and does nothing.
    if (record.kind !== 'command' || !/^[GMT]\d/.test(record.text) || observed(record.text)) continue
    const isNext = next < expected.length && record.text === expected[next]
    if (isNext && !wasReset) next++
    else if (!isAllowedBeside(record.text, next === expected.length, run)) {
      broken.push(
        `ran ${record.text} where ${expected[next] ?? 'nothing'} was due${wasReset ? ' after a reset' : ''}`,
      )
    }
  }
  if (run.outcome === 'printed' && next !== expected.length) {
    broken.push(`printed, but only ${next} of ${expected.length} commands ran`)
  }
  return broken
}

function isAllowedBeside(text: string, isOver: boolean, run: Run): boolean {
  if (isOver && CLOSING_AGAIN.includes(text)) return true
  return run.reason !== null && SAFE_STOP.has(text)
}

/** Where a printer is there and answers, it is cold in the end; what is said to be cold always is. */
function checkHeat(scene: Scene, run: Run): string[] {
  const { nozzleTargetCelsius: nozzle, bedTargetCelsius: bed } = run.state
  if (nozzle === 0 && bed === 0) return []
  if (run.coldConfirmed) return [`said to be cold at ${nozzle} °C and ${bed} °C`]
  const isDeaf = !run.isReachable || scene.faults['hang-after'] !== undefined
  // The wire may take both calls to break off a wait, or the last word; then nobody says that the printer is cold.
  const drops = (text: string): number =>
    run.accidents.filter((what) => what.includes(`drop "${text}`)).length
  const isLost = drops('M112') > 0 || drops('M108') > 1
  // A wait that begins after M108 was read is out of reach: without an emergency parser Marlin reads no more once its
  // queue is full. Only a command that is held up before it starts, which this fault makes, can bring that about.
  const isTooLate = scene.faults.busy !== undefined && run.state.isWaiting
  return isDeaf || isLost || isTooLate ? [] : [`left at ${nozzle} °C and ${bed} °C: ${run.reason?.message}`]
}

function checkRecords(run: Run): string[] {
  const kinds = run.records.map(({ kind }) => kind)
  const broken: string[] = []
  if (kinds.at(-1) !== 'job-closed') broken.push('the last record is not that the job is closed')
  if (kinds.filter((kind) => kind === 'job-closed').length !== 1) broken.push('the job was not closed once')
  if (run.reason !== null && run.reason.code !== 'record-failed' && !kinds.includes('safe-stop'))
    broken.push('a stop that is not on record')
  return broken
}
