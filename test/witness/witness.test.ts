// What a witness remembers, whatever its disk does, and what it keeps of a log that lied to it.
import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isProblem, parseCheckpoint, signersOf } from '../../agent/verify/index.ts'
import { originHash } from '../../agent/witness/origin-store.ts'
import { Witness, type WitnessAnswer } from '../../agent/witness/witness.ts'
import type { WitnessDisk } from '../../agent/witness/witness-disk.ts'
import { scratchFolder } from '../audit/records.ts'
import { type Effect, FaultyDisk, flipByte } from './faulty-disk.ts'
import { newSigner, TestLog, Told } from './test-log.ts'

const ORIGIN = 'example.test/log'
const NOW_MS = Date.UTC(2026, 10, 22, 20)
const SIZE_TYPE = 'text/x.tlog.size'

/** A witness with its folder, which can be opened again. */
class Place {
  readonly dir = join(scratchFolder(), 'witness')
  readonly signer = newSigner('witness.test/w')
  readonly told = new Told()
  readonly logs: Map<string, readonly TestLog['key'][]>
  nowMs = NOW_MS

  constructor(...logs: readonly TestLog[]) {
    this.logs = new Map(logs.map((log) => [log.origin, [log.key]]))
  }

  open(disk?: WitnessDisk): Promise<Witness> {
    const { dir, signer, logs, told } = this
    const nowMs = (): number => this.nowMs
    return Witness.open({ dir, signer, logs, logger: told, nowMs, ...(disk && { disk }) })
  }

  file(origin = ORIGIN): string {
    return join(this.dir, 'origins', originHash(origin))
  }

  evidence(): readonly string[] {
    return readdirSync(join(this.dir, 'evidence')).sort()
  }

  /** When the cosignature says that the checkpoint was seen, in seconds; null if it is none of this witness over it. */
  timeOf(answer: WitnessAnswer, note: string): number | null {
    const read = parseCheckpoint(Buffer.from(`${note}${answer.body}`))
    if (answer.status !== 200 || isProblem(read)) return null
    const signers = signersOf(read.note, [this.signer.key])
    return isProblem(signers) ? null : (signers[0]?.timestamp ?? null)
  }
}

const send = (witness: Witness, body: string): Promise<WitnessAnswer> =>
  witness.addCheckpoint(Buffer.from(body))
const log = (size: number): TestLog => new TestLog(ORIGIN, size)

describe('a witness', () => {
  test('cosigns a log as it grows, each time only from the head that it cosigned last', async () => {
    const place = new Place(log(0))
    const witness = await place.open()
    let known = 0
    for (const size of [1, 2, 3, 7, 8, 21]) {
      const shown = log(size)
      expect(place.timeOf(await send(witness, shown.submission(known)), shown.note())).toBe(NOW_MS / 1000)
      if (size > 1)
        expect(await send(witness, shown.submission(1))).toMatchObject({ status: 409, body: `${size}\n` })
      known = size
    }
    expect(witness.logs()).toEqual([{ origin: ORIGIN, size: 21, timeSeconds: NOW_MS / 1000, problem: null }])
  })

  test('knows after a restart what it knew before', async () => {
    const place = new Place(log(0))
    await send(await place.open(), log(5).submission(0))
    const witness = await place.open()
    expect(witness.logs()).toMatchObject([{ size: 5 }])
    expect(await send(witness, log(3).submission(0))).toEqual({ status: 409, type: SIZE_TYPE, body: '5\n' })
    expect(await send(witness, log(9).submission(5))).toMatchObject({ status: 200 })
  })

  test('keeps the note with the log’s signature and its own, and no stranger’s', async () => {
    const place = new Place(log(0))
    const witness = await place.open()
    const stranger = newSigner('stranger.test/s').cosign(log(5).text(), 5)
    const answer = await send(witness, `${log(5).submission(0)}${stranger}`)
    expect(readFileSync(place.file(), 'utf8')).toBe(`${log(5).note()}${answer.body}`)
    expect(witness.latest(originHash(ORIGIN))).toBe(`${log(5).note()}${answer.body}`)
  })

  test('takes a log of no records for what it is', async () => {
    const place = new Place(log(0))
    const witness = await place.open()
    expect(await send(witness, log(0).submission(0))).toMatchObject({ status: 200 })
    expect(await send(witness, log(0).submission(0))).toMatchObject({ status: 200 })
    expect(await send(witness, log(4).submission(0))).toMatchObject({ status: 200 })
  })

  test('keeps logs apart', async () => {
    const [a, b] = [new TestLog('example.test/a', 4), new TestLog('example.test/b', 6)]
    const witness = await new Place(a, b).open()
    expect(await send(witness, a.submission(0))).toMatchObject({ status: 200 })
    expect(await send(witness, b.submission(4))).toMatchObject({ status: 409, body: '0\n' })
    expect(await send(witness, b.submission(0))).toMatchObject({ status: 200 })
  })

  test('does not take one log’s signature for another’s', async () => {
    const [a, b] = [new TestLog('example.test/a', 4), new TestLog('example.test/b', 4)]
    const witness = await new Place(a, b).open()
    const text = a.text()
    const forged = `old 0\n\n${text}\n${b.signer.line(text)}`
    expect(await send(witness, forged)).toMatchObject({ status: 403 })
    const renamed = b.signer.line(text).replace('example.test/b', 'example.test/a')
    expect(await send(witness, `old 0\n\n${text}\n${renamed}`)).toMatchObject({ status: 403 })
  })

  test('learns of new logs while it runs, and forgets none', async () => {
    const [a, b] = [new TestLog('example.test/a', 4), new TestLog('example.test/b', 6)]
    const place = new Place(a)
    const witness = await place.open()
    await send(witness, a.submission(0))
    expect(await send(witness, b.submission(0))).toMatchObject({ status: 404 })
    await witness.trust(new Map([[b.origin, [b.key]]]))
    expect(await send(witness, b.submission(0))).toMatchObject({ status: 200 })
    expect(await send(witness, a.submission(4))).toMatchObject({ status: 404 })
    expect(witness.latest(originHash(a.origin))).toBeNull()
    await witness.trust(place.logs)
    expect(await send(witness, a.submission(0))).toMatchObject({ status: 409, body: '4\n' })
  })
})

describe('time', () => {
  test('never goes back for a log, whatever the clock says', async () => {
    const place = new Place(log(0))
    await send(await place.open(), log(5).submission(0))
    place.nowMs = Date.UTC(1970)
    const witness = await place.open()
    for (const size of [5, 6, 7]) {
      const answer = await send(witness, log(size).submission(Math.max(5, size - 1)))
      expect(place.timeOf(answer, log(size).note())).toBe(NOW_MS / 1000)
    }
    expect(place.told.warnings).toEqual([
      {
        details: { origin: ORIGIN, behindSeconds: NOW_MS / 1000 },
        message: 'the clock is behind the latest cosignature, whose time stands',
      },
    ])
    place.nowMs = NOW_MS + 5999
    const answer = await send(witness, log(8).submission(7))
    expect(place.timeOf(answer, log(8).note())).toBe(NOW_MS / 1000 + 5)
  })

  test('that has not moved makes the same cosignature, which is not written again', async () => {
    const place = new Place(log(0))
    const disk = new FaultyDisk()
    const witness = await place.open(disk)
    const first = await send(witness, log(5).submission(0))
    const written = disk.steps.length
    expect(await send(witness, log(5).submission(5))).toEqual(first)
    expect(disk.steps).toHaveLength(written)
    place.nowMs += 1000
    const later = await send(witness, log(5).submission(5))
    expect(place.timeOf(later, log(5).note())).toBe(NOW_MS / 1000 + 1)
    expect(disk.steps.length).toBeGreaterThan(written)
  })
})

describe('requests that come at the same time', () => {
  test('are judged one after the other: of two heads from the same size one is cosigned', async () => {
    const place = new Place(log(0))
    const witness = await place.open()
    await send(witness, log(5).submission(0))
    const answers = await Promise.all([
      send(witness, log(9).submission(5)),
      send(witness, log(7).submission(5)),
      send(witness, log(5).fork(5, 9).submission(5)),
    ])
    expect(answers.map(({ status, body }) => [status, status === 200 ? '' : body])).toEqual([
      [200, ''],
      [409, '9\n'],
      [409, '9\n'],
    ])
    expect((await place.open()).logs()).toMatchObject([{ size: 9 }])
  })

  test('of many kinds leave one line of heads, each of which continues the one before', async () => {
    const place = new Place(log(0))
    const witness = await place.open()
    const cosigned: number[] = []
    const client = async (): Promise<void> => {
      let known = 0
      for (let size = 1; size <= 24; size++) {
        const answer = await send(witness, log(Math.max(size, known)).submission(known))
        if (answer.status === 200) cosigned.push(Math.max(size, known))
        known = answer.status === 409 ? Number(answer.body) : Math.max(size, known)
      }
    }
    await Promise.all([client(), client(), client()])
    expect(cosigned).toEqual([...cosigned].sort((a, b) => a - b))
    expect(cosigned.at(-1)).toBe(24)
  })
})

describe('a log that lies', () => {
  test('with two roots for one size is refused, and both heads are kept with its signatures', async () => {
    const place = new Place(log(0))
    const witness = await place.open()
    const cosigned = await send(witness, log(5).submission(0))
    const fork = log(5).fork(3, 5)
    expect(await send(witness, fork.submission(5))).toEqual({ status: 409, type: SIZE_TYPE, body: '5\n' })
    expect(await send(witness, fork.submission(0))).toEqual({ status: 409, type: SIZE_TYPE, body: '5\n' })
    const [name, ...more] = place.evidence()
    expect(more).toEqual([])
    expect(JSON.parse(readFileSync(join(place.dir, 'evidence', name ?? ''), 'utf8'))).toEqual({
      version: 1,
      at: '2026-11-22T20:00:00.000Z',
      kind: 'fork',
      origin: ORIGIN,
      cosigned: `${log(5).note()}${cosigned.body}`,
      submitted: fork.note(),
      oldSize: 5,
      proof: [],
    })
    expect(place.told.warnings).toMatchObject([
      { message: 'a log was refused', details: { kind: 'fork', size: 5 } },
    ])
    expect(await send(witness, log(8).submission(5))).toMatchObject({ status: 200 })
  })

  test('with a larger tree that does not begin with the old one is refused and kept', async () => {
    const place = new Place(log(0))
    const witness = await place.open()
    await send(witness, log(5).submission(0))
    const fork = log(5).fork(3, 9)
    expect(await send(witness, fork.submission(5))).toEqual({
      status: 422,
      type: 'text/plain; charset=utf-8',
      body: 'the proof does not lead to the old root\n',
    })
    expect(place.evidence()).toEqual([
      expect.stringMatching(/^[0-9a-f]{16}-inconsistent-[0-9a-f]{16}\.json$/),
    ])
    expect(witness.logs()).toMatchObject([{ size: 5 }])
  })

  test('with a smaller tree is told the size, which is no lie by itself', async () => {
    const place = new Place(log(0))
    const witness = await place.open()
    await send(witness, log(9).submission(0))
    expect(await send(witness, log(5).submission(3))).toEqual({ status: 409, type: SIZE_TYPE, body: '9\n' })
    expect(place.evidence()).toEqual([])
  })

  test('many times fills no disk, and a stranger’s replays do not crowd out its lies', async () => {
    const place = new Place(log(0))
    const witness = await place.open()
    await send(witness, log(5).submission(0))
    for (let size = 6; size < 20; size++) {
      const body = `old 5\n${Buffer.alloc(32).toString('base64')}\n\n${log(size).note()}`
      expect(await send(witness, body)).toMatchObject({ status: 422 })
    }
    const kinds = (kind: string): number => place.evidence().filter((name) => name.includes(kind)).length
    expect(kinds('-inconsistent-')).toBe(8)
    for (let i = 0; i < 40; i++) {
      const lie = log(4).grow(1, `lie ${i}`)
      expect(await send(witness, lie.submission(5))).toMatchObject({ status: 409 })
    }
    expect(kinds('-fork-')).toBe(32)
    expect(kinds('-inconsistent-')).toBe(8)
  })

  test('is refused also where its heads cannot be kept', async () => {
    const place = new Place(log(0))
    const disk = new FaultyDisk()
    const witness = await place.open(disk)
    await send(witness, log(5).submission(0))
    disk.set({ at: 0, effect: 'absent' })
    expect(await send(witness, log(5).fork(3, 5).submission(5))).toMatchObject({ status: 409 })
    expect(place.told.warnings).toMatchObject([{ message: 'a log was refused; its heads cannot be kept' }])
  })
})

describe('a disk that fails at one step', () => {
  const EFFECTS: readonly Effect[] = ['absent', 'present', 'half']
  const steps = ['writing the file', 'putting it in place', 'making its name durable']
  const cases = steps.flatMap((step, at) => EFFECTS.map((effect) => ({ step, at, effect })))

  test.each(cases)(
    '($step, $effect) gives no cosignature, and no head is forgotten',
    async ({ at, effect }) => {
      const place = new Place(log(0))
      const disk = new FaultyDisk()
      const witness = await place.open(disk)
      await send(witness, log(5).submission(0))
      disk.set({ at, effect })
      expect(await send(witness, log(9).submission(5))).toMatchObject({ status: 500 })
      expect(witness.logs()).toMatchObject([{ problem: 'its file could not be read or written' }])
      expect(witness.latest(originHash(ORIGIN))).toBeNull()
      disk.set(undefined)
      // The same process, and one that begins with what the disk has: the head is the old one or the new one.
      for (const next of [witness, await place.open()]) {
        const probe = await send(next, log(3).submission(0))
        expect(probe).toMatchObject({ status: 409, body: expect.stringMatching(/^[59]\n$/) })
        const known = Number(probe.body)
        expect(await send(next, log(known).fork(2, known).submission(known))).toMatchObject({ status: 409 })
        const shown = log(9)
        expect(place.timeOf(await send(next, shown.submission(known)), shown.note())).toBe(NOW_MS / 1000)
      }
      expect((await place.open()).logs()).toMatchObject([{ size: 9, problem: null }])
      expect(readdirSync(join(place.dir, 'origins'))).toEqual([originHash(ORIGIN)])
    },
  )

  test('is not trusted with an answer that it may have lost: the head is written again', async () => {
    const place = new Place(log(0))
    const disk = new FaultyDisk()
    const witness = await place.open(disk)
    disk.set({ at: 2, effect: 'absent' })
    expect(await send(witness, log(5).submission(0))).toMatchObject({ status: 500 })
    disk.set(undefined)
    const before = disk.steps.length
    expect(await send(witness, log(5).submission(5))).toMatchObject({ status: 200 })
    expect(disk.steps.slice(before)).toEqual(['writeNew', 'rename', 'syncFolder'])
  })

  test('and cannot even be opened is told as a folder that cannot be used', async () => {
    const place = new Place(log(0))
    writeFileSync(place.dir, 'a file where the folder should be')
    await expect(place.open()).rejects.toMatchObject({ code: 'STATE_UNUSABLE' })
  })
})

describe('a file that was damaged', () => {
  const refusedOf = async (place: Place): Promise<void> => {
    const witness = await place.open()
    expect(witness.logs()).toMatchObject([{ size: null, problem: expect.any(String) }])
    for (const body of [log(5).submission(0), log(5).submission(5), log(9).submission(5)])
      expect(await send(witness, body)).toMatchObject({
        status: 500,
        body: expect.stringContaining('damaged'),
      })
    expect(witness.latest(originHash(ORIGIN))).toBeNull()
    expect(place.told.warnings[0]).toMatchObject({
      message: 'a log is refused: what was seen of it is not to be had',
    })
  }
  const placeWith5 = async (): Promise<Place> => {
    const place = new Place(log(0))
    await send(await place.open(), log(5).submission(0))
    return place
  }

  test('in any byte of what it says refuses that log', async () => {
    const place = await placeWith5()
    const whole = readFileSync(place.file())
    // The log's own signature is not what the witness relies on; its own is, over every byte of the text.
    const text = log(5).text().length
    for (let at = 0; at < text; at += 7) {
      writeFileSync(place.file(), whole)
      flipByte(place.file(), at)
      await refusedOf(place)
    }
  })

  test.each([
    ['is empty', (path: string) => truncateSync(path, 0)],
    ['is cut', (path: string) => truncateSync(path, 100)],
    ['is far too large', (path: string) => writeFileSync(path, Buffer.alloc(1_000_000, 0x61))],
    ['has lost the witness’s signature', (path: string) => writeFileSync(path, log(5).note())],
  ])('because it %s refuses that log', async (_, damage) => {
    const place = await placeWith5()
    damage(place.file())
    await refusedOf(place)
  })

  test('because it is that of another log, or of another witness, refuses that log', async () => {
    const other = new TestLog('example.test/other', 5)
    const place = new Place(log(0), other)
    const witness = await place.open()
    await send(witness, log(5).submission(0))
    await send(witness, other.submission(0))
    cpSync(place.file(other.origin), place.file())
    expect(await send(await place.open(), log(5).submission(0))).toMatchObject({ status: 500 })
    const stranger = await placeWith5()
    cpSync(stranger.file(), place.file())
    expect(await send(await place.open(), log(9).submission(5))).toMatchObject({ status: 500 })
  })

  test('leaves the other logs alone', async () => {
    const other = new TestLog('example.test/other', 5)
    const place = new Place(log(0), other)
    const witness = await place.open()
    await send(witness, log(5).submission(0))
    truncateSync(place.file(), 0)
    expect(await send(witness, log(9).submission(5))).toMatchObject({ status: 500 })
    expect(await send(witness, other.submission(0))).toMatchObject({ status: 200 })
  })

  test('while the witness runs, put back from an earlier day, or gone, refuses that log', async () => {
    const place = new Place(log(0))
    const witness = await place.open()
    await send(witness, log(5).submission(0))
    const old = readFileSync(place.file())
    await send(witness, log(9).submission(5))
    const whole = readFileSync(place.file())
    writeFileSync(place.file(), old)
    expect(await send(witness, log(7).submission(5))).toMatchObject({ status: 500 })
    rmSync(place.file())
    expect(await send(witness, log(7).submission(0))).toMatchObject({ status: 500 })
    writeFileSync(place.file(), whole)
    expect(await send(witness, log(12).submission(9))).toMatchObject({ status: 200 })
    expect(place.told.warnings.map(({ details }) => details['problem'])).toEqual([
      'its file was changed by somebody else',
      'its file is gone',
    ])
  })
})
