/** The audit room's only door: whatever the format behind it, records go in here and come out here. */
export type { AuditLog, Receipt } from './chain-log.ts'
export type { Disk, DiskFile, DiskLock, HeldElsewhere } from './disk.ts'
export { nodeDisk } from './disk.ts'
export { openLog } from './log.ts'
export { type LogEntry, readLog } from './read.ts'
export type { AuditRecord, StoredRecord } from './record.ts'
export { verifyLog } from './verify.ts'
