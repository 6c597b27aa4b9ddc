import { expect, test } from 'vitest'
import { controlRequest } from '../../agent/control/messages.ts'
import { personProblem } from '../../agent/control/person.ts'
import { peopleRecord } from '../../agent/people-records.ts'
import { possibleName } from '../../agent/vault/index.ts'

const NOBODY: readonly (readonly [string, RegExp])[] = [
  ['', /blank/],
  [' \t', /blank/],
  ['x'.repeat(201), /more than 200 characters/],
  ['用'.repeat(168), /more than 503 bytes/],
  ['Ada \ud83d', /not whole Unicode/],
  ['Ada\u001b[2J', /cannot be shown/],
  [' portcullis:site', /no person's/],
]

test.each(['Ada', ' Ada Lovelace ', 'Jürgen Größe', '用'.repeat(167), '😀'])('`%s` is a name', (name) => {
  expect(personProblem(name)).toBeUndefined()
  // The side table takes it as it is.
  expect(possibleName(name)).toBe(name.normalize('NFC').trim())
  expect(controlRequest.safeParse({ do: 'clear', by: name }).success).toBe(true)
})

test.each(NOBODY)('%j is none, for whatever is asked in it', (name, why) => {
  expect(personProblem(name)).toMatch(why)
  for (const request of [
    { do: 'clear', by: name },
    { do: 'stop', by: name },
    { do: 'disarm', by: name },
    { do: 'arm', path: '/job', user: name },
    { do: 'erase', subject: 'Ada', by: name },
  ])
    expect(controlRequest.safeParse(request).error?.issues[0]?.message).toMatch(why)
})

test.each(NOBODY.slice(1))('a record by %j is not taken from people', (by, why) => {
  expect(peopleRecord({ kind: 'case-approved', decision: 1, by } as never)).toMatchObject({
    problem: expect.stringMatching(why),
  })
})

test('half a surrogate pair is taken in no text, path or name', () => {
  const half = 'x\ud83d'
  expect(controlRequest.safeParse({ do: 'arm', path: `/${half}` }).success).toBe(false)
  expect(controlRequest.safeParse({ do: 'arm', path: '/x', name: half }).success).toBe(false)
  const appeal = { kind: 'appeal-filed', decision: 1, by: 'Ada', text: half }
  expect(peopleRecord(appeal)).toEqual({ problem: 'its `text` is not whole Unicode text' })
  expect(peopleRecord({ ...appeal, text: 'x😀' } as never)).toMatchObject({ kind: 'appeal-filed' })
})
