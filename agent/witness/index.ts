/** The witness room's only door: to witness the logs of others, and to have one's own witnessed. */

export { type ClientPolicy, readClientPolicy } from './client-policy.ts'
export type { WitnessedLog } from './own-head.ts'
export { readSeen } from './seen.ts'
export { witnessKey, witnessSigner } from './signer.ts'
export { isThisHost } from './this-host.ts'
export { LOGS_FILE_BYTES_MAX, readTrustedLogs } from './trusted-logs.ts'
export { Witness } from './witness.ts'
export { WitnessClient } from './witness-client.ts'
export type { WitnessFinding } from './witness-peer.ts'
export { describeLog, serveWitness, type WitnessAddress, type WitnessServer } from './witness-server.ts'
