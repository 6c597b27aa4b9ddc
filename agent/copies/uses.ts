import { type CopyBook, type CopyUse, dayOf, licenceIn, licencesIn } from './copy-book.ts'

/** How far licences were used here: what a licence is held against. */

/** How far one was used, at the time `nowMs`; undefined where none of it was ever reserved. */
export function useOf(book: CopyBook, key: string, nowMs: number): CopyUse | undefined {
  const count = licenceIn(book, key)
  if (count === undefined) return undefined
  const { reserved, printing, printed, uncertain, filamentMm, firstRecord, firstSha256, unreported } = count
  return {
    used: reserved + printing + printed + uncertain,
    // A clock that was set back opens no new day.
    usedToday: dayOf(nowMs) > count.day ? 0 : count.today,
    filamentMm,
    firstRecord,
    firstSha256,
    unreportedSinceMs: unreported?.sinceMs ?? null,
  }
}

/** How far each was used, by its key. */
export function usesOf(book: CopyBook, nowMs: number): Readonly<Record<string, CopyUse>> {
  const uses = licencesIn(book).map((key) => [key, useOf(book, key, nowMs)] as const)
  return Object.fromEntries(uses.flatMap(([key, use]) => (use === undefined ? [] : [[key, use]])))
}
