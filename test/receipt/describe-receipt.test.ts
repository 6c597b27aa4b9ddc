// A receipt in words.
import { describe, expect, test } from 'vitest'
import { describeReceipt, findReceiptRecords, makeReceipt, verifyReceipt } from '../../agent/receipt/index.ts'
import { appendPrint, decisionRecord, OPERATOR } from './jobs.ts'
import { SmallLog } from './small-log.ts'

async function words(log: SmallLog, decision: number, namesOperator = false): Promise<string> {
  const found = await findReceiptRecords(log.entries(), decision)
  if ('problem' in found) throw new Error(found.problem)
  const prove = (index: number | null) => (index === null ? null : log.prove(index))
  const receipt = makeReceipt({
    records: {
      log: log.prove(0),
      decision: log.prove(decision),
      release: prove(found.release),
      opened: prove(found.opened),
      copy: prove(found.copy),
      closed: prove(found.closed),
    },
    hidden: log.hidden.get(decision)!,
    key: log.logKey,
    namesOperator,
    appealDays: 14,
  })
  if (typeof receipt !== 'string') throw new Error(receipt.problem)
  const { statement } = verifyReceipt(receipt)
  return describeReceipt(statement!).join('\n')
}

const machineOf = (log: SmallLog): string => log.origin.split('/')[1]!

describe('a receipt in words', () => {
  test('of a refusal says what, why, what to do, and until when to appeal', async () => {
    const log = new SmallLog()
    const decision = log.append(decisionRecord({ outcome: 'deny' }))
    expect(await words(log, decision)).toBe(
      [
        'PRINT DENIED',
        '',
        '  when      2026-11-22 20:00 UTC',
        `  machine   ${machineOf(log)}`,
        '  job       ba2c7aefd3e5cef6...',
        '  operator  s-0011223344556677',
        '  policy    maker-space version 1',
        '',
        '  1. line 2: the nozzle-temperature of `300` is above the limit of 260 (2 lines)',
        '     what to do: lower the nozzle-temperature',
        '     appeal: ask at the front desk',
        '     code: nozzle-temperature.limit',
        '  2. line 40: the layer-height of `300` is above the limit of 260 (2 lines)',
        '     what to do: lower the layer-height',
        '     code: layer-height.limit',
        '  and 3 more objections of the same kinds',
        '',
        'appeal by 2026-12-06 (UTC), naming record 1',
        `record 1 of log ${log.origin}`,
      ].join('\n'),
    )
  })

  test('of a hold says that it is one', async () => {
    const log = new SmallLog()
    expect(await words(log, log.append(decisionRecord({ outcome: 'hold' })))).toMatch(/^PRINT HELD\n/)
  })

  test('of a print says part, end, licence, copy, size, material and record', async () => {
    const log = new SmallLog()
    const { decision } = appendPrint(log)
    const text = await words(log, decision, true)
    expect(text).toMatch(/^PRINT CERTIFICATE {3}part PC-.{4}-.{4}-.{4}-.\n\n/)
    expect(text).toContain('  print     printed, 40 of 40 commands, begun on 2026-11-22 20:03 UTC\n')
    expect(text).toContain('  ended     2026-11-22 20:05 UTC\n')
    expect(text).toContain('  decided   allowed on 2026-11-22 20:00 UTC\n')
    expect(text).toContain('  licence   lic-7 by https://designs.example, until 2027-01-01 00:00 UTC\n')
    expect(text).toContain('  copy      c-2, printed\n')
    expect(text).toContain('  size      20 x 20 x 20 mm\n')
    expect(text).toContain('  material  PLA, as the job claims\n')
    expect(text).toContain(`  operator  ${OPERATOR}\n`)
    expect(text).toMatch(new RegExp(`\\n\\nrecord 3 of log ${log.origin}$`))
    expect(text).not.toMatch(/undefined|null|NaN/)
  })

  test('of a job that was not begun, or failed, says so', async () => {
    const young = new SmallLog()
    const text = await words(young, young.append(decisionRecord({ claims: {} })))
    expect(text).toMatch(/^PRINT CERTIFICATE\n\n {2}print {5}not begun when this was written\n/)
    expect(text).not.toMatch(/undefined|null|NaN|material|licence/)

    const failed = new SmallLog()
    const decision = failed.append(decisionRecord({ id: 'd-1' }))
    const canonicalSha256 = 'ba2c7aefd3e5cef60b612a2f24622cb06450cc78cb4c7cf2f290fdf690e23bbf'
    failed.append({ kind: 'job-opened', job: 'd-1', decision, canonicalSha256, commands: 40 })
    expect(await words(failed, decision)).toContain(
      'begun on 2026-11-22 20:02 UTC; not ended when this was written',
    )
    failed.append({
      kind: 'job-closed',
      job: 'd-1',
      outcome: 'failed',
      code: 'printer-lost',
      commandsSent: 7,
      commandsTotal: 40,
      sha256: null,
      reason: 'the cable of Ada came loose',
    })
    const ended = await words(failed, decision)
    expect(ended).toContain('failed (printer-lost), 7 of 40 commands')
    expect(ended).not.toContain('Ada')
  })
})
