import { gateWay } from './gate-way.ts'
import { bareWay, DIRECT, measureTrips, socatWay, type Trips } from './latency-rig.ts'
import type { Row } from './measure.ts'

/** What a way through us adds to the round trip of a line, beside what socat adds in the same run. */

const TRIPS = 24_000
const ROUNDS = 12

/** `command` is the built program; `folder` is for what the ways need, and is the caller's to remove. */
export async function latencyRows(folder: string, command: string): Promise<readonly Row[]> {
  const socat = socatWay(folder)
  if (socat === undefined) {
    process.stderr.write('socat is not installed: the added round trip is shown beside no proxy at all\n')
  }
  const ours = [bareWay(folder), gateWay(folder, command)]
  const ways = [DIRECT, ...(socat === undefined ? [] : [socat]), ...ours]
  const measured = await measureTrips({ ways, trips: TRIPS, rounds: ROUNDS })
  const named = (name: string) => measured.find((trips) => trips.name === name)
  const direct = named(DIRECT.name)
  if (direct === undefined) throw new Error('the way without a proxy was not measured')
  return ours.flatMap((way) => {
    const trips = named(way.name)
    return trips === undefined ? [] : rowsOf(trips, direct, socat && named(socat.name))
  })
}

function rowsOf(trips: Trips, direct: Trips, socat: Trips | undefined): readonly Row[] {
  const added = (name: string, of: (one: Trips) => number): Row => {
    const value = of(trips) - of(direct)
    const referenceValue = socat === undefined ? of(direct) : of(socat) - of(direct)
    return {
      name: `round trip added, ${name}: ${trips.name}`,
      unit: 'µs',
      value,
      reference: socat === undefined ? 'the whole round trip without a proxy' : 'socat',
      referenceValue,
      ratio: value / referenceValue,
    }
  }
  const whole: Row = {
    name: `round trip, p99.9: ${trips.name}`,
    unit: 'µs',
    value: trips.p999Us,
    reference: socat === undefined ? 'without a proxy' : 'socat',
    referenceValue: (socat ?? direct).p999Us,
    ratio: trips.p999Us / (socat ?? direct).p999Us,
  }
  // Not the part added: so far out both follow the scheduler, and their difference can be anything.
  const quantiles = [added('p50', (one) => one.p50Us), added('p99', (one) => one.p99Us), whole]
  if (socat === undefined) return quantiles
  const cpu: Row = {
    name: `processor time of a round trip: ${trips.name}`,
    unit: 'µs',
    value: trips.cpuUs,
    reference: 'socat',
    referenceValue: socat.cpuUs,
    ratio: trips.cpuUs / socat.cpuUs,
  }
  return [...quantiles, cpu]
}
