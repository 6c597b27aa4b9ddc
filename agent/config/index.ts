/** The only door of the room: the configuration of the gate. */
export { EVIDENCE_DEFAULTS, type EvidenceConfig, type PrivacyConfig } from './evidence.ts'
export { exampleConfig } from './example.ts'
export { type GateConfig, loadGateConfig, readGateConfig } from './gate-config.ts'
export { isLoopback } from './tcp-address.ts'
export { readTextFile } from './text-file.ts'
