/** Scenes for a run: a good one, and one for each seed. Troubles come alone and together. */

import type { Faults } from '../../agent/sim/index.ts'
import { Prng } from '../../agent/sim/prng.ts'
import { LICENCE_PART } from '../../gcode/index.ts'
import { type CanonicalJob, canonicalJob, fixture } from '../core/canonical.ts'
import type { Scene } from './run.ts'
import { NO_TROUBLE, type Trouble } from './wire.ts'

const CUBE_LINES = Buffer.from(fixture('demo/cube.gcode')).toString('latin1').split('\n')

/** A wire and a printer that do as they should. */
export const QUIET: Omit<Scene, 'seed' | 'job'> = {
  toPrinter: NO_TROUBLE,
  toHost: NO_TROUBLE,
  faults: {},
  hasAdvancedOk: false,
  recordDelayMsMax: 0,
  failedRecord: 0,
  stopAtMs: Number.POSITIVE_INFINITY,
  unplugAtMs: Number.POSITIVE_INFINITY,
}

/** Waits for heat, one behind the other, and temperatures that come without being asked for. */
const PREHEAT = ['M155 S1', 'M190 S30', 'M109 S60', 'M190 S35', 'M109 S70']

/** A piece of a licence, which the printer must never see. */
const LICENCE = `${LICENCE_PART} L1/1 MRSXEYLTMVRWGZLTOQ`

/** The beginning of a real job, with its waits for heat and a question of its own at the end. */
export function head(lines: number, isPreheated = false, isLicensed = false): CanonicalJob {
  const preheat = isPreheated ? PREHEAT : []
  const licence = isLicensed ? [LICENCE] : []
  const text = [...licence, ...preheat, ...CUBE_LINES.slice(0, lines), ...licence, 'M105', '']
  return canonicalJob(Buffer.from(text.join('\n'), 'latin1'))
}

function trouble(prng: Prng): Trouble {
  const some = (): number => (prng.below(2) === 0 ? 0 : prng.below(25))
  return { drop: some(), repeat: some(), flip: some(), loseByte: some(), delay: some(), delayMsMax: 9000 }
}

const FAULT_MAKERS: readonly ((prng: Prng) => Faults)[] = [
  () => ({}),
  () => ({}),
  (prng) => ({ 'drop-ok': 1 + prng.below(60) }),
  (prng) => ({ 'resend-every': 2 + prng.below(20) }),
  (prng) => ({ 'reset-after': 12 + prng.below(80) }),
  (prng) => ({ 'hang-after': 1 + prng.below(100) }),
  (prng) => ({ 'silent-after': 1 + prng.below(100) }),
  (prng) => ({ 'thermal-runaway-after': 1 + prng.below(100) }),
  (prng) => ({ 'unplug-after': 1 + prng.below(100) }),
  (prng) => ({ busy: 1 + prng.below(15) }),
  (prng) => ({ 'garbage-every': 2 + prng.below(20) }),
]

/** What goes wrong with this seed, and when. */
export function sceneOf(seed: number): Scene {
  const prng = new Prng(seed)
  const oneIn = (n: number): boolean => prng.below(n) === 0
  return {
    seed,
    job: head(20 + prng.below(150), oneIn(3), seed % 2 === 0),
    toPrinter: oneIn(3) ? NO_TROUBLE : trouble(prng),
    // A board that restarts says so in one line, and that line may be the one that gets lost.
    toHost: { ...(oneIn(3) ? NO_TROUBLE : trouble(prng)), ...(oneIn(3) && { loses: /^start/ }) },
    faults: FAULT_MAKERS[prng.below(FAULT_MAKERS.length)]!(prng),
    hasAdvancedOk: oneIn(3),
    recordDelayMsMax: oneIn(2) ? 0 : 5000,
    failedRecord: oneIn(10) ? 1 + prng.below(3) : 0,
    stopAtMs: oneIn(5) ? prng.below(240_000) : Number.POSITIVE_INFINITY,
    unplugAtMs: oneIn(20) ? prng.below(240_000) : Number.POSITIVE_INFINITY,
  }
}
