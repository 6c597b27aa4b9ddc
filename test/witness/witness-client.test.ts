// The agent and its witnesses, over real HTTP: rounds, quorum, waiting, refusals, and a network that is not there.
import { describe, expect, onTestFinished, test } from 'vitest'
import type { AuditRecord } from '../../agent/log-format/index.ts'
import { isProblem, parseCheckpoint, signersOf } from '../../agent/verify/index.ts'
import { isThisHost, WitnessClient, type WitnessFinding } from '../../agent/witness/index.ts'
import type { ClientTimes, WitnessClientOptions } from '../../agent/witness/witness-client.ts'
import {
  asOwn,
  eventually,
  type Liar,
  liar,
  policyOf,
  type RealWitness,
  realWitness,
  say,
  saySize,
  textIn,
} from './places.ts'
import { TestLog, Told } from './test-log.ts'

const ORIGIN = 'portcullis/m-0/l-0'
const newLog = (size: number): TestLog => new TestLog(ORIGIN, size)

const QUICK: Partial<ClientTimes> = {
  pushEveryMs: 10,
  answerMs: 5000,
  retryMinMs: 20,
  retryMaxMs: 100,
  urgentEveryMs: 20,
  recordEveryMs: 3_600_000,
}

/** A log with its client. */
class Gate {
  readonly log: TestLog
  readonly client: WitnessClient
  readonly records: AuditRecord[] = []
  readonly notes: string[] = []
  readonly alarms: WitnessFinding[] = []
  readonly told = new Told()
  isBroken = false

  constructor(
    log: TestLog,
    witnesses: readonly (RealWitness | Liar)[],
    quorum: 'all' | 'any' | number,
    more: Partial<WitnessClientOptions> = {},
  ) {
    this.log = log
    this.client = new WitnessClient({
      policy: policyOf(witnesses, quorum),
      log: asOwn(log),
      record: async (record) => {
        if (this.isBroken) throw new Error('the disk is full')
        this.records.push(record)
        log.grow(1, 'record')
        return { index: log.size - 1 }
      },
      publish: async (note) => void this.notes.push(note),
      alarm: (finding) => void this.alarms.push(finding),
      logger: this.told,
      isThisHost: async () => false,
      ...more,
      times: { ...QUICK, ...more.times },
    })
    onTestFinished(() => this.client.close())
  }

  grow(count: number): void {
    this.log.grow(count)
    this.client.published()
  }

  /** Whose cosignatures the latest kept note bears, by their names. */
  cosigners(witnesses: readonly (RealWitness | Liar)[]): readonly string[] {
    const read = parseCheckpoint(Buffer.from(this.notes.at(-1) ?? ''))
    if (isProblem(read)) return []
    const signers = signersOf(
      read.note,
      witnesses.map(({ signer }) => signer.key),
    )
    return isProblem(signers) ? [] : signers.map(({ key }) => key.name)
  }
}

const three = async (log: TestLog): Promise<readonly [RealWitness, RealWitness, RealWitness]> => [
  await realWitness('a', log),
  await realWitness('b', log),
  await realWitness('c', log),
]

/** They come in the order in which the witnesses answered. */
const byWitness = (alarms: readonly WitnessFinding[]): readonly WitnessFinding[] =>
  alarms.toSorted((a, b) => (a.witness < b.witness ? -1 : 1))

/** A witness that never answers. */
const hanging = (name: string): Promise<Liar> => liar(name, () => () => {})

describe('heads', () => {
  test('are shown to every witness, kept with their cosignatures, and put on record', async () => {
    const log = newLog(5)
    const witnesses = await three(log)
    const gate = new Gate(log, witnesses, 'all')
    gate.client.start()
    await eventually(() => gate.records).toMatchObject([{ kind: 'witnessed', size: 5 }])
    expect(gate.cosigners(witnesses)).toEqual(['witness.test/a', 'witness.test/b', 'witness.test/c'])
    expect(gate.client.status()).toMatchObject({ quorum: 'g', witnessed: { size: 5 } })
  })

  test('that come later are shown too, with proofs, and kept without a record each', async () => {
    const log = newLog(5)
    const witnesses = await three(log)
    const gate = new Gate(log, witnesses, 'all')
    gate.client.start()
    await eventually(() => gate.records).toHaveLength(1)
    for (const size of [10, 30, 31]) {
      gate.grow(size - log.size)
      await eventually(() => gate.client.status().witnessed?.size).toBe(size)
      expect(gate.notes.at(-1)?.startsWith(log.note())).toBe(true)
    }
    expect(gate.records).toHaveLength(1)
    expect(witnesses.map(({ witness }) => witness.logs())).toMatchObject([
      [{ size: 31 }],
      [{ size: 31 }],
      [{ size: 31 }],
    ])
  })

  test('that come in a crowd are not all shown: the newest is', async () => {
    const log = newLog(1)
    const found = await realWitness('a', log)
    const gate = new Gate(log, [found], 'all', { times: { pushEveryMs: 50 } })
    gate.client.start()
    for (let i = 0; i < 200; i++) {
      gate.grow(1)
      if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    const size = log.size
    await eventually(() => gate.client.status().witnessed?.size).toBeGreaterThanOrEqual(size)
    expect(gate.notes.length).toBeLessThan(50)
  })

  test('go on record again after the time that was set, and a log that rests makes no more records', async () => {
    const log = newLog(5)
    const gate = new Gate(log, [await realWitness('a', log)], 'all', { times: { recordEveryMs: 30 } })
    gate.client.start()
    await eventually(() => gate.records).toHaveLength(1)
    gate.grow(3)
    await eventually(() => gate.records).toHaveLength(2)
    const notes = gate.notes.length
    // A cosignature has whole seconds: a later one shows that more than one time has passed.
    await eventually(() => gate.notes.length).toBeGreaterThan(notes + 1)
    expect(gate.records).toHaveLength(2)
  })

  test('are asked for again where the log could not give one, and that is told once', async () => {
    const log = newLog(5)
    let isThere = false
    const own = asOwn(log)
    const gate = new Gate(log, [await realWitness('a', log)], 'all', {
      log: { ...own, checkpoint: () => (isThere ? own.checkpoint() : Promise.reject(new Error('not now'))) },
    })
    gate.client.start()
    await eventually(() => gate.told.warnings).toHaveLength(1)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(gate.told.warnings).toHaveLength(1)
    isThere = true
    await eventually(() => gate.records).toHaveLength(1)
  })
})

describe('the quorum', () => {
  test('of two in three is reached without the third, which counts as soon as it is back', async () => {
    const log = newLog(5)
    const witnesses = await three(log)
    await witnesses[2].stop()
    const gate = new Gate(log, witnesses, 2)
    gate.client.start()
    await eventually(() => gate.records).toHaveLength(1)
    expect(gate.cosigners(witnesses)).toEqual(['witness.test/a', 'witness.test/b'])
    expect(gate.client.status().witnesses[2]).toMatchObject({
      name: 'c',
      lastSuccessMs: null,
      lastError: 'nothing listens at its address',
    })
    await witnesses[2].again()
    await eventually(() => gate.cosigners(witnesses)).toHaveLength(3)
    await witnesses[2].stop()
  })

  test('of all is not reached without one of them: nothing is kept, nothing on record', async () => {
    const log = newLog(5)
    const [a, b, c] = await three(log)
    await c.stop()
    const gate = new Gate(log, [a, b, c], 'all')
    gate.client.start()
    await eventually(() => gate.client.status().witnesses.map(({ lastSize }) => lastSize)).toEqual([
      5,
      5,
      null,
    ])
    expect(gate.records).toEqual([])
    expect(gate.notes).toEqual([])
    expect(gate.client.status().witnessed).toBeNull()
    await c.again()
    await eventually(() => gate.records).toHaveLength(1)
    await c.stop()
  })

  test('is of one head: cosignatures of two heads are not added up', async () => {
    const log = newLog(5)
    const a = await realWitness('a', log)
    const b = await liar('b', (signer) => (body, response) => {
      const text = textIn(body)
      if (text.startsWith(`${ORIGIN}\n6\n`)) response.end(signer.cosign(text, 1_700_000_000))
      else response.writeHead(503).end()
    })
    const gate = new Gate(log, [a, b], 'all')
    gate.client.start()
    await eventually(() => gate.client.status().witnesses[0]?.lastSize).toBe(5)
    await a.stop()
    gate.grow(1)
    await eventually(() => gate.client.status().witnesses.map(({ lastSize }) => lastSize)).toEqual([5, 6])
    expect(gate.records).toEqual([])
  })

  test('counts no witness on this machine', async () => {
    const log = newLog(5)
    const witnesses = await three(log)
    const here = new Set([new URL(witnesses[0].url).host])
    const gate = new Gate(log, witnesses, 'any', { isThisHost: async () => here.size > 0 })
    gate.client.start()
    await eventually(() => gate.client.status().witnesses.map(({ place }) => place)).toEqual([
      'this-host',
      'this-host',
      'this-host',
    ])
    expect(gate.notes).toEqual([])
    expect(await gate.client.waitFor(1, 100)).toBe(false)
    expect(witnesses[0].witness.logs()).toMatchObject([{ size: null }])
    expect(await gate.client.describe()).toMatchObject({ quorum: 'g', isReachable: false })
  })

  test('with the real look at addresses excludes what listens on loopback', async () => {
    const log = newLog(5)
    const witness = await realWitness('a', log)
    const gate = new Gate(log, [witness], 'all', { isThisHost: (name) => isThisHost(name) })
    gate.client.start()
    await eventually(() => gate.client.status().witnesses).toMatchObject([
      { place: 'this-host', lastSize: null },
    ])
    expect(await gate.client.waitFor(1, 100)).toBe(false)
    expect(witness.witness.logs()).toMatchObject([{ size: null }])
  })

  test('does not count a witness that lies', async () => {
    const log = newLog(5)
    const honest = await realWitness('a', log)
    const lying = await liar('b', (signer) => say(200, signer.cosign(newLog(4).text(), 1_700_000_000)))
    const gate = new Gate(log, [honest, lying], 'all')
    gate.client.start()
    await eventually(() => gate.client.status().witnesses[1]?.lastError).toBe(
      'its cosignature does not verify',
    )
    expect(gate.notes).toEqual([])
  })
})

describe('whoever waits', () => {
  test('for a head that is cosigned and on record goes on at once', async () => {
    const log = newLog(5)
    const gate = new Gate(log, [await realWitness('a', log)], 'all')
    gate.client.start()
    expect(await gate.client.waitFor(5, 10_000)).toBe(true)
    expect(gate.records).toMatchObject([{ size: 5 }])
    expect(await gate.client.waitFor(5, 0)).toBe(true)
  })

  test('gets a record of a head with what was waited for, before the time', async () => {
    const log = newLog(5)
    const gate = new Gate(log, [await realWitness('a', log)], 'all')
    gate.client.start()
    await gate.client.waitFor(5, 10_000)
    log.grow(7)
    expect(await gate.client.waitFor(13, 10_000)).toBe(true)
    expect(gate.records).toMatchObject([{ size: 5 }, { size: 13 }])
  })

  test('does not wait for witnesses that are not needed, though they hang', async () => {
    const log = newLog(5)
    const slow = await hanging('slow')
    const gate = new Gate(log, [slow, await realWitness('a', log)], 'any', {
      times: { answerMs: 600_000 },
    })
    gate.client.start()
    expect(await gate.client.waitFor(5, 10_000)).toBe(true)
    log.grow(3)
    expect(await gate.client.waitFor(9, 10_000)).toBe(true)
    expect(gate.records).toHaveLength(2)
    // And one that hangs is not asked for a second head before it has answered about the first.
    expect(slow.heard).toHaveLength(1)
  })

  test('who comes while a round waits for somebody who hangs is not held up either', async () => {
    const log = newLog(5)
    const slow = await hanging('slow')
    const gate = new Gate(log, [slow, await realWitness('a', log)], 'any', { times: { answerMs: 600_000 } })
    gate.client.start()
    await eventually(() => gate.client.status().witnesses[1]?.lastSize).toBe(5)
    expect(gate.records).toEqual([])
    expect(await gate.client.waitFor(5, 10_000)).toBe(true)
  })

  test('in vain is told so when the time is over', async () => {
    const log = newLog(5)
    const gate = new Gate(log, [await hanging('slow')], 'all')
    gate.client.start()
    expect(await gate.client.waitFor(5, 50)).toBe(false)
    expect(gate.records).toEqual([])
  })

  test('for more than the log has is told so when the time is over', async () => {
    const log = newLog(5)
    const gate = new Gate(log, [await realWitness('a', log)], 'all')
    gate.client.start()
    expect(await gate.client.waitFor(50, 100)).toBe(false)
  })

  test('makes witnesses that failed be asked at once when they are back', async () => {
    const log = newLog(5)
    const a = await realWitness('a', log)
    await a.stop()
    const gate = new Gate(log, [a], 'all', { times: { retryMinMs: 600_000, retryMaxMs: 600_000 } })
    gate.client.start()
    await eventually(() => gate.client.status().witnesses[0]?.lastError).not.toBeNull()
    const waiting = gate.client.waitFor(5, 10_000)
    await a.again()
    expect(await waiting).toBe(true)
    await a.stop()
  })

  test('is not told yes where the log could not take the record', async () => {
    const log = newLog(5)
    const gate = new Gate(log, [await realWitness('a', log)], 'all')
    gate.isBroken = true
    gate.client.start()
    expect(await gate.client.waitFor(5, 200)).toBe(false)
    await eventually(() => gate.told.warnings).toMatchObject([
      { message: 'a cosigned head could not be kept and put on record' },
    ])
    gate.isBroken = false
    expect(await gate.client.waitFor(5, 10_000)).toBe(true)
  })

  test('is let go when the client is closed, and later ones at once', async () => {
    const log = newLog(5)
    const gate = new Gate(log, [await hanging('slow')], 'all', { times: { answerMs: 600_000 } })
    gate.client.start()
    const waiting = gate.client.waitFor(5, 600_000)
    await gate.client.close()
    expect(await waiting).toBe(false)
    expect(await gate.client.waitFor(5, 600_000)).toBe(false)
  })

  test('in a crowd beyond the limit is refused', async () => {
    const log = newLog(5)
    const gate = new Gate(log, [await hanging('slow')], 'all')
    const waiting = Array.from({ length: 256 }, () => gate.client.waitFor(5, 600_000))
    expect(await gate.client.waitFor(5, 600_000)).toBe(false)
    await gate.client.close()
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([false]))
  })
})

describe('a log that is not what its witnesses know', () => {
  test('is told, with proof, on record and by alarm, once', async () => {
    const log = newLog(12)
    const witnesses = await three(log)
    const before = new Gate(log, witnesses, 'all')
    before.client.start()
    await eventually(() => before.records).toHaveLength(1)
    await before.client.close()
    const older = newLog(7)
    const gate = new Gate(older, witnesses, 'all')
    gate.client.start()
    await eventually(() => gate.alarms).toHaveLength(3)
    expect(byWitness(gate.alarms)).toMatchObject(
      ['a', 'b', 'c'].map((witness) => ({
        witness,
        kind: 'rollback',
        size: 7,
        witnessSize: 12,
        isProven: true,
      })),
    )
    await eventually(() => gate.records).toHaveLength(3)
    expect(gate.records).toMatchObject([
      { kind: 'witness-refused', status: 409, size: 7, witnessSize: 12 },
      {},
      {},
    ])
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(gate.alarms).toHaveLength(3)
    expect(gate.notes).toEqual([])
    // It grows past what they know: another history now.
    gate.grow(20)
    await eventually(() => gate.alarms).toHaveLength(6)
    expect(byWitness(gate.alarms.slice(3))).toMatchObject(
      ['a', 'b', 'c'].map((witness) => ({
        witness,
        kind: 'fork',
        status: 422,
        witnessSize: 12,
        isProven: true,
      })),
    )
    expect(gate.client.status().witnesses.map(({ lastError }) => lastError)).toContain(
      'it knows another log under this name (status 422)',
    )
  })

  test('is not taken for one on the word of a witness alone, but told all the same', async () => {
    const log = newLog(5)
    const gate = new Gate(log, [await liar('a', () => saySize(1000)), await realWitness('b', log)], 'any')
    gate.client.start()
    await eventually(() => gate.alarms).toMatchObject([{ witness: 'a', isProven: false, witnessSize: 1000 }])
    await eventually(() => gate.records.map(({ kind }) => kind)).toContain('witnessed')
  })
})

describe('at the start', () => {
  test('each witness is asked what it knows, and a log that was cut is found out before it grows', async () => {
    const log = newLog(12)
    const [a, b, c] = await three(log)
    const first = new Gate(log, [a, b], 'all')
    expect(await first.client.askSizes()).toEqual([
      { witness: 'a', size: 0, finding: null, error: null },
      { witness: 'b', size: 0, finding: null, error: null },
    ])
    await b.stop()
    const cut = new Gate(newLog(7), [a, b, c], 'any')
    expect(await cut.client.askSizes(5000)).toMatchObject([
      { witness: 'a', size: 12, finding: { kind: 'rollback', isProven: true }, error: null },
      { witness: 'b', size: null, finding: null, error: 'nothing listens at its address' },
      { witness: 'c', size: 0, finding: null, error: null },
    ])
    expect(cut.records).toEqual([])
    expect(cut.alarms).toEqual([])
    const forked = new Gate(log.fork(7, 14), [a], 'any')
    expect(await forked.client.askSizes()).toMatchObject([
      { size: 12, finding: { kind: 'fork', status: 422 } },
    ])
    const whole = new Gate(newLog(15), [a], 'any')
    expect(await whole.client.askSizes()).toEqual([{ witness: 'a', size: 12, finding: null, error: null }])
  })

  test('what they then cosigned counts in the first round, without asking again', async () => {
    const log = newLog(5)
    const found = await liar('a', (signer) => (body, response) => {
      response.end(signer.cosign(textIn(body), 1_700_000_000))
    })
    const gate = new Gate(log, [found], 'all')
    await gate.client.askSizes()
    gate.client.start()
    await eventually(() => gate.records).toHaveLength(1)
    expect(found.heard).toHaveLength(1)
  })

  test('nobody is waited for longer than was said', async () => {
    const log = newLog(5)
    const gate = new Gate(log, [await hanging('slow')], 'all', { times: { answerMs: 600_000 } })
    expect(await gate.client.askSizes(50)).toEqual([
      { witness: 'slow', size: null, finding: null, error: 'it does not answer in time' },
    ])
  })
})

describe('what is told of the witnesses', () => {
  test('is where each of them is, and whether those that count are enough', async () => {
    const log = newLog(5)
    const [a, b, c] = await three(log)
    const places: Record<string, boolean> = {}
    const named = [
      { ...a, url: 'http://here.test' },
      { ...b, url: 'http://there.test/w' },
      { ...c, url: 'http://nowhere.test' },
    ]
    places['here.test'] = true
    places['there.test'] = false
    const isThisHost = async (name: string): Promise<boolean> => {
      const place = places[name]
      if (place === undefined) throw new Error('no such name')
      return place
    }
    const two = await new Gate(log, named, 2, { isThisHost }).client.describe()
    expect(two).toMatchObject({
      quorum: 'g',
      isReachable: true,
      witnesses: [
        { name: 'a', url: 'http://here.test', place: 'this-host' },
        { name: 'b', url: 'http://there.test/w', place: 'elsewhere' },
        { name: 'c', url: 'http://nowhere.test', place: 'unknown' },
      ],
    })
    expect((await new Gate(log, named, 'all', { isThisHost }).client.describe()).isReachable).toBe(false)
  })
})

test('two gates, each with a witness beside it, witness each other', async () => {
  const [left, right] = [new TestLog('portcullis/m-1/l-1', 3), new TestLog('portcullis/m-2/l-2', 8)]
  const besideLeft = await realWitness('left', right)
  const besideRight = await realWitness('right', left)
  const gates = [new Gate(left, [besideRight], 'all'), new Gate(right, [besideLeft], 'all')]
  for (const { client } of gates) client.start()
  for (const gate of gates) expect(await gate.client.waitFor(3, 10_000)).toBe(true)
  expect(besideLeft.witness.logs()).toMatchObject([{ origin: 'portcullis/m-2/l-2', size: 8 }])
  expect(besideRight.witness.logs()).toMatchObject([{ origin: 'portcullis/m-1/l-1', size: 3 }])
})
