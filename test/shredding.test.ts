// An erasure shreds: whoever has the key of the side table, and a copy of its rows from before, reads nothing of it.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { eraseSubject } from '../agent/erase-subject.ts'
import { everythingOpened } from './everything-opened.ts'
import { decisionOf, filesOf, scratchLedger } from './state-scratch.ts'

const FREE = { keepDays: null, mustKeepDays: 0 }

/** Two people with jobs and a few words; the ledger is open. */
async function site() {
  const { state, ledger } = await scratchLedger()
  await ledger.append(decisionOf('job-1', 'Ada Lovelace', { job: { name: 'bracket.gcode' } }))
  await ledger.append(decisionOf('job-2', 'Grace Hopper', { job: { name: 'hinge.gcode' } }))
  await ledger.append({ kind: 'latched', job: 'job-1', code: 'line-refused', reason: 'G1 X12.345' })
  await ledger.append({ kind: 'cleared', by: 'Ada Lovelace' })
  const subject = (await ledger.vault.findSubject('Ada Lovelace')) ?? ''
  return { state, ledger, subject, before: filesOf(state.vaultDir) }
}

const ADA = ['Ada Lovelace', 'bracket.gcode', 'G1 X12.345']

describe('what an erasure leaves', () => {
  test('opened before it, so that it means something that it does not after it', async () => {
    const { state } = await site()
    const told = (await everythingOpened(state)).join('\n')
    for (const secret of [...ADA, 'Grace Hopper', 'hinge.gcode']) expect(told).toContain(secret)
  })

  test('is nothing that opens, with the key in hand and the rows as they were', async () => {
    const { state, ledger, subject, before } = await site()
    await eraseSubject(ledger, FREE, { subject: 'Ada Lovelace', by: null, nowMs: Date.now() })
    const opened = await everythingOpened(state, before)
    expect(opened.filter((text) => text.startsWith(subject))).toEqual([])
    for (const secret of ADA) expect(opened.join('\n')).not.toContain(secret)
    expect(opened.join('\n')).toContain('hinge.gcode')
    for (const [path, bytes] of filesOf(state.path))
      for (const secret of ADA) expect(bytes.includes(secret), path).toBe(false)
  })

  test('is seen to open where a key was not shredded', async () => {
    const { state, ledger, subject, before } = await site()
    const keys = [...before].filter(([path]) => path.startsWith(subject) && path.endsWith('.key'))
    await eraseSubject(ledger, FREE, { subject, by: null, nowMs: Date.now() })
    mkdirSync(join(state.vaultDir, subject), { recursive: true })
    for (const [path, bytes] of keys) writeFileSync(join(state.vaultDir, path), bytes)
    expect((await everythingOpened(state, before)).join('\n')).toContain('bracket.gcode')
  })

  test('is nothing by age either', async () => {
    const { state, ledger, before } = await site()
    await ledger.vault.eraseOlderThan(Date.now() + 400 * 86_400_000)
    expect(await everythingOpened(state, before)).toEqual([])
  })
})
