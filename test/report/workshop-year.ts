// A believable time of a workshop with one machine, from a seed: who prints when, what is refused, and what people make of it.
import { Dice, HEX_64, LogMaker, MACHINE, reason, subjectOf } from './log-maker.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

export interface WorkshopOptions {
  readonly seed?: number
  readonly from?: string
  readonly days?: number
  /** Jobs of a working day, about. */
  readonly jobsADay?: number
  readonly members?: number
  /** Stands in every hidden member: no report may show it. */
  readonly secret?: string
}

/** Hours of the day at which members come, by weight. */
const HOURS = {
  9: 2,
  10: 5,
  11: 6,
  12: 3,
  13: 4,
  14: 6,
  15: 7,
  16: 8,
  17: 9,
  18: 10,
  19: 9,
  20: 6,
  21: 3,
  22: 1,
}
/** Monday to Sunday: busy evenings from Tuesday on, quiet Sundays. */
const DAYS = [0.7, 1, 1.1, 1.2, 1, 1.3, 0.4] as const
const DENIED = {
  'nozzle-temperature': 20,
  'build-volume': 24,
  'grammar.unknown-subcode': 4,
  'command-classes.settings': 16,
  'command-classes.network': 3,
  'volumetric-flow': 8,
  'homing-first': 9,
  'licence.expired': 7,
  'licence.copies-used-up': 9,
  'licence.missing': 12,
  'bed-temperature': 6,
  'unknown-commands': 11,
  'house-rule.night': 2,
}
const HELD = { material: 10, 'part-size.too-large': 6, 'licence.tier': 4, 'material.unclaimed': 9 }
const LICENCES = ['bracket-2026-014', 'drone-arm-7', 'prosthetic-hand-R3', 'gear-set-44'] as const

export function workshop(options: WorkshopOptions = {}): LogMaker {
  const { from = '2026-01-01', days = 365 } = options
  const maker = new LogMaker(`${from}T07:30:00.000Z`)
  const year = new Workshop(maker, options)
  for (let day = 0; day < days; day++) year.live(Date.parse(`${from}T00:00:00.000Z`) + day * DAY_MS)
  return maker
}

class Workshop {
  readonly #maker: LogMaker
  readonly #dice: Dice
  readonly #jobsADay: number
  readonly #members: number
  readonly #secret: string
  #jobs = 0
  #day = 0
  readonly #later: { readonly atMs: number; readonly act: () => void }[] = []

  constructor(
    maker: LogMaker,
    { seed = 1, jobsADay = 10, members = 80, secret = 'SECRET' }: WorkshopOptions,
  ) {
    this.#maker = maker
    this.#dice = new Dice(seed)
    this.#jobsADay = jobsADay
    this.#members = members
    this.#secret = secret
  }

  /** One day, from the morning on. */
  live(dayMs: number): void {
    const weekday = (new Date(dayMs).getUTCDay() + 6) % 7
    const typical = this.#jobsADay * (DAYS[weekday] ?? 1)
    const count = Math.floor(typical * 0.6) + this.#dice.below(Math.max(1, Math.ceil(typical * 0.8)))
    if (this.#day % 7 === 0) this.#begin(dayMs + 8 * HOUR_MS)
    const times = Array.from({ length: count }, () => {
      const hour = Number(this.#dice.pick(HOURS))
      return dayMs + hour * HOUR_MS + this.#dice.below(HOUR_MS)
    })
    for (const atMs of times) this.#later.push({ atMs, act: () => this.#present() })
    this.#chores(dayMs)
    this.#day += 1
    this.#run(dayMs + DAY_MS)
  }

  #run(untilMs: number): void {
    for (;;) {
      this.#later.sort((a, b) => b.atMs - a.atMs)
      const next = this.#later.at(-1)
      if (next === undefined || next.atMs >= untilMs) return
      this.#later.pop()
      this.#maker.atMs = Math.max(this.#maker.atMs, next.atMs)
      next.act()
    }
  }

  #after(ms: number, act: () => void): void {
    this.#later.push({ atMs: this.#maker.atMs + ms, act })
  }

  #begin(atMs: number): void {
    this.#later.push({
      atMs,
      act: () => {
        this.#maker.add({ kind: 'agent-started', version: '0.1.0', machine: MACHINE })
        this.#maker.add({ kind: 'policy-loaded', name: 'maker-space', version: 3, sha256: HEX_64 })
      },
    })
  }

  #chores(dayMs: number): void {
    const size = this.#maker.size
    this.#later.push({ atMs: dayMs + 23 * HOUR_MS, act: () => this.#witness() })
    if (this.#dice.chance(6))
      this.#later.push({ atMs: dayMs + 20 * HOUR_MS, act: () => this.#incident(size) })
    if (this.#day % 30 === 29) this.#later.push({ atMs: dayMs + 12 * HOUR_MS, act: () => this.#sample() })
    if (this.#dice.chance(2)) this.#later.push({ atMs: dayMs + 10 * HOUR_MS, act: () => this.#erase() })
  }

  #witness(): void {
    const size = Math.max(1, this.#maker.size - 1)
    const time = Math.floor(this.#maker.atMs / 1000)
    const cosigners = [{ name: 'witness.example.org/w1', keyId: '1a2b3c4d', time }]
    this.#maker.add({ kind: 'witnessed', size, root: HEX_64, cosigners })
  }

  #incident(first: number): void {
    const rule = this.#dice.pick({
      'refusal-burst': 6,
      'odometer-gap': 2,
      'unplugged-in-job': 4,
      'clock-step': 1,
    })
    const severity = this.#dice.pick({ low: 5, medium: 4, high: 1 })
    const uid = this.#dice.hex(16)
    const index = this.#maker.add({ kind: 'incident', uid, rule, severity, first, last: first, count: 3 })
    if (severity !== 'low')
      this.#maker.add({
        kind: 'incident-exported',
        incident: index,
        to: 'file',
        isSent: true,
        by: this.#secret,
      })
  }

  #sample(): void {
    const drawn = this.#maker.items
      .filter(({ record }) => record.kind === 'decision')
      .slice(-200)
      .filter(() => this.#dice.chance(4))
      .map(({ index }) => index)
    const sample = this.#maker.add({
      kind: 'sampled',
      size: this.#maker.size,
      from: 0,
      tier: null,
      source: 'cosignature',
      seed: HEX_64,
      population: 200,
      drawn,
    })
    for (const decision of drawn)
      this.#after(this.#dice.around(2 * DAY_MS), () => {
        const finding = this.#dice.pick({ sound: 17, doubtful: 2, wrong: 1 })
        const lesson =
          finding === 'sound' ? null : this.#dice.pick({ 'limit-too-strict': 3, 'wording-unclear': 2 })
        this.#maker.add({
          kind: 'reviewed',
          sample,
          decision,
          finding,
          lesson,
          by: this.#secret,
          note: this.#secret,
        })
      })
  }

  #erase(): void {
    const subject = `s-${subjectOf(this.#dice.below(this.#members))}`
    const deferred = this.#dice.chance(30) ? 2 : 0
    this.#maker.add({
      kind: 'erasure',
      subject,
      cause: this.#dice.pick({ request: 1, retention: 3 }),
      rows: 4 + this.#dice.below(30),
      deferredRows: deferred,
      deferredUntil: deferred === 0 ? null : '2029-01-01T00:00:00.000Z',
      by: this.#secret,
    })
  }

  /** A member brings a job. Some come every week, most now and then. */
  #present(): void {
    const member = Math.min(this.#dice.below(this.#members), this.#dice.below(this.#members))
    const subject = subjectOf(member)
    const tier = this.#dice.pick({ open: 80, registered: 11, controlled: 7, restricted: 2 })
    const licence = tier === 'open' ? null : (LICENCES[this.#dice.below(LICENCES.length)] ?? null)
    const outcome = this.#dice.pick({ allow: 82, warn: 7, hold: 4, deny: 9 })
    const isLicensed = licence !== null
    const code = outcome === 'hold' ? this.#dice.pick(HELD) : this.#dice.pick(DENIED)
    const isStrange = !isLicensed && code.startsWith('licence.')
    const told = reason(
      isStrange ? 'build-volume' : code,
      outcome === 'allow' ? 'audit' : outcome,
      1 + this.#dice.below(9),
    )
    const decision = this.#maker.decide({
      outcome,
      tier,
      subject,
      user: `${this.#secret} member ${member}`,
      name: `${this.#secret}.gcode`,
      licence: isLicensed ? { id: licence } : null,
      decidedInMs: this.#dice.chance(3) ? null : this.#dice.around(outcome === 'allow' ? 1800 : 2600),
      reasons: outcome === 'allow' ? [] : [told],
    })
    if (outcome === 'hold') this.#hold(decision, subject, licence)
    else if (outcome === 'deny') this.#dispute(decision, subject)
    else this.#print(decision, licence)
  }

  #hold(decision: number, subject: string, licence: string | null): void {
    if (this.#dice.chance(3)) return
    this.#after(this.#dice.around(5 * HOUR_MS), () => {
      const outcome = this.#dice.pick({ released: 7, refused: 3 })
      const role = this.#dice.pick({ site: 8, compliance: 1, issuer: 1 })
      this.#maker.add({
        kind: 'hold-decided',
        decision,
        outcome,
        role,
        by: this.#secret,
        reason: this.#secret,
      })
      if (outcome === 'released') this.#print(decision, licence)
      else this.#dispute(decision, subject)
    })
  }

  #dispute(decision: number, subject: string): void {
    if (this.#dice.chance(6))
      this.#after(DAY_MS, () => this.#maker.add({ kind: 'case-approved', decision, by: this.#secret }))
    if (!this.#dice.chance(22)) return
    this.#after(this.#dice.around(HOUR_MS), () => {
      const appeal = this.#maker.appeal(decision, subject)
      if (this.#dice.chance(5)) return
      this.#after(this.#dice.around(3 * DAY_MS), () =>
        this.#maker.decideAppeal(appeal, this.#dice.pick({ upheld: 9, rejected: 14, withdrawn: 3 })),
      )
    })
  }

  #print(decision: number, licence: string | null): void {
    this.#jobs += 1
    const job = `j-${this.#jobs}`
    const copy = `c-${this.#jobs}`
    const move = (state: string): void => {
      if (licence !== null)
        this.#maker.add({ kind: 'copy', licence, copy, job, state, terms: null, refund: null })
    }
    move('reserved')
    move('printing')
    this.#maker.openJob(job, decision)
    const commands = this.#dice.around(60_000)
    this.#maker.add({ kind: 'job-sealed', job, commandsSent: Math.floor(commands / 2), sha256: HEX_64 })
    this.#after(this.#dice.around(35 * 60_000), () => {
      const outcome = this.#dice.pick({ printed: 88, stopped: 6, failed: 4, uncertain: 2 })
      this.#maker.closeJob(job, outcome, commands)
      move(outcome === 'printed' ? 'printed' : outcome === 'uncertain' ? 'uncertain' : 'returned')
      if (outcome === 'uncertain' && this.#dice.chance(60))
        this.#after(DAY_MS, () => move(this.#dice.pick({ printed: 1, returned: 1 })))
      const sent = { filamentMm: this.#dice.around(9000) + 0.25, commands }
      this.#maker.add({ kind: 'odometer', job, printer: null, sent })
    })
  }
}
