import fs from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openLedger } from '../agent/ledger.ts'
import { licencePlace } from '../agent/licence-place.ts'
import { checkListSeen, recordOfList, recordsOfScreening, verifyList } from '../agent/seen-list.ts'
import { openStateFolder, type StateFolder } from '../agent/state-folder.ts'
import { keepStatusList, statusListsIn } from '../agent/status-folder.ts'
import { addTrustAnchor } from '../agent/trust/index.ts'
import { TRUSTED_TIME } from '../agent/trusted-time.ts'
import { DAY_MS, issuer, NOW_MS } from './licence/fixture.ts'
import { scratchState } from './state-scratch.ts'
import { STATUS_URI, statusToken } from './token/sign-kind.ts'
import { rowFor, screeningClaims, signed } from './trust/signed.ts'

const HOUR_MS = 3_600_000
/** What a clock says that was never set. */
const UNSET = 17_000

/** A site that trusts the issuer of the fixtures. */
async function site(): Promise<StateFolder> {
  const state = await scratchState()
  await addTrustAnchor(state.trustDir, issuer.rootPem)
  return state
}

const listOf = (issuedAtMs: number): string => statusToken([0], { issuedAtMs })
const keep = (state: StateFolder, issuedAtMs: number): Promise<boolean> =>
  keepStatusList(state.trustDir, { uri: STATUS_URI, issuedAtMs, compact: listOf(issuedAtMs) })

/** The site with the log open, and its clock at that time. */
async function ledgerOf(state: StateFolder, nowMs: number) {
  const ledger = await openLedger(state, () => nowMs)
  onTestFinished(() => ledger.close().catch(() => undefined))
  return ledger
}

describe('the place of a licence', () => {
  test('of a machine without a log knows the clock and nothing else', async () => {
    const state = await site()
    expect(await licencePlace(state, { clockMs: NOW_MS })).toMatchObject({
      time: { nowMs: NOW_MS, signedMs: 0, doubt: 'none' },
      machine: {
        id: state.machineId,
        printer: null,
        assurance: 'software',
        cosigners: 0,
        isRealPort: true,
      },
      uses: {},
      statusLists: [],
      seenLists: {},
    })
  })

  test('knows what the log knows, whether it is open here or elsewhere', async () => {
    const state = await site()
    const ledger = await ledgerOf(state, NOW_MS)
    const sha256 = 'ab'.repeat(32)
    const issuedAt = NOW_MS / 1000 + 60
    await ledger.append({ kind: 'list-seen', type: 'status-list', uri: STATUS_URI, issuedAt, sha256 })
    const known = {
      time: { nowMs: NOW_MS + 60_000, signedMs: NOW_MS + 60_000, doubt: 'set-back' },
      seenLists: { [STATUS_URI]: { issuedAtMs: NOW_MS + 60_000, sha256 } },
    }
    const clockMs = NOW_MS - DAY_MS
    expect(await licencePlace(state, { ledger, clockMs })).toMatchObject(known)
    expect(await licencePlace(state, { clockMs })).toMatchObject(known)
  })

  test('is as sure as its witnesses, and no real one behind the built-in printer', async () => {
    const { machine } = await licencePlace(await site(), { cosigners: 2, isRealPort: false })
    expect(machine).toMatchObject({ assurance: 'witnessed', cosigners: 2, isRealPort: false })
  })

  test('has the lists that are kept', async () => {
    const state = await site()
    await keep(state, NOW_MS)
    expect((await licencePlace(state)).statusLists).toHaveLength(1)
  })

  test('is none where the log is damaged, or gone', async () => {
    const state = await site()
    const ledger = await ledgerOf(state, NOW_MS)
    await ledger.append({ kind: 'agent-ended' })
    await ledger.close()
    const again = await openStateFolder(state.path)
    const journal = fs.readdirSync(state.logDir, { recursive: true, withFileTypes: true })
    for (const file of journal.filter((entry) => entry.isFile()))
      fs.writeFileSync(join(file.parentPath, file.name), 'nothing')
    await expect(licencePlace(again)).rejects.toMatchObject({ code: 'AUDIT_DAMAGED' })
    fs.rmSync(state.logDir, { recursive: true })
    fs.mkdirSync(state.logDir, { mode: 0o700 })
    await expect(licencePlace(again)).rejects.toMatchObject({ code: 'AUDIT_DAMAGED' })
  })
})

describe('a status list that is kept', () => {
  test('takes the place of an older one, and of none that is newer', async () => {
    const state = await site()
    expect(await keep(state, NOW_MS - HOUR_MS)).toBe(true)
    expect(await keep(state, NOW_MS)).toBe(true)
    expect(await keep(state, NOW_MS - HOUR_MS)).toBe(false)
    const [kept, ...others] = await statusListsIn(state.trustDir)
    expect(others).toEqual([])
    const { empty } = TRUSTED_TIME
    expect(await verifyList(state, kept ?? '', empty, NOW_MS)).toMatchObject({ issuedAtMs: NOW_MS })
  })

  test('is not read where anybody could have written it, nor where it is far too large', async () => {
    const state = await site()
    await keep(state, NOW_MS)
    const dir = join(state.trustDir, 'status')
    const [name = ''] = fs.readdirSync(dir)
    fs.chmodSync(join(dir, name), 0o666)
    await expect(statusListsIn(state.trustDir)).rejects.toMatchObject({ code: 'LICENCE_UNREADABLE' })
    fs.chmodSync(join(dir, name), 0o644)
    fs.truncateSync(join(dir, name), 64 * 1024 * 1024)
    await expect(statusListsIn(state.trustDir)).rejects.toMatchObject({ code: 'LICENCE_UNREADABLE' })
  })
})

describe('a status list that is brought', () => {
  const { empty } = TRUSTED_TIME

  test('is good where its issuer is trusted, and tells what time it is at least', async () => {
    const state = await site()
    const list = await verifyList(state, listOf(NOW_MS + 30 * DAY_MS), empty, NOW_MS)
    expect(list).toMatchObject({ uri: STATUS_URI, issuedAtMs: NOW_MS + 30 * DAY_MS })
  })

  test('tells a clock that was never set what time it is', async () => {
    const state = await site()
    const ledger = await ledgerOf(state, UNSET)
    const list = await verifyList(state, listOf(NOW_MS), ledger.stateOf(TRUSTED_TIME), UNSET)
    if ('problem' in list) throw new Error(list.problem)
    const record = recordOfList(list, ledger.stateOf(TRUSTED_TIME), UNSET)
    if (record === undefined) throw new Error('the log knows it already')
    await ledger.append(record)
    expect((await licencePlace(state, { ledger, clockMs: UNSET })).time).toEqual({
      nowMs: NOW_MS,
      signedMs: NOW_MS,
      doubt: 'unset',
    })
  })

  test.each([
    ['from nobody who is trusted', async () => await scratchState(), listOf(NOW_MS), /trust/],
    ['that is none', site, 'x.y.z', /./],
    [
      'from far ahead',
      site,
      listOf(NOW_MS + 41 * DAY_MS),
      /far later than it is now; set this machine's clock/,
    ],
  ])('%s is refused with the reason', async (_, where, compact, problem) => {
    const state = await where()
    expect(await verifyList(state, compact, empty, NOW_MS)).toEqual({
      problem: expect.stringMatching(problem),
    })
  })

  test('is refused where a newer one was used, or another of the same time', async () => {
    const state = await site()
    const seenAt = (issuedAtMs: number) => ({
      ...empty,
      believed: { ms: NOW_MS, index: 0 },
      lists: { [STATUS_URI]: { issuedAtMs, sha256: 'ab'.repeat(32) } },
    })
    const verified = (issuedAtMs: number) => verifyList(state, listOf(NOW_MS), seenAt(issuedAtMs), NOW_MS)
    expect(await verified(NOW_MS - HOUR_MS)).toMatchObject({ uri: STATUS_URI })
    expect(await verified(NOW_MS + 1000)).toEqual({ problem: expect.stringMatching(/older than the one of/) })
    expect(await verified(NOW_MS)).toEqual({ problem: expect.stringMatching(/another of the same time/) })
  })

  test('goes on record for whoever asks the gate only as it is kept here', async () => {
    const state = await site()
    const list = await verifyList(state, listOf(NOW_MS), empty, NOW_MS)
    if ('problem' in list) throw new Error(list.problem)
    const record = recordOfList(list, empty, NOW_MS)
    if (record === undefined) throw new Error('the log knows it already')
    const check = (changes: Partial<typeof record> = {}) =>
      checkListSeen(state, { ...record, ...changes }, empty, NOW_MS)
    expect(await check()).toBe('no list of this name is kept here')
    // Signed anew: the salt of a signature is another each time.
    await keepStatusList(state.trustDir, { ...list, compact: listOf(NOW_MS) })
    expect(await check()).toBe('it is not about the list that is kept here')
    const [kept = ''] = await statusListsIn(state.trustDir)
    const same = await verifyList(state, kept, empty, NOW_MS)
    if ('problem' in same) throw new Error(same.problem)
    expect(await check({ sha256: same.sha256 })).toBeNull()
    // A forgery of that name beside it changes nothing.
    fs.writeFileSync(join(state.trustDir, 'status', '0.jwt'), `${listOf(NOW_MS).slice(0, -8)}AAAAAAAA`)
    expect(await check({ sha256: same.sha256 })).toBeNull()
    expect(await check({ sha256: same.sha256, issuedAt: record.issuedAt + 1 })).not.toBeNull()
    expect(await check({ sha256: same.sha256, type: 'screening-list' })).not.toBeNull()
  })
})

describe('a screening list that is brought', () => {
  const { empty } = TRUSTED_TIME

  test('goes on record for whoever asks the gate only as it is kept here, and once', async () => {
    const state = await site()
    fs.writeFileSync(join(state.trustDir, 'authorities.yaml'), rowFor('may: [screen]'))
    const dir = join(state.trustDir, 'screening')
    fs.mkdirSync(dir)
    expect(await recordsOfScreening(state, empty, NOW_MS)).toEqual([])
    fs.writeFileSync(join(dir, 'a.jwt'), await signed('screeningList', screeningClaims()))
    const [record, ...others] = await recordsOfScreening(state, empty, NOW_MS)
    expect(others).toEqual([])
    if (record === undefined) throw new Error('the log knows it already')
    const check = (changes: Partial<typeof record> = {}, time = empty) =>
      checkListSeen(state, { ...record, ...changes }, time, NOW_MS)
    expect(await check()).toBeNull()
    for (const changes of [
      { sha256: 'ab'.repeat(32) },
      { issuedAt: record.issuedAt + 86_400 },
      { uri: `${issuer.uri}#other` },
      { type: 'status-list' as const },
    ])
      expect(await check(changes)).not.toBeNull()
    const ledger = await ledgerOf(state, NOW_MS)
    await ledger.append(record)
    expect(await check({}, ledger.stateOf(TRUSTED_TIME))).toMatch(/or the log knows it already/)
    expect(await licencePlace(state, { ledger, clockMs: NOW_MS })).toMatchObject({
      screening: { lists: [{ name: 'national' }], unusable: [] },
      seenScreening: { [record.uri]: { sha256: record.sha256 } },
    })
  })
})
