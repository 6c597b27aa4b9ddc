import type { CommandTable } from '../../../gcode/index.ts'
import type { PrinterSink } from '../effects.ts'
import type { HostProfile } from '../host/host-profile.ts'
import type { LineJudge } from '../job-reader.ts'
import type { RunningHash } from '../session-options.ts'
import type { GateEffectSink, Latch } from './gate-effects.ts'

/** What a gate is made of. */
export interface GateOptions {
  readonly table: CommandTable
  readonly judge: LineJudge
  readonly printer: PrinterSink
  readonly host: PrinterSink
  readonly effects: GateEffectSink
  readonly newHash: () => RunningHash
  readonly newJobId: () => string
  readonly profile: HostProfile | 'auto'
  /** The gate begins latched: it was when the last one ended, and that is on record. */
  readonly latch?: Latch
  /** Whether a host may print without a job that was armed. */
  readonly jobs: 'any' | 'armed'
  /** Whether a paused job in lockstep may be jogged and is put back before it goes on. */
  readonly permitsInterlude: boolean
  /** Where a person who was refused turns to. */
  readonly appeal: string
  /** Without a host for so long a hot machine is cooled, in mid-job brought to rest. */
  readonly hostLostMs: number
  /** A host that says nothing for so long in mid-job counts as lost. */
  readonly hostSilentMs: number
  /** So long the heaters of a refused job may stay on for somebody to decide. */
  readonly refusedHotMs: number
  /** Lines that are sent once the machine is cold after a safe stop. */
  readonly park: readonly string[]
}
