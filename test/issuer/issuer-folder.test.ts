import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { LicenceOrder } from '../../agent/issuer/order.ts'
import { readRefund, verifyLicence } from '../../agent/licence/index.ts'
import { readStatusList } from '../../agent/status/index.ts'
import { trustIn } from '../../agent/trust/index.ts'
import { bracket, contextWith, DAY_MS, issuer, NOW_MS, order } from '../licence/fixture.ts'
import { inFolder, newIssuer, newPlace } from './issuer-scratch.ts'

const COPY = '00000000-0000-4000-8000-000000000009'
const ALLOCATION = '00000000-0000-4000-8000-000000000001'

/** Ten copies that two benches share. */
const shared: LicenceOrder = {
  ...order,
  copies: 10,
  machines: ['bench-1', 'bench-2'],
  design: { ...order.design, digests: [{ form: 'gcode-raw', sha256: bracket.rawSha256 }] },
}
const withStatus: LicenceOrder = { ...order, status: { ageSecondsMax: 7 * 86_400, beyond: 'deny' } }

/** Prepares, and puts on record. */
async function issueIn(
  dir: string,
  what: LicenceOrder,
  nowMs = NOW_MS,
): Promise<{ id: string; token: string }> {
  return await inFolder(
    dir,
    async (folder) => {
      const prepared = await folder.prepareLicence(undefined, what)
      await prepared.record()
      return { id: prepared.id, token: prepared.token }
    },
    nowMs,
  )
}

describe('a licence that machines share', () => {
  test('is good for each as far as its allocations go, and no further', async () => {
    const dir = await newIssuer()
    const { id, token } = await issueIn(dir, shared)
    expect(await verifyLicence(token, contextWith())).toMatchObject({
      refusal: { code: 'allocation-missing' },
    })
    const allocations = await inFolder(dir, async (folder) => {
      const tokens: string[] = []
      for (const [machine, copies] of [
        ['bench-1', 3],
        ['bench-2', 5],
        ['bench-1', 2],
      ] as const) {
        const prepared = await folder.prepareAllocation(undefined, { licence: id, machine, copies })
        await prepared.record()
        tokens.push(prepared.token)
      }
      return tokens
    })
    const text = [token, ...allocations].join('\n')
    expect(await verifyLicence(text, contextWith())).toMatchObject({ ok: true, copiesLeft: 5 })
    expect(await verifyLicence(text, contextWith({ machineId: 'bench-2' }))).toMatchObject({ copiesLeft: 5 })
    await inFolder(dir, async (folder) => {
      const more = folder.prepareAllocation(undefined, { licence: id, machine: 'bench-2', copies: 1 })
      await expect(more).rejects.toMatchObject({ code: 'USAGE', message: /more than the 0 of 10/ })
    })
  })

  test('gets the same allocation again under the same id, and counts it once', async () => {
    const dir = await newIssuer()
    const { id, token } = await issueIn(dir, shared)
    const wanted = { licence: id, machine: 'bench-1', copies: 6, id: ALLOCATION }
    const twice: string[] = []
    for (let i = 0; i < 2; i++) {
      await inFolder(dir, async (folder) => {
        const prepared = await folder.prepareAllocation(undefined, wanted)
        await prepared.record()
        twice.push(prepared.token)
        expect(folder.state.copiesFree(id)).toBe(4)
      })
    }
    expect(await verifyLicence([token, ...twice].join('\n'), contextWith())).toMatchObject({ copiesLeft: 6 })
    await inFolder(dir, async (folder) => {
      for (const other of [{ copies: 7 }, { machine: 'bench-2' }]) {
        await expect(folder.prepareAllocation(undefined, { ...wanted, ...other })).rejects.toMatchObject({
          message: expect.stringContaining('another allocation needs another id'),
        })
      }
      await expect(folder.prepareAllocation(undefined, { ...wanted, id: 'X' })).rejects.toMatchObject({
        code: 'USAGE',
      })
    })
  })

  test('gets nothing of a licence that has ended, or from a command that never recorded it', async () => {
    const dir = await newIssuer()
    const { id } = await issueIn(dir, shared)
    await inFolder(dir, async (folder) => {
      await folder.prepareAllocation(undefined, { licence: id, machine: 'bench-1', copies: 10 })
    })
    await inFolder(dir, async (folder) => expect(folder.state.copiesFree(id)).toBe(10))
    const late = NOW_MS + 40 * DAY_MS
    await inFolder(
      dir,
      (folder) =>
        expect(
          folder.prepareAllocation(undefined, { licence: id, machine: 'bench-1', copies: 1 }),
        ).rejects.toMatchObject({ message: expect.stringContaining('ended at 2026-12-22T12:00:00Z') }),
      late,
    )
  })
})

describe('a licence is found', () => {
  test('by its id, by its file, and by a bundle that holds it', async () => {
    const dir = await newIssuer()
    const { id, token } = await issueIn(dir, order)
    await inFolder(dir, async (folder) => {
      expect(folder.licenceId(id)).toBe(id)
      expect(folder.licenceId(token)).toBe(id)
      expect(folder.licenceId(`${token}\n\n`)).toBe(id)
    })
  })

  test('not where it was signed by somebody else under the same id, or never here', async () => {
    const dir = await newIssuer()
    const other = await issueIn(await newIssuer(), { ...order, copies: 999 })
    await inFolder(dir, async (folder) => {
      expect(() => folder.licenceId(other.token)).toThrow(/was never issued here/)
      expect(() => folder.licenceId(other.id)).toThrow(/was never issued here/)
      expect(() => folder.licenceId('hello')).toThrow(/licence cannot be read/)
    })
    await issueIn(dir, order)
    await inFolder(dir, async (folder) => expect(() => folder.licenceId(other.token)).toThrow(/was altered/))
  })

  test('and never issued twice under one id', async () => {
    const dir = await newIssuer()
    await issueIn(dir, order)
    await expect(issueIn(dir, order)).rejects.toMatchObject({
      message: expect.stringContaining('was issued already'),
    })
  })
})

describe('a refund', () => {
  test('is the issuer’s word about one copy, and the same one when it is asked for again', async () => {
    const dir = await newIssuer()
    const { id } = await issueIn(dir, order)
    const ids = new Set<string>()
    for (let i = 0; i < 2; i++) {
      await inFolder(dir, async (folder) => {
        const wanted = { licence: id, machine: 'bench-1', copy: COPY }
        const prepared = await folder.prepareRefund(undefined, wanted)
        await prepared.record()
        const read = await readRefund(prepared.token, trustIn([issuer.rootPem]), NOW_MS)
        expect(read).toMatchObject({ ok: true, refund: { machineId: 'bench-1', copyId: COPY } })
        ids.add(prepared.id)
      })
    }
    expect(ids.size).toBe(1)
    await inFolder(dir, async (folder) => {
      const refund = (changes: object) =>
        folder.prepareRefund(undefined, { licence: id, machine: 'bench-1', copy: COPY, ...changes })
      await expect(refund({ machine: 'bench-7' })).rejects.toMatchObject({ code: 'USAGE' })
      await expect(refund({ copy: 'first' })).rejects.toMatchObject({ code: 'USAGE' })
      await expect(refund({ licence: COPY })).rejects.toMatchObject({ code: 'USAGE' })
    })
  })
})

describe('what is called back', () => {
  test('is in the next list, and the licence is judged by it', async () => {
    const dir = await newIssuer()
    const { id, token } = await issueIn(dir, withStatus)
    const outcomeAfter = async (seconds: number): Promise<string> => {
      const nowMs = NOW_MS + seconds * 1000
      const list = await inFolder(
        dir,
        async (folder) => {
          const prepared = await folder.prepareStatusList(undefined, {})
          await prepared.record()
          return prepared.token
        },
        nowMs,
      )
      const result = await verifyLicence(`${token}\n${list}`, contextWith({ nowMs }))
      if (!result.ok) return result.refusal.code
      return result.objections.map(({ outcome, refusal }) => `${outcome} ${refusal.code}`).join() || 'ok'
    }
    const mark = (kind: 'revoked' | 'suspended' | 'resumed') =>
      inFolder(dir, (folder) => folder.mark(kind, id, 'because'))
    expect(await outcomeAfter(1)).toBe('ok')
    expect(await mark('suspended')).toMatchObject({ standing: 'suspended' })
    expect(await outcomeAfter(2)).toBe('hold suspended')
    expect(await mark('resumed')).toMatchObject({ standing: 'valid' })
    expect(await outcomeAfter(3)).toBe('ok')
    expect(await mark('revoked')).toMatchObject({ standing: 'revoked' })
    expect(await outcomeAfter(4)).toBe('revoked')
    await expect(mark('resumed')).rejects.toMatchObject({ message: expect.stringContaining('final') })
  })

  test('needs a licence with a status: of another no site would learn it', async () => {
    const dir = await newIssuer()
    const { id } = await issueIn(dir, order)
    await expect(inFolder(dir, (folder) => folder.mark('revoked', id, undefined))).rejects.toMatchObject({
      message: expect.stringMatching(/no site would learn of it, and it is good until 2026-12-22T12:00:00Z$/),
    })
  })

  test('has a place of its own in the list, which no later licence takes', async () => {
    const dir = await newIssuer()
    const ids = ['1', '2', '3'].map((n) => ALLOCATION.replace(/1$/, n))
    for (const id of ids) await issueIn(dir, { ...withStatus, id })
    await inFolder(dir, async (folder) => {
      await folder.mark('revoked', ids[1] ?? '', undefined)
      const { token } = await folder.prepareStatusList(undefined, { days: 30 })
      const read = await readStatusList(token, [issuer.rootPem], NOW_MS)
      if (!read.ok) throw new Error(read.refusal.message)
      expect([0, 1, 2, 3].map(read.list.statusAt)).toEqual(['valid', 'invalid', 'valid', 'valid'])
      expect(read.list).toMatchObject({
        uri: `${issuer.uri}/status`,
        issuedAtMs: NOW_MS,
        expiresAtMs: NOW_MS + 30 * DAY_MS,
      })
    })
  })

  test('is never in a list that looks as old as the one before, or under a clock that was set back', async () => {
    const dir = await newIssuer()
    const publish = (nowMs: number) =>
      inFolder(dir, async (folder) => await (await folder.prepareStatusList(undefined, {})).record(), nowMs)
    await publish(NOW_MS)
    await expect(publish(NOW_MS + 999)).rejects.toMatchObject({
      code: 'USAGE',
      message: 'the last status list is of 2026-11-22T12:00:00Z; make the next one after that',
    })
    await expect(publish(NOW_MS - 3_600_000)).rejects.toMatchObject({
      code: 'STATE_UNUSABLE',
      message: expect.stringContaining('set the clock'),
    })
    await publish(NOW_MS + 1000)
  })
})

describe('after a renewal', () => {
  test('of the signer or the intermediate all goes on as before', async () => {
    const dir = await newIssuer()
    const { id, token } = await issueIn(dir, { ...shared, status: { ageSecondsMax: 86_400, beyond: 'deny' } })
    for (const part of ['signer', 'intermediate'] as const) {
      await inFolder(dir, (folder) => folder.renew(part, undefined, { days: 30 }))
    }
    const beside = await inFolder(dir, async (folder) => {
      const allocation = await folder.prepareAllocation(undefined, {
        licence: id,
        machine: 'bench-1',
        copies: 4,
      })
      return [allocation.token, (await folder.prepareStatusList(undefined, {})).token]
    })
    const result = await verifyLicence([token, ...beside].join('\n'), contextWith({ nowMs: NOW_MS + 1000 }))
    expect(result).toMatchObject({ ok: true, copiesLeft: 4 })
  })

  test('of the root, licences of the old one are still served from under it, and new ones have a list of their own', async () => {
    const dir = await newIssuer()
    const old = await issueIn(dir, { ...shared, status: { ageSecondsMax: 86_400, beyond: 'deny' } })
    await inFolder(dir, (folder) => folder.renew('root', undefined, { days: 60 }))
    const fresh = await issueIn(dir, { ...withStatus, id: COPY })
    const rootPem = await readFile(join(dir, 'root.pem'), 'utf8')
    expect(rootPem).not.toBe(issuer.rootPem)
    await inFolder(dir, async (folder) => {
      const allocation = await folder.prepareAllocation(undefined, {
        licence: old.id,
        machine: 'bench-1',
        copies: 4,
      })
      const first = await folder.prepareStatusList(undefined, { rootNumber: 1 })
      await first.record()
      // In the same second, for they are two lists of two names.
      const second = await folder.prepareStatusList(undefined, {})
      await second.record()
      const nowMs = NOW_MS + 1000
      const oldText = [old.token, allocation.token, first.token].join('\n')
      expect(await verifyLicence(oldText, contextWith({ nowMs }))).toMatchObject({ ok: true, copiesLeft: 4 })
      const freshText = [fresh.token, second.token].join('\n')
      const both = { anchorsPem: [issuer.rootPem, rootPem], nowMs }
      expect(await verifyLicence(freshText, contextWith(both))).toMatchObject({ ok: true })
      expect(await verifyLicence(freshText, contextWith({ nowMs }))).toMatchObject({
        refusal: { code: 'untrusted-issuer' },
      })
      expect([first.id, second.id]).toEqual([`${issuer.uri}/status`, `${issuer.uri}/status/2`])
      await expect(folder.prepareStatusList(undefined, { rootNumber: 3 })).rejects.toMatchObject({
        message: 'this issuer has no root number 3',
      })
    })
  })
})

describe('a folder', () => {
  test('is for one command at a time', async () => {
    const dir = await newIssuer()
    await inFolder(dir, async () => {
      await expect(inFolder(dir, async () => undefined)).rejects.toMatchObject({
        code: 'STATE_UNUSABLE',
        message: expect.stringContaining('another command is at work'),
      })
    })
    await inFolder(dir, async () => undefined)
  })

  test('without its ledger does nothing: it would sign what it has signed before', async () => {
    const dir = await newIssuer()
    await rm(join(dir, 'ledger.jsonl'))
    await expect(inFolder(dir, async () => undefined)).rejects.toMatchObject({
      code: 'STATE_UNUSABLE',
      message: expect.stringMatching(/ledger `.*` is missing; .*put it back from a backup$/),
    })
    await writeFile(join(dir, 'ledger.jsonl'), '')
    // The lock was given back.
    await inFolder(dir, async () => undefined)
  })

  test('that is none is left as it is', async () => {
    const dir = await newPlace()
    await expect(inFolder(dir, async () => undefined)).rejects.toMatchObject({
      code: 'LICENCE_UNREADABLE',
      message: expect.stringContaining('does not exist'),
    })
  })

  test('asks for the passphrase only of a key that has one', async () => {
    const asked: string[] = []
    const ask = async (path: string): Promise<string> => {
      asked.push(path)
      return 'correct horse'
    }
    await inFolder(await newIssuer(), (folder) => folder.prepareLicence(ask, order))
    expect(asked).toEqual([])
    const dir = await newIssuer('correct horse')
    await inFolder(dir, (folder) => folder.prepareLicence(ask, order))
    expect(asked).toEqual([join(dir, 'signer.key')])
    await expect(
      inFolder(dir, (folder) => folder.prepareLicence('wrong horse', order)),
    ).rejects.toMatchObject({
      message: expect.stringContaining('does not open with this passphrase'),
    })
  })
})
