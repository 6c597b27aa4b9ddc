import { existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Ended, endProcesses, removeFolders, run, start, until } from './command.ts'
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
      '--no-passphrase',
    ])
    expect(again.status).not.toBe(0)
    expect(again.stderr).toMatch(/^portcullis: .*\n$/)
    expect(readFileSync(join(issuer, 'root.pem'), 'utf8')).toBe(root)
  })

  test('says of a wrong name, address or lifetime what it wants', async () => {
    const init = (name: string, uri: string, days: string): Promise<Ended> =>
      run([
        ...['licence', 'issuer', 'init', `${site.folder}/b`, '--name', name, '--uri', uri, '--days', days],
        '--no-passphrase',
      ])
    expectUsage(await init('B', 'https://b.example', '0'), /`--days` wants a whole number from 1 to \d+/)
    expectUsage(await init('B', 'not a uri', '10'), /issuer `uri`: must be an https URI/)
    expectUsage(await init('', 'https://b.example', '10'), /issuer `name`/)
    expect(existsSync(`${site.folder}/b`)).toBe(false)
  })

  test('is not made with open keys unless that is said in so many words', async () => {
    const who = ['--name', 'B', '--uri', 'https://b.example', '--days', '2']
    const dir = join(site.folder, 'open')
    expectUsage(await run(['licence', 'issuer', 'init', dir, ...who]), /: a passphrase is needed: give/)
    const made = await run(['licence', 'issuer', 'init', dir, ...who, '--no-passphrase'])
    expect(made.status).toBe(0)
    expect(made.stdout).toContain('are not encrypted')
    expect(readFileSync(join(dir, 'signer.key'), 'utf8')).toContain('BEGIN PRIVATE KEY')
  })

  test('asks for a new passphrase twice on a terminal, and shows none of it', async () => {
    const dir = join(site.folder, 'typed')
    const stdin = new PassThrough()
    // A terminal of its own, where this machine can make one.
    const under = [
      'sh',
      '-c',
      'command -v script >/dev/null || exit 42; exec script -qefc "$*" /dev/null',
      'sh',
    ]
    const who = ['--name', 'B', '--uri', 'https://b.example']
    const typing = start(['licence', 'issuer', 'init', dir, ...who], { under, stdin })
    let isOver = false
    void typing.ended.then(() => {
      isOver = true
    })
    for (const question of ['New passphrase for the private keys: ', 'The same again: ']) {
      await until(question, () => isOver || typing.stdout().includes(question))
      stdin.write('wrong\x15correct hörsex\x7f\r')
    }
    const { status, stdout } = await typing.ended
    if (status === 42) return
    expect(stdout).not.toContain('rse')
    expect(stdout).not.toContain('wrong')
    expect(status).toBe(0)
    const typed = site.file('typed-passphrase', 'correct hörse\n')
    const args = order().map((arg) => (arg === passphrase ? typed : arg === issuer ? dir : arg))
    expect((await run(args)).status).toBe(0)
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
      licence: {
        licensee: 'Riverside Makers',
        tier: 'open',
        grant: { copies: 3 },
        machines: [{ id: site.machineId }],
      },
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
    expect(machine).toMatchObject({ machineId: site.machineId, state: site.state })
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
    expectUsage(await run(order('--out', out)), /`.*taken\.licence` cannot be written: it exists already/)
    expect(readFileSync(out, 'utf8')).toBe('mine\n')
  })

  const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['no machine', ['--machine'], /option `--machine` is needed, or an order’s file/],
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

describe('an order’s file', () => {
  test('of the example is complete, and makes a licence', async () => {
    const example = await run(['licence', 'issue', '--print-example'])
    expect(example.status).toBe(0)
    const path = site.file('order.yaml', example.stdout)
    site.file('part.gcode', cubeText())
    const out = join(site.folder, 'example.licence')
    const issue = ['licence', 'issue', path, '--issuer', issuer, '--passphrase-file', passphrase]
    const made = await run([...issue, '--out', out])
    expect(made.stderr).toBe('')
    expect(made.status).toBe(0)
    expect(made.stdout).toContain('North Workshop')
    expect((await run(['licence', 'show', out])).status).toBe(0)
    expectUsage(await run([...issue, '--copies', '3']), /option `--copies` stands in the order/)
    const wrong = site.file('wrong.yaml', example.stdout.replace('expires: 2027-06-30', 'expires: soon'))
    expectUsage(
      await run(['licence', 'issue', wrong, '--issuer', issuer]),
      /wrong\.yaml:\d+:10 `expires` must be a date such as/,
    )
    expectUsage(await run(['licence', 'issue', path]), /option `--issuer` is needed/)
  })
})

describe('a licence’s life with its issuer', () => {
  const signed = (...args: string[]): string[] => [
    ...['licence', ...args, '--issuer', issuer],
    ...['--passphrase-file', passphrase],
  ]
  const file = (name: string): string => join(site.folder, name)
  const verify = (name: string): Promise<Ended> =>
    run([
      'licence',
      'verify',
      file(name),
      '--job',
      CUBE,
      '--state',
      site.state,
      '--trust',
      `${issuer}/root.pem`,
    ])
  async function done(args: readonly string[]): Promise<string> {
    const { status, stderr, stdout } = await run(args)
    expect(stderr).toBe('')
    expect(status).toBe(0)
    return stdout
  }

  beforeAll(async () => {
    await done(['licence', 'delegate-key', 'init', file('delegate.key'), '--passphrase-file', passphrase])
    const init = ['licence', 'delegate-key', 'init', file('second.key'), '--no-passphrase', '--json']
    const { key } = JSON.parse(await done(init))
    const text = `licence-order: 1
licensee: Riverside Makers
design: { files: [{ file: ${CUBE} }] }
copies: 3
machines: [${site.machineId}, m-elsewhere]
expires: 2099-01-01
status: { max-age: 1 day, beyond: hold }
delegate: { key: ${key} }
`
    const wanted = site.file('shared.yaml', text.replace('2099-01-01', '2027-06-30'))
    await done(signed('issue', wanted, '--out', file('shared.licence')))
  })

  test('its copies are shared out, and never more of them than there are', async () => {
    expect((await verify('shared.licence')).stdout).toContain('code: allocation-missing')
    const allocate = (machine: string, copies: string, out: string): string[] =>
      signed('allocate', file('shared.licence'), '--machine', machine, '--copies', copies, '--out', file(out))
    await done(allocate(site.machineId, '2', 'two.jwt'))
    expectUsage(await run(allocate('m-elsewhere', '2', 'no.jwt')), /2 copies are more than the 1 of 3/)
    expectUsage(await run(allocate('m-other', '1', 'no.jwt')), /does not name the machine `m-other`/)
    expect(existsSync(file('no.jwt'))).toBe(false)
    // However many ask at once, one has the last copy.
    const asked = await Promise.all(
      ['a', 'b', 'c', 'd'].map((name) => run(allocate('m-elsewhere', '1', `${name}.jwt`))),
    )
    expect(asked.filter(({ status }) => status === 0).length).toBeLessThanOrEqual(1)
    const shown = JSON.parse(await done(['licence', 'issuer', 'show', issuer, '--json']))
    expect(shown.allocations).toBe(1 + asked.filter(({ status }) => status === 0).length)
    await done(signed('status', 'publish', '--out', file('status-1.jwt')))
    const parts = ['shared.licence', 'two.jwt', 'status-1.jwt'].map(file)
    await done(['licence', 'bundle', ...parts, '--out', file('whole.licence')])
    const valid = await verify('whole.licence')
    expect(valid.stdout).toMatch(/^valid /)
    expect(valid.status).toBe(0)
    expect(await done(['licence', 'show', file('whole.licence')])).toContain(`with 2 copies of licence`)
  })

  test('it is refunded, once for each copy', async () => {
    const copy = '00000000-0000-4000-8000-000000000001'
    const refund = signed(
      'refund',
      file('shared.licence'),
      '--machine',
      site.machineId,
      '--copy',
      copy,
      '--json',
    )
    const [first, again] = [JSON.parse(await done(refund)), JSON.parse(await done(refund))]
    expect(first.refund.split('.')).toHaveLength(3)
    expect(again.id).toBe(first.id)
  })

  test('it is passed on by whom it names, as far as it goes', async () => {
    const branch = site.file(
      'branch.yaml',
      `sublicence-order: 1\nlicensee: Branch\ncopies: 1\nmachines: [${site.machineId}]\n`,
    )
    const sublicense = ['licence', 'sublicense', file('whole.licence'), branch, '--key']
    await done([...sublicense, file('second.key'), '--out', file('branch.licence')])
    const valid = await verify('branch.licence')
    expect(valid.stdout).toMatch(/^valid .*\n(.*\n)*.*Branch/)
    expectUsage(
      await run([...sublicense, file('delegate.key'), '--passphrase-file', passphrase]),
      /the key is not the one that licence .* names/,
    )
    const more = site.file('more.yaml', 'sublicence-order: 1\nlicensee: Branch\ncopies: 4\n')
    expectUsage(await run(sublicense.with(3, more).concat(file('second.key'))), /sub-licence is not valid/)
  })

  test('it is held and called back by the next status list', async () => {
    const [outcomes, statuses]: [string[], (number | null)[]] = [[], []]
    for (const command of ['suspend', 'resume', 'revoke']) {
      await done(['licence', command, file('shared.licence'), '--issuer', issuer, '--reason', 'a test'])
      // Two lists of one second would look the same age.
      await setTimeout(1100)
      await done(signed('status', 'publish', '--out', file(`${command}.jwt`), '--days', '30'))
      const parts = ['shared.licence', 'two.jwt', `${command}.jwt`].map(file)
      await done(['licence', 'bundle', ...parts, '--out', file(`${command}.licence`)])
      const { status, stdout } = await verify(`${command}.licence`)
      outcomes.push(stdout.split(' ')[0] ?? '')
      statuses.push(status)
    }
    expect(outcomes).toEqual(['held', 'valid', 'refused'])
    expect(statuses).toEqual([4, 0, 3])
    expectUsage(
      await run(['licence', 'resume', file('shared.licence'), '--issuer', issuer]),
      /the licence was revoked, which is final/,
    )
  })

  test('it outlives the keys that signed it', async () => {
    const before = await verify('whole.licence')
    for (const what of [['renew'], ['intermediate'], ['renew', '--root']]) {
      const [command = '', ...flags] = what
      await done(['licence', 'issuer', command, issuer, ...flags, '--passphrase-file', passphrase])
    }
    const shown = JSON.parse(await done(['licence', 'issuer', 'show', issuer, '--json']))
    expect(shown.retired).toHaveLength(6)
    expect(shown.licences).toMatchObject({ revoked: 1 })
    // The site trusts the root that the licence came from, not the new one.
    expect(before.status).toBe(0)
    expect((await verify('whole.licence')).status).toBe(0)
    const fresh = join(site.folder, 'fresh.licence')
    await done(order('--out', fresh))
    const verified = await run(['licence', 'verify', fresh, '--job', CUBE, '--state', site.state])
    expect(verified.stdout).toMatch(/^refused {2}.*not trusted here/)
  })

  test('it is nobody’s once the ledger is gone', async () => {
    rmSync(join(issuer, 'ledger.jsonl'))
    const { status, stderr } = await run(order())
    expect(status).toBe(1)
    expect(stderr).toMatch(/^portcullis: ledger `.*` is missing; .*\n$/)
  })
})
