/** The screening room's door: lists of parties, countries and materials, and what of a job is on them. */

export { addScreeningList, loadScreening, NO_SCREENING, type Screening } from './load-screening.ts'
export { HIT_SCORE } from './name-score.ts'
export { type ScreeningHit, screen } from './screen.ts'
export { type ScreeningClaims, screeningClaimsSchema } from './screening-list.ts'
export { type ScreenedJob, screenLicensedJob } from './screening-objections.ts'
