// What a log hides is compared with its side table: whole, erased on record, or taken away by somebody.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readLog } from '../agent/audit/index.ts'
import { verify } from '../agent/cli/audit-verify.ts'
import { eraseSubject } from '../agent/erase-subject.ts'
import { type Ledger, openLedger } from '../agent/ledger.ts'
import type { StateFolder } from '../agent/state-folder.ts'
import { verifyHidden } from '../agent/verify-hidden.ts'
import { capture } from './cli/captured.ts'
import { decisionOf, scratchLedger } from './state-scratch.ts'

const captured = capture()
const FREE = { keepDays: null, mustKeepDays: 0 }

/** Records 1 to 3 of Ada, 4 of Grace. The log is closed. */
async function site(more: (ledger: Ledger) => Promise<unknown> = async () => {}): Promise<StateFolder> {
  const { state, ledger } = await scratchLedger()
  for (const id of ['d-1', 'd-2', 'd-3']) await ledger.append(decisionOf(id, 'Ada Lovelace'))
  await ledger.append(decisionOf('d-4', 'Grace Hopper'))
  await more(ledger)
  await ledger.close()
  return state
}

async function subjectOf({ logDir }: StateFolder, wanted: number): Promise<string> {
  for await (const { index, record } of readLog(logDir))
    if (index === wanted) return record.sealed?.subject ?? ''
  return ''
}

/** The only file of this kind of whom a record is about. */
async function fileOf(state: StateFolder, index: number, ending: string): Promise<string> {
  const folder = join(state.vaultDir, await subjectOf(state, index))
  return join(folder, readdirSync(folder).find((name) => name.endsWith(ending)) ?? '')
}

const erase = (ledger: Ledger, subject: string) =>
  eraseSubject(ledger, FREE, { subject, by: null, nowMs: Date.now() })

/** A row begins with its magic, and says how many blocks of 256 bytes it has. */
function rowsIn(file: Buffer): Buffer[] {
  const rows: Buffer[] = []
  for (let at = 0; at < file.length; ) {
    const end = at + file.readUInt32BE(at + 8) * 256
    rows.push(file.subarray(at, end))
    at = end
  }
  return rows
}

describe('what a log hides', () => {
  test('is whole where nobody took anything', async () => {
    expect(await verifyHidden(await site())).toEqual({
      ok: true,
      records: 4,
      opened: 4,
      erased: 0,
      findings: [],
      omitted: 0,
    })
  })

  test('may be erased where a record says so', async () => {
    const state = await site((ledger) => erase(ledger, 'Ada Lovelace'))
    expect(await verifyHidden(state)).toMatchObject({ ok: true, opened: 1, erased: 3, findings: [] })
  })

  test('may be erased again and again, as somebody comes back', async () => {
    const state = await site(async (ledger) => {
      for (let i = 0; i < 3; i++) {
        await erase(ledger, 'Ada Lovelace')
        await ledger.append(decisionOf(`again-${i}`, 'Ada Lovelace'))
      }
    })
    expect(await verifyHidden(state)).toMatchObject({ ok: true, opened: 2, erased: 5 })
  })

  test('is read while a gate writes, and erases', async () => {
    const { state, ledger } = await scratchLedger()
    const work = async (): Promise<void> => {
      for (let i = 0; i < 30; i++) {
        await ledger.append(decisionOf(`d-${i}`, 'Ada Lovelace'))
        if (i % 3 === 2) await erase(ledger, 'Ada Lovelace')
      }
    }
    const working = work()
    for (let i = 0; i < 10; i++) expect((await verifyHidden(state)).findings).toEqual([])
    await working
    expect(await verifyHidden(state)).toMatchObject({ ok: true, opened: 0, erased: 30 })
  })
})

describe('what was taken away', () => {
  test('is told where a person’s folder is deleted', async () => {
    const state = await site()
    const subject = await subjectOf(state, 1)
    rmSync(join(state.vaultDir, subject), { recursive: true })
    expect(await verifyHidden(state)).toMatchObject({
      ok: false,
      opened: 1,
      erased: 0,
      findings: [
        {
          code: 'hidden-missing',
          index: 1,
          subject,
          count: 3,
          message: `record 1 and 2 more of ${subject}: what they hide is missing, and was not erased`,
        },
      ],
    })
  })

  test('is told where one row is taken out', async () => {
    const state = await site()
    const path = await fileOf(state, 2, '.rows')
    writeFileSync(path, Buffer.concat(rowsIn(readFileSync(path)).toSpliced(1, 1)))
    expect((await verifyHidden(state)).findings).toMatchObject([
      { code: 'hidden-missing', index: 2, count: 1 },
    ])
  })

  test('is told where it was erased and no record of that is of the same person', async () => {
    const state = await site(async (ledger) => {
      await ledger.append({ kind: 'cleared', by: 'Grace Hopper' })
      await ledger.vault.erase(await subjectOfName(ledger, 'Grace Hopper'), { keepFromMs: null })
      const subject = ledger.vault.newSubject()
      await ledger.append({
        kind: 'erasure',
        subject,
        cause: 'request',
        rows: 100,
        deferredRows: 0,
        deferredUntil: null,
        by: null,
      })
    })
    // Of another subject: it accounts for nothing of hers.
    expect((await verifyHidden(state)).findings).toMatchObject([
      { code: 'hidden-erased', index: 4, count: 2, message: expect.stringContaining('no record says so') },
    ])
  })

  test('is told where more is gone than the erasures on record are of', async () => {
    const state = await site(async (ledger) => {
      const subject = await subjectOfName(ledger, 'Ada Lovelace')
      await ledger.vault.erase(subject, { keepFromMs: null })
      await ledger.append({
        kind: 'erasure',
        subject,
        cause: 'retention',
        rows: 2,
        deferredRows: 0,
        deferredUntil: null,
        by: null,
      })
    })
    expect((await verifyHidden(state)).findings).toMatchObject([
      { code: 'hidden-missing', index: 1, count: 3, message: expect.stringContaining('are of 2') },
    ])
  })

  test('is told where a record came after the last erasure that is on record', async () => {
    const state = await site(async (ledger) => {
      const subject = await subjectOfName(ledger, 'Ada Lovelace')
      await ledger.append({
        kind: 'erasure',
        subject,
        cause: 'request',
        rows: 100,
        deferredRows: 0,
        deferredUntil: null,
        by: null,
      })
      await ledger.append({ kind: 'cleared', by: 'Ada Lovelace' })
    })
    rmSync(join(state.vaultDir, await subjectOf(state, 1)), { recursive: true })
    expect((await verifyHidden(state)).findings).toMatchObject([
      {
        code: 'hidden-missing',
        index: 6,
        count: 1,
        message: expect.stringContaining('the last erasure is record 5'),
      },
    ])
  })

  test('is told where a key is deleted, or a row was changed', async () => {
    const [keyless, flipped] = [await site(), await site()]
    rmSync(await fileOf(keyless, 1, '.key'))
    expect((await verifyHidden(keyless)).findings).toMatchObject([
      { code: 'hidden-changed', index: 1, count: 3 },
    ])
    const path = await fileOf(flipped, 1, '.rows')
    const bytes = readFileSync(path)
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
    writeFileSync(path, bytes)
    expect((await verifyHidden(flipped)).findings).toMatchObject([
      { code: 'hidden-changed', index: 3, count: 1 },
    ])
  })

  test('is told where all of it is gone, or cannot be read', async () => {
    const [deleted, headless] = [await site(), await site()]
    rmSync(deleted.vaultDir, { recursive: true })
    expect((await verifyHidden(deleted)).findings).toMatchObject([{ index: 1 }, { index: 4 }])
    rmSync(join(headless.vaultDir, 'vault'))
    expect((await verifyHidden(headless)).findings).toMatchObject([
      { code: 'hidden-unreadable', message: expect.stringContaining('its head is missing') },
    ])
    expect(await verifyHidden({ ...headless, wrappingKey: undefined })).toMatchObject({ ok: false })
  })
})

describe('`audit verify`', () => {
  const run = async (dir: string, options: object = {}) => {
    captured.stdout = ''
    await verify(dir, options)
    const status = process.exitCode
    process.exitCode = undefined
    return { status, stdout: captured.stdout }
  }

  test('compares the side table of a state folder, and says what it holds', async () => {
    const state = await site()
    const { status, stdout } = await run(state.path)
    expect(status).toBeUndefined()
    expect(stdout).toContain('4 records hide something: of 4 the side table holds it')
    expect(JSON.parse((await run(state.path, { json: true })).stdout)).toMatchObject({
      ok: true,
      hidden: { ok: true, opened: 4 },
    })
  })

  test('does not verify where a person was taken out', async () => {
    const state = await site()
    rmSync(join(state.vaultDir, await subjectOf(state, 4)), { recursive: true })
    const { status, stdout } = await run(state.path)
    expect(status).toBe(6)
    expect(stdout).toMatch(/does not verify/)
    expect(stdout).toMatch(/record 4 of s-[0-9a-f]{16}: what it hides is missing.*\(hidden-missing\)/)
  })

  test('does not verify where the key of the side table is gone', async () => {
    const state = await site()
    rmSync(join(state.path, 'vault-key.json'))
    expect((await run(state.path)).status).toBe(6)
  })

  test('leaves it out where a log came alone', async () => {
    const state = await site()
    const { status, stdout } = await run(state.logDir, { json: true })
    expect(status).toBeUndefined()
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, hidden: null })
  })

  test('compares again when the gate has begun anew', async () => {
    const state = await site()
    await (await openLedger(state)).close()
    expect((await run(state.path)).status).toBeUndefined()
  })
})

async function subjectOfName(ledger: Ledger, name: string): Promise<string> {
  return (await ledger.vault.findSubject(name)) ?? ''
}
