/** What every measure needs to know of the record that it is shown. */
import type { Month } from './calendar.ts'
import { DecisionIndex } from './decision-index.ts'
import { Names } from './tally.ts'

/** Where and when a record was written, and whether it lies in the period that is counted. */
export interface Moment {
  readonly index: number
  readonly atMs: number
  readonly month: Month
  readonly isCounted: boolean
}

/** More codes and rules than a policy can have, and a bound for a log that makes them up. */
const CODES_MAX = 2000
const RULES_MAX = 500
/** Each licence of a report is a row that a person reads. */
const LICENCES_MAX = 20_000

/** What the measures of one pass share: the decisions so far, and numbers for the names in them. */
export class Books {
  readonly decisions = new DecisionIndex()
  readonly codes = new Names(CODES_MAX)
  readonly rules = new Names(RULES_MAX)
  readonly licences = new Names(LICENCES_MAX)
  /** The number of the only licence that is counted; null where all are. */
  readonly onlyLicence: number | null

  constructor(onlyLicence: string | null) {
    this.onlyLicence = onlyLicence === null ? null : this.licences.numberOf(onlyLicence)
  }

  isCounted(licence: number): boolean {
    return this.onlyLicence === null || this.onlyLicence === licence
  }
}
