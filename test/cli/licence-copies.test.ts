// Copies by the commands, over a real log: what was used, refunds, reports.
import { X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { applyRefundFile, reportCopies, tellUsage } from '../../agent/cli/licence-copies.ts'
import { useOf } from '../../agent/copies/index.ts'
import { COPY_BOOK } from '../../agent/copy-fold.ts'
import { applyRefund, bundledRefunds } from '../../agent/copy-refund.ts'
import { openLedger } from '../../agent/ledger.ts'
import type { AuditRecord } from '../../agent/log-format/index.ts'
import type { StateFolder } from '../../agent/state-folder.ts'
import { verifyLog } from '../../agent/verify/index.ts'
import { counterOf, licenceFor, orderFor } from '../copies/admission-order.ts'
import { issuer, NOW_MS, order } from '../licence/fixture.ts'
import { recordsOf, scratchState } from '../state-scratch.ts'
import { allocationClaims, COPY_ID, REFUND_ID, refundClaims, signKind } from '../token/sign-kind.ts'
import { capture } from './captured.ts'

const captured = capture()
const { id: LICENCE = '' } = order
const ROOT = new X509Certificate(issuer.rootPem).fingerprint256.replaceAll(':', '').toLowerCase()
const KEY = `${issuer.uri}#${LICENCE}`
const OTHER_ID = '11111111-2222-4333-8444-555555555555'

beforeEach(() => {
  // The issuer of the fixtures signs at a time of its own.
  vi.spyOn(Date, 'now').mockReturnValue(NOW_MS)
})

/** A machine on which one copy was printed and one was lost, of three. */
async function site(): Promise<StateFolder> {
  const state = await scratchState()
  writeFileSync(join(state.trustDir, 'fixture.pem'), issuer.rootPem, { mode: 0o600 })
  const ledger = await openLedger(state)
  const licence = licenceFor({ anchorSha256: ROOT }, counterOf(KEY, 3))
  for (const job of [COPY_ID, OTHER_ID]) {
    const { admission } = await ledger.copies.admit(orderFor(job, licence))
    const opened = { kind: 'job-opened', job, canonicalSha256: 'ab'.repeat(32), commands: 100 } as const
    await ledger.append({ ...opened, decision: admission!.decision })
  }
  await ledger.append({
    kind: 'job-closed',
    job: OTHER_ID,
    outcome: 'printed',
    code: null,
    reason: null,
    commandsSent: 100,
    commandsTotal: 100,
    sha256: 'ab'.repeat(32),
  })
  await ledger.close()
  await (await openLedger(state)).close()
  return { ...state, mayBeginLog: false }
}

const refundFor = (state: StateFolder, changes: Record<string, unknown> = {}): string =>
  signKind('refund', { ...refundClaims(), machine: state.machineId, ...changes })

function fileWith(state: StateFolder, text: string): string {
  const path = join(state.path, 'given.jwt')
  writeFileSync(path, text)
  return path
}

const usage = async (state: StateFolder): Promise<unknown> => {
  captured.stdout = ''
  await tellUsage(undefined, { state: state.path, json: true })
  return JSON.parse(captured.stdout)
}

describe('licence usage', () => {
  test('tells the copies of each licence by state, with their records', async () => {
    const state = await site()
    await tellUsage(undefined, { state: state.path })
    expect(captured.stdout.split('\n')).toEqual([
      `${KEY}  2 of 3 used  1 printed, 1 uncertain`,
      expect.stringMatching(new RegExp(`^  uncertain  2026-.*  ${COPY_ID}  records 2 to \\d+$`)),
      expect.stringMatching(new RegExp(`^  printed    2026-.*  ${OTHER_ID}  records 5 to \\d+$`)),
      '',
    ])
    expect(await usage(state)).toMatchObject([
      { licence: KEY, limit: 3, counts: { printed: 1, uncertain: 1 } },
    ])
  })

  test('finds a licence by its key and by its id', async () => {
    const state = await site()
    for (const name of [KEY, LICENCE]) {
      captured.stdout = ''
      await tellUsage(name, { state: state.path })
      expect(captured.stdout).toContain(`${KEY}  2 of 3 used`)
    }
    await expect(tellUsage('unheard-of', { state: state.path })).rejects.toMatchObject({
      code: 'USAGE',
      message: 'no copy of licence `unheard-of` is on record',
    })
  })

  test('finds a sub-licence by its id too, which is not where its key ends', async () => {
    const state = await scratchState()
    const ledger = await openLedger(state)
    const key = `${issuer.uri}#hall-2@${'ef'.repeat(32)}`
    await ledger.copies.admit(orderFor(COPY_ID, licenceFor({}, counterOf(key, 2), counterOf(KEY, 3))))
    await ledger.close()
    await tellUsage('hall-2', { state: state.path })
    expect(captured.stdout).toContain(`${key}  1 of 2 used`)
  })

  test('says so where there is nothing', async () => {
    const state = await scratchState()
    await (await openLedger(state)).close()
    await tellUsage(undefined, { state: state.path })
    expect(captured.stderr).toContain('no copy of any licence is on record')
    expect(await usage(state)).toEqual([])
  })
})

describe('licence apply-refund', () => {
  test('puts it on record, once, and the copy counts no more', async () => {
    const state = await site()
    const file = fileWith(state, `${refundFor(state)}\n`)
    await applyRefundFile(file, { state: state.path })
    expect(captured.stdout).toMatch(
      new RegExp(`^returned  copy \`${COPY_ID}\` is given back, says record \\d+\n$`),
    )
    expect((await recordsOf(state)).at(-1)).toMatchObject({
      kind: 'copy',
      copy: COPY_ID,
      state: 'returned',
      refund: { id: REFUND_ID, of: 'uncertain', under: [KEY] },
    })
    expect(await usage(state)).toMatchObject([{ counts: { printed: 1, uncertain: 0, returned: 1 } }])
    await expect(applyRefundFile(file, { state: state.path })).rejects.toMatchObject({
      code: 'LICENCE_UNREADABLE',
      message: expect.stringContaining('was used already, by record'),
    })
    expect((await verifyLog(state.logDir)).ok).toBe(true)
  })

  test.each<[string, (state: StateFolder) => string, RegExp]>([
    ['for another machine', (state) => refundFor(state, { machine: 'm-other' }), /is for machine `m-other`/],
    ['of a copy that is not here', (state) => refundFor(state, { copy: REFUND_ID }), /there is no copy/],
    ['of another licence', (state) => refundFor(state, { licence: REFUND_ID }), /is of another licence/],
    [
      'that nobody here trusts',
      (state) => refundFor(state, { iss: 'https://other.example' }),
      /refund cannot be used/,
    ],
    ['that is another token', () => signKind('allocation', allocationClaims()), /refund cannot be used/],
    ['that is nothing', () => 'hello', /refund cannot be used/],
  ])('refuses one %s', async (_, make, message) => {
    const state = await site()
    const before = await recordsOf(state)
    const applying = applyRefundFile(fileWith(state, make(state)), { state: state.path })
    await expect(applying).rejects.toMatchObject({
      code: 'LICENCE_UNREADABLE',
      message: expect.stringMatching(message),
    })
    expect(await recordsOf(state)).toEqual(before)
  })

  test('refuses an empty file', async () => {
    const state = await site()
    await expect(applyRefundFile(fileWith(state, '\n'), { state: state.path })).rejects.toMatchObject({
      code: 'LICENCE_UNREADABLE',
    })
  })
})

describe('refunds that come with a licence', () => {
  test('are found in its file, as many as are looked at', async () => {
    const state = await site()
    const refund = refundFor(state)
    const licence = signKind('licence', { any: 'claims' })
    expect(bundledRefunds(`${licence}\n${refund}\n`)).toEqual([refund])
    const many = Array.from({ length: 20 }, (_, i) => refundFor(state, { iat: NOW_MS / 1000 - i }))
    expect(bundledRefunds([licence, ...many].join('\n'))).toEqual(many.slice(0, 8))
    for (const text of [undefined, '', 'no licence at all', refund]) expect(bundledRefunds(text)).toEqual([])
  })

  test('are applied once, however often they are brought along', async () => {
    const state = await site()
    const ledger = await openLedger(state)
    const refund = refundFor(state)
    const results = [1, 2, 3].map(() => applyRefund(ledger, state, refund))
    const done = await Promise.all(results)
    expect(done.filter((one) => 'index' in one)).toHaveLength(1)
    expect(useOf(ledger.stateOf(COPY_BOOK), KEY, NOW_MS)?.used).toBe(1)
    await ledger.close()
  })
})

describe('licence report', () => {
  test('is filed through the latest copy, with its text kept apart', async () => {
    const state = await site()
    await reportCopies(LICENCE, { state: state.path, by: 'Ada', text: 'two hinges, one in use' })
    const filed = (await recordsOf(state)).at(-1) as Extract<AuditRecord, { kind: 'report-filed' }>
    expect(filed).toMatchObject({
      kind: 'report-filed',
      licence: KEY,
      by: 'Ada',
      text: 'two hinges, one in use',
    })
    expect(captured.stdout).toContain(`on \`${KEY}\`, of its copies up to record ${filed.through}`)
    const ledger = await openLedger(state)
    expect(useOf(ledger.stateOf(COPY_BOOK), KEY, NOW_MS)).toMatchObject({ used: 2, unreportedSinceMs: null })
    await ledger.close()
    expect((await verifyLog(state.logDir)).ok).toBe(true)
  })

  test('says something, and about a licence of which there are copies', async () => {
    const state = await site()
    for (const [licence, text] of [
      [LICENCE, '  '],
      ['unheard-of', 'nothing'],
    ] as const)
      await expect(reportCopies(licence, { state: state.path, by: 'Ada', text })).rejects.toMatchObject({
        code: 'USAGE',
      })
  })
})
