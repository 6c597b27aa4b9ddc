/** Scenes for a run of the gate: which host, which troubles and which people, by a seed. */

import { readFileSync } from 'node:fs'
import type { HostProfile, LineJudge } from '../../agent/core/index.ts'
import type { Faults } from '../../agent/sim/index.ts'
import { Prng } from '../../agent/sim/prng.ts'
import { readPolicy } from '../../policies/index.ts'
import type { HostPort, SimulatedHost } from './gate-host.ts'
import type { JobShape } from './gate-jobs.ts'
import { OctoPrintHost } from './gate-octoprint.ts'
import { EndlessHost, HostileHost, PlainHost } from './gate-plain.ts'
import { PrintrunHost } from './gate-printrun.ts'
import { CuraHost, RepetierHost } from './gate-windowed.ts'
import { NO_TROUBLE, type Trouble } from './wire.ts'

export const HOST_KINDS = ['octoprint', 'printrun', 'repetier', 'cura', 'plain', 'hostile'] as const
/** `endless` has a test of its own. */
export type HostKind = (typeof HOST_KINDS)[number] | 'endless'

export type HappeningKind = 'stop' | 'clear' | 'unplug' | 'reset' | 'crash' | 'resume' | 'jog' | 'kill-gate'

export interface GateScene {
  readonly seed: number
  readonly host: HostKind
  readonly profile: HostProfile | 'auto'
  readonly policy: PolicyName
  readonly jobs: 'any' | 'armed'
  /** Each print is armed first, and streams in lockstep. */
  readonly isArming: boolean
  readonly permitsInterlude: boolean
  readonly isParked: boolean
  readonly shape: JobShape
  /** How often the person tries. */
  readonly attempts: number
  /** The person clears a latch before the next try, or does not. */
  readonly isClearing: boolean
  /** The person presses resume while the job is blocked. */
  readonly isResuming: boolean
  readonly hostToGate: Trouble
  readonly gateToHost: Trouble
  readonly gateToPrinter: Trouble
  readonly printerToGate: Trouble
  readonly faults: Faults
  readonly hasAdvancedOk: boolean
  readonly hostSilentMs: number
  readonly recordDelayMsMax: number
  /** Which record cannot be written, counted from 1; none where 0. */
  readonly failedRecord: number
  readonly happenings: readonly { readonly atMs: number; readonly kind: HappeningKind }[]
}

/** `forgiving` is the one of open benches with the emergency lane open to hosts. */
export type PolicyName = 'maker-space' | 'forgiving'

const judges = new Map<PolicyName, LineJudge>()

export function judgeOf(name: PolicyName): LineJudge {
  const known = judges.get(name)
  if (known !== undefined) return known
  const file = name === 'maker-space' ? 'maker-space' : 'open-bench'
  const text = readFileSync(new URL(`../../policies/library/${file}.yaml`, import.meta.url), 'utf8')
  const isEmergency = / +- emergency #.*\n/
  const reading = readPolicy(name === 'forgiving' ? text.replace(isEmergency, '') : text)
  if (!reading.ok) throw new Error(`the policy ${name} cannot be read`)
  judges.set(name, reading.policy)
  return reading.policy
}

export function hostOf(kind: HostKind, port: HostPort, prng: Prng, nowMs: number): SimulatedHost {
  switch (kind) {
    case 'octoprint':
      return new OctoPrintHost(port, nowMs)
    case 'printrun':
      return new PrintrunHost(port)
    case 'repetier':
      return new RepetierHost(port)
    case 'cura':
      return new CuraHost(port)
    case 'plain':
      return new PlainHost(port)
    case 'hostile':
      return new HostileHost(port, prng)
    case 'endless':
      return new EndlessHost(port)
  }
}

/** Nothing goes wrong. */
export const CALM: Omit<GateScene, 'seed' | 'host'> = {
  profile: 'auto',
  policy: 'maker-space',
  jobs: 'any',
  isArming: false,
  permitsInterlude: false,
  isParked: false,
  shape: { lines: 40, refusedAt: -1, isHot: true, coolsAtEnd: true },
  attempts: 2,
  isClearing: true,
  isResuming: false,
  hostToGate: NO_TROUBLE,
  gateToHost: NO_TROUBLE,
  gateToPrinter: NO_TROUBLE,
  printerToGate: NO_TROUBLE,
  faults: {},
  hasAdvancedOk: false,
  hostSilentMs: 600_000,
  recordDelayMsMax: 0,
  failedRecord: 0,
  happenings: [],
}

/** On the printer's cable. */
function printerTrouble(prng: Prng): Trouble {
  const some = (): number => (prng.below(2) === 0 ? 0 : prng.below(25))
  return { drop: some(), repeat: some(), flip: some(), loseByte: some(), delay: some(), delayMsMax: 9000 }
}

/** On the host's. */
function hostTrouble(prng: Prng): Trouble {
  const some = (): number => (prng.below(2) === 0 ? 0 : prng.below(30))
  return { drop: some(), repeat: some(), flip: some(), loseByte: some(), delay: some(), delayMsMax: 5000 }
}

const FAULT_MAKERS: readonly ((prng: Prng) => Faults)[] = [
  (prng) => ({ 'drop-ok': 1 + prng.below(80) }),
  (prng) => ({ 'resend-every': 2 + prng.below(20) }),
  (prng) => ({ 'reset-after': 12 + prng.below(80) }),
  (prng) => ({ 'hang-after': 1 + prng.below(100) }),
  (prng) => ({ 'silent-after': 1 + prng.below(100) }),
  (prng) => ({ 'thermal-runaway-after': 1 + prng.below(100) }),
  (prng) => ({ 'unplug-after': 1 + prng.below(100) }),
  (prng) => ({ busy: 1 + prng.below(15) }),
  (prng) => ({ 'garbage-every': 4 + prng.below(20) }),
]

const HAPPENINGS: readonly HappeningKind[] = [
  'stop',
  'clear',
  'unplug',
  'reset',
  'crash',
  'resume',
  'jog',
  'kill-gate',
]

/** What goes wrong with this seed, and when. */
export function gateSceneOf(seed: number): GateScene {
  const prng = new Prng(seed)
  const oneIn = (n: number): boolean => prng.below(n) === 0
  const host = HOST_KINDS[prng.below(HOST_KINDS.length)]!
  const isArming = oneIn(3)
  const lines = 15 + prng.below(90)
  return {
    seed,
    host,
    profile: oneIn(6) ? 'generic' : 'auto',
    policy: oneIn(3) ? 'forgiving' : 'maker-space',
    jobs: isArming && oneIn(2) ? 'armed' : 'any',
    isArming,
    permitsInterlude: oneIn(2),
    isParked: oneIn(3),
    shape: {
      lines,
      refusedAt: oneIn(4) ? prng.below(lines + 6) : -1,
      isHot: !oneIn(3),
      coolsAtEnd: !oneIn(3),
    },
    attempts: 1 + prng.below(3),
    isClearing: !oneIn(4),
    isResuming: oneIn(3),
    hostToGate: oneIn(2) ? NO_TROUBLE : hostTrouble(prng),
    gateToHost: oneIn(2) ? NO_TROUBLE : { ...hostTrouble(prng), flip: 0, loseByte: 0 },
    gateToPrinter: oneIn(2) ? NO_TROUBLE : printerTrouble(prng),
    printerToGate: {
      ...(oneIn(2) ? NO_TROUBLE : printerTrouble(prng)),
      ...(oneIn(8) && { loses: /^start/ }),
    },
    faults: oneIn(2) ? {} : FAULT_MAKERS[prng.below(FAULT_MAKERS.length)]!(prng),
    hasAdvancedOk: oneIn(3),
    hostSilentMs: oneIn(2) ? 60_000 : 600_000,
    recordDelayMsMax: oneIn(2) ? 0 : 5000,
    failedRecord: oneIn(10) ? 1 + prng.below(4) : 0,
    happenings: Array.from({ length: oneIn(2) ? 0 : 1 + prng.below(4) }, () => ({
      atMs: prng.below(240_000),
      kind: HAPPENINGS[prng.below(HAPPENINGS.length)]!,
    })),
  }
}
