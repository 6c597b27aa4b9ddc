/** The receipt room's only door: signed, self-contained answers that anybody can check without the log, and appeals. */
export {
  type AppealOutcome,
  answerAppeal,
  fileAppeal,
} from './appeal.ts'
export { describeReceipt } from './describe-receipt.ts'
export { findReceiptRecords, type LogEntry } from './find-records.ts'
export { makeReceipt, type ProvenRecord } from './make-receipt.ts'
export { readSerialNumber } from './serial.ts'
export {
  RECEIPT_BYTES_MAX,
  type ReceiptVerification,
  verifyReceipt,
} from './verify-receipt.ts'
