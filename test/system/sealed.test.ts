// A sealed design from whoever sends it to the printer: nothing of it is found anywhere but on the wire.
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { endProcesses, removeFolders, run, start, until } from './command.ts'
import { type Printer, startPrinter } from './printer.ts'
import { cubeText, licenceCube, logRecords, newSite, type Site, spooled } from './site.ts'

/** What is looked for: in a comment, in a command that is printed, in one that is refused. */
const PLANTED = ['Zephyr-7731', 'X101.337', 'M9321'] as const

let site: Site
let key: string
/** The cube with a comment of ours: its commands are the cube's. */
let design: string
/** The same, sealed. */
let sealedDesign: string
let licence: string

beforeAll(async () => {
  site = await newSite()
  const told = await run(['licence', 'seal-key', '--state', site.state])
  expect(told.stderr).toBe('')
  key = told.stdout.trim()
  design = site.file('design.gcode', `; ${PLANTED[0]}\n${cubeText()}`)
  sealedDesign = await sealed('part.gcode.age', design)
  licence = await licenceCube(site, { copies: 100 })
})
afterEach(async () => {
  await endProcesses()
  expect(spooled(site)).toEqual([])
})
afterAll(removeFolders)

async function sealed(name: string, job: string, ...more: readonly string[]): Promise<string> {
  const out = join(site.folder, name)
  const { status, stderr } = await run(['licence', 'seal', job, '--to', key, '--out', out, ...more])
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return out
}

const print = (job: string, printer: Printer, ...more: readonly string[]) =>
  start(['print', job, '--port', printer.port, '--policy', 'maker-space', '--state', site.state, ...more])

/** Every file below the folder that holds one of the planted texts, in one of the ways that it may be written. */
function leaks(folder: string): readonly string[] {
  const found: string[] = []
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name)
    const bytes = statSync(path, { throwIfNoEntry: false })?.isFile() === true ? readIfThere(path) : undefined
    for (const text of bytes === undefined ? [] : PLANTED)
      for (const written of [
        text,
        Buffer.from(text).toString('base64').slice(0, -4),
        Buffer.from(text).toString('hex'),
      ])
        if (bytes?.includes(written)) found.push(`${name}: ${text}`)
  }
  return found
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

/** What is hidden in records too. */
async function expectNothingTold(...texts: readonly string[]): Promise<void> {
  const told = [...texts, JSON.stringify(await logRecords(site))].join('\n')
  for (const text of PLANTED) expect(told).not.toContain(text)
  expect(leaks(site.state)).toEqual([])
}

/** Files of processes of ours in the folder of the system for what is temporary. */
function temporaries(): ReadonlySet<string> {
  return new Set(readdirSync(tmpdir()))
}

describe('a sealed job', () => {
  test('is printed, command by command, and is in clear nowhere on the way', async () => {
    const printer = await startPrinter()
    const before = temporaries()
    const printing = print(sealedDesign, printer, '--licence', licence, '--log-level', 'debug')
    let looks = 0
    let spools = 0
    let isOver = false
    const ended = printing.ended.finally(() => {
      isOver = true
    })
    while (!isOver) {
      expect(leaks(site.state)).toEqual([])
      looks++
      spools += readdirSync(join(site.state, 'spool')).length
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const { status, stdout, stderr } = await ended
    expect(stderr).not.toMatch(/portcullis: /)
    expect(status).toBe(0)
    expect(looks).toBeGreaterThan(3)
    expect(spools).toBeGreaterThan(0)
    const plain = await startPrinter()
    expect((await print(design, plain, '--licence', licence).ended).status).toBe(0)
    expect(printer.commands()).toEqual(plain.commands())
    expect(printer.commands().length).toBeGreaterThan(2000)
    for (const text of PLANTED) expect(stdout + stderr).not.toContain(text)
    for (const name of temporaries())
      if (!before.has(name) && /portcullis-(?!system)/.test(name))
        expect(leaks(join(tmpdir(), name))).toEqual([])
  }, 300_000)

  test('is recorded with the digests of what was sealed, and without its claims', async () => {
    const printer = await startPrinter()
    const { status, stdout } = await print(sealedDesign, printer, '--licence', licence, '--json').ended
    expect(status).toBe(0)
    const { decision } = JSON.parse(stdout)
    const inspected = JSON.parse((await run(['inspect', design, '--json'])).stdout)
    expect(inspected.claims.slicer).toBe('PrusaSlicer')
    expect(decision.job).toMatchObject({ name: 'part.gcode.age', sha256: inspected.job.sha256 })
    expect(decision.job.canonicalSha256).toBe(inspected.job.canonicalSha256)
    expect(decision.claims).toEqual({})
    const records = await logRecords(site)
    expect(JSON.stringify(records.filter(({ kind }) => kind === 'decision').at(-1))).not.toMatch(
      /PrusaSlicer/,
    )
  })

  test('is denied without its licence, on record, and nothing is sent', async () => {
    const printer = await startPrinter()
    const { status, stdout } = await print(sealedDesign, printer).ended
    expect(status).toBe(3)
    expect(stdout).toMatch(/a sealed job needs a licence that is valid for it/)
    expect(stdout).toMatch(/code: licence\.sealed/)
    expect(printer.receivedBytes()).toBe(0)
    await expectNothingTold(stdout)
  })

  test('that was altered in its middle is not printed at all, not even its beginning', async () => {
    const bytes = readFileSync(sealedDesign)
    bytes[Math.floor(bytes.length / 2)]! ^= 1
    const printer = await startPrinter()
    for (const [name, content] of [
      ['flipped.age', bytes],
      ['cut.age', readFileSync(sealedDesign).subarray(0, -70_000)],
      ['longer.age', Buffer.concat([readFileSync(sealedDesign), Buffer.from('G28\n')])],
    ] as const) {
      const { status, stderr } = await print(site.file(name, content), printer, '--licence', licence).ended
      expect(stderr).toMatch(
        /^portcullis: sealed job `[^`]*` cannot be opened: it was cut short, or altered after/,
      )
      expect(status).toBe(2)
    }
    expect(printer.receivedBytes()).toBe(0)
  })

  test('that breaks the policy is denied by codes, lines and measures alone, wherever one looks', async () => {
    const text = `${readFileSync(design, 'utf8')}M104 S299\n${PLANTED[2]} ${PLANTED[0]}\nG1 ${PLANTED[1]} ${PLANTED[1]}\n`
    const job = await sealed('hostile.age', site.file('hostile.gcode', text))
    const printer = await startPrinter()
    const printed = await print(job, printer, '--licence', licence, '--log-level', 'debug').ended
    expect(printed.status).toBe(3)
    expect(printed.stdout).toMatch(/299 °C where 260 °C is the limit/)
    const more = [
      await run([
        'check',
        job,
        '--policy',
        'maker-space',
        '--licence',
        licence,
        '--json',
        '--state',
        site.state,
      ]),
      await run(['check', job, '--policy', 'maker-space', '--state', site.state]),
      await run(['inspect', job, '--state', site.state]),
      await run(['inspect', job, '--json', '--state', site.state]),
      await run(['read', job]),
      await run(['audit', 'show', '--state', site.state, '--json']),
      await run(['licence', 'verify', licence, '--job', job, '--state', site.state]),
    ]
    expect(more.map(({ status }) => status).slice(0, 5)).toEqual([3, 3, 0, 0, 2])
    await expectNothingTold(...[printed, ...more].flatMap(({ stdout, stderr }) => [stdout, stderr]))
    expect(printer.receivedBytes()).toBe(0)
  })

  test('is opened out of standard input, and told by what is in it, not by its name', async () => {
    const job = site.file('plain-name.gcode', readFileSync(sealedDesign))
    const check = ['check', '--policy', 'maker-space', '--licence', licence, '--state', site.state]
    expect((await run([...check, job])).status).toBe(0)
    const piped = run([...check, '-'], { stdin: (await import('node:fs')).createReadStream(job) })
    expect((await piped).stdout).toMatch(/^allowed {2}standard input/)
  })

  test('for another machine, and where the key was lost, is refused with what to do', async () => {
    const other = await newSite()
    const check = (state: string) => run(['check', sealedDesign, '--policy', 'maker-space', '--state', state])
    expect((await check(other.state)).stderr).toMatch(
      /sealed to the keys of other machines|has no sealing key/,
    )
    await run(['licence', 'seal-key', '--state', other.state])
    expect((await check(other.state)).stderr).toMatch(
      /sealed to the keys of other machines; ask for it sealed to/,
    )
    rmSync(join(other.state, 'sealing-key.txt'))
    const lost = await check(other.state)
    expect(lost.stderr).toMatch(/sealing-key\.txt` is gone; put it back from a backup/)
    expect(lost.status).toBe(2)
    // Nothing else suffers.
    const machine = await run(['licence', 'machine', '--state', other.state])
    expect(machine.stdout).toBe(`${other.machineId}\n`)
    expect(machine.stderr).toMatch(/is gone/)
    expect(machine.status).toBe(0)
    expect((await run(['check', design, '--policy', 'maker-space', '--state', other.state])).status).toBe(0)
    expect((await run(['licence', 'seal-key', '--state', other.state])).status).toBe(1)
  })
})

describe('sealing', () => {
  test('tells the key of this machine, the same each time, beside its id', async () => {
    expect(key).toMatch(/^age1[a-z0-9]{58}$/)
    const { stdout, stderr } = await run(['licence', 'machine', '--state', site.state])
    expect(stdout).toBe(`${site.machineId}\n`)
    // Alone, for whoever puts it into another command.
    expect(stderr).toBe('')
    const json = JSON.parse((await run(['licence', 'machine', '--json', '--state', site.state])).stdout)
    expect(json).toMatchObject({ machineId: site.machineId, sealTo: key })
  })

  test.each([
    [
      'a key with a mistake',
      () => ['--to', key.replace(/.$/, (last) => (last === 'q' ? 'p' : 'q'))],
      /checksum/,
    ],
    ['no key', () => ['--to', 'm-0123'], /is not the key of a machine/],
  ])('to %s makes nothing', async (_what, to, message) => {
    const out = join(site.folder, 'never.age')
    const { status, stderr } = await run(['licence', 'seal', design, ...to(), '--out', out])
    expect(stderr).toMatch(message)
    expect(status).toBe(2)
    expect(existsSync(out)).toBe(false)
  })

  test('makes a file whole or not at all, for its owner alone, and never over another', async () => {
    expect(statSync(sealedDesign).mode & 0o777).toBe(0o600)
    const seal = (job: string, out: string, ...more: string[]) =>
      run(['licence', 'seal', job, '--to', key, '--out', join(site.folder, out), ...more])
    const before = readdirSync(site.folder)
    expect((await seal(design, 'part.gcode.age')).stderr).toMatch(/cannot be written: it exists already/)
    expect((await seal(sealedDesign, 'again.age')).stderr).toMatch(/is sealed already/)
    expect((await seal(site.file('empty.gcode', ''), 'empty.age')).stderr).toMatch(/is empty/)
    expect((await seal(join(site.folder, 'none'), 'none.age')).stderr).toMatch(/does not exist/)
    expect((await seal(design, 'no/folder.age')).stderr).toMatch(/its folder does not exist/)
    rmSync(join(site.folder, 'empty.gcode'))
    expect(readdirSync(site.folder)).toEqual(before)
  })

  test('that is cut off by a full disk leaves nothing', async () => {
    const before = readdirSync(site.folder)
    const { status, stderr } = await run(
      ['licence', 'seal', design, '--to', key, '--out', join(site.folder, 'full.age')],
      { under: ['prlimit', '--fsize=20000'] },
    )
    expect(stderr).toMatch(/`[^`]*full\.age` cannot be written: the file would be larger/)
    expect(status).toBe(2)
    expect(readdirSync(site.folder)).toEqual(before)
  })
})

describe('a licence comes with its job', () => {
  /** Prints the job without naming a licence. */
  async function printed(job: string): Promise<{ readonly stdout: string; readonly printer: Printer }> {
    const printer = await startPrinter()
    const policy = site.file('licensed.yaml', LICENSED)
    const args = ['--port', printer.port, '--policy', policy, '--state', site.state]
    const { status, stdout, stderr } = await run(['print', job, ...args])
    expect(stderr).toBe('')
    expect(status).toBe(0)
    return { stdout, printer }
  }

  const LICENSED = `portcullis: 1
name: licences-only
version: 1
dialect: marlin
appeal: ask the front desk
rules:
  licence: { demand: always }
`

  test('beside it', async () => {
    const job = site.file('beside.gcode', cubeText())
    writeFileSync(`${job}.licence`, readFileSync(licence))
    expect((await printed(job)).stdout).toContain(`with the licence beside it: ${job}.licence`)
    const sealedJob = await sealed('beside.gcode.age', job)
    expect((await printed(sealedJob)).stdout).toContain(`with the licence beside it: ${job}.licence`)
  })

  test.each([
    ['comments', []],
    ['commands', ['--as-commands']],
  ] as const)('in its %s, and the printer is sent the cube and nothing else', async (carrier, flags) => {
    const job = join(site.folder, `${carrier}.gcode`)
    const attached = await run(['licence', 'attach', design, licence, '--out', job, ...flags])
    expect(attached.stderr).toBe('')
    expect(attached.stdout).toMatch(new RegExp(`stands in ${carrier} at its head`))
    const { stdout, printer } = await printed(job)
    expect(stdout).toContain(`with the licence in its ${carrier}`)
    expect(printer.commands().filter((command) => command.startsWith('M5790'))).toEqual([])
    const sealedJob = await sealed(`${carrier}.gcode.age`, job)
    expect((await printed(sealedJob)).printer.commands()).toEqual(printer.commands())
    const again = await run(['licence', 'attach', job, licence, '--out', join(site.folder, 'twice')])
    expect(again.stderr).toMatch(/carries a licence already/)
  })

  test('but not one for the bytes of the file in the file: that is refused, with what to do', async () => {
    const { createHash } = await import('node:crypto')
    const raw = createHash('sha256').update(readFileSync(design)).digest('hex')
    const forBytes = await licenceCube(site, {
      design: { id: 'c', revision: '1', title: 'Cube', digests: [{ form: 'gcode-raw', sha256: raw }] },
    })
    const out = join(site.folder, 'raw.gcode')
    const { status, stderr } = await run(['licence', 'attach', design, forBytes, '--out', out])
    expect(stderr).toMatch(/byte by byte \(gcode-raw\).*put it beside the job/)
    expect(status).toBe(2)
    expect(existsSync(out)).toBe(false)
  })

  test('and one that lies beside it and cannot be read stops the job', async () => {
    const job = site.file('broken.gcode', cubeText())
    writeFileSync(`${job}.licence`, '\u0000')
    const { status, stderr } = await run(['check', job, '--policy', 'maker-space', '--state', site.state])
    expect(stderr).toMatch(/broken\.gcode\.licence` is not a licence token/)
    expect(status).toBe(2)
  })
})

test('the planted text would be found', async () => {
  site.file('state/planted', `x ${PLANTED[0]} x`)
  expect(leaks(site.state)).toEqual([`planted: ${PLANTED[0]}`])
  rmSync(join(site.state, 'planted'))
  await until('nothing more', () => leaks(site.state).length === 0)
})
