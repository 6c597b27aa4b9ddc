/** Part of the samples at each end that is looked at: single ones jump about. */
const END_PART = 0.25

/** Whether the samples end where they began, but for `growthMax`. Says so. */
export function isSteady(name: string, samples: readonly number[], growthMax: number): boolean {
  const count = Math.max(1, Math.floor(samples.length * END_PART))
  const growth = median(samples.slice(-count)) - median(samples.slice(0, count))
  const isGood = growth <= growthMax
  console.log(
    `${name}: grew by ${Math.round(growth)}, ${isGood ? 'within' : 'ABOVE'} the ${growthMax} allowed`,
  )
  return isGood
}

function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
