// Receipts made from a log and checked again, whole and attacked.
import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../../agent/log-format/index.ts'
import { writeEnvelope } from '../../agent/receipt/dsse.ts'
import {
  findReceiptRecords,
  makeReceipt,
  type ReceiptVerification,
  verifyReceipt,
} from '../../agent/receipt/index.ts'
import type { ReceiptInputs } from '../../agent/receipt/make-receipt.ts'
import { serialNumber } from '../../agent/receipt/serial.ts'
import type { CertificatePredicate, RefusalPredicate } from '../../agent/receipt/statement.ts'
import { parseTlogPolicy, type TlogPolicy } from '../../agent/verify/index.ts'
import { appendPrint, CANONICAL, decisionRecord, FILE_NAME, OPERATOR, RAW } from './jobs.ts'
import { type NoteSignerKey, newWitness, SmallLog, vkeyOf } from './small-log.ts'

const WITNESSES = [newWitness('witness.example/a'), newWitness('witness.example/b')]

interface MakeOptions {
  readonly witnesses?: readonly NoteSignerKey[]
  readonly namesOperator?: boolean
  readonly appealDays?: number | null
  /** Changes what is found before the receipt is made of it. */
  readonly change?: (inputs: ReceiptInputs) => ReceiptInputs
}

async function inputsOf(log: SmallLog, decision: number, options: MakeOptions): Promise<ReceiptInputs> {
  const found = await findReceiptRecords(log.entries(), decision)
  if ('problem' in found) throw new Error(found.problem)
  const prove = (index: number | null) => (index === null ? null : log.prove(index, options.witnesses))
  const inputs: ReceiptInputs = {
    records: {
      log: log.prove(0, options.witnesses),
      decision: log.prove(found.decision, options.witnesses),
      release: prove(found.release),
      opened: prove(found.opened),
      copy: prove(found.copy),
      closed: prove(found.closed),
    },
    hidden: log.hidden.get(found.decision)!,
    key: log.logKey,
    namesOperator: options.namesOperator ?? false,
    appealDays: options.appealDays ?? null,
  }
  return options.change?.(inputs) ?? inputs
}

async function receiptOf(log: SmallLog, decision: number, options: MakeOptions = {}): Promise<string> {
  const receipt = makeReceipt(await inputsOf(log, decision, options))
  if (typeof receipt !== 'string') throw new Error(receipt.problem)
  return receipt
}

/** The statement inside, as anybody reads it. */
function statementIn(receipt: string) {
  return JSON.parse(Buffer.from(JSON.parse(receipt).payload, 'base64').toString())
}

function certificate(verification: ReceiptVerification): CertificatePredicate {
  const { statement } = verification
  if (statement?.predicateType !== 'https://portcullis.invalid/print-certificate/v1') {
    throw new Error(JSON.stringify(verification.findings))
  }
  return statement.predicate
}

function refusal(verification: ReceiptVerification): RefusalPredicate {
  const { statement } = verification
  if (statement?.predicateType !== 'https://portcullis.invalid/refusal/v1') {
    throw new Error(JSON.stringify(verification.findings))
  }
  return statement.predicate
}

function policyOf(...lines: readonly string[]): TlogPolicy {
  const policy = parseTlogPolicy(Buffer.from(`${lines.join('\n')}\n`))
  if ('problem' in policy) throw new Error(policy.problem)
  return policy
}

const witnessLines = WITNESSES.map((witness, i) => `witness w${i} ${vkeyOf(witness, 4)}`)

describe('a print certificate', () => {
  const log = new SmallLog()
  const indexes = appendPrint(log)

  test('says what was printed, and verifies with nothing but the file', async () => {
    const verification = verifyReceipt(await receiptOf(log, indexes.decision))
    expect(verification).toMatchObject({ ok: true, assurance: 'software', isKeyTrusted: false, findings: [] })
    const told = certificate(verification)
    expect(verification.statement?.subject).toEqual([
      { name: 'job', digest: { sha256: CANONICAL } },
      { name: 'file', digest: { sha256: RAW } },
    ])
    expect(told).toMatchObject({
      serial: serialNumber(log.origin, indexes.opened),
      log: log.origin,
      machine: log.origin.slice('portcullis/'.length, 'portcullis/m-0123456789abcdef'.length),
      decision: { id: 'd-1', index: indexes.decision, outcome: 'allow', tier: 'open', reasons: [] },
      release: null,
      licence: {
        id: 'lic-7',
        issuer: 'https://designs.example',
        expiresAt: '2027-01-01T00:00:00Z',
        copy: { number: 'c-2', state: 'printed' },
      },
      claimedMaterial: 'PLA',
      facts: { sizeMm: { x: 20, y: 20, z: 20 }, filamentMm: 1234.5, chamberMaxCelsius: null },
      operator: { subject: 's-0011223344556677', name: null },
      print: {
        job: 'd-1',
        index: indexes.opened,
        openedAt: '2026-11-22T20:03:00.000Z',
        end: { at: '2026-11-22T20:05:00.000Z', outcome: 'printed', code: null, commandsSent: 40 },
      },
    })
  })

  test('names nobody, no file, no licensee, no position and no other claim', async () => {
    const receipt = await receiptOf(log, indexes.decision)
    const all = `${receipt}${Buffer.from(JSON.parse(receipt).payload, 'base64').toString()}`
    for (const secret of [
      OPERATOR,
      'Ada',
      FILE_NAME,
      'grandma',
      'Grandma',
      'SecretSlicer',
      '91.5',
      'M9999',
    ]) {
      expect(all).not.toContain(secret)
      expect(all).not.toContain(Buffer.from(secret).toString('base64').replace(/=+$/, ''))
      expect(all).not.toContain(Buffer.from(secret).toString('hex'))
    }
  })

  test('commits to the operator, so that whoever is told name and salt can check it', async () => {
    const { commitment } = certificate(verifyReceipt(await receiptOf(log, indexes.decision))).operator
    const { salt } = log.hidden.get(indexes.decision)!
    const own = createHmac('sha256', salt).update('member user').digest()
    expect(commitment).toBe(createHmac('sha256', own).update(JSON.stringify(OPERATOR)).digest('hex'))
  })

  test('names the operator on request, with the same commitment', async () => {
    const hidden = certificate(verifyReceipt(await receiptOf(log, indexes.decision)))
    const named = certificate(verifyReceipt(await receiptOf(log, indexes.decision, { namesOperator: true })))
    expect(named.operator).toEqual({ ...hidden.operator, name: OPERATOR })
  })

  test('is the same file each time it is made from the same records', async () => {
    expect(await receiptOf(log, indexes.decision)).toBe(await receiptOf(log, indexes.decision))
  })

  test('before the job was opened has no serial number and no print', async () => {
    const young = new SmallLog()
    const decision = young.append(decisionRecord({ outcome: 'warn', user: null, claims: {} }))
    const told = certificate(verifyReceipt(await receiptOf(young, decision, { namesOperator: true })))
    expect(told).toMatchObject({ serial: null, print: null, licence: null, claimedMaterial: null })
    expect(told.operator.name).toBeNull()
    expect(told.decision.reasons).toHaveLength(1)
  })

  test('of a job that has not ended says so', async () => {
    const young = new SmallLog()
    const decision = young.append(decisionRecord({ id: 'd-1' }))
    young.append({ kind: 'job-opened', job: 'd-1', decision, canonicalSha256: CANONICAL, commands: 40 })
    const told = certificate(verifyReceipt(await receiptOf(young, decision)))
    expect(told.print).toMatchObject({ job: 'd-1', end: null })
  })

  test('of a job that was held says who let it pass', async () => {
    const held = new SmallLog()
    const decision = held.append(decisionRecord({ outcome: 'hold' }))
    const release = held.append({
      kind: 'hold-decided',
      decision,
      outcome: 'released',
      role: 'site',
      by: 'Grace',
      reason: 'a test piece',
    })
    held.append({ kind: 'job-opened', job: 'd-1', decision, canonicalSha256: CANONICAL, commands: 40 })
    const receipt = await receiptOf(held, decision)
    expect(certificate(verifyReceipt(receipt)).release).toEqual({
      index: release,
      kind: 'hold-decided',
      at: '2026-11-22T20:02:00.000Z',
      role: 'site',
    })
    expect(receipt).not.toContain(Buffer.from('Grace').toString('base64').slice(0, 6))
  })
})

describe('a refusal', () => {
  const log = new SmallLog()
  log.append({ kind: 'agent-ended' })
  const decision = log.append(decisionRecord({ outcome: 'deny', isLicensed: true }))

  test('names every reason with line, rule, value, limit, remedy and appeal, and until when', async () => {
    const verification = verifyReceipt(await receiptOf(log, decision, { appealDays: 14 }))
    expect(verification.ok).toBe(true)
    const told = refusal(verification)
    expect(told.appealBy).toBe('2026-12-06')
    expect(told.decision).toMatchObject({ outcome: 'deny', unlistedObjections: 3 })
    expect(told.decision.reasons).toEqual([
      {
        code: 'nozzle-temperature.limit',
        rule: 'nozzle-temperature',
        outcome: 'deny',
        message: 'the nozzle-temperature of `300` is above the limit of 260',
        line: 2,
        count: 2,
        value: '300',
        limit: '260',
        remedy: 'lower the nozzle-temperature',
        appeal: 'ask at the front desk',
      },
      expect.objectContaining({ outcome: 'warn', rule: 'layer-height' }),
    ])
    expect(told.licence).toEqual({
      id: 'lic-7',
      issuer: 'https://designs.example',
      expiresAt: '2027-01-01T00:00:00Z',
    })
  })

  test('tells neither facts nor material of the job', async () => {
    const text = JSON.stringify(statementIn(await receiptOf(log, decision)))
    expect(text).not.toMatch(/1234\.5|PLA|estimatedSeconds|Ada|grandma/)
  })

  test('without a limit for appeals has none', async () => {
    expect(refusal(verifyReceipt(await receiptOf(log, decision))).appealBy).toBeNull()
  })
})

describe('with a policy', () => {
  const log = new SmallLog()
  const { decision } = appendPrint(log)
  const logLine = `log ${log.vkey}`
  const both = 'group both all w0 w1'

  test('that names the log and asks for no witness, a receipt has the assurance of software', async () => {
    const receipt = await receiptOf(log, decision)
    expect(verifyReceipt(receipt, { policy: policyOf(logLine, 'quorum none') })).toMatchObject({
      ok: true,
      assurance: 'software',
      isKeyTrusted: true,
    })
  })

  test('whose quorum cosigned, it is witnessed', async () => {
    const receipt = await receiptOf(log, decision, { witnesses: WITNESSES })
    const policy = policyOf(logLine, ...witnessLines, both, 'quorum both')
    expect(verifyReceipt(receipt, { policy })).toMatchObject({ ok: true, assurance: 'witnessed' })
  })

  test('cosignatures of witnesses that it does not name count for nothing', async () => {
    const receipt = await receiptOf(log, decision, { witnesses: [newWitness('witness.example/a')] })
    const policy = policyOf(logLine, ...witnessLines, 'quorum w0')
    const verification = verifyReceipt(receipt, { policy })
    expect(verification).toMatchObject({ ok: false, assurance: 'software' })
    expect(new Set(verification.findings.map(({ code }) => code))).toEqual(new Set(['quorum']))
  })

  test('of which one proof wants a witness, it does not verify', async () => {
    const receipt = await receiptOf(log, decision, {
      witnesses: WITNESSES,
      change: (inputs) => {
        const { seq } = JSON.parse(Buffer.from(inputs.records.closed!.leaf).toString()) as { seq: number }
        return { ...inputs, records: { ...inputs.records, closed: log.prove(seq, WITNESSES.slice(0, 1)) } }
      },
    })
    const policy = policyOf(logLine, ...witnessLines, both, 'quorum both')
    expect(verifyReceipt(receipt, { policy }).findings).toEqual([
      {
        code: 'quorum',
        message: 'the checkpoint of record `closed` is not cosigned as the policy asks: quorum `both`',
      },
    ])
  })

  test('that trusts another log, it does not verify', async () => {
    const receipt = await receiptOf(log, decision)
    const policy = policyOf(`log ${new SmallLog().vkey}`, 'quorum none')
    const verification = verifyReceipt(receipt, { policy })
    expect(verification).toMatchObject({ ok: false, assurance: null, statement: null })
    expect(verification.findings.map(({ code }) => code)).toEqual(['log'])
  })

  test('a cosignature that is forged spoils the proof', async () => {
    const [first] = WITNESSES
    const receipt = await receiptOf(log, decision, {
      witnesses: WITNESSES,
      change: (inputs) => {
        const forged = inputs.records.decision.proof.replace(
          /(\u2014 witness\.example\/a .{20})(.)/,
          (_, head, next) => `${head}${next === 'A' ? 'B' : 'A'}`,
        )
        return {
          ...inputs,
          records: { ...inputs.records, decision: { ...inputs.records.decision, proof: forged } },
        }
      },
    })
    const policy = policyOf(logLine, `witness w0 ${vkeyOf(first!, 4)}`, 'quorum w0')
    expect(verifyReceipt(receipt, { policy }).findings.map(({ code }) => code)).toEqual(['proof'])
  })
})

describe('whoever holds the key of the log cannot make a receipt say', () => {
  const log = new SmallLog()
  const { decision } = appendPrint(log)

  /** A receipt with a changed statement, signed again by the log's own key. */
  async function resigned(change: (statement: ReturnType<typeof statementIn>) => void): Promise<string[]> {
    const statement = statementIn(await receiptOf(log, decision))
    change(statement)
    const forged = writeEnvelope(Buffer.from(canonicalJson(statement)), log.logKey, '00000000')
    const verification = verifyReceipt(forged)
    expect(verification).toMatchObject({ ok: false, assurance: null, statement: null })
    return verification.findings.map(({ code }) => code)
  }

  test.each<[string, (statement: ReturnType<typeof statementIn>) => void, string]>([
    ['another serial number', (it) => (it.predicate.serial = 'PC-J6S2-B6D2-3KS8-J'), 'serial'],
    ['no serial number', (it) => (it.predicate.serial = null), 'serial'],
    ['another outcome', (it) => (it.predicate.decision.outcome = 'warn'), 'statement'],
    ['another job', (it) => (it.subject[0].digest.sha256 = RAW), 'statement'],
    ['another licence', (it) => (it.predicate.licence.id = 'lic-8'), 'statement'],
    ['another copy', (it) => (it.predicate.licence.copy.number = 'c-3'), 'statement'],
    ['a name', (it) => (it.predicate.operator.name = 'Eve'), 'statement'],
    ['anything more', (it) => (it.predicate.note = 'certified'), 'statement'],
    ['more beside it', (it) => (it.more = 1), 'statement'],
    [
      'that it is a refusal',
      (it) => (it.predicateType = 'https://portcullis.invalid/refusal/v1'),
      'statement',
    ],
    ['a fact that was not recorded', (it) => (it.predicate.facts.filamentMm = 1), 'statement'],
    [
      'the same in evidence and statement',
      (it) => {
        it.predicate.facts.filamentMm = 1
        it.predicate.evidence.opening.decision.members.facts.members.filamentMm.value = 1
      },
      'commitment',
    ],
    [
      'a name in both',
      (it) => {
        it.predicate.operator.name = 'Eve'
        it.predicate.evidence.opening.user = { salt: '00'.repeat(32), value: 'Eve' }
      },
      'commitment',
    ],
    [
      'less than it must',
      (it) => delete it.predicate.evidence.opening.decision.members.reasons,
      'commitment',
    ],
    ['that it was opened by nothing', (it) => (it.predicate.evidence.opened = null), 'record'],
    ['that it began elsewhere', (it) => (it.predicate.evidence.log = it.predicate.evidence.decision), 'form'],
    [
      'that a record stands where it does not',
      (it) => (it.predicate.evidence.closed.proof = it.predicate.evidence.copy.proof),
      'proof',
    ],
    [
      'what is not in the log',
      (it) => {
        const leaf = JSON.parse(Buffer.from(it.predicate.evidence.closed.leaf, 'base64').toString())
        leaf.commandsSent = 39
        it.predicate.print.end.commandsSent = 39
        it.predicate.evidence.closed.leaf = Buffer.from(canonicalJson(leaf)).toString('base64')
      },
      'proof',
    ],
  ])('%s', async (_, change, code) => {
    expect(await resigned(change)).toContain(code)
  })

  test('anything in a second spelling', async () => {
    const payload = Buffer.from(JSON.parse(await receiptOf(log, decision)).payload, 'base64').toString()
    for (const other of [
      ` ${payload}`,
      payload.replace('{"_type"', '{"_type":"x","_type"'),
      `\ufeff${payload}`,
    ]) {
      const findings = verifyReceipt(writeEnvelope(Buffer.from(other), log.logKey, '')).findings
      expect(findings.map(({ code }) => code)).toEqual(['form'])
    }
    const latin = Buffer.from(payload.replace('maker-space', 'maker\u00e9space'), 'latin1')
    expect(verifyReceipt(writeEnvelope(latin, log.logKey, '')).findings[0]?.code).toBe('form')
  })
})

test('a receipt with any one value of its statement replaced, and signed again, does not verify', async () => {
  const log = new SmallLog()
  const statement = statementIn(await receiptOf(log, appendPrint(log).decision))
  /** Every place in it, as the names that lead there. */
  const paths: string[][] = []
  const walk = (value: unknown, path: string[]): void => {
    if (path.length > 0) paths.push(path)
    if (typeof value !== 'object' || value === null) return
    for (const [name, member] of Object.entries(value)) walk(member, [...path, name])
  }
  walk(statement, [])
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.jsonValue({ maxDepth: 3 }), (path, value) => {
      const forged = structuredClone(statement)
      const last = path.at(-1)!
      const parent = path.slice(0, -1).reduce((at, name) => at[name], forged)
      fc.pre(canonicalJson(parent[last]) !== canonicalJson(value))
      parent[last] = value
      const text = writeEnvelope(Buffer.from(canonicalJson(forged)), log.logKey, '')
      expect(verifyReceipt(text)).toMatchObject({ ok: false, assurance: null, statement: null })
    }),
    { numRuns: 400 },
  )
})

describe('whoever does not hold the key', () => {
  const log = new SmallLog()
  const { decision } = appendPrint(log)

  test('cannot sign', async () => {
    const statement = statementIn(await receiptOf(log, decision))
    const other = new SmallLog().logKey
    const forged = writeEnvelope(Buffer.from(canonicalJson(statement)), other, '')
    expect(verifyReceipt(forged).findings.map(({ code }) => code)).toEqual(['signature'])
  })

  test('cannot pass a log of his own for that of another machine', async () => {
    const own = new SmallLog()
    const statement = statementIn(await receiptOf(own, appendPrint(own).decision))
    const genesis = JSON.parse(Buffer.from(statement.predicate.evidence.log.leaf, 'base64').toString())
    for (const forged of [
      { ...genesis, origin: log.origin },
      { ...genesis, machineKey: (log.leaves[0] as { machineKey?: string }).machineKey },
      { ...genesis, origin: genesis.origin.replace(/m-[0-9a-f]+/, log.origin.split('/')[1]!) },
      { ...genesis, signature: Buffer.alloc(64).toString('base64') },
    ]) {
      statement.predicate.evidence.log.leaf = Buffer.from(canonicalJson(forged)).toString('base64')
      const receipt = writeEnvelope(Buffer.from(canonicalJson(statement)), own.logKey, '')
      expect(verifyReceipt(receipt).findings.map(({ code }) => code)).toEqual(['log'])
    }
  })

  test('cannot change a byte of it that matters', async () => {
    const receipt = await receiptOf(log, decision)
    const payload = Buffer.from(JSON.parse(receipt).payload, 'base64')
    const { signatures, payloadType } = JSON.parse(receipt)
    for (let i = 0; i < payload.length; i += 37) {
      const flipped = Buffer.from(payload)
      flipped[i]! ^= 1 << (i % 8)
      const text = JSON.stringify({ payload: flipped.toString('base64'), payloadType, signatures })
      expect(verifyReceipt(text).ok).toBe(false)
    }
    expect(
      verifyReceipt(JSON.stringify({ payload: payload.toString('base64'), payloadType, signatures })).ok,
    ).toBe(true)
  })
})

describe('records that do not belong together', () => {
  const other = new SmallLog()

  test.each<[string, (log: SmallLog) => number, string]>([
    [
      'a job that was opened by a denial',
      (log) => {
        const decision = log.append(decisionRecord({ outcome: 'deny' }))
        log.append({ kind: 'job-opened', job: 'd-1', decision, canonicalSha256: CANONICAL, commands: 1 })
        return decision
      },
      'a job was opened that was not allowed',
    ],
    [
      'another job than the one that was decided about',
      (log) => {
        const decision = log.append(decisionRecord())
        log.append({ kind: 'job-opened', job: 'd-1', decision, canonicalSha256: RAW, commands: 1 })
        return decision
      },
      'the job that was opened is not the one that was decided about',
    ],
    [
      'a print that is not the job',
      (log) => {
        const decision = log.append(decisionRecord())
        log.append({ kind: 'job-opened', job: 'd-1', decision, canonicalSha256: CANONICAL, commands: 1 })
        log.append({
          kind: 'job-closed',
          job: 'd-1',
          outcome: 'printed',
          code: null,
          commandsSent: 1,
          commandsTotal: 1,
          sha256: RAW,
          reason: null,
        })
        return decision
      },
      'what was printed is not the job that was allowed',
    ],
    [
      'a copy of a licence that the decision does not know',
      (log) => {
        const { decision } = appendPrint(log, { isLicensed: false })
        return decision
      },
      'the copy is of another job or licence',
    ],
  ])('%s: nobody signs for it', async (_, append, message) => {
    const log = new SmallLog()
    const decision = append(log)
    expect(makeReceipt(await inputsOf(log, decision, {}))).toEqual({ problem: message })
  })

  test.each<[string, (inputs: ReceiptInputs, log: SmallLog) => ReceiptInputs, RegExp]>([
    [
      'a key that is not the log\u2019s',
      (it) => ({ ...it, key: other.logKey }),
      /the key is not that of the log/,
    ],
    [
      'a record 0 of another log',
      (it) => ({ ...it, key: other.logKey, records: { ...it.records, log: other.prove(0) } }),
      /the proof of record `decision`: the checkpoint is not signed by a known key/,
    ],
    [
      'another salt',
      (it) => ({ ...it, hidden: { ...it.hidden, salt: createHash('sha256').digest() } }),
      /not what the log committed to/,
    ],
    [
      'hidden members of another decision',
      (it) => ({ ...it, hidden: { ...it.hidden, fields: { ...it.hidden.fields, user: 'Eve' } } }),
      /not what the log committed to/,
    ],
    [
      'a record of another kind',
      (it, log) => ({ ...it, records: { ...it.records, decision: log.prove(0) } }),
      /its record `decision`: it is of kind `log-opened`, not `decision`/,
    ],
    [
      'a record that is none',
      (it) => ({ ...it, records: { ...it.records, opened: { leaf: Buffer.from('{}'), proof: '' } } }),
      /its record `opened`: it is not a record of a known kind/,
    ],
    [
      'a proof that is none',
      (it) => ({ ...it, records: { ...it.records, decision: { ...it.records.decision, proof: 'x' } } }),
      /the proof of record `decision`: a proof has an empty line/,
    ],
  ])('%s: there is no receipt', async (_, change, message) => {
    const log = new SmallLog()
    const { decision } = appendPrint(log)
    const made = makeReceipt(change(await inputsOf(log, decision, {}), log))
    expect(made).toEqual({ problem: expect.stringMatching(message) })
  })
})

describe('what is no receipt', () => {
  const nested = `${'{"members":'.repeat(50_000)}0${'}'.repeat(50_000)}`
  const enveloped = (payload: string): string =>
    writeEnvelope(Buffer.from(payload), new SmallLog().logKey, '')

  test.each<[string, string]>([
    ['empty', ''],
    ['not JSON', 'hello'],
    ['too large', ' '.repeat(1024 * 1024 + 1)],
    ['too large in UTF-8', '\u20ac'.repeat(400_000)],
    ['an empty envelope', enveloped('')],
    ['another statement', enveloped('{"_type":"https://in-toto.io/Statement/v0.1"}')],
    ['null', enveloped('null')],
    ['nested without end', enveloped(nested)],
    ['an array without end', enveloped('['.repeat(100_000))],
  ])('is refused: %s', (_, text) => {
    expect(verifyReceipt(text)).toMatchObject({ ok: false, log: null, findings: [{ code: 'form' }] })
  })

  test('an opening nested deeper than a commitment is none', async () => {
    const log = new SmallLog()
    const statement = statementIn(await receiptOf(log, appendPrint(log).decision))
    let members: object = { a: { commitment: '00'.repeat(32) } }
    for (let depth = 0; depth < 10; depth++) members = { a: { members } }
    statement.predicate.evidence.opening.decision = { members }
    const text = writeEnvelope(Buffer.from(canonicalJson(statement)), log.logKey, '')
    expect(verifyReceipt(text).findings[0]?.code).toBe('form')
  })
})

describe('the records that a receipt needs', () => {
  const log = new SmallLog()
  const first = appendPrint(log, { id: 'd-1' })
  const second = appendPrint(log, { id: 'd-2' })
  const denied = log.append(decisionRecord({ id: 'd-3', outcome: 'deny' }))

  test('are found by index and by the decision\u2019s id', async () => {
    const expected = {
      decision: second.decision,
      release: null,
      opened: second.opened,
      copy: second.copy,
      closed: second.closed,
    }
    expect(await findReceiptRecords(log.entries(), second.decision)).toEqual(expected)
    expect(await findReceiptRecords(log.entries(), 'd-2')).toEqual(expected)
    expect(await findReceiptRecords(log.entries(), 'd-1')).toMatchObject({ ...first })
    expect(await findReceiptRecords(log.entries(), denied)).toMatchObject({ decision: denied, opened: null })
  })

  test('are not found where there is no such decision', async () => {
    expect(await findReceiptRecords(log.entries(), 'd-9')).toEqual({
      problem: 'the log has no decision `d-9`',
    })
    expect(await findReceiptRecords(log.entries(), 999)).toEqual({ problem: 'the log has no decision `999`' })
    expect(await findReceiptRecords(log.entries(), first.opened)).toEqual({
      problem: `record ${first.opened} is of kind \`job-opened\`, not \`decision\``,
    })
  })
})
