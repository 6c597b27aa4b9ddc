import { describe, expect, test } from 'vitest'
import { classes } from '../../agent/cli/classes.ts'
import { complaint } from '../trust/signed.ts'
import { capture } from './captured.ts'

const said = capture()
const NO = ['weapon=no', 'military=no', 'dual-use=no', 'harm=no', 'regulated=no']

describe('licence classes', () => {
  test('shows all, by regime, and that it is no legal advice', async () => {
    await classes(undefined, {})
    for (const text of ['eu:1B001', 'us-usml:XXI', 'safety:toy', 'no legal advice'])
      expect(said.stdout).toContain(text)
  })

  test('shows one with its tier, its source and its neighbours', async () => {
    await classes('eu:1B001.a', {})
    for (const text of ['eu:1B001.a, which lies under it', 'controlled or tighter', '2021/821', 'wa:1.B.1']) {
      expect(said.stdout).toContain(text)
    }
  })

  test('tells programs the same', async () => {
    await classes('eu:1B001', { json: true })
    expect(JSON.parse(said.stdout)).toMatchObject({
      version: 1,
      code: 'eu:1B001',
      tier: 'controlled',
      crosswalk: [{ to: 'wa:1.B.1' }, { to: 'us-eccn:1B001' }],
    })
  })

  test('searches within a regime', async () => {
    await classes(undefined, { regime: 'eu', search: 'blades', json: true })
    expect(JSON.parse(said.stdout)).toMatchObject({ classes: [{ code: 'eu:9B001' }] })
  })

  test.each<[string | undefined, object, string]>([
    ['eu:0000', {}, 'no dictionary of this version knows the class `eu:0000`'],
    [undefined, { regime: 'mars' }, 'there is no regime `mars`'],
    ['eu:1B001', { decide: true }, '`--decide` asks about a part'],
    [undefined, { answer: ['weapon=no'] }, '`--answer` belongs to `--decide`'],
  ])('refuses %s %j', async (code, options, told) => {
    expect(await complaint(classes(code, options))).toContain(`USAGE ${told}`)
  })
})

describe('licence classes --decide', () => {
  test('tells the tier and the path', async () => {
    await classes(undefined, { decide: true, answer: [...NO, 'rights=yes'] })
    expect(said.stdout).toMatch(/^registered {2}copies that somebody counts/)
    expect(said.stdout).toContain('dual-use')
    said.stdout = ''
    await classes(undefined, { decide: true, answer: ['weapon=unknown'], json: true })
    expect(JSON.parse(said.stdout)).toMatchObject({ kind: 'decided', outcome: { tier: 'restricted' } })
  })

  test('names the question that is next, where nobody can be asked', async () => {
    expect(await complaint(classes(undefined, { decide: true, answer: NO }))).toContain(
      '`--answer rights=VALUE`: yes, no',
    )
    await classes(undefined, { decide: true, answer: NO, json: true })
    expect(JSON.parse(said.stdout)).toMatchObject({ kind: 'asking', question: { id: 'rights' } })
  })

  test.each(['weapon', '=no', 'weapon=maybe', 'colour=red', '__proto__=x'])(
    'refuses the answer %s',
    async (answer) => {
      expect(await complaint(classes(undefined, { decide: true, answer: [answer] }))).toMatch(/^USAGE/)
    },
  )
})
