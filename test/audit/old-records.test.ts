// A log so large that opening it does not look at all of it: what is looked at when, and on a third level of tiles.
import { beforeAll, describe, expect, test } from 'vitest'
import { unpackEntries } from '../../agent/audit/frame.ts'
import { readLog, scrubLog } from '../../agent/audit/index.ts'
import { leafHash } from '../../agent/audit/merkle-tree.ts'
import { tilePath } from '../../agent/log-format/index.ts'
import { MemoryDisk } from './memory-disk.ts'
import { appendNumbers, DIR, failure, openOn, recordsOf, verifyOn } from './records.ts'

/** Settled bundles that are looked at when a log is opened. */
const CHECKED_BUNDLES = 256
/** Ten bundles more than that, two that are in the journal, and a piece of one. */
const RECORDS = (CHECKED_BUNDLES + 12) * 256 + 40

let whole = new MemoryDisk()

beforeAll(async () => {
  const disk = new MemoryDisk()
  const log = await openOn(disk)
  await appendNumbers(log, 0, RECORDS - 1, 4096)
  await log.close()
  disk.crash({ kind: 'process' })
  whole = disk
}, 180_000)

/** The log with one bit of a record of a bundle changed. */
function changedIn(bundle: number): MemoryDisk {
  const disk = whole.clone()
  const path = `${DIR}/${tilePath('entries', bundle)}`
  const bytes = Buffer.from(disk.filesBelow(DIR).get(tilePath('entries', bundle))!)
  const at = bytes.indexOf('number-') + 7
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  disk.tamper(path, bytes)
  return disk
}

async function scrub(disk: MemoryDisk): Promise<{ seen: number[]; message: string }> {
  const seen: number[] = []
  const error = await failure(
    (async () => {
      for await (const bundle of scrubLog(DIR, disk)) seen.push(bundle)
    })(),
  )
  return { seen, message: error.message }
}

const wrong = (record: number): string =>
  `log \`${DIR}\` is damaged at record ${record}: it does not have the hash that the tree holds for it`

describe(`in a log of ${RECORDS} records`, () => {
  test('damage in the newest 65,536 is refused when it is opened', async () => {
    // The last two full bundles are in the journal still, and made again from it.
    for (const bundle of [266, 100, 11]) {
      const disk = changedIn(bundle)
      expect((await failure(openOn(disk, { mayBegin: false }))).message).toBe(wrong(bundle * 256))
    }
  })

  test('older damage is found by a scrub, from the newest bundle down', async () => {
    const disk = changedIn(9)
    const { seen, message } = await scrub(disk)
    expect(message).toBe(wrong(9 * 256))
    expect(seen[0]).toBe(266)
    expect(seen.at(-1)).toBe(10)
    expect(seen).toHaveLength(257)
    // Opening does not look there.
    const log = await openOn(disk, { mayBegin: false })
    expect(log.size).toBe(RECORDS)
    await log.close()
  })

  test('a tile of any level that is wrong is found by a scrub', async () => {
    for (const name of [tilePath(0, 3), tilePath(1, 0)]) {
      const disk = whole.clone()
      const bytes = Buffer.from(disk.filesBelow(DIR).get(name)!)
      bytes.writeUInt8(bytes.readUInt8(100) ^ 4, 100)
      disk.tamper(`${DIR}/${name}`, bytes)
      const { message } = await scrub(disk)
      expect(message).toMatch(
        / is damaged at `tile\/[01]\/\d{3}`: it does not have the hash that the tree holds for it$/,
      )
      expect((await failure(recordsOf(DIR, disk))).code).toBe('AUDIT_DAMAGED')
    }
  })

  test('a bundle that was changed together with its tile is found by the tile above', async () => {
    const disk = changedIn(5)
    const entries = unpackEntries(disk.filesBelow(DIR).get(tilePath('entries', 5))!)!
    disk.tamper(`${DIR}/${tilePath(0, 5)}`, Buffer.concat(entries.map(leafHash)))
    const what = 'it does not have the hash that the tree holds for it'
    expect((await scrub(disk)).message).toBe(`log \`${DIR}\` is damaged at \`tile/0/005\`: ${what}`)
    const read = (async () => {
      for await (const _ of readLog(DIR, { files: disk, from: 5 * 256 })) break
    })()
    expect((await failure(read)).message).toContain('`tile/0/005`')
  })

  test('every record is verified by other hands', async () => {
    expect(await verifyOn(whole)).toMatchObject({ ok: true, records: RECORDS, findings: [] })
  })

  test('more is appended, and a power cut takes none of it', async () => {
    const disk = whole.clone()
    const log = await openOn(disk, { mayBegin: false })
    await appendNumbers(log, RECORDS, 600)
    disk.crash({ kind: 'power', seed: 2 })
    expect((await openOn(disk, { mayBegin: false })).size).toBe(RECORDS + 600)
  })
})
