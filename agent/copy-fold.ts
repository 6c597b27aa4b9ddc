import { bookAfter, type CopyBook, EMPTY_BOOK, readBook, writeBook } from './copies/index.ts'
import type { Fold } from './replay.ts'

/** How often each licence was used on this machine, as a fold of the log. */
export const COPY_BOOK: Fold<CopyBook> = {
  name: 'copies',
  empty: EMPTY_BOOK,
  take: bookAfter,
  write: writeBook,
  read: readBook,
}
