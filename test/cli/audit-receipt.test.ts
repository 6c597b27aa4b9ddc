// Receipts from a real state folder, by the commands.
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkReceipt, exportReceipt } from '../../agent/cli/audit-receipt.ts'
import { openLedger } from '../../agent/ledger.ts'
import { openStateFolder } from '../../agent/state-folder.ts'
import { CANONICAL, decisionRecord, OPERATOR } from '../receipt/jobs.ts'
import { capture } from './captured.ts'

const captured = capture()

let folder: string
let state: string
/** The indexes of a print and of a refusal in the state folder's log. */
let printed: number
let denied: number

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-receipt-'))
  state = join(folder, 'state')
  const ledger = await openLedger(await openStateFolder(state))
  printed = (await ledger.append(decisionRecord({ id: 'd-1', isLicensed: true }))).index
  await ledger.append({
    kind: 'job-opened',
    job: 'd-1',
    decision: printed,
    canonicalSha256: CANONICAL,
    commands: 40,
  })
  await ledger.append({
    kind: 'job-closed',
    job: 'd-1',
    outcome: 'printed',
    code: null,
    commandsSent: 40,
    commandsTotal: 40,
    sha256: CANONICAL,
    reason: null,
  })
  denied = (await ledger.append(decisionRecord({ id: 'd-2', outcome: 'deny', user: null }))).index
  await ledger.close()
})

afterAll(() => rmSync(folder, { recursive: true }))

const file = (name: string): string => join(folder, name)

async function exported(name: string, which: string, more: object = {}): Promise<string> {
  await exportReceipt(which, undefined, { state, out: file(name), ...more })
  return file(name)
}

describe('audit receipt', () => {
  test('writes a private file that verifies, and shows what it says', async () => {
    const path = await exported('print.json', String(printed))
    expect(captured.stdout).toMatch(/^PRINT CERTIFICATE {3}part PC-/)
    expect(captured.stdout).toContain(`portcullis audit verify-receipt ${path}`)
    expect(captured.stdout).not.toContain(OPERATOR)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    captured.stdout = ''
    await checkReceipt(path, {})
    expect(process.exitCode).toBeUndefined()
    expect(captured.stdout).toMatch(/^verifies {2}assurance software: only the key of the log vouches for it/)
    expect(captured.stdout).toContain('without --policy the key is the receipt\u2019s own')
    expect(captured.stdout).toContain('\nPRINT CERTIFICATE   part PC-')
  })

  test('finds a decision by its id, with an appeal until a day', async () => {
    const path = await exported('denied.json', 'd-2', { appealDays: '7', json: true })
    const { file: written, statement } = JSON.parse(captured.stdout)
    expect(written).toBe(path)
    expect(statement.predicate.decision).toMatchObject({ index: denied, outcome: 'deny' })
    expect(statement.predicate.appealBy).toMatch(/^\d{4}-\d\d-\d\d$/)
    expect(statement.predicate).not.toHaveProperty('evidence')
  })

  test('names the operator only on request', async () => {
    await exported('named.json', 'd-1', { nameOperator: true })
    expect(captured.stdout).toContain(`operator  ${OPERATOR}`)
  })

  test('writes to standard output, and nothing beside it', async () => {
    await exportReceipt('d-1', state, { out: '-' })
    expect(JSON.parse(captured.stdout).payloadType).toBe('application/vnd.in-toto+json')
  })

  test('does not write over a file', async () => {
    writeFileSync(file('mine.json'), 'mine')
    await expect(exported('mine.json', 'd-1')).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('exists already'),
    })
    expect(readFileSync(file('mine.json'), 'utf8')).toBe('mine')
  })

  test.each([
    ['a decision that is not there', 'd-9', 'the log has no decision `d-9`'],
    ['a record that is none', '0', 'record 0 is of kind `log-opened`, not `decision`'],
  ])('refuses %s', async (_, which, message) => {
    await expect(exported('none.json', which)).rejects.toMatchObject({ code: 'USAGE', message })
  })

  test('refuses where there is no key to sign with', async () => {
    await expect(exportReceipt('d-1', join(state, 'log'), { out: '-' })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('name the state folder'),
    })
  })

  test('of a decision whose document was erased says so', async () => {
    const path = file('erased')
    const opened = await openStateFolder(path)
    const ledger = await openLedger(opened)
    const { index } = await ledger.append(decisionRecord({ id: 'd-1' }))
    const subject = await ledger.vault.subjectOf(OPERATOR)
    await ledger.vault.erase(subject, { keepFromMs: null })
    await ledger.close()
    await expect(exportReceipt('d-1', path, { out: '-' })).rejects.toMatchObject({
      code: 'USAGE',
      message: `what decision ${index} said is erased; there is nothing to make a receipt of`,
    })
  })
})

describe('audit verify-receipt', () => {
  test('tells what is wrong, and ends with status 6', async () => {
    const path = await exported('whole.json', 'd-1')
    const { payload, ...rest } = JSON.parse(readFileSync(path, 'utf8'))
    const forged = Buffer.from(Buffer.from(payload, 'base64').toString().replace('PLA', 'ABS')).toString(
      'base64',
    )
    writeFileSync(file('forged.json'), JSON.stringify({ payload: forged, ...rest }))
    captured.stdout = ''
    await checkReceipt(file('forged.json'), {})
    expect(process.exitCode).toBe(6)
    expect(captured.stdout).toMatch(
      /^does not verify\n {2}✗ the key of the log did not sign it \(signature\)/,
    )
    expect(captured.stdout).not.toContain('CERTIFICATE')
  })

  test('with a policy relies on the key that it names', async () => {
    const path = await exported('pinned.json', 'd-1', { json: true })
    captured.stdout = ''
    await checkReceipt(path, { json: true })
    const { log, ok, assurance, isKeyTrusted } = JSON.parse(captured.stdout)
    expect({ ok, assurance, isKeyTrusted }).toEqual({ ok: true, assurance: 'software', isKeyTrusted: false })
    writeFileSync(file('policy.txt'), `log ${log}\nquorum none\n`)
    captured.stdout = ''
    await checkReceipt(path, { policy: file('policy.txt') })
    expect(captured.stdout).toMatch(/^verifies/)
    expect(captured.stdout).not.toContain('own')

    const other = `${log.split('+')[0].replace(/.$/, 'x')}`
    const key = Buffer.concat([Buffer.of(1), createHash('sha256').digest()])
    const id = createHash('sha256').update(`${other}\n`).update(key).digest('hex').slice(0, 8)
    writeFileSync(file('other.txt'), `log ${other}+${id}+${key.toString('base64')}\nquorum none\n`)
    captured.stdout = ''
    await checkReceipt(path, { policy: file('other.txt') })
    expect(process.exitCode).toBe(6)
    expect(captured.stdout).toContain(`add \`log ${log}\``)
  })

  test('compares the number that stands on a part', async () => {
    const path = await exported('part.json', 'd-1')
    const serial = /part (PC-[0-9A-Z-]+)/.exec(captured.stdout)![1]!
    await checkReceipt(path, { serial: serial.toLowerCase().replaceAll('-', '') })
    expect(process.exitCode).toBeUndefined()
    captured.stdout = ''
    await checkReceipt(path, { serial: 'PC-J6S2-B6D2-3KS8-J' })
    expect(process.exitCode).toBe(6)
    expect(captured.stdout).toMatch(
      /^does not verify\n {2}✗ it is the receipt of part PC-\S+, not of part PC-J6S2-B6D2-3KS8-J\n$/,
    )
    await expect(checkReceipt(path, { serial: 'PC-J6S2-B6D2-3KS8-K' })).rejects.toMatchObject({
      code: 'USAGE',
    })
  })

  test('says of any other file that it is no receipt', async () => {
    for (const [name, bytes] of Object.entries({
      'empty.json': Buffer.alloc(0),
      'large.json': Buffer.alloc(2 * 1024 * 1024, 0x20),
      'binary.json': Buffer.from([0xff, 0x00, 0x80]),
    })) {
      writeFileSync(file(name), bytes)
      captured.stdout = ''
      process.exitCode = undefined
      await checkReceipt(file(name), { json: true })
      expect(process.exitCode).toBe(6)
      expect(JSON.parse(captured.stdout)).toMatchObject({ ok: false, findings: [{ code: 'form' }] })
    }
  })

  test('refuses a file that is not there, and a policy that is none', async () => {
    await expect(checkReceipt(file('nowhere'), {})).rejects.toMatchObject({ code: 'USAGE' })
    const path = await exported('again.json', 'd-1')
    writeFileSync(file('bad.txt'), 'witness\n')
    await expect(checkReceipt(path, { policy: file('bad.txt') })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('line 1'),
    })
  })
})
