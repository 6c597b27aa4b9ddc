/** The review room's only door: decisions drawn by a lot that nobody can steer, and what people find in them. */
export { type Finding, reviewDecision } from './review.ts'
export { checkSample, drawSample, SAMPLE_MAX, type SampleOrder } from './sample.ts'
export { seedOfBeacon, seedOfHead } from './seed.ts'
