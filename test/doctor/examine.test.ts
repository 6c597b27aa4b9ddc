import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CHECKS } from '../../agent/doctor/checks/index.ts'
import { examine } from '../../agent/doctor/examine.ts'
import { note, ok, warn } from '../../agent/doctor/finding.ts'
import type { Check } from '../../agent/doctor/subject.ts'
import { fakeSite, fakeWorld, OCTOPRINT } from './fake-world.ts'

describe('a machine that is in order', () => {
  const { ok: isOk, findings } = examine(fakeWorld(), fakeSite({}))

  test('is sound, and shows only what no machine can help', () => {
    expect(isOk).toBe(true)
    const others = findings.filter(({ level }) => level !== 'ok')
    expect(others.map(({ id, level }) => `${level} ${id}`)).toEqual([
      'note virtual-port',
      'note anchor',
      'note other-ways',
    ])
  })

  test('is examined by every check whose question arises', () => {
    const silent = CHECKS.map(({ id }) => id).filter((id) => !findings.some((finding) => finding.id === id))
    // There is no TCP port, and no host program runs.
    expect(silent).toEqual(['host-user', 'tcp'])
  })
})

describe('what is found', () => {
  const all = [
    ...examine(fakeWorld(), fakeSite({})).findings,
    ...examine(fakeWorld({ files: {}, processes: [] }), fakeSite({ port: '/dev/none' })).findings,
    ...examine(fakeWorld({ uid: OCTOPRINT, now: '1970-01-01T00:00:00Z' }), fakeSite({ stateUnnamed: true }))
      .findings,
  ]

  test('is one sentence, lower case, without a full stop', () => {
    for (const { message } of all) expect(message).toMatch(/^(?![A-Z]).*[^.\s]$/)
  })

  test('comes with a remedy, unless nothing need be done', () => {
    for (const { level, remedy } of all) {
      if (level === 'ok') expect(remedy).toBeNull()
      else expect(remedy).toMatch(/\S/)
    }
  })
})

describe('the examination', () => {
  const site = fakeSite({})
  const check = (id: string, answer: Check['examine']): Check => ({ id, examine: answer })

  test('fails where a check fails, and not for warnings and notes', () => {
    const mild = [check('a', () => [warn('w', 'r'), note('n', 'r'), ok('o')])]
    expect(examine(fakeWorld(), site, mild).ok).toBe(true)
    const bad = check('b', () => {
      throw new Error('odd')
    })
    expect(examine(fakeWorld(), site, [...mild, bad]).ok).toBe(false)
  })

  test('takes a check that breaks for a failure, and goes on', () => {
    const broken = check('broken', () => {
      throw new TypeError('no such thing')
    })
    const { findings } = examine(fakeWorld(), site, [broken, check('next', () => [ok('fine')])])
    expect(findings).toMatchObject([
      { id: 'broken', level: 'fail', message: 'this could not be examined: no such thing' },
      { id: 'next', level: 'ok', message: 'fine', remedy: null },
    ])
  })

  test('has each check once, in a file of its own name', () => {
    const files = readdirSync(join(import.meta.dirname, '../../agent/doctor/checks'))
    const expected = files.filter((file) => file !== 'index.ts').map((file) => file.replace('.ts', ''))
    expect(CHECKS.map(({ id }) => id).sort()).toEqual(expected.sort())
  })
})
