/** The spool's door: a job is copied in, surveyed, and read out again only as it was surveyed. */
export { type JobSource, type OpenSource, openSource } from './job-source.ts'
export { removeLeftovers } from './leftovers.ts'
export {
  copyJob,
  JOB_BYTES_MAX,
  reserveSpool,
  type SpooledJob,
  type SpoolPlace,
  spoolJob,
} from './spool-job.ts'
export {
  BLOCK_BYTES,
  type BlockDigests,
  createBlockHasher,
  readVerified,
} from './verified-blocks.ts'
