/** The door of delivery: how a licence comes to the gate with its job. */
export { attachment } from './attach.ts'
export { licenceBeside } from './beside.ts'
export { type InJob, JobHead, licenceIn } from './in-job.ts'
