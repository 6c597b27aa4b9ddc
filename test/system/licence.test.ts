import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Ended, endProcesses, removeFolders, run } from './command.ts'
import { CUBE, cubeText, newSite, type Site } from './site.ts'

let site: Site
let issuer: string
let passphrase: string
let made: Ended

beforeAll(async () => {
  site = await newSite()
  issuer = join(site.folder, 'issuer')
  passphrase = site.file('passphrase', 'correct horse battery staple\nnot this line\n')
  const who = ['--name', 'Example Designs', '--uri', 'https://licences.example.org']
  made = await run(['licence', 'issuer', 'init', issuer, ...who, '--passphrase-file', passphrase])
  await run(['licence', 'trust', join(issuer, 'root.pem'), '--state', site.state])
})
afterEach(endProcesses)
afterAll(removeFolders)

const order = (...more: string[]): readonly string[] => [
  ...['licence', 'issue', '--issuer', issuer, '--design', CUBE, '--licensee', 'Riverside Makers'],
  ...['--copies', '3', '--expires', '2027-06-30', '--machine', site.machineId],
  ...['--passphrase-file', passphrase, ...more],
]

async function issued(name: string, ...more: string[]): Promise<string> {
  const out = join(site.folder, name)
  const { status, stderr } = await run(order('--out', out, ...more))
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return out
}

/** Refused in one sentence with exit status 2. */
function expectUsage({ status, stdout, stderr }: Ended, sentence: RegExp): void {
  expect(stderr).toMatch(sentence)
  expect(stderr).toMatch(/^portcullis: [^\n]+\n(\(add --help[^\n]*\n)?$/)
  expect(stdout).toBe('')
  expect(status).toBe(2)
}

describe('an issuer', () => {
  test('is made with encrypted keys that only its owner can read', () => {
    expect(made.stderr).toBe('')
    expect(made.status).toBe(0)
    expect(made.stdout).toContain('Example Designs')
    expect(made.stdout).toContain('encrypted with your passphrase')
    expect(made.stdout).toContain(`portcullis licence trust ${issuer}/root.pem`)
    expect(statSync(issuer).mode & 0o077).toBe(0)
    expect(readFileSync(join(issuer, 'root.pem'), 'utf8')).toContain('BEGIN CERTIFICATE')
  })

  test('is never made over another one', async () => {
    const root = readFileSync(join(issuer, 'root.pem'), 'utf8')
    const again = await run([
      'licence',
      'issuer',
      'init',
      issuer,
      '--name',
      'B',
      '--uri',
      'https://b.example',
    ])
    expect(again.status).not.toBe(0)
    expect(again.stderr).toMatch(/^portcullis: .*\n$/)
    expect(readFileSync(join(issuer, 'root.pem'), 'utf8')).toBe(root)
  })

  test('says of a wrong name, address or lifetime what it wants', async () => {
    const init = (name: string, uri: string, days: string): Promise<Ended> =>
      run(['licence', 'issuer', 'init', `${site.folder}/b`, '--name', name, '--uri', uri, '--days', days])
    expectUsage(await init('B', 'https://b.example', '0'), /`--days` wants a whole number from 1 to \d+/)
    expectUsage(await init('B', 'not a uri', '10'), /issuer `uri`: must be an https URI/)
    expectUsage(await init('', 'https://b.example', '10'), /issuer `name`/)
    expect(existsSync(`${site.folder}/b`)).toBe(false)
  })

  test('opens with its passphrase only', async () => {
    const wrong = site.file('wrong', 'wrong\n')
    const args = order().map((arg) => (arg === passphrase ? wrong : arg))
    expectUsage(await run(args), /passphrase/)
    expectUsage(await run(order().slice(0, -2)), /passphrase/)
    const empty = site.file('empty', '\nsecond line\n')
    expectUsage(
      await run(order().map((arg) => (arg === passphrase ? empty : arg))),
      /passphrase file `.*` has an empty first line/,
    )
  })
})

describe('a licence', () => {
  test('is issued to a file, shown in plain words and verified for its job', async () => {
    const licence = await issued('a.licence', '--tier', 'controlled', '--title', 'Calibration cube')
    const shown = await run(['licence', 'show', licence])
    expect(shown.status).toBe(0)
    expect(shown.stdout).toContain('Riverside Makers')
    expect(shown.stdout).toContain('up to 3 copies')
    expect(shown.stdout).toContain('until just before 2027-06-30T00:00:00Z')
    expect(shown.stdout).toContain('not verified')
    const verified = await run(['licence', 'verify', licence, '--job', CUBE, '--state', site.state])
    expect(verified.stderr).toBe('')
    expect(verified.status).toBe(0)
    expect(verified.stdout).toMatch(/^valid {2}for .*cube\.gcode\n/)
  })

  test('is told as one JSON document by each command', async () => {
    const licence = await issued('b.licence')
    const shown = JSON.parse((await run(['licence', 'show', licence, '--json'])).stdout)
    expect(shown).toMatchObject({
      verified: false,
      licence: { licensee: 'Riverside Makers', tier: 'open', copies: 3, machines: [site.machineId] },
    })
    const args = ['licence', 'verify', licence, '--job', CUBE, '--state', site.state, '--json']
    expect(JSON.parse((await run(args)).stdout)).toMatchObject({
      ok: true,
      licence: { id: shown.licence.id },
    })
    const document = JSON.parse((await run(order('--json'))).stdout)
    expect(document).toMatchObject({ out: null })
    expect(document.licence.split('.')).toHaveLength(3)
    const machine = JSON.parse((await run(['licence', 'machine', '--state', site.state, '--json'])).stdout)
    expect(machine).toEqual({ machineId: site.machineId, state: site.state })
  })

  test('for another job is refused with exit status 3, in words and as JSON', async () => {
    const licence = await issued('c.licence')
    const other = site.file('other.gcode', cubeText().replace('G1 X95 ', 'G1 X96 '))
    const args = ['licence', 'verify', licence, '--job', other, '--state', site.state]
    const refused = await run(args)
    expect(refused.status).toBe(3)
    expect(refused.stdout).toMatch(/^refused {2}job is not the licensed design/)
    expect(refused.stdout).toMatch(/what to do: .*\n {2}code: other-design\n$/)
    expect(JSON.parse((await run([...args, '--json'])).stdout)).toMatchObject({
      ok: false,
      refusal: { code: 'other-design' },
    })
  })

  test('of an issuer that is not trusted here is refused until the root is named', async () => {
    const licence = await issued('d.licence')
    const state = join(site.folder, 'elsewhere')
    const args = ['licence', 'verify', licence, '--job', CUBE, '--state', state, '--machine', site.machineId]
    expect((await run(args)).status).toBe(3)
    expect((await run([...args, '--trust', join(issuer, 'root.pem')])).status).toBe(0)
  })

  test('is refused in terms of the flags where they are wrong', async () => {
    const wrong: readonly (readonly [readonly string[], RegExp])[] = [
      [['--expires', '2020-01-01'], /: option `--expires` is in the past: `2020-01-01`\n$/],
      [
        ['--from', '2999-01-02', '--expires', '2999-01-01'],
        /: option `--expires`, `2999-01-01`, is not after `--from`, `2999-01-02`\n$/,
      ],
      [['--licensee', 'a\nb'], /: option `--licensee`: must be one line of visible text\n$/],
      [['--licensee', ''], /: option `--licensee`: too small.*\n$/],
      [['--title', '\x1b[8m'], /: option `--title`: must be one line of visible text\n$/],
      [['--machine', 'a b'], /: option `--machine`: must start with .*\n$/],
    ]
    for (const [flags, sentence] of wrong) expectUsage(await run(order(...flags)), sentence)
  })

  test('is never written over a file, and nothing is half-written', async () => {
    const out = site.file('taken.licence', 'mine\n')
    expectUsage(
      await run(order('--out', out)),
      /licence `.*taken\.licence` cannot be written: it exists already/,
    )
    expect(readFileSync(out, 'utf8')).toBe('mine\n')
  })

  const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['no machine', ['--machine'], /required option '--machine <id>' not specified/],
    [
      'copies of a half',
      ['--copies', '0.5'],
      /`--copies` wants a whole number from 1 to 1000000, not `0\.5`/,
    ],
    ['a date that is none', ['--expires', 'tomorrow'], /`--expires` wants a date such as 2027-06-30/],
    ['an end before its beginning', ['--from', '2027-07-01'], /./],
    ['an end in the past', ['--expires', '2020-01-01'], /./],
    ['a tier that is none', ['--tier', 'secret'], /tier `secret` is not one of open, registered/],
    ['a form that is none', ['--form', 'stl'], /form `stl` is not one of /],
    ['a design that is missing', ['--design', 'none.gcode'], /job `none\.gcode` does not exist/],
    ['an issuer that is missing', ['--issuer', '/nonexistent'], /\/nonexistent/],
  ]
  test.each(wrong)('is not issued for %s', async (_, [option = '', value], sentence) => {
    const args = [...order()]
    const at = args.indexOf(option)
    if (at === -1) args.push(option, value ?? '')
    else if (value === undefined) args.splice(at, 2)
    else args[at + 1] = value
    expectUsage(await run(args), sentence)
  })
})

describe('trust', () => {
  test('is given only to a root certificate', async () => {
    const junk = site.file('junk.pem', 'junk\n')
    const args = ['licence', 'trust', junk, '--state', site.state]
    expectUsage(await run(args), /./)
    expectUsage(await run(['licence', 'trust', 'none.pem', '--state', site.state]), /`none\.pem`/)
  })
})
