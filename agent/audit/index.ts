/** The audit room's only door: what writes the log, reads it out, and proves what is in it. */
export type { Disk, DiskFile, DiskLock, Files, HeldElsewhere } from './disk.ts'
export { nodeDisk } from './disk.ts'
export type { AuditLog, Receipt } from './merkle-log.ts'
export { type LogOptions, openLog } from './open.ts'
export { proveConsistency, proveInclusion, publishedHead } from './prove.ts'
export { type LogEntry, logSize, type ReadOptions, readEntry, readLog, scrubLog } from './read.ts'
