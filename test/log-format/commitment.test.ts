// The commitment to hidden members, against a second reading of FORMAT.md written out by hand.
import { createHash, createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  commitMembers,
  commitmentOf,
  memberCommitment,
  type Opening,
  openMembers,
  toldMembers,
} from '../../agent/log-format/index.ts'

const SALT = Buffer.from(Array.from({ length: 32 }, (_, i) => i))
const format = readFileSync(new URL('../../agent/log-format/FORMAT.md', import.meta.url), 'utf8')

const ROW = {
  user: 'ada',
  decision: { id: '1', job: { name: 'vase.gcode', bytes: 12 }, reasons: [{ code: 'x' }], claims: {} },
}

const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

describe('the commitment to the members of a row', () => {
  test('is what the format says, computed by hand', () => {
    const salt = (parent: Buffer, name: string): Buffer => hmac(parent, `member ${name}`)
    const decision = salt(SALT, 'decision')
    const job = salt(decision, 'job')
    const jobHash = sha256(
      `{"bytes":"${hmac(salt(job, 'bytes'), '12').toString('hex')}",` +
        `"name":"${hmac(salt(job, 'name'), '"vase.gcode"').toString('hex')}"}`,
    )
    const decisionHash = sha256(
      `{"claims":"${hmac(salt(decision, 'claims'), '{}').toString('hex')}",` +
        `"id":"${hmac(salt(decision, 'id'), '"1"').toString('hex')}",` +
        `"job":"${jobHash}",` +
        `"reasons":"${hmac(salt(decision, 'reasons'), '[{"code":"x"}]').toString('hex')}"}`,
    )
    const user = hmac(salt(SALT, 'user'), '"ada"').toString('hex')
    expect(commitMembers(ROW, SALT)).toBe(sha256(`{"decision":"${decisionHash}","user":"${user}"}`))
  })

  test('is that of the vectors in the format', () => {
    expect(format).toContain(`| \`${commitMembers(ROW, SALT)}\` |`)
    const message = commitMembers({ message: '`M104 S300` is too hot' }, SALT)
    expect(format).toContain(`too hot"}\`\` | \`${message}\` |`)
    const opening = openMembers(ROW, SALT, (path) => path === 'decision.job.bytes')
    expect(memberOf(opening, 'user')).toEqual({ commitment: expect.stringMatching(/^60184ad1/) })
    expect(format).toContain(memberCommitment(opening['user']!))
    const told = memberOf(opening, 'decision', 'job', 'bytes')
    expect(told).toEqual({ salt: expect.stringMatching(/^15fbcb00/), value: 12 })
    expect(format).toContain((told as { salt: string }).salt)
  })

  test('does not depend on the order of members, and on nothing that is undefined', () => {
    const { user, decision } = ROW
    const again = { decision: { ...decision, at: undefined }, more: undefined, user }
    expect(commitMembers(again, SALT)).toBe(commitMembers(ROW, SALT))
  })

  test('differs where a value, a name, a salt or a type differs', () => {
    const rows = [
      { user: 'ada' },
      { user: 'adb' },
      { users: 'ada' },
      { user: null },
      { user: 'null' },
      { user: ['ada'] },
      { user: {} },
      { user: { a: null } },
      { user: { a: {} } },
      { user: 'ada', more: null },
    ]
    const commitments = rows.map((row) => commitMembers(row, SALT))
    commitments.push(commitMembers({ user: 'ada' }, Buffer.alloc(32)))
    expect(new Set(commitments).size).toBe(rows.length + 1)
  })
})

describe('an opening', () => {
  test('tells what was asked for and commits to the rest', () => {
    const asked = ['decision.id', 'decision.reasons']
    const opening = openMembers(ROW, SALT, (path) => asked.includes(path))
    expect(toldMembers(opening)).toEqual({ decision: { id: '1', reasons: [{ code: 'x' }] } })
    expect(JSON.stringify(opening)).not.toMatch(/ada|vase/)
    expect(commitmentOf(opening)).toBe(commitMembers(ROW, SALT))
  })

  test('of which nothing is told is commitments alone, and does not say what is in an object', () => {
    const opening = openMembers(ROW, SALT, () => false)
    expect(Object.values(opening).map(Object.keys)).toEqual([['commitment'], ['commitment']])
  })

  test('tells what lies below the third level whole', () => {
    const row = { decision: { facts: { sizeMm: { x: 1, y: 2 } } } }
    const opening = openMembers(row, SALT, (path) => path === 'decision.facts.sizeMm')
    expect(memberOf(opening, 'decision', 'facts', 'sizeMm')).toMatchObject({ value: { x: 1, y: 2 } })
    expect(commitmentOf(opening)).toBe(commitMembers(row, SALT))
  })

  test('of another value, salt or name no longer fits', () => {
    const opening = openMembers(ROW, SALT, (path) => path === 'user')
    const user = memberOf(opening, 'user') as { salt: string; value: string }
    for (const forged of [
      { ...opening, user: { ...user, value: 'eve' } },
      { ...opening, user: { ...user, salt: '00'.repeat(32) } },
      { ...opening, user: { ...user, salt: '' } },
      { decision: opening['decision']!, owner: user },
      { ...opening, more: user },
      { user },
    ]) {
      expect(commitmentOf(forged)).not.toBe(commitMembers(ROW, SALT))
    }
  })

  test('shows no salt that opens a member beside it or above it', () => {
    const opening = openMembers(ROW, SALT, (path) => path === 'decision.job.bytes')
    const salt = Buffer.from((memberOf(opening, 'decision', 'job', 'bytes') as { salt: string }).salt, 'hex')
    const hidden = memberOf(opening, 'decision', 'job', 'name') as { commitment: string }
    // Whoever has this salt and guesses the name right still cannot tell that it is right.
    for (const key of [salt, hmac(salt, 'member name'), hmac(salt, 'name')]) {
      expect(hmac(key, '"vase.gcode"').toString('hex')).not.toBe(hidden.commitment)
    }
  })

  test('commits to the same, whatever it tells', () => {
    const json = fc.jsonValue({ maxDepth: 5 })
    const rows = fc.dictionary(fc.string(), json)
    fc.assert(
      fc.property(rows, fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.nat(), (row, salt, seed) => {
        const commitment = commitMembers(row, salt)
        const opening = openMembers(row, salt, (path) => (path.length * 31 + seed) % 3 === 0)
        expect(commitmentOf(opening)).toBe(commitment)
        const all = openMembers(row, salt, () => true)
        expect(commitmentOf(all)).toBe(commitment)
        expect(JSON.parse(JSON.stringify(toldMembers(all)))).toEqual(JSON.parse(JSON.stringify(row)))
      }),
    )
  })
})

function memberOf(opening: Opening, ...[name, ...more]: readonly string[]): unknown {
  const member = opening[name!]!
  if (more.length === 0) return member
  if (!('members' in member)) throw new Error(`${name} is not open`)
  return memberOf(member.members, ...more)
}
