/** The review room's only door: decisions drawn by a lot that nobody can steer, and what people find in them. */
export type { ReviewRefusal } from './refusal.ts'
export { type Finding, type Review, reviewDecision } from './review.ts'
export { checkSample, drawSample, SAMPLE_MAX, type SampleOrder, type Tier } from './sample.ts'
export { type HeadSeed, seedOfBeacon, seedOfHead } from './seed.ts'
