/** All that a verified licence is checked for, in the order in which people are told of it. */
import type { LicenceCheck } from './check.ts'
import { checkCopies } from './copies.ts'
import { checkDates } from './dates.ts'
import { checkDesign } from './design.ts'
import { checkMachine } from './machine.ts'

export const CHECKS: readonly LicenceCheck[] = [checkDates, checkMachine, checkDesign, checkCopies]
