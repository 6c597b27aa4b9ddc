import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { addList, checkName, listLists } from '../../agent/cli/screening.ts'
import { trust } from '../../agent/cli/trust.ts'
import { FIXTURES } from '../licence/fixture.ts'
import { complaint, screeningClaims, signed } from '../trust/signed.ts'
import { capture } from './captured.ts'

const said = capture()
const ROOT = new URL('issuer/root.pem', FIXTURES).pathname
/** Until the fixture's certificates end: the commands go by the clock. */
const LATER = Date.parse('2045-01-01') / 1000

let token: string
beforeEach(async () => {
  token = await signed('screeningList', screeningClaims({ exp: LATER }))
})

async function scene(may = 'screen'): Promise<{ readonly state: string; file(text: string): string }> {
  const state = mkdtempSync(join(tmpdir(), 'portcullis-screening-'))
  onTestFinished(() => rmSync(state, { recursive: true, force: true }))
  await trust(ROOT, { state, may })
  said.stdout = ''
  const file = (text: string): string => {
    writeFileSync(join(state, 'list.jwt'), text)
    return join(state, 'list.jwt')
  }
  return { state, file }
}

describe('licence screening', () => {
  test('adds a list and shows it', async () => {
    const { state, file } = await scene()
    await addList(file(token), { state })
    expect(said.stdout).toContain(
      'national, version 2026-11-20: 3 entries of ministry, until 2045-01-01T00:00:00Z',
    )
    said.stdout = ''
    await listLists({ state })
    for (const text of ['national', '2026-11-20', 'ministry', 'https://licences.example.org/fixture']) {
      expect(said.stdout).toContain(text)
    }
    said.stdout = ''
    await listLists({ state, json: true })
    expect(JSON.parse(said.stdout)).toMatchObject({ lists: [{ name: 'national', entries: 3 }], unusable: [] })
  })

  test('puts on record that it was here: one that somebody put back is told of, and not added again', async () => {
    const { state, file } = await scene()
    await addList(file(token), { state })
    rmSync(join(state, 'trust', 'screening'), { recursive: true })
    said.stdout = ''
    await listLists({ state })
    expect(said.stdout).toContain('was used here and is gone')
    const older = await signed('screeningList', screeningClaims({ iat: 1_700_000_000, exp: LATER }))
    expect(await complaint(addList(file(older), { state }))).toContain('a newer one was used here')
    await addList(file(token), { state })
    said.stdout = ''
    await listLists({ state })
    expect(said.stdout).not.toContain('gone')
  })

  test('refuses the list of somebody who may not publish any', async () => {
    const { state, file } = await scene('exempt')
    expect(await complaint(addList(file(token), { state }))).toContain('may not publish screening lists here')
    await listLists({ state })
    expect(said.stdout).toContain('no screening list is here')
  })

  test('marks one that has expired', async () => {
    const { state, file } = await scene()
    const iat = Date.parse('2026-02-01') / 1000
    await addList(file(await signed('screeningList', screeningClaims({ iat, exp: iat + 1 }))), { state })
    await listLists({ state })
    expect(said.stdout).toContain('(expired)')
  })
})

describe('licence screening check', () => {
  test('tells a hit with its reason, once, and ends as a hold does', async () => {
    const { state, file } = await scene()
    await addList(file(token), { state })
    said.stdout = ''
    await checkName('Severnyj Zavod', { state })
    expect(said.stdout.match(/^hit/gm)).toHaveLength(1)
    expect(said.stdout).toContain('diverted goods in 2025')
    expect(process.exitCode).toBe(4)
  })

  test.each<[string | undefined, object, number]>([
    ['Grey Polymers', { lot: 'l77 2' }, 1],
    [undefined, { destination: 'XX' }, 1],
    ['Riverside Clinic', { destination: 'DE' }, 0],
  ])('%s %j', async (name, options, hits) => {
    const { state, file } = await scene()
    await addList(file(token), { state })
    said.stdout = ''
    await checkName(name, { state, json: true, ...options })
    expect(JSON.parse(said.stdout)).toMatchObject({ lists: 1, threshold: 0.85 })
    expect((JSON.parse(said.stdout) as { hits: unknown[] }).hits).toHaveLength(hits)
    expect(process.exitCode).toBe(hits === 0 ? undefined : 4)
  })

  test('without anything to look for is bad usage', async () => {
    const { state } = await scene()
    expect(await complaint(checkName(undefined, { state }))).toContain('USAGE say a name')
  })
})
