import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { filesOf } from '../state-scratch.ts'
import { endProcesses, newFolder, removeFolders, run } from './command.ts'
import { type Gate, startGate, writeConfig } from './gate.ts'
import { openTcp } from './gate-hosts.ts'
import { startPrinter } from './printer.ts'
import { newSite, type Site } from './site.ts'

/**
 * A member leaves and asks to be forgotten: of the name, the file names and what was written nothing is left in the state
 * folder, and everything that was proven before still is.
 */

const NAME = 'Zoë Quillfeather-Ωmega'
const FILE = 'quillfeather_wedding_ring.gcode'
const APPEAL = 'my grandmother Bramblethorpe had such a ring'
const ANSWER = 'dear Quillfeather, the ring is too hot'
const ANSWERED = / appeal of record \d+ rejected by carol: dear Quillfeather, /
const SECRETS = [NAME, 'Quillfeather', FILE, 'wedding_ring', APPEAL, 'Bramblethorpe', ANSWER]

/** Each way in which a program may have written a text down. */
function encodingsOf(text: string): readonly (readonly [string, Buffer])[] {
  const forms = [text, text.normalize('NFD'), text.toLowerCase(), text.toUpperCase()]
  return forms.flatMap((form) => {
    const utf8 = Buffer.from(form)
    const escaped = JSON.stringify(form).slice(1, -1)
    const written: Record<string, string | Buffer> = {
      'UTF-8': utf8,
      'UTF-16LE': Buffer.from(form, 'utf16le'),
      'UTF-16BE': Buffer.from(form, 'utf16le').swap16(),
      'Latin-1': Buffer.from(form, 'latin1'),
      'JSON escapes': escaped.replace(
        /[^ -~]/g,
        (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
      ),
      'percent-encoding': encodeURIComponent(form),
      hexadecimal: utf8.toString('hex'),
      HEXADECIMAL: utf8.toString('hex').toUpperCase(),
    }
    // Base64 of a text in the middle of another one depends on where it begins there.
    for (const before of [0, 1, 2]) {
      const inside = Buffer.concat([Buffer.alloc(before), utf8]).toString('base64')
      // Its first and last characters hold bits of what stands around it.
      const own = inside.slice(before === 0 ? 0 : 4, -4)
      written[`base64 after ${before}`] = own
      written[`base64url after ${before}`] = own.replaceAll('+', '-').replaceAll('/', '_')
    }
    return Object.entries(written).map(([name, bytes]) => [name, Buffer.from(bytes)] as const)
  })
}

const NEEDLES = SECRETS.flatMap(encodingsOf)

/** Where something of the secrets can be read, in the names and the bytes of all files. */
function found(folder: string): readonly string[] {
  return [...filesOf(folder)].flatMap(([path, bytes]) =>
    NEEDLES.filter(([, needle]) => bytes.includes(needle) || Buffer.from(path).includes(needle)).map(
      ([encoding, needle]) => `${path}: ${needle.toString('latin1')} in ${encoding}`,
    ),
  )
}

let site: Site
let kept: string

const audit = (...args: string[]) => run(['audit', ...args, '--state', site.state])

async function done(ended: ReturnType<typeof run>, status = 0): Promise<string> {
  const { stdout, stderr, status: exit } = await ended
  expect(stderr).toBe('')
  expect(exit).toBe(status)
  return stdout
}

/** What she left: a refused job, an appeal with its answer; and what was given out of it. */
async function sheWasHere(deny: (job: string) => Promise<unknown>, where: readonly string[]): Promise<void> {
  mkdirSync(join(site.folder, 'inbox'))
  await deny(site.file(join('inbox', FILE), 'G28\nM104 S300\n'))
  const shown = await done(audit('show', '--kind', 'decision', '--json'))
  const decision = JSON.parse(shown.trimEnd().split('\n').at(-1) ?? '').index as number
  expect(shown).toContain(FILE)
  const { index } = JSON.parse(
    await done(run(['audit', 'appeal', `${decision}`, '--by', NAME, '--text', APPEAL, '--json', ...where])),
  )
  await done(
    run(['audit', 'answer-appeal', `${index}`, '--rejected', '--by', 'carol', '--reason', ANSWER, ...where]),
  )
  kept = newFolder()
  await done(audit('prove', `${decision}`, '--out', join(kept, 'proof')))
  await done(audit('receipt', `${decision}`, '--out', join(kept, 'receipt'), '--name-operator'))
  site.file('log.policy', await done(audit('policy')))
}

/** Nothing of her is left, and everything holds that held before. */
async function expectForgotten(): Promise<void> {
  expect(found(site.state)).toEqual([])
  const policy = ['--policy', join(site.folder, 'log.policy')]
  expect(await done(audit('verify', ...policy))).toMatch(/^whole/)
  const elsewhere = { cwd: kept }
  expect(await done(run(['audit', 'verify-proof', 'proof', ...policy], elsewhere))).toMatch(/^in the log/)
  // What left the machine before is out of reach, and says so itself.
  expect(await done(run(['audit', 'verify-receipt', 'receipt', ...policy], elsewhere))).toContain(NAME)
  const shown = await done(audit('show'))
  expect(shown).toMatch(/ decision deny for \(hidden\) \(nozzle-temperature\)\n/)
  expect(shown).toMatch(/ appeal against record \d+ by \(hidden\)\n/)
  expect(shown).toMatch(/ 2 entries of s-[0-9a-f]{16} erased on request\n/)
  expect(shown.replace(ANSWER, '')).not.toMatch(/Quillfeather|wedding|Bramble/)
  expect(await done(audit('subjects'))).not.toContain('Quillfeather')
}

describe('the search for what must not be there', () => {
  test('finds it in every encoding', () => {
    for (const [encoding, needle] of NEEDLES) expect(needle.length, encoding).toBeGreaterThan(5)
    const text = Buffer.from(`{"user":"${NAME}"}`)
    for (const way of [text, Buffer.from(text.toString('base64')), Buffer.from(text.toString('hex'))])
      expect(NEEDLES.some(([, needle]) => way.includes(needle))).toBe(true)
  })
})

describe('a member who is erased while no gate runs', () => {
  beforeAll(async () => {
    site = await newSite()
    const judged = ['--port', '/dev/null', '--policy', 'maker-space', '--state', site.state]
    await sheWasHere(
      async (job) => {
        await done(run(['print', job, ...judged, '--user', NAME]), 3)
      },
      ['--state', site.state],
    )
  })

  test('is in the side table before, and not in the clear', async () => {
    expect(await done(audit('subjects'))).toMatch(
      new RegExp(`^s-[0-9a-f]{16} +2 entries  20\\d\\d-\\d\\d  ${NAME}$`, 'm'),
    )
    expect(found(site.state)).toEqual([])
  })

  test('is forgotten by the name, with all that was proven before', async () => {
    const said = await done(audit('erase', NAME, '--by', 'dora'))
    expect(said).toMatch(/^erased 2 entries of s-[0-9a-f]{16}\. Copies elsewhere - .* - are out of reach\n$/)
    await expectForgotten()
    const again = await audit('erase', NAME)
    expect(again.stderr).toContain(`portcullis: nothing is known of \`${NAME}\`; it may be erased already`)
    expect(again.status).toBe(2)
  })

  test('is still named in what others wrote, until they are forgotten too', async () => {
    expect(await done(audit('show'))).toMatch(ANSWERED)
    await done(audit('erase', 'carol', '--by', 'dora'))
    expect(await done(audit('show'))).not.toMatch(/Quillfeather/)
    expect(await done(audit('verify'))).toMatch(/^whole/)
  })

  test('cannot be told of any more', async () => {
    const { status, stderr } = await audit('receipt', '1', '--out', join(kept, 'late'))
    expect(stderr).toMatch(
      /^portcullis: what decision 1 said is erased; there is nothing to make a receipt of\n$/,
    )
    expect(status).toBe(2)
  })
})

describe('a member who is erased while the gate runs', () => {
  let gate: Gate
  beforeAll(async () => {
    site = await newSite()
    const printer = await startPrinter({ link: join(site.folder, 'printer') })
    gate = await startGate(site, printer.port)
    await gate.untilState('idle')
    await sheWasHere(
      async (job) => {
        expect((await gate.ask('arm', job, '--user', NAME)).status).toBe(3)
      },
      ['--config', gate.config],
    )
  })
  afterAll(endProcesses)

  test('is forgotten at once, by the subject', async () => {
    const [row = ''] = (await done(audit('subjects'))).split('\n').filter((line) => line.endsWith(NAME))
    await done(run(['audit', 'erase', row.split(' ')[0] ?? '', '--config', gate.config]))
    await expectForgotten()
  })

  test('does not come back while the gate goes on, ends, and begins again', async () => {
    const host = await openTcp(gate.tcpPort)
    await host.say('M105')
    await host.close()
    expect(found(site.state)).toEqual([])
    gate.command.signal('SIGTERM')
    await gate.command.ended
    await expectForgotten()
    // A duty to keep stands in the configuration: nobody passes over it by leaving that out.
    const unasked = await audit('erase', 'carol')
    expect(unasked.stderr).toMatch(/^portcullis: a gate wrote this log; .*: name it with `--config`\n$/)
    expect(unasked.status).toBe(2)
    const config = writeConfig(site, join(site.folder, 'printer'), { privacy: { mustKeepDays: 30 } })
    expect(await done(run(['audit', 'erase', 'carol', '--config', config]))).toMatch(
      /^nothing of s-[0-9a-f]{16} is erased yet: 1 entry must be kept until 20\d\d-\d\d-\d\d, then the gate /,
    )
    expect(await done(audit('show'))).toMatch(ANSWERED)
    await startGate(site, join(site.folder, 'printer'))
    await expectForgotten()
  })
})

afterAll(removeFolders)
