/** The witness room's only door: to witness the logs of others, and to have one's own witnessed. */

export { witnessKey, witnessSigner } from './signer.ts'
export { LOGS_FILE_BYTES_MAX, readTrustedLogs } from './trusted-logs.ts'
export { Witness } from './witness.ts'
export { describeLog, serveWitness, type WitnessAddress, type WitnessServer } from './witness-server.ts'
