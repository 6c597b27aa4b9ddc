/** The only door of the room: what is allowed. */
export * from './decision.ts'
export * from './job-context.ts'
export * from './policy.ts'
export * from './reason-tally.ts'
export * from './rule.ts'
export * from './verdict.ts'
