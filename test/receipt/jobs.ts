// Decisions and prints for tests of receipts, reviews and appeals.
import type { AuditRecord } from '../../agent/log-format/index.ts'
import type { SmallLog } from './small-log.ts'

export const CANONICAL = 'ba2c7aefd3e5cef60b612a2f24622cb06450cc78cb4c7cf2f290fdf690e23bbf'
export const RAW = '11'.repeat(32)
export const FILE_NAME = 'grandmas-teeth.gcode'
export const OPERATOR = 'Ada Lovelace'

type DecisionRecord = Extract<AuditRecord, { readonly kind: 'decision' }>
type Outcome = DecisionRecord['outcome']

const REASONS = {
  allow: [],
  warn: [reason('warn', 'layer-height', 40)],
  hold: [reason('hold', 'print-time', null)],
  deny: [reason('deny', 'nozzle-temperature', 2), reason('warn', 'layer-height', 40)],
} as const

function reason(outcome: 'warn' | 'hold' | 'deny', rule: string, line: number | null) {
  return {
    code: `${rule}.limit`,
    rule,
    outcome,
    message: `the ${rule} of \`300\` is above the limit of 260`,
    line,
    count: 2,
    value: '300',
    limit: '260',
    remedy: `lower the ${rule}`,
    appeal: 'ask at the front desk',
  }
}

export interface DecisionOptions {
  readonly id?: string
  readonly outcome?: Outcome
  readonly tier?: DecisionRecord['tier']
  readonly isLicensed?: boolean
  readonly user?: string | null
  readonly claims?: object
}

export function decisionRecord(options: DecisionOptions = {}): DecisionRecord {
  const { id = 'd-1', outcome = 'allow', tier = 'open', isLicensed = false, user = OPERATOR } = options
  const reasons = REASONS[outcome]
  const job = { bytes: 1000, lines: 50, commands: 40, sha256: RAW, canonicalSha256: CANONICAL }
  const policy = { name: 'maker-space', version: 1, sha256: '22'.repeat(32) }
  return {
    kind: 'decision',
    id,
    outcome,
    tier,
    job,
    policy,
    licence: isLicensed ? { id: 'lic-7' } : null,
    reasons: reasons.map(({ code, rule, outcome, line, count }) => ({ code, rule, outcome, line, count })),
    decidedInMs: 12,
    user,
    decision: {
      id,
      at: '2026-11-22T20:00:30Z',
      outcome,
      job: { name: FILE_NAME, ...job },
      facts: {
        extrusionBoundsMm: { min: { x: 91.5, y: 0, z: 0 }, max: { x: 111.5, y: 20, z: 20 } },
        sizeMm: { x: 20, y: 20, z: 20 },
        filamentMm: 1234.5,
        filamentMm3: 2969.1,
        layers: { count: 100, minHeightMm: 0.2, maxHeightMm: 0.2 },
        nozzleMaxCelsius: 210,
        bedMaxCelsius: 60,
        chamberMaxCelsius: null,
        estimatedSeconds: 3600,
        unknownCommands: [{ name: 'M9999', line: 7 }],
      },
      claims: options.claims ?? { slicer: 'SecretSlicer', filamentType: 'PLA', objects: ['grandma'] },
      policy,
      licence: isLicensed
        ? {
            id: 'lic-7',
            issuer: 'https://designs.example',
            licensee: 'Grandma Ltd',
            expiresAt: '2027-01-01T00:00:00Z',
            copiesLeft: 3,
          }
        : null,
      reasons,
      unlistedObjections: outcome === 'deny' ? 3 : 0,
      log: null,
    },
  }
}

export interface PrintedIndexes {
  readonly decision: number
  readonly opened: number
  readonly copy: number
  readonly closed: number
}

/** A licensed job from decision to end, with other records between. */
export function appendPrint(log: SmallLog, options: DecisionOptions = {}): PrintedIndexes {
  const { id = 'd-1' } = options
  const decision = log.append(decisionRecord({ isLicensed: true, ...options, id }))
  const copyRecord = { kind: 'copy', licence: 'lic-7', copy: 'c-2', job: id, refund: null } as const
  const counters = [{ licence: 'lic-7', limit: 3 }]
  const terms = { counters, anchor: RAW, commitAt: 9, onAbort: 'return', filamentMm: 40 } as const
  log.append({ ...copyRecord, state: 'reserved', terms })
  const opened = log.append({
    kind: 'job-opened',
    job: id,
    decision,
    canonicalSha256: CANONICAL,
    commands: 40,
  })
  log.append({ kind: 'job-sealed', job: id, commandsSent: 10, sha256: '33'.repeat(32) })
  const closed = log.append({
    kind: 'job-closed',
    job: id,
    outcome: 'printed',
    code: null,
    commandsSent: 40,
    commandsTotal: 40,
    sha256: CANONICAL,
    reason: null,
  })
  const copy = log.append({ ...copyRecord, state: 'printed', terms: null })
  log.append({ kind: 'agent-ended' })
  return { decision, opened, copy, closed }
}
