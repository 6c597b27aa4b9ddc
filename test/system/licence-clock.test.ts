import { afterAll, afterEach, describe, expect, test } from 'vitest'
import type { LicenceOrder } from '../../agent/issuer/index.ts'
import { LICENCE_TIERS } from '../../agent/trust/index.ts'
import { issuer } from '../licence/fixture.ts'
import { STATUS_URI, statusToken } from '../token/sign-kind.ts'
import { type Ended, endProcesses, removeFolders, run } from './command.ts'
import { clockAt, isWithoutFaketime } from './faketime.ts'
import { CUBE, licenceCube, logRecords, newSite, type Site } from './site.ts'

/** Licences under a clock that is wrong: expired, set back, never set, far ahead. */

afterEach(endProcesses)
afterAll(removeFolders)

const FIRST_DAY = '2026-12-05 12:00:00'
const NEXT_DAY = '2026-12-06 12:00:00'
const AFTER_EXPIRY = '2026-12-12 12:00:00'
const A_YEAR_AHEAD = '2027-12-06 12:00:00'
const NO_BATTERY = '1970-01-01 00:00:17'

interface Told {
  readonly status: number | null
  readonly outcome: string
  /** Codes of its reasons with what each comes to, but for the site's own. */
  readonly reasons: Readonly<Record<string, string>>
}

function told({ status, stdout, stderr }: Ended): Told {
  expect(stderr).toBe('')
  const said = JSON.parse(stdout)
  const { outcome, reasons } = said.decision ?? said
  const licences = reasons.filter(({ code }: { code: string }) => code.startsWith('licence.'))
  return {
    status,
    outcome,
    reasons: Object.fromEntries(licences.map(({ code, outcome: o }: Record<string, string>) => [code, o])),
  }
}

const print = async (site: Site, licence: string, time: string): Promise<Told> =>
  told(
    await run(
      [
        ...['print', CUBE, '--port', 'sim', '--policy', 'maker-space', '--licence', licence],
        ...['--json', '--state', site.state],
      ],
      clockAt(time),
    ),
  )

const check = async (site: Site, licence: string, time: string): Promise<Told> =>
  told(
    await run(
      ['check', CUBE, '--policy', 'maker-space', '--licence', licence, '--json', '--state', site.state],
      clockAt(time),
    ),
  )

/** A licence from the first of December on. */
const licenceOf = (site: Site, changes: Partial<LicenceOrder> = {}): Promise<string> =>
  licenceCube(site, {
    tier: 'open',
    notBeforeMs: Date.parse('2026-12-01T00:00:00Z'),
    expiresAtMs: Date.parse('2026-12-10T00:00:00Z'),
    ...changes,
  })

/** A site that has one. */
async function licensed(
  changes: Partial<LicenceOrder> = {},
): Promise<{ readonly site: Site; readonly licence: string }> {
  const site = await newSite()
  return { site, licence: await licenceOf(site, changes) }
}

/** What the doubted clock comes to for a long licence of each tier. */
async function doubtsOf(site: Site, time: string): Promise<Readonly<Record<string, string | undefined>>> {
  const doubts: Record<string, string | undefined> = {}
  for (const tier of LICENCE_TIERS) {
    const licence = await licenceOf(site, { ...LONG, tier })
    doubts[tier] = (await check(site, licence, time)).reasons[DOUBTED]
  }
  return doubts
}

const LONG = { expiresAtMs: Date.parse('2030-01-01T00:00:00Z') }
const DOUBTED = 'licence.clock-untrusted'

describe.skipIf(isWithoutFaketime)('a clock that is wrong (needs faketime)', () => {
  test('does not make a licence valid again that has expired here once', async () => {
    const { site, licence } = await licensed()
    expect(await print(site, licence, FIRST_DAY)).toEqual({ status: 0, outcome: 'allow', reasons: {} })
    expect(await print(site, licence, AFTER_EXPIRY)).toMatchObject({
      status: 3,
      reasons: { 'licence.expired': 'deny' },
    })
    expect(await print(site, licence, FIRST_DAY)).toMatchObject({
      status: 3,
      reasons: { 'licence.expired': 'deny', [DOUBTED]: 'warn' },
    })
  })

  test('that was set back: by tier a licence is used with a warning, held, or denied', async () => {
    const { site, licence } = await licensed(LONG)
    await print(site, licence, AFTER_EXPIRY)
    expect((await check(site, licence, AFTER_EXPIRY)).reasons).toEqual({})
    expect(await doubtsOf(site, FIRST_DAY)).toEqual({
      open: 'warn',
      registered: 'warn',
      controlled: 'hold',
      restricted: 'deny',
    })
  })

  test('that was never set: nothing is valid before somebody has signed a time, then it is as with one set back', async () => {
    const { site, licence } = await licensed(LONG)
    expect((await check(site, licence, NO_BATTERY)).status).toBe(3)
    const issuedAtMs = Date.parse('2026-12-05T12:00:00Z')
    const list = site.file('list.jwt', statusToken([0], { issuedAtMs }))
    const added = await run(
      ['licence', 'status', 'add', list, '--json', '--state', site.state],
      clockAt(NO_BATTERY),
    )
    expect(added.stderr).toBe('')
    expect(JSON.parse(added.stdout)).toMatchObject({ uri: STATUS_URI, issuer: issuer.uri, isKept: true })
    expect((await logRecords(site)).map(({ kind }) => kind)).toEqual(['log-opened', 'list-seen'])
    expect(await check(site, licence, NO_BATTERY)).toEqual({
      status: 0,
      outcome: 'warn',
      reasons: { [DOUBTED]: 'warn' },
    })
    expect(await doubtsOf(site, NO_BATTERY)).toEqual({
      open: 'warn',
      registered: 'warn',
      controlled: 'hold',
      restricted: 'deny',
    })
  })

  test('that was far ahead for a while and is back has done no harm', async () => {
    const { site, licence } = await licensed()
    await print(site, licence, FIRST_DAY)
    expect(await print(site, licence, A_YEAR_AHEAD)).toMatchObject({
      status: 3,
      reasons: { 'licence.expired': 'deny' },
    })
    expect(await print(site, licence, NEXT_DAY)).toEqual({ status: 0, outcome: 'allow', reasons: {} })
  })

  test('that is far ahead: all but open licences wait, and those that count by the day', async () => {
    const { site, licence } = await licensed(LONG)
    await print(site, licence, FIRST_DAY)
    expect(await doubtsOf(site, A_YEAR_AHEAD)).toEqual({
      open: 'warn',
      registered: 'hold',
      controlled: 'hold',
      restricted: 'deny',
    })
    const byTheDay = await licenceOf(site, { ...LONG, grant: { per: { day: 1 } } })
    expect((await check(site, byTheDay, A_YEAR_AHEAD)).reasons).toEqual({ [DOUBTED]: 'hold' })
  })

  test('opens no other day’s copies by being set back', async () => {
    const { site, licence } = await licensed({ ...LONG, grant: { per: { day: 1 } } })
    expect((await print(site, licence, NEXT_DAY)).status).toBe(0)
    expect(await print(site, licence, FIRST_DAY)).toMatchObject({ status: 3, outcome: 'deny' })
    expect((await print(site, licence, AFTER_EXPIRY)).status).toBe(0)
  })
})

describe('the status lists of a site', () => {
  test('are told, and none is kept that is older than another, or by nobody who is trusted', async () => {
    const site = await newSite()
    const status = (...args: readonly string[]): Promise<Ended> =>
      run(['licence', 'status', ...args, '--state', site.state])
    const nowMs = Date.now()
    const listAt = (name: string, issuedAtMs: number): string =>
      site.file(name, statusToken([0], { issuedAtMs }))
    const fresh = await status('add', listAt('new.jwt', nowMs - 1000))
    expect(fresh.stderr).toBe('')
    expect(fresh.stdout).toMatch(/^kept {2}status list https:\/\/\S+ of \S+Z, by https:/)
    const old = await status('add', listAt('old.jwt', nowMs - 86_400_000))
    expect(old.status).toBe(2)
    expect(old.stderr).toMatch(
      /status list `.*old\.jwt` cannot be used: it is older than the one of \S+Z that was used/,
    )
    const { stdout } = await status('list', '--json')
    expect(JSON.parse(stdout)).toEqual([
      {
        uri: STATUS_URI,
        issuedAt: expect.stringMatching(/Z$/),
        seenAt: expect.stringMatching(/Z$/),
        expiresAt: null,
        problem: null,
      },
    ])
    const stranger = await run([
      ...['licence', 'status', 'add', listAt('new.jwt', nowMs - 1000)],
      ...['--state', `${site.folder}/other`],
    ])
    expect(stranger.status).toBe(2)
    expect(stranger.stderr).toMatch(/^portcullis: status list .* cannot be used: /)
  })
})
