/** What each machine did in each month: jobs by how they ended, hours, commands, filament; and when people print. */
import type { StoredRecord } from '../log-format/index.ts'
import { type Month, monthText, WEEK_HOURS, type WeekClock } from './calendar.ts'
import type { Books, Moment } from './moment.ts'
import { exactSum, Names, Rows } from './tally.ts'

/** A log is of one machine; its name can change. More than this many names are not read by anybody. */
const MACHINES_MAX = 64
/** A hundred years of months, for as many machines as a workshop may have behind one log. */
const ROWS_MAX = 10_000
/** One gate prints one job at a time. A job beyond these was never closed, for the agent died with it. */
const OPEN_JOBS_MAX = 1024
/** A kilometre of filament a record is forty times what a spool holds. A number beyond it is no measure. */
const FILAMENT_MM_MAX = 1e6

const COLUMNS = [
  'opened',
  'streams',
  'printed',
  'ended',
  'stopped',
  'failed',
  'uncertain',
  'milliseconds',
  'commands',
  'filamentMicrometres',
] as const
type Column = (typeof COLUMNS)[number]

/**
 * One machine in one month. A job counts as opened in the month in which it began, all else in that in which it
 * ended.
 */
export interface MachineRow extends Readonly<Record<Column, number>> {
  readonly machine: string
  readonly month: string
}

type Kind<K extends StoredRecord['kind']> = StoredRecord & { readonly kind: K }

export class JobMeasure {
  /** Jobs begun in each hour of the week, from Monday at midnight. */
  readonly hoursOfWeek = new Float64Array(WEEK_HOURS)
  /** Jobs that no record closed, or whose beginning is not in the log. */
  unmatched = 0
  readonly #rows = new Rows(COLUMNS, ROWS_MAX)
  readonly #machines = new Names(MACHINES_MAX)
  /** When each job began, in milliseconds since 1970. */
  readonly #open = new Map<string, number>()
  readonly #books: Books
  readonly #clock: WeekClock
  #machine = 0

  constructor(books: Books, clock: WeekClock) {
    this.#books = books
    this.#clock = clock
  }

  startAgent({ machine }: Kind<'agent-started'>): void {
    this.#machine = this.#machines.numberOf(machine)
  }

  open(record: Kind<'job-opened' | 'stream-opened'>, moment: Moment): void {
    const decision = record.kind === 'job-opened' ? this.#books.decisions.find(record.decision) : undefined
    if (!this.#books.isCounted(decision?.licence ?? 0)) return
    this.#remember(record.job, moment.atMs)
    if (!moment.isCounted) return
    this.#add(moment.month, record.kind === 'job-opened' ? 'opened' : 'streams')
    const hour = this.#clock.hourOfWeek(moment.atMs)
    this.hoursOfWeek[hour] = exactSum(this.hoursOfWeek[hour] ?? 0, 1)
  }

  #remember(job: string, openedAtMs: number): void {
    this.#open.delete(job)
    const [oldest] = this.#open.keys()
    if (this.#open.size >= OPEN_JOBS_MAX && oldest !== undefined) {
      this.#open.delete(oldest)
      this.unmatched += 1
    }
    this.#open.set(job, openedAtMs)
  }

  close(record: Kind<'job-closed'>, { atMs, month, isCounted }: Moment): void {
    const openedAtMs = this.#open.get(record.job)
    this.#open.delete(record.job)
    // Of a job whose beginning is unknown the licence is unknown as well.
    if (openedAtMs === undefined && this.#books.onlyLicence !== null) return
    if (!isCounted) return
    if (openedAtMs === undefined) this.unmatched += 1
    this.#add(month, record.outcome)
    this.#add(month, 'commands', record.commandsSent)
    // A clock that stepped back in mid-job leaves no length to tell.
    if (openedAtMs !== undefined) this.#add(month, 'milliseconds', Math.max(0, atMs - openedAtMs))
  }

  measureFilament({ sent }: Kind<'odometer'>, { month, isCounted }: Moment): void {
    if (!isCounted || this.#books.onlyLicence !== null || sent.filamentMm > FILAMENT_MM_MAX) return
    this.#add(month, 'filamentMicrometres', Math.round(sent.filamentMm * 1000))
  }

  #add(month: Month, column: Column, by = 1): void {
    this.#rows.add(`${monthText(month)} ${this.#machine}`, column, by)
  }

  rows(): readonly MachineRow[] {
    return this.#rows.sorted().map(([key, counts]) => {
      const [month = '', machine = '0'] = key.split(' ')
      return { machine: this.#machines.nameOf(Number(machine)), month, ...counts }
    })
  }
}
