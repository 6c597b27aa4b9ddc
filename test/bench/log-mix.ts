import type { AuditRecord } from '../../agent/log-format/index.ts'
import { Dice } from '../report/log-maker.ts'

/**
 * What a busy machine of a maker space puts into its log in a year, from a seed: some 7000 visits of 140 records. Most
 * of them seal what was sent so far, which a gate does every half minute of a print; the rest are decisions, refused
 * lines, and what happens to machines. A record has about 250 bytes.
 */

/** When it begins, and by how much its clock goes on each time that it is asked: a million records take about a year. */
const BEGINS_MS = Date.UTC(2025, 0, 1, 7, 30)
const STEP_MS = 27_000

/** Members, and the addresses that their hosts come from. */
const MEMBERS = 80
const PLACES = 24
/** Half an hour to half a day, in half minutes. */
const SEALS_TYPICAL = 45
const SEALS_MAX = 1440
const COMMANDS_A_SEAL = 1900
const HALF_MINUTE_MM = 95

const REFUSALS = {
  'command-classes.settings': 8,
  'nozzle-temperature': 5,
  'build-volume': 4,
  'grammar.unknown-subcode': 3,
  'unknown-commands': 6,
} as const
const DENIALS = {
  'licence.missing': 4,
  'build-volume': 4,
  'volumetric-flow': 3,
  'material.unclaimed': 2,
} as const

/** Appends in order, and answers where the record stands once that is known. */
export type Append = (record: AuditRecord) => Promise<{ readonly index: number }>

export class Year {
  readonly #dice: Dice
  readonly #policy: { readonly name: string; readonly version: number; readonly sha256: string }
  #visits = 0
  #atMs = BEGINS_MS

  constructor(seed: number) {
    this.#dice = new Dice(seed)
    this.#policy = { name: 'maker-space', version: 3, sha256: this.#dice.hex(64) }
  }

  /** The clock of that year. */
  nowMs(): number {
    this.#atMs += STEP_MS
    return this.#atMs
  }

  /** One job, from the host that comes to the host that leaves. Resolves once all of it is handed in. */
  async visit(append: Append): Promise<Promise<unknown>[]> {
    const dice = this.#dice
    const pending: Promise<unknown>[] = []
    const put = (record: AuditRecord): void => void pending.push(append(record))
    if (this.#visits % 20 === 0) this.#startDay(put)
    this.#visits++
    const place = `192.168.7.${10 + dice.below(PLACES)}:${40_000 + dice.below(20_000)}`
    put({ kind: 'host-opened', place })
    const job = this.#id()
    const isDenied = dice.chance(12)
    const decided = append(this.#decision(job, isDenied))
    pending.push(decided)
    if (isDenied) this.#denied(put, job)
    else this.#printed(put, job, (await decided).index)
    put({ kind: 'host-closed', lines: dice.around(90_000), place })
    return pending
  }

  #startDay(put: (record: AuditRecord) => void): void {
    put({ kind: 'agent-started', version: '0.1.0', machine: 'm-0123456789abcdef' })
    put({ kind: 'policy-loaded', ...this.#policy })
    put({ kind: 'printer-opened', port: '/dev/serial/by-id/usb-Prusa_Research_MK3_CZPX1234-if00' })
  }

  #decision(id: string, isDenied: boolean): AuditRecord {
    const dice = this.#dice
    const [sha256, canonicalSha256] = [dice.hex(64), dice.hex(64)]
    const lines = dice.around(120_000)
    const job = { bytes: lines * 27, lines, commands: lines - 400, sha256, canonicalSha256 }
    const code = dice.pick(DENIALS)
    const reason = {
      code,
      rule: code.split('.')[0] ?? code,
      outcome: 'deny' as const,
      line: lines % 977,
      count: 3,
    }
    const reasons = isDenied ? [reason] : []
    return {
      kind: 'decision',
      id,
      outcome: isDenied ? 'deny' : 'allow',
      tier: 'open',
      job,
      policy: this.#policy,
      licence: null,
      reasons,
      decidedInMs: dice.around(700),
      decision: {
        id,
        outcome: isDenied ? 'deny' : 'allow',
        job: { ...job, name: `bracket-${dice.hex(4)}.gcode` },
        facts: { filamentMm: dice.around(4000), estimatedSeconds: dice.around(6000), layers: { count: 212 } },
        claims: {
          slicer: 'PrusaSlicer 2.9.1',
          printerModel: 'MK3S',
          filamentType: 'PLA',
          nozzleDiameterMm: 0.4,
        },
        reasons: reasons.map((one) => ({
          ...one,
          message: 'the part is above the limit',
          remedy: 'make it smaller',
        })),
      },
      user: dice.chance(85) ? `member-${dice.below(MEMBERS)}@space.example.org` : null,
    }
  }

  #denied(put: (record: AuditRecord) => void, job: string): void {
    put({
      kind: 'line-refused',
      job,
      line: 1,
      code: 'denied',
      rule: null,
      message: 'the job was denied: line 1 was not sent',
    })
  }

  #printed(put: (record: AuditRecord) => void, job: string, decision: number): void {
    const dice = this.#dice
    const seals = Math.min(SEALS_MAX, Math.max(4, dice.around(SEALS_TYPICAL)))
    const commands = seals * COMMANDS_A_SEAL
    put({ kind: 'job-armed', job, decision })
    put({ kind: 'job-opened', job, decision, canonicalSha256: dice.hex(64), commands })
    for (let i = 1; i < seals; i++) {
      if (dice.chance(18)) this.#refuse(put, job, i * 2000)
      put({ kind: 'job-sealed', job, commandsSent: i * COMMANDS_A_SEAL, sha256: dice.hex(64) })
    }
    this.#close(put, job, seals, commands)
  }

  #refuse(put: (record: AuditRecord) => void, job: string, line: number): void {
    const code = this.#dice.pick(REFUSALS)
    const rule = code.split('.')[0] ?? null
    const message = `\`M104 S${280 + this.#dice.below(60)}\` was not sent: nozzle target is above the limit of 260 °C`
    put({ kind: 'line-refused', job, line, code, rule, message })
  }

  #close(put: (record: AuditRecord) => void, job: string, seals: number, commands: number): void {
    const dice = this.#dice
    const isStopped = dice.chance(6)
    const commandsSent = isStopped ? commands - COMMANDS_A_SEAL : commands
    if (isStopped) {
      put({ kind: 'safe-stop', job, code: 'host-lost', reason: 'the host left in mid-job', confirmed: true })
      put({ kind: 'latched', job, code: 'host-lost', reason: 'the host left in mid-job' })
      put({ kind: 'cleared', by: `member-${dice.below(MEMBERS)}@space.example.org` })
    }
    put({
      kind: 'job-closed',
      job,
      outcome: isStopped ? 'stopped' : 'printed',
      code: isStopped ? 'host-lost' : null,
      commandsSent,
      commandsTotal: commands,
      sha256: dice.hex(64),
      reason: isStopped ? 'the host left in mid-job' : null,
    })
    const filamentMm = seals * HALF_MINUTE_MM
    const printer = { prints: this.#visits, finished: this.#visits - 1, printSeconds: seals * 30, filamentMm }
    put({ kind: 'odometer', job, printer, sent: { filamentMm, commands: commandsSent } })
  }

  #id(): string {
    const hex = this.#dice.hex(32)
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
  }
}
