/** The copies room's door: how often each licence was used here, as the log tells it, and what becomes of a copy. */
export {
  bookAfter,
  type CopyBook,
  type CopyState,
  EMPTY_BOOK,
  openCopyOf,
  readBook,
  wasFinished,
  writeBook,
} from './copy-book.ts'
export { type CopyHistory, historyOf } from './history.ts'
export type { OpenCopy } from './open-copy.ts'
export { type RefundOrder, refundRecord } from './refund.ts'
export { dueStates, hasPassedCommit } from './settlement.ts'
export { useOf, usesOf } from './uses.ts'
