/** Attacks on the time that the log tells: its records say what the agent's clock said. */
import { vi } from 'vitest'
import { verifyLog } from '../../agent/verify/index.ts'
import type { Attack, Family, Observation, Outcome, Saying } from './attack.ts'
import { PATIENCE_MS } from './neighbour.ts'
import type { Scene } from './scene.ts'
import { SIZES } from './site.ts'
import { recordAt, timeOf } from './workshop.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** Records that are written while the clock is wrong. */
const RECORDS = 5

/** What the check says of clocks: none of it is damage, because honest clocks do it too. */
const CLOCK_CODES: readonly string[] = ['clock-stepped-back', 'clock-differs']

/** The clock is wrong by so much while some records are written, and a head is cosigned; then it is right again, or stays. */
function wrongBy(offsetMs: number, { isPutRight }: { readonly isPutRight: boolean }) {
  return async (scene: Scene): Promise<void> => {
    const ledger = await scene.open()
    const neighbour = await scene.witness()
    const client = neighbour.client({
      log: ledger.log,
      logDir: scene.logDir,
      record: (record) => ledger.append(record),
    })
    try {
      for (let index = SIZES.end; index < SIZES.end + RECORDS; index++) {
        vi.setSystemTime(timeOf(index) + offsetMs)
        await ledger.append(recordAt(index))
      }
      client.start()
      await client.waitFor(ledger.log.size, PATIENCE_MS)
      if (isPutRight) vi.setSystemTime(timeOf(ledger.log.size))
      await ledger.append({ kind: 'agent-ended' })
    } finally {
      await client.close()
      await neighbour.close()
      await ledger.close()
    }
  }
}

/** Whether the times are wrong, and who says so. What a witness's record of its own time tells is the witness's word. */
async function observeTimes(scene: Scene): Promise<Observation> {
  const { findings } = await verifyLog(scene.logDir)
  const sayings = findings
    .filter(({ code }) => CLOCK_CODES.includes(code))
    .map(({ code, index, message }): Saying & { readonly isOfWitness: boolean } => ({
      by: 'verify',
      place: `record ${index}`,
      text: `${scene.words(message)} (${code})`,
      isOfWitness: code === 'clock-differs',
    }))
  return {
    harmedFrom: SIZES.end,
    noted: [],
    said: {
      none: sayings.filter(({ isOfWitness }) => !isOfWitness),
      kept: [],
      witness: sayings.filter(({ isOfWitness }) => isOfWitness),
    },
    // A record was written between the times of the cosigned heads before and after it.
    vouchedFor: { none: null, kept: null, witness: SIZES.anchor },
  }
}

interface Clock {
  readonly id: string
  readonly what: string
  readonly offsetMs: number
  readonly isPutRight: boolean
  readonly expected: readonly [Outcome, Outcome, Outcome]
  readonly named?: RegExp
}

const CLOCKS_WRONG: readonly Clock[] = [
  {
    id: 'back',
    what: 'it is set back by a day, and stays so',
    offsetMs: -DAY_MS,
    isPutRight: false,
    expected: ['detected', 'detected', 'detected'],
    named: /record 645: the clock stepped back/,
  },
  {
    id: 'ahead-and-back',
    what: 'it is set ahead by a day for some records, and then right again',
    offsetMs: DAY_MS,
    isPutRight: true,
    expected: ['detected', 'detected', 'detected'],
    named: /record 651: the clock stepped back/,
  },
  {
    id: 'ahead',
    what: 'it is set ahead by a day, and stays so',
    offsetMs: DAY_MS,
    isPutRight: false,
    expected: ['not defended', 'not defended', 'detected'],
    named: /record 650: the clock is 1440 minutes from a witness/,
  },
  {
    id: 'ahead-little',
    what: 'it is set ahead by 50 minutes, and stays so',
    offsetMs: 50 * MINUTE_MS,
    isPutRight: false,
    expected: ['not defended', 'not defended', 'bounded'],
  },
]

export const CLOCKS: Family = {
  title: 'The clock is wrong',
  note: 'The records say what the agent’s clock said. A witness puts its own time beside each head that goes on record: more than an hour apart is told, and the records between two such heads were written between their times. For a clock that steps the gate also makes an incident.',
  attacks: CLOCKS_WRONG.map(
    ({ id, what, offsetMs, isPutRight, expected: [none, kept, witness], named }): Attack => ({
      id: `clock-${id}`,
      what,
      needs: ['clock'],
      expected: { none, kept, witness },
      ...(named !== undefined && { named }),
      strike: wrongBy(offsetMs, { isPutRight }),
      observe: observeTimes,
    }),
  ),
}
