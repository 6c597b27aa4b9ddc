/**
 * The doctor: can anyone go round the gate, and is what it stands on sound? It only looks: it makes nothing, changes
 * nothing, and never opens the printer's port.
 */
export { type Examination, examine } from './examine.ts'
export type { Finding, Level } from './finding.ts'
export { nodeWorld } from './node-world.ts'
