/** Many small reads at the same time: enough of them to keep a disk busy, and no more. */

const AT_ONCE = 16

/** What `work` answers for each, in order. The first failure ends it. */
export async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const next = items.entries()
  const workOn = async (): Promise<void> => {
    for (const [i, item] of next) results[i] = await work(item)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, workOn))
  return results
}
