/** The door of sealed designs: jobs encrypted to a machine's key, read without their text ever touching a disk. */
export { openContents } from './contents.ts'
export { newIdentity, recipientOf } from './identity.ts'
export { RECIPIENTS_MAX, recipientProblem, seal } from './seal.ts'
export { type SealingKey, unseal } from './unseal.ts'
