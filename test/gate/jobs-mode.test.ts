import { describe, expect, test } from 'vitest'
import { readGateConfig } from '../../agent/config/index.ts'
import { jobsMode } from '../../agent/gate/index.ts'
import { type Policy, readPolicy } from '../../policies/index.ts'

const SHA256 = 'ab'.repeat(32)

function policy(rules: string): Policy {
  const text = `portcullis: 1\nname: bench\nversion: 1\nappeal: ask Ada\nrules:\n${rules}`
  const read = readPolicy(text)
  if (!read.ok) throw new Error(read.problems.map(({ message }) => message).join())
  return read.policy
}

/** What a configuration says, with this in its part `host` and below. */
const config = (host = '', rest = '') =>
  readGateConfig(
    `printer: { port: sim }\nhost: { link: /run/x/p ${host} }\npolicy: p.yaml\n${rest}`,
    '/c.yaml',
  )

describe('whether a host may print a job that nobody armed', () => {
  test.each([
    ['  homing-first: {}\n', []],
    ['  nozzle-temperature: { maxCelsius: 260 }\n  layer-height: { maxMm: 0.4, mode: warn }\n', []],
    ['  licence: { demand: never }\n', []],
    ['  licence: { demand: by-tier }\n', []],
    [`  licence: { designs: [{ name: Hook, tier: open, sha256: ${SHA256} }] }\n`, []],
    [`  licence: { designs: [{ name: Bracket, tier: controlled, sha256: ${SHA256} }] }\n`, ['licence']],
    ['  licence: { demand: always }\n', ['licence']],
    ['  licence: { demand: always, mode: audit }\n', []],
    ['  material: { allow: [PLA], mode: hold }\n', ['material']],
    ['  part-size: { maxMm: { x: 10, y: 10, z: 10 } }\n', ['part-size']],
  ])('%s asks for armed jobs on account of %j', (rules, wholeJobRules) => {
    expect(jobsMode(policy(rules), config())).toEqual({
      jobs: wholeJobRules.length > 0 ? 'armed' : 'any',
      wholeJobRules,
      isChosen: false,
    })
  })

  test('the site may choose either, whatever the policy', () => {
    const demanding = policy('  licence: { demand: always }\n')
    expect(jobsMode(demanding, config(', jobs: any'))).toEqual({
      jobs: 'any',
      wholeJobRules: ['licence'],
      isChosen: true,
    })
    expect(jobsMode(policy('  homing-first: {}\n'), config(', jobs: armed')).jobs).toBe('armed')
  })

  test('it may not where jobs wait for witnesses, for nobody decided about it', () => {
    const harmless = policy('  homing-first: {}\n')
    const witnesses = (required: string) =>
      config('', `witnesses: { policy: w.txt, required: ${required} }\n`)
    expect(jobsMode(harmless, witnesses('never')).jobs).toBe('any')
    expect(jobsMode(harmless, witnesses('jobs')).jobs).toBe('armed')
  })
})
