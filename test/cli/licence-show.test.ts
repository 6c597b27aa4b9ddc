import { createPrivateKey } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { bundle, show } from '../../agent/cli/licence-show.ts'
import { makeDelegateKey } from '../../agent/issuer/delegate-key.ts'
import { issueLicence } from '../../agent/issuer/issuer.ts'
import { sublicenceFileSchema, toSublicenceClaims } from '../../agent/issuer/sublicence-order.ts'
import { openBundle, signSublicence } from '../../agent/licence/index.ts'
import { inFolder, newIssuer } from '../issuer/issuer-scratch.ts'
import { issuer, NOW_MS, order } from '../licence/fixture.ts'
import { capture } from './captured.ts'

const captured = capture()
const folder = mkdtempSync(join(tmpdir(), 'licence-show-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const put = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const COPY = '00000000-0000-4000-8000-000000000009'
const { keyPem, publicKey } = makeDelegateKey(undefined)
const dir = await newIssuer()
const tokens = await inFolder(dir, async (issuing) => {
  const parent = await issuing.prepareLicence(undefined, {
    ...order,
    machines: ['bench-1', 'bench-2'],
    terms: { delegate: { key: publicKey, depth: 1 } },
  })
  await parent.record()
  const at = { licence: parent.id, machine: 'bench-1' }
  const allocation = await issuing.prepareAllocation(undefined, { ...at, copies: 2 })
  const refund = await issuing.prepareRefund(undefined, { ...at, copy: COPY })
  const list = await issuing.prepareStatusList(undefined, {})
  return { parent: parent.token, allocation: allocation.token, refund: refund.token, list: list.token }
})
const order2 = sublicenceFileSchema.parse({ 'sublicence-order': 1, licensee: 'Branch', copies: 1 })
const child = await signSublicence(
  tokens.parent,
  toSublicenceClaims(order2, tokens.parent, NOW_MS),
  createPrivateKey(keyPem),
)
const files = Object.entries({ ...tokens, child }).map(([name, token]) => put(`${name}.jwt`, `${token}\n`))

describe('a bundle', () => {
  test('holds what was put in, each once, and the licences in the order of their chain', async () => {
    const out = join(folder, 'whole.licence')
    await bundle([...files, ...files], { out })
    const opened = openBundle(readFileSync(out, 'utf8'))
    if (!opened.ok) throw new Error(opened.refusal.message)
    expect(opened.bundle).toMatchObject({
      licences: [child, tokens.parent],
      allocations: [tokens.allocation],
      refunds: [tokens.refund],
      statusLists: [tokens.list],
    })
    expect(captured.stdout).toContain('5 tokens')
  })

  test('is not made of two licences that have nothing to do with each other, or of none', async () => {
    const other = put('other.jwt', await issueLicence(issuer, { ...order, id: COPY }, NOW_MS))
    const out = join(folder, 'never.licence')
    await expect(bundle([files[0] ?? '', other], { out })).rejects.toMatchObject({
      code: 'USAGE',
      message: 'these files hold 2 licences that are not one chain',
    })
    const alone = put('alone.jwt', tokens.refund)
    await expect(bundle([alone], { out })).rejects.toMatchObject({ code: 'LICENCE_UNREADABLE' })
    const whole = join(folder, 'whole.licence')
    await expect(bundle([files[0] ?? ''], { out: whole })).rejects.toMatchObject({ code: 'USAGE' })
  })
})

describe('show', () => {
  test('says in plain words what each token of a file is', async () => {
    await show(join(folder, 'whole.licence'), {})
    const { stdout } = captured
    expect(stdout).toMatch(/allows Branch to print[\s\S]*\npassed on from\nlicence 5f0b8c1e/)
    expect(stdout).toContain(`with 2 copies of licence ${order.id} for bench-1 (allocation `)
    expect(stdout).toContain(`with copy ${COPY} of licence ${order.id} given back to bench-1 (refund `)
    expect(stdout).toContain(`with the status list ${issuer.uri}/status of 2026-11-22T12:00:00Z`)
    expect(stdout).toContain('not verified')
  })

  test('tells the same as JSON', async () => {
    await show(join(folder, 'whole.licence'), { json: true })
    expect(JSON.parse(captured.stdout)).toMatchObject({
      verified: false,
      licence: { licensee: 'Branch' },
      licences: [{ licensee: 'Branch' }, { licensee: 'Riverside Makers' }],
      allocations: [{ machine: 'bench-1', copies: 2 }],
      refunds: [{ copy: COPY }],
      statusLists: [{ uri: `${issuer.uri}/status` }],
    })
  })

  test('of a token that is none says that it cannot be read', async () => {
    const [header = ''] = tokens.allocation.split('.')
    const broken = put('broken.jwt', `${tokens.parent}\n${header}.e30.AAAA\n${header}.!.AAAA`)
    await show(broken, {})
    expect(captured.stdout).toContain('with a token that cannot be read')
    await expect(show(put('none.jwt', 'hello'), {})).rejects.toMatchObject({ code: 'LICENCE_UNREADABLE' })
  })
})
