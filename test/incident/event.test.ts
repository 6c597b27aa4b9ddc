// What leaves: an OCSF finding in a CloudEvents envelope, and nothing of anybody in it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { eventLine, type Finding, incidentEvent } from '../../agent/incident/index.ts'
import { RULES, ruleText } from '../../agent/incident/rule-book.ts'
import type { AuditRecord } from '../../agent/log-format/index.ts'
import {
  agentStarted,
  DAY,
  decision,
  digest,
  findings,
  HOUR,
  jobClosed,
  LogBuilder,
  ORIGIN,
  opened,
  SECOND,
} from './log-builder.ts'

/** Zod takes every `uri-reference` for a whole URL; the envelope's is looked at by itself. */
const schema = (name: string): z.ZodType => {
  const text = readFileSync(join(import.meta.dirname, 'schemas', name), 'utf8')
  return z.fromJSONSchema(JSON.parse(text.replace('"format": "uri-reference",', '')))
}
const envelope = schema('cloudevents-1.0.json')
const ocsf = schema('ocsf-1.7.0-detection-finding.json')
const context = { origin: ORIGIN, version: '0.1.0' }

/** Somebody's name, file and commands, in every member of a record that takes a text or a name. */
const PLANTED = [
  'Erika Mustermann',
  'erika-bracket.gcode',
  'G1 X13.37',
  'maker-space-of-erika',
  'erikas-laptop',
]
const [person, file, gcode, policy, place] = PLANTED as [string, string, string, string, string]

/** A log in which every rule finds something, and every record is full of what must not leave. */
function plantedLog(): LogBuilder {
  const log = new LogBuilder()
  log.own(opened())
  log.add({ kind: 'agent-started', version: '0.1.0', machine: place })
  log.add({ ...agentStarted(), machine: place } as AuditRecord)
  for (let i = 0; i < 25; i++)
    log.add({ kind: 'line-refused', job: file, line: 1, code: `${gcode} ${i}`, rule: policy, message: gcode })
  for (let i = 0; i < 6; i++)
    log.add({
      ...decision({ id: `${file} ${i}`, codes: [`${gcode} ${i}`] }),
      policy: { name: policy, version: policy, sha256: digest('policy') },
      licence: { id: person },
      decision: { job: { name: file }, reasons: [{ message: gcode }] },
      user: person,
    } as AuditRecord)
  log.add({ ...decision({ id: file, outcome: 'allow', codes: [] }), user: person } as AuditRecord)
  log.add({ kind: 'override', decision: 4, rules: [policy], role: 'site', by: person, reason: file })
  log.add({ kind: 'stream-opened', job: file, host: place })
  log.add({ kind: 'job-sealed', job: file, commandsSent: 1, sha256: digest('x') }, 5 * HOUR)
  log.add({ kind: 'printer-lost', port: place, reason: person })
  log.add({ kind: 'stream-opened', job: file, host: place })
  log.add({ ...jobClosed('uncertain', 'printer-reset'), job: file, reason: person } as AuditRecord)
  log.add({ kind: 'safe-stop', job: file, code: 'interrupted', confirmed: false, reason: person })
  log.add({ kind: 'emergency-stop', by: person })
  log.own({ kind: 'tail-truncated', bytes: 3, sha256: digest('y') })
  log.add({ kind: 'witness-refused', witness: place, status: 409, size: 3, witnessSize: 9, isProven: true })
  const counted = { prints: 1, finished: 1, printSeconds: 1, filamentMm: 1 }
  const reading = { kind: 'odometer', job: file, sent: { filamentMm: 0, commands: 0 } } as const
  log.add({ ...reading, printer: counted })
  log.add({ ...reading, printer: { ...counted, filamentMm: 5000 } })
  log.add({ ...reading, printer: { ...counted, prints: 0 } })
  log.add({ kind: 'cleared', by: person }, -2 * DAY)
  log.add({
    kind: 'incident',
    uid: `${person}-1`,
    rule: 'erika-rule',
    severity: 'low',
    first: 0,
    last: 1,
    count: 1,
  })
  return log
}

const found = findings(plantedLog())
const some: Finding = found[0]!

test('the planted log makes every rule speak', () => {
  expect([...new Set(found.map(({ rule }) => rule))].sort()).toEqual(RULES.map(({ id }) => id).sort())
})

describe.each(found.map((finding) => [finding.uid, finding] as const))('%s', (_, finding) => {
  const event = incidentEvent(finding, context)

  test('is an event by the schema of CloudEvents, and its data one by that of OCSF', () => {
    expect(envelope.safeParse(event).error?.issues).toBeUndefined()
    expect(ocsf.safeParse(event.data).error?.issues).toBeUndefined()
  })

  test('tells nothing of any person, file, command, policy or place', () => {
    for (const word of [...PLANTED, 'rika', 'G1', 'maker'])
      expect(eventLine(event).toLowerCase(), word).not.toContain(word.toLowerCase())
  })

  test('is plain ASCII on one line, and small', () => {
    expect(eventLine(event)).toMatch(/^[\x20-\x7e]+$/)
    expect(eventLine(event).length).toBeLessThan(4096)
  })
})

describe('the envelope', () => {
  const event = incidentEvent(some, context)

  test('has what version 1.0 asks for, and a type and a schema', () => {
    expect(event).toMatchObject({
      specversion: '1.0',
      source: ORIGIN,
      type: 'portcullis.incident',
      subject: some.uid,
      time: some.lastAt,
      datacontenttype: 'application/json',
      dataschema: 'https://schema.ocsf.io/1.7.0/classes/detection_finding',
    })
  })

  test('names the same raising the same, and another one differently', () => {
    const id = (finding: Finding): string => incidentEvent(finding, context).id
    expect(id({ ...some })).toBe(id(some))
    expect(id({ ...some, count: some.count + 1 })).not.toBe(id(some))
    expect(id({ ...some, severity: 'critical' })).not.toBe(id(some))
  })

  test('comes from a source that is a URI reference', () => {
    expect(new URL(event.source, 'https://example.org/').href).toBe(`https://example.org/${ORIGIN}`)
  })

  test('has attribute names of small letters and digits only', () => {
    for (const name of Object.keys(event)) expect(name).toMatch(/^[a-z0-9]{1,20}$/)
  })
})

describe('the finding in it', () => {
  const dataOf = (finding: Finding) => incidentEvent(finding, context).data

  test('is new when it is raised first, and updated when it has grown', () => {
    expect(dataOf({ ...some, isUpdate: false })).toMatchObject({
      activity_id: 1,
      type_uid: 200401,
      status_id: 1,
    })
    expect(dataOf({ ...some, isUpdate: true })).toMatchObject({
      activity_id: 2,
      type_uid: 200402,
      status_id: 1,
    })
  })

  test.each([
    ['low', 2, 'Low'],
    ['medium', 3, 'Medium'],
    ['high', 4, 'High'],
    ['critical', 5, 'Critical'],
  ] as const)('of severity %s has the id %i', (severity, id, name) => {
    expect(dataOf({ ...some, severity })).toMatchObject({ severity_id: id, severity: name })
  })

  test('names the records, the log and the machine, and says that it holds the least', () => {
    const { first, last, rule, count } = some
    expect(dataOf(some)).toMatchObject({
      evidences: [{ data: { origin: ORIGIN, index: first } }, { data: { origin: ORIGIN, index: last } }],
      resources: [{ uid: 'm-0123456789abcdef' }],
      finding_info: { uid: `${ORIGIN}/${some.uid}`, types: [rule] },
      unmapped: { portcullis: { rule, count, windowSeconds: 86_400, minimalData: true } },
    })
  })

  test('of one record names it once', () => {
    expect(dataOf({ ...some, last: some.first })['evidences']).toHaveLength(1)
  })

  test('of a clock that went back begins before it ends, and says by how much', () => {
    const back = found.find(({ rule }) => rule === 'clock-back')!
    const data = dataOf(back) as { start_time: number; end_time: number }
    expect(data.end_time - data.start_time).toBe(2 * DAY)
    expect(data).toMatchObject({
      unmapped: { portcullis: { measured: { backSeconds: (2 * DAY) / SECOND } } },
    })
  })
})

test('an origin or a version that could say anything is not put into an event', () => {
  for (const bad of [
    { ...context, origin: `portcullis/${person}/l-fedcba9876543210` },
    { ...context, origin: 'https://example.org/' },
    { ...context, version: `0.1.0 of ${person}` },
  ])
    expect(() => incidentEvent(some, bad)).toThrow('an event comes from a log of a machine')
})

test('every rule says in ASCII what it means, what may be innocent, and what to do', () => {
  for (const id of [...RULES.map((rule) => rule.id), 'incident-flood', 'unknown-rule']) {
    const text = ruleText(id)!
    expect(id).toMatch(/^[a-z]+(-[a-z]+)*$/)
    // A syslog message names it in 32 characters.
    expect(id.length).toBeLessThanOrEqual(32)
    for (const sentence of [text.meaning, text.innocent, text.remedy])
      expect(sentence).toMatch(/^[A-Z][\x20-\x7e]+\.$/)
    for (const title of Object.values(text.titles)) expect(title).toMatch(/^[a-z][\x20-\x7e]+[^.]$/)
  }
})

test('the schemas of these tests refuse what is not so', () => {
  const event = incidentEvent(some, context)
  expect(envelope.safeParse({ ...event, id: '' }).success).toBe(false)
  expect(envelope.safeParse({ ...event, source: undefined }).success).toBe(false)
  expect(envelope.safeParse({ ...event, time: 'yesterday' }).success).toBe(false)
  for (const wrong of [
    { class_uid: 2001 },
    { severity_id: 7 },
    { time: '2026-11-22T20:00:00Z' },
    { metadata: { version: '1.7.0' } },
    { finding_info: { title: 'no uid' } },
    { evidences: [{ name: 'no data' }] },
    { resources: [{ type: 'nameless' }] },
    { person },
  ])
    expect(ocsf.safeParse({ ...event.data, ...wrong }).success, JSON.stringify(wrong)).toBe(false)
})
