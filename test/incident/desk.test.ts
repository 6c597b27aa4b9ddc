// Incidents of a running agent: on record, sent, not twice, and never in anybody's way.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type DeskOptions, IncidentDesk, type LogEntry } from '../../agent/incident/index.ts'
import {
  type AuditRecord,
  canonicalJson,
  RECORD_BYTES_MAX,
  splitRecord,
} from '../../agent/log-format/index.ts'
import { CONTEXT, scratchFolder } from './dispatch.ts'
import {
  agentStarted,
  DAY,
  decision,
  emergency,
  HOUR,
  LogBuilder,
  opened,
  refused,
  stream,
} from './log-builder.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await turn()
}

/** A log with a desk that sees each of its records, as the agent joins them. */
class Site {
  readonly log = new LogBuilder()
  readonly troubles: string[] = []
  readonly path = join(scratchFolder(), 'incidents.jsonl')
  desk: IncidentDesk
  /** What an append does instead, if anything. */
  fault: (() => Promise<{ index: number }>) | undefined

  constructor(options: Partial<DeskOptions> = {}) {
    this.log.own(opened())
    this.desk = this.newDesk(options)
  }

  newDesk(options: Partial<DeskOptions> = {}, saved?: unknown): IncidentDesk {
    return new IncidentDesk({ ...this.options(), ...options }, saved)
  }

  options(): DeskOptions {
    return {
      context: CONTEXT,
      automatic: false,
      perHourMax: 10,
      append: async (record) => {
        if (this.fault !== undefined) return this.fault()
        await turn()
        return { index: this.add(record) }
      },
      trouble: (sentence) => this.troubles.push(sentence),
      patience: { firstMs: 1, longestMs: 2, attemptsMax: 3 },
    }
  }

  /** Appends a record and lets the desk see it. */
  add(record: AuditRecord, afterMs?: number): number {
    const index = this.log.add(record, afterMs)
    this.desk.observe(this.log.entries[index]!)
    return index
  }

  of<Kind extends LogEntry['record']['kind']>(kind: Kind) {
    return this.log.entries
      .map(({ record }) => record)
      .filter((record): record is Extract<LogEntry['record'], { kind: Kind }> => record.kind === kind)
  }

  sent(): readonly { id: string; subject: string }[] {
    if (!existsSync(this.path)) return []
    // What stands behind the last line end is being written just now.
    return readFileSync(this.path, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { id: string; subject: string })
  }
}

const incidentOf = (index: number) => ({
  uid: `emergency-stop-${index}`,
  rule: 'emergency-stop',
  severity: 'medium',
  first: index,
  last: index,
  count: 1,
})

const toFile = (site: { path: string }) =>
  ({ sink: { kind: 'file', path: site.path }, automatic: true }) as const

/** A site that sends to its own file. */
function sendingSite(): Site {
  const site = new Site()
  site.desk = site.newDesk(toFile(site))
  return site
}

describe('what is found', () => {
  test('is put on record after the record that shows it', async () => {
    const site = new Site()
    const index = site.add(emergency())
    await until(() => site.of('incident').length === 1)
    expect(site.of('incident')).toMatchObject([
      { uid: `emergency-stop-${index}`, severity: 'medium', first: index, last: index, count: 1 },
    ])
    expect(site.of('incident-exported')).toEqual([])
  })

  test('is sent where the site wants that, and that is on record as well', async () => {
    const site = sendingSite()
    site.add(emergency())
    await until(() => site.of('incident-exported').length === 1)
    const [incident] = site.of('incident')
    expect(site.sent()).toMatchObject([{ subject: incident!.uid }])
    expect(site.of('incident-exported')).toMatchObject([
      { incident: incident!.seq, to: 'file', isSent: true, by: null },
    ])
  })

  test('is not sent where the site does not want that', async () => {
    const site = new Site()
    site.desk = site.newDesk({ ...toFile(site), automatic: false })
    site.add(emergency())
    await until(() => site.of('incident').length === 1)
    await turn()
    // What is being written then is written to its end.
    await site.desk.close()
    expect(existsSync(site.path)).toBe(false)
  })

  test('and cannot be sent is on record as not sent, and told', async () => {
    const site = new Site()
    site.desk = site.newDesk({ sink: { kind: 'file', path: '/dev/null' }, automatic: true })
    site.add(emergency())
    await until(() => site.of('incident-exported').length === 1)
    expect(site.of('incident-exported')).toMatchObject([{ isSent: false }])
    expect(site.troubles).toEqual([expect.stringContaining('was not sent: it is not a regular file')])
  })

  test('stays within the rate that the site allows', async () => {
    const site = new Site({ perHourMax: 2 })
    const reading = (filamentMm: number): AuditRecord => ({
      kind: 'odometer',
      job: null,
      printer: { prints: 1, finished: 1, printSeconds: 1, filamentMm },
      sent: { filamentMm: 0, commands: 0 },
    })
    for (let i = 0; i < 30; i++) site.add(reading(i * 1000))
    await until(() => site.of('incident').length === 2)
    for (let i = 0; i < 9; i++) await turn()
    expect(site.of('incident').map(({ rule }) => rule)).toEqual(['odometer', 'incident-flood'])
  })
})

describe('whoever tells the desk of a record', () => {
  test('never waits and never hears of a log that takes nothing', async () => {
    const site = new Site()
    site.fault = () => new Promise(() => {})
    for (let i = 0; i < 200; i++) site.add(emergency(), 2 * HOUR)
    await turn()
    expect(site.of('incident')).toEqual([])
    expect(site.troubles.length).toBeGreaterThan(100)
    expect(site.troubles[0]).toContain('too many wait for the log')
  })

  test('never hears of a log that fails, and the desk goes on', async () => {
    const site = new Site()
    site.fault = () => Promise.reject(new Error('no space is left'))
    site.add(emergency())
    await until(() => site.troubles.length === 1)
    expect(site.troubles).toEqual(['incident `emergency-stop-1` was not put on record: no space is left'])
    site.fault = undefined
    site.add(emergency(), 2 * HOUR)
    await until(() => site.of('incident').length === 1)
  })

  test('never hears of a record that nobody can read, or of who listens to troubles', () => {
    const site = new Site({
      trouble: () => {
        throw new Error('deaf')
      },
    })
    const broken = { index: 1, record: { kind: 'decision', at: 'never', seq: 1, outcome: 'deny' } }
    expect(() => site.desk.observe(broken as unknown as LogEntry)).not.toThrow()
  })

  test('never sees a desk that hears of its own records go round in a ring', async () => {
    const site = sendingSite()
    site.add(emergency())
    await until(() => site.of('incident-exported').length === 1)
    for (let i = 0; i < 50; i++) await turn()
    expect(site.log.entries).toHaveLength(4)
  })
})

describe('an agent that starts again', () => {
  /** Another agent on the same log. */
  async function restart(
    site: Site,
    options: Partial<DeskOptions> = {},
    saved?: { state: object; size: number },
  ) {
    void site.desk.close()
    site.desk = site.newDesk(options, saved?.state)
    await site.desk.catchUp(stream(site.log.entries.slice(saved?.size ?? 0)))
    for (let i = 0; i < 20; i++) await turn()
  }

  /** What a snapshot of the log would hold now. */
  const savedBy = (site: Site) => ({
    state: JSON.parse(JSON.stringify(site.desk.save())) as object,
    size: site.log.entries.length,
  })

  /** Raises one more, and waits until it is sent: whatever was to be sent before it was. */
  async function nextSent(site: Site): Promise<readonly string[]> {
    const uid = `emergency-stop-${site.add(emergency(), 2 * HOUR)}`
    await until(() => site.sent().some(({ subject }) => subject === uid))
    return site.sent().map(({ subject }) => subject)
  }

  test('raises and sends nothing twice', async () => {
    const site = sendingSite()
    site.add(emergency())
    for (let i = 0; i < 25; i++) site.add(refused('one'))
    await until(() => site.of('incident-exported').length === 2)
    await restart(site, toFile(site))
    await restart(site, toFile(site))
    expect(site.of('incident')).toHaveLength(2)
    expect(site.sent()).toHaveLength(2)
    // Nor does what goes on, until it has grown to twice as much.
    for (let i = 0; i < 10; i++) site.add(refused('one'))
    for (let i = 0; i < 9; i++) await turn()
    expect(site.of('incident')).toHaveLength(2)
    for (let i = 0; i < 5; i++) site.add(refused('one'))
    await until(() => site.sent().length === 3)
    expect(site.of('incident').map(({ uid }) => uid)[2]).toBe(site.of('incident').map(({ uid }) => uid)[1])
  })

  test('raises what the one before it found and could not put on record', async () => {
    const site = new Site()
    site.fault = () => new Promise(() => {})
    site.add(emergency())
    site.fault = undefined
    site.desk = site.newDesk(toFile(site))
    await site.desk.catchUp(stream(site.log.entries))
    await until(() => site.of('incident-exported').length === 1)
    expect(site.sent()).toMatchObject([{ subject: 'emergency-stop-1' }])
    expect(site.of('incident')).toHaveLength(1)
  })

  test('raises the second of two that one record showed, where only the first is on record', async () => {
    const log = new LogBuilder()
    log.own(opened())
    log.add(agentStarted())
    // Its clock went back, and there was no end before it.
    const at = log.add(agentStarted(), -HOUR)
    const site = new Site()
    site.log.entries.splice(0, 1, ...log.entries)
    site.log.ms = log.ms
    await site.desk.catchUp(stream(site.log.entries))
    await until(() => site.of('incident').length === 2)
    const both = site.of('incident')
    expect(both.map(({ last }) => last)).toEqual([at, at])
    site.log.entries.splice(both[1]!.seq)
    await restart(site)
    expect(site.of('incident').map(({ uid }) => uid)).toEqual(both.map(({ uid }) => uid))
  })

  test('sends what the one before it put on record and had no time to send, with the same id', async () => {
    const site = new Site()
    site.add(emergency())
    await until(() => site.of('incident').length === 1)
    await restart(site, toFile(site))
    await until(() => site.of('incident-exported').length === 1)
    expect(site.sent()).toMatchObject([{ id: 'emergency-stop-1.medium.1' }])
  })

  test('does not send what is long ago, nor what was given up', async () => {
    const site = new Site()
    site.add(emergency())
    await until(() => site.of('incident').length === 1)
    site.add(agentStarted(), 2 * DAY)
    await restart(site, toFile(site))
    expect(await nextSent(site)).toEqual(['emergency-stop-4'])
    const other = new Site()
    other.add(emergency())
    await until(() => other.of('incident').length === 1)
    other.log.add({ kind: 'incident-exported', incident: 2, to: 'http', isSent: false, by: null })
    await restart(other, toFile(other))
    expect(await nextSent(other)).toEqual(['emergency-stop-4'])
  })

  test('on a log of before there was a desk puts the latest on record and sends none that is old', async () => {
    const site = new Site()
    for (let i = 0; i < 100; i++) site.log.add(emergency(), 2 * HOUR)
    await restart(site, toFile(site))
    await until(() => site.of('incident').length === 64)
    // Those of its last day, one every two hours, and both ends of that day.
    expect(await nextSent(site)).toHaveLength(13 + 1)
  })

  test('goes on from what the desk before it had saved, and reads only what came after', async () => {
    const site = new Site()
    for (let i = 0; i < 15; i++) site.add(refused('one'))
    const saved = savedBy(site)
    for (let i = 0; i < 4; i++) site.add(refused('one'))
    await restart(site, {}, saved)
    expect(site.desk.hasResumed).toBe(true)
    expect(site.of('incident')).toEqual([])
    site.add(refused('one'))
    await until(() => site.of('incident').length === 1)
    expect(site.of('incident')).toMatchObject([{ uid: 'refusal-burst-1', count: 20 }])
  })

  describe('goes on from a desk that had saved', () => {
    test('before what it found was on record: it is put there, once', async () => {
      const site = new Site()
      site.fault = () => new Promise(() => {})
      site.add(emergency())
      site.add(emergency(), 2 * HOUR)
      const saved = savedBy(site)
      site.fault = undefined
      await restart(site, toFile(site), saved)
      await until(() => site.of('incident-exported').length === 2)
      expect(site.of('incident').map(({ uid }) => uid)).toEqual(['emergency-stop-1', 'emergency-stop-2'])
      expect(site.sent().map(({ subject }) => subject)).toEqual(['emergency-stop-1', 'emergency-stop-2'])
    })

    test('before what it found was on record, and the record is in what is read: it is not put there again', async () => {
      const site = new Site()
      site.add(emergency())
      const saved = savedBy(site)
      await until(() => site.of('incident').length === 1)
      await restart(site, toFile(site), saved)
      await until(() => site.of('incident-exported').length === 1)
      expect(site.of('incident')).toHaveLength(1)
    })

    test('just as the record was in the log: it is not put there again, and it is sent', async () => {
      const site = sendingSite()
      let saved: ReturnType<typeof savedBy> | undefined
      site.fault = async () => {
        site.fault = undefined
        const index = site.add({ ...incidentOf(1), kind: 'incident' } as AuditRecord)
        // The desk has seen the record, and does not know yet that its append is done.
        saved = savedBy(site)
        site.fault = () => new Promise(() => {})
        await new Promise(() => {})
        return { index }
      }
      site.add(emergency())
      await until(() => saved !== undefined)
      site.fault = undefined
      await restart(site, toFile(site), saved)
      await until(() => site.of('incident-exported').length === 1)
      expect(site.of('incident')).toHaveLength(1)
      expect(site.sent()).toMatchObject([{ subject: 'emergency-stop-1' }])
    })

    test('while it was sent: it is sent again, with the same id', async () => {
      const site = new Site()
      const gone = { kind: 'file', path: join(site.path, 'nowhere') } as const
      site.desk = site.newDesk({
        sink: gone,
        automatic: true,
        patience: { firstMs: 60_000, longestMs: 60_000, attemptsMax: 9 },
      })
      site.add(emergency())
      await until(() => site.of('incident').length === 1)
      await turn()
      const saved = savedBy(site)
      await restart(site, toFile(site), saved)
      await until(() => site.of('incident-exported').length === 1)
      expect(site.sent()).toMatchObject([{ id: 'emergency-stop-1.medium.1' }])
    })
  })

  test('and cannot go on from what was saved says so, and begins anew', async () => {
    const site = new Site()
    for (const state of [null, 'x', {}, { ...site.desk.save(), more: 1 }, { ...site.desk.save(), watch: {} }])
      expect(
        new IncidentDesk({ ...site.options(), append: async () => ({ index: 0 }) }, state).hasResumed,
      ).toBe(false)
  })

  test('puts no word of what was saved on record or into an event but its own', async () => {
    const site = new Site()
    site.fault = () => new Promise(() => {})
    site.add(emergency())
    const saved = savedBy(site)
    const state = JSON.parse(JSON.stringify(saved.state)) as { unrecorded: Record<string, unknown>[] }
    const [one] = state.unrecorded
    const planted = [
      { ...one!, uid: 'erika-1' },
      { ...one!, rule: 'erika' },
      { ...one!, uid: 'emergency-stop-erika' },
    ]
    site.fault = undefined
    await restart(site, toFile(site), { ...saved, state: { ...state, unrecorded: [...planted, one!] } })
    await until(() => site.of('incident-exported').length === 1)
    expect(site.of('incident').map(({ uid }) => uid)).toEqual(['emergency-stop-1'])
    for (const wrong of [
      { title: 'erika' },
      { measured: { 'erika was here': 1 } },
      { measured: { x: 'erika' } },
    ])
      expect(
        new IncidentDesk(
          { ...site.options(), append: async () => ({ index: 0 }) },
          {
            ...state,
            unrecorded: [{ ...one!, ...wrong }],
          },
        ).hasResumed,
      ).toBe(false)
  })
})

test('what a desk saves fits into a record of the log, however much is on its way', async () => {
  const site = new Site({ perHourMax: 100 })
  site.fault = () => new Promise(() => {})
  for (let i = 0; i < 5000; i++) {
    const subject = `s-${(i % 300).toString(16).padStart(16, '0')}`
    const codes = Array.from({ length: 20 }, (_, k) => `c-${i}-${k}`)
    const index = site.log.add(decision({ codes, commands: 1e6 * (i % 40) }), 1, subject)
    site.desk.observe(site.log.entries[index]!)
    if (i % 50 === 0) site.add(emergency(), 2 * HOUR)
  }
  const state = site.desk.save()
  expect(JSON.stringify(state)).toContain('emergency-stop-')
  const split = splitRecord({ kind: 'snapshot', fold: 'incidents', size: 1, state })
  expect('problem' in split).toBe(false)
  expect(canonicalJson(state).length).toBeLessThan(RECORD_BYTES_MAX - 4096)
})

describe('an agent that ends', () => {
  test('lets the log take what was found', async () => {
    const site = new Site()
    site.add(emergency())
    await site.desk.close()
    expect(site.of('incident')).toHaveLength(1)
    site.add(emergency(), 2 * HOUR)
    await turn()
    expect(site.of('incident')).toHaveLength(1)
  })
})

test('a sink that cannot be is refused at the start, though nothing is sent by itself', () => {
  const sink = { kind: 'http', url: 'http://203.0.113.7/' } as const
  expect(() => new Site({ sink, automatic: false })).toThrow('plain text beyond the private network')
})

test('a desk of no log of ours is refused', () => {
  expect(() => new Site({ context: { origin: 'elsewhere', version: '0.1.0' } })).toThrow(
    'a desk is that of a log',
  )
})
