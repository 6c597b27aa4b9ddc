// One witness's part: where it is, how it fared, when it is asked again.
import { describe, expect, test } from 'vitest'
import { newestHead, type OwnHead } from '../../agent/witness/own-head.ts'
import { type LaneWorld, PeerLane, placeOf } from '../../agent/witness/peer-lane.ts'
import { WitnessPeer } from '../../agent/witness/witness-peer.ts'
import { asOwn, type Liar, liar, type RealWitness, realWitness, say } from './places.ts'
import { TestLog } from './test-log.ts'

const log = new TestLog('portcullis/m-0/l-0', 5)
const head: Promise<OwnHead> = newestHead(asOwn(log))
const patience = (): AbortSignal => AbortSignal.timeout(10_000)

interface Dials {
  uptimeMs: number
  random: number
  isThisHost: (hostname: string) => Promise<boolean>
}

function laneOf({ name, url, signer }: RealWitness | Liar): { lane: PeerLane; dials: Dials } {
  const dials: Dials = { uptimeMs: 1000, random: 1, isThisHost: async () => false }
  const world: LaneWorld = {
    retryMinMs: 100,
    retryMaxMs: 1000,
    isThisHost: (hostname) => dials.isThisHost(hostname),
    nowMs: () => 1_700_000_000_000,
    uptimeMs: () => dials.uptimeMs,
    random: () => dials.random,
  }
  return { lane: new PeerLane(new WitnessPeer(name, signer.key, url, asOwn(log)), world), dials }
}

describe('a witness that cosigns', () => {
  test('counts for that head and no other, and says when', async () => {
    const { lane, dials } = laneOf(await realWitness('w', log))
    expect(lane.status()).toMatchObject({ place: 'unknown', lastSuccessMs: null, lastError: null })
    await lane.push(await head, patience())
    expect(lane.cosignatureOf(await head)).toMatchObject({ timeSeconds: expect.any(Number) })
    const other = new TestLog('portcullis/m-0/l-0', 4)
    expect(lane.cosignatureOf(await newestHead(asOwn(other)))).toBeNull()
    expect(lane.status()).toMatchObject({
      place: 'elsewhere',
      lastSuccessMs: 1_700_000_000_000,
      lastSize: 5,
      lastError: null,
    })
    expect(lane.hasFresh(await head, 500)).toBe(true)
    dials.uptimeMs += 500
    expect(lane.hasFresh(await head, 500)).toBe(false)
    expect(lane.cosignatureOf(await head)).not.toBeNull()
  })
})

describe('a witness on this machine', () => {
  test('is not even asked, and counts for nothing', async () => {
    const found = await liar('w', () => say(500, ''))
    const { lane, dials } = laneOf(found)
    dials.isThisHost = async (hostname) => hostname === '127.0.0.1'
    expect(await lane.push(await head, patience())).toMatchObject({ kind: 'local' })
    expect(found.heard).toEqual([])
    expect(lane.status()).toMatchObject({
      place: 'this-host',
      lastError: 'it is on this machine and counts for nothing',
    })
  })

  test('that was elsewhere when it cosigned counts no longer', async () => {
    const { lane, dials } = laneOf(await realWitness('w', log))
    await lane.push(await head, patience())
    expect(lane.cosignatureOf(await head)).not.toBeNull()
    dials.isThisHost = async () => true
    await lane.push(await head, patience())
    expect(lane.cosignatureOf(await head)).toBeNull()
  })

  test('cannot be told from another one where the name cannot be looked up: then it does not count', async () => {
    const found = await liar('w', () => say(500, ''))
    const { lane, dials } = laneOf(found)
    dials.isThisHost = () => Promise.reject(new Error('no such name'))
    expect(await lane.push(await head, patience())).toMatchObject({ why: 'its name cannot be looked up' })
    dials.isThisHost = () => new Promise(() => {})
    expect(await lane.push(await head, AbortSignal.timeout(20))).toMatchObject({
      why: 'its name cannot be looked up',
    })
    expect(await placeOf('x', () => new Promise(() => {}), AbortSignal.abort())).toBe('unknown')
    expect(found.heard).toEqual([])
  })
})

describe('a witness that fails', () => {
  test('is asked again later each time, up to a limit, and at once after it has cosigned', async () => {
    const witness = await realWitness('w', log)
    await witness.stop()
    const { lane, dials } = laneOf(witness)
    expect(lane.retryAtMs).toBeNull()
    const waits: number[] = []
    for (let i = 0; i < 6; i++) {
      await lane.push(await head, patience())
      waits.push((lane.retryAtMs ?? 0) - dials.uptimeMs)
    }
    expect(waits).toEqual([100, 200, 400, 800, 1000, 1000])
    dials.random = 0
    await lane.push(await head, patience())
    expect((lane.retryAtMs ?? 0) - dials.uptimeMs).toBe(500)
    expect(lane.status().lastError).toBe('nothing listens at its address')
    await witness.again()
    await lane.push(await head, patience())
    expect(lane.retryAtMs).toBeNull()
    expect(lane.status()).toMatchObject({ lastSize: 5, lastError: null })
    await witness.stop()
  })

  test('is busy while it is asked, and not after it', async () => {
    const { lane } = laneOf(await liar('w', () => say(503, '')))
    const asked = lane.push(await head, patience())
    expect(lane.isBusy).toBe(true)
    await asked
    expect(lane.isBusy).toBe(false)
  })
})
