// What of the witnesses goes on record, and that a log that rests comes to rest.
import { beforeEach, describe, expect, test } from 'vitest'
import { type AuditRecord, splitRecord } from '../../agent/log-format/index.ts'
import { newestHead } from '../../agent/witness/own-head.ts'
import type { Cosignature, WitnessFinding } from '../../agent/witness/witness-peer.ts'
import { WitnessRecords } from '../../agent/witness/witness-records.ts'
import { asOwn } from './places.ts'
import { newSigner, TestLog, Told } from './test-log.ts'

const EVERY_MS = 600_000
const signer = newSigner('witness.test/w')

let log: TestLog
let nowMs: number
let records: AuditRecord[]
let published: string[]
let alarms: WitnessFinding[]
let isBroken: boolean
let kept: WitnessRecords
const told = new Told()

beforeEach(() => {
  log = new TestLog('portcullis/m-0/l-0', 5)
  nowMs = 0
  records = []
  published = []
  alarms = []
  isBroken = false
  const world = {
    record: async (record: AuditRecord) => {
      if (isBroken) throw new Error('the disk is full')
      // Every record must be one that the log takes.
      expect(splitRecord(record)).toMatchObject({ hidden: null })
      records.push(record)
      log.grow(1, 'record')
      return { index: log.size - 1 }
    },
    publish: async (note: string) => void published.push(note),
    alarm: (finding: WitnessFinding) => void alarms.push(finding),
    logger: told,
  }
  kept = new WitnessRecords(world, EVERY_MS, () => nowMs)
})

const sign = (time = 1_700_000_000): Cosignature => ({
  key: signer.key,
  timeSeconds: time,
  line: signer.cosign(log.text(), time),
})

async function cosigned(isAwaited = false, time?: number): Promise<void> {
  await kept.cosigned(await newestHead(asOwn(log)), [sign(time)], isAwaited)
}

describe('a cosigned head', () => {
  test('is kept as a note, and the first of a run goes on record', async () => {
    const [note, root] = [log.note(), log.root().toString('hex')]
    await cosigned()
    expect(published).toEqual([`${note}${signer.cosign(log.text(5), 1_700_000_000)}`])
    const keyId = signer.key.keyId.toString(16).padStart(8, '0')
    expect(records).toEqual([
      {
        kind: 'witnessed',
        size: 5,
        root,
        cosigners: [{ name: 'witness.test/w', keyId, time: 1_700_000_000 }],
      },
    ])
    expect(kept.recordedSize).toBe(5)
  })

  test('that is the same as before, with the same cosignatures, is not written again', async () => {
    const head = await newestHead(asOwn(log))
    const [first, later] = [sign(), sign(1_700_000_600)]
    await kept.cosigned(head, [first], false)
    await kept.cosigned(head, [first], false)
    expect(published).toHaveLength(1)
    await kept.cosigned(head, [later], false)
    expect(published).toHaveLength(2)
    expect(records).toHaveLength(1)
  })

  test('goes on record no sooner than after the time that was set', async () => {
    await cosigned()
    log.grow(3)
    nowMs = EVERY_MS - 1
    await cosigned()
    expect(records).toHaveLength(1)
    nowMs = EVERY_MS
    await cosigned()
    expect(records).toHaveLength(2)
  })

  test('goes on record at once where somebody waits, and not twice', async () => {
    await cosigned()
    log.grow(1)
    await cosigned(true)
    expect(records).toHaveLength(2)
    const size = kept.recordedSize
    const head = await newestHead({ ...asOwn(log), checkpoint: async () => log.note(size) })
    await kept.cosigned(head, [sign()], true)
    expect(records).toHaveLength(2)
  })

  test('of a log that rests makes no further record, however long it rests', async () => {
    await cosigned()
    for (let i = 0; i < 100; i++) {
      nowMs += 10 * EVERY_MS
      await cosigned(false, 1_700_000_000 + i)
    }
    expect(records).toHaveLength(1)
    log.grow(1)
    await cosigned()
    expect(records).toHaveLength(2)
  })

  test('behind which other records came before its own does make one', async () => {
    const head = await newestHead(asOwn(log))
    log.grow(2)
    await kept.cosigned(head, [sign()], false)
    nowMs = EVERY_MS
    await cosigned()
    expect(records).toMatchObject([{ size: 5 }, { size: 8 }])
  })

  test('that could not be put on record is not taken for one that was', async () => {
    isBroken = true
    await expect(cosigned(true)).rejects.toThrow('the disk is full')
    expect(kept.recordedSize).toBe(0)
    isBroken = false
    await cosigned()
    expect(kept.recordedSize).toBe(5)
  })
})

describe('a refusal', () => {
  const finding: WitnessFinding = {
    witness: 'w',
    kind: 'rollback',
    status: 409,
    size: 5,
    witnessSize: 12,
    isProven: false,
    note: null,
  }

  test('goes on record and raises the alarm, once', async () => {
    for (const size of [5, 6, 7]) await kept.refused({ ...finding, size })
    expect(records).toEqual([
      { kind: 'witness-refused', witness: 'w', status: 409, size: 5, witnessSize: 12, isProven: false },
    ])
    expect(alarms).toEqual([finding])
  })

  test('is another one with another size, from another witness, of another kind, or with proof', async () => {
    await kept.refused(finding)
    await kept.refused({ ...finding, witnessSize: 13 })
    await kept.refused({ ...finding, witness: 'v' })
    await kept.refused({ ...finding, kind: 'fork', status: 422 })
    await kept.refused({ ...finding, isProven: true, note: 'a note' })
    await kept.refused({ ...finding, kind: 'fork', witnessSize: null })
    expect(alarms).toHaveLength(6)
    expect(records).toHaveLength(6)
  })

  test('made up anew each time does not fill the log', async () => {
    for (let i = 0; i < 100; i++) await kept.refused({ ...finding, witnessSize: 100 + i })
    expect(records).toHaveLength(16)
    await kept.refused({ ...finding, witness: 'another' })
    expect(records).toHaveLength(17)
  })

  test('raises the alarm also where the log cannot be written', async () => {
    isBroken = true
    await expect(kept.refused(finding)).rejects.toThrow('the disk is full')
    expect(alarms).toEqual([finding])
  })

  test('of a head of no records is a record all the same', async () => {
    await kept.refused({ ...finding, size: 0 })
    expect(records).toMatchObject([{ size: 1 }])
  })
})
