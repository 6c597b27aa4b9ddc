import { appendFileSync, cpSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { endProcesses, newFolder, removeFolders, run } from './command.ts'
import { commitEnds, lastSegment } from './journal.ts'
import { CUBE, copySite, newSite, type Site } from './site.ts'

/** The log as its owner looks at it: what is in it, whether it is whole, and what is said of one that is not. */

let site: Site
/** The site as it was after its first job, and what was published then and at the end. */
let early: Site
let earlyHead: string
let head: string

/** A site whose log holds three decisions that deny and a job that was printed. */
beforeAll(async () => {
  site = await newSite()
  await deny(site, 'one', 'quentin')
  early = copySite(site)
  await deny(site, 'two', 'yvonne')
  await deny(site, 'three', 'quentin')
  expect((await printOn(site)).status).toBe(0)
  earlyHead = checkpointOf(early)
  head = checkpointOf(site)
})
afterEach(endProcesses)
afterAll(removeFolders)

async function deny(at: Site, name: string, user: string): Promise<void> {
  const job = at.file(`${name}.gcode`, 'G28\nM104 S300\n')
  const place = ['--port', '/dev/null', '--policy', 'maker-space', '--state', at.state]
  expect((await run(['print', job, ...place, '--user', user])).status).toBe(3)
}

const printOn = (at: Site) => {
  const job = at.file('good.gcode', 'G28\nG1 X10 Y10 F3000\n')
  return run(['print', job, '--port', 'sim', '--policy', 'maker-space', '--state', at.state])
}

const audit = (what: string, ...more: string[]) => run(['audit', what, '--state', site.state, ...more])
const verify = (at: Site, ...more: string[]) => run(['audit', 'verify', '--state', at.state, ...more])

const checkpointOf = (at: Site): string => join(at.state, 'log', 'checkpoint')

/** The numbers of the records that were shown. */
async function shown(...more: string[]): Promise<readonly number[]> {
  const { status, stdout, stderr } = await audit('show', ...more)
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map(Number.parseFloat)
}

describe('a log that was left alone', () => {
  test('is whole, and shows one record a line', async () => {
    const verified = await audit('verify')
    expect(verified.status).toBe(0)
    expect(verified.stdout).toMatch(
      /^whole {2}8 records, root [0-9a-f]{64}\n {2}checkpoint over 8 records, signed by the log\n {2}\d records hide something: of \d the side table holds it\n {2}no witness has cosigned it: .*\n$/,
    )
    const { stdout } = await audit('show')
    expect(stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^ {4}0 {2}\S+Z {2}log portcullis\/m-[0-9a-f]{16}\/l-[0-9a-f]{16} begins$/),
      expect.stringMatching(/ decision deny for one\.gcode: nozzle target 300 °C is above the limit/),
      expect.stringMatching(/ decision deny for two\.gcode: /),
      expect.stringMatching(/ decision deny for three\.gcode: /),
      expect.stringMatching(/ decision allow for good\.gcode$/),
      expect.stringMatching(/ job [0-9a-f]{8} opened: 2 commands, allowed by record 4$/),
      expect.stringMatching(/ odometer: /),
      expect.stringMatching(/ job [0-9a-f]{8} closed: printed, 2 of 2 commands$/),
    ])
  })

  test('is found by its folder too, and as JSON', async () => {
    const { status, stdout } = await run(['audit', 'verify', join(site.state, 'log'), '--json'])
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      origin: expect.stringMatching(new RegExp(`^portcullis/${site.machineId}/l-`)),
      records: 8,
      checkpoint: { size: 8, cosigners: [] },
      witnessed: null,
      findings: [],
    })
  })

  test('shows nobody’s name to who has its folder without the keys beside it', async () => {
    const { stdout } = await run(['audit', 'show', join(site.state, 'log'), '--kind', 'decision', '--json'])
    expect(stdout).not.toMatch(/quentin|yvonne|one\.gcode|300 °C/)
    expect(stdout.trimEnd().split('\n')).toHaveLength(4)
  })

  test('shows what is asked for, and the last of it', async () => {
    const { stdout } = await audit('show', '--kind', 'job-opened', '--json')
    const { record } = JSON.parse(stdout)
    expect(await shown('--kind', 'decision', '--kind', 'job-closed', site.state)).toEqual([1, 2, 3, 4, 7])
    expect(await shown('--job', record.job.slice(0, 8), '--since', record.at)).toEqual([5, 7])
    expect((await audit('tail', '--kind', 'log-opened')).stdout).toMatch(/^ {4}0 .* begins\n$/)
  })

  test('gives out the bytes of a record as the tree has them', async () => {
    const { stdout } = await audit('record', '1')
    expect(JSON.parse(stdout)).toMatchObject({ seq: 1, kind: 'decision', outcome: 'deny' })
    expect(readFileSync(lastSegment(site)).includes(stdout)).toBe(true)
  })

  test.each([
    ['a checkpoint that is not there', ['--against', 'nowhere'], /^checkpoint `nowhere` does not exist$/],
    ['a policy that is none', ['--policy', CUBE], /^policy `.*`: line 1: /],
  ])('is not held against %s', async (_, args, sentence) => {
    const { status, stdout, stderr } = await audit('verify', ...args)
    expect(stderr.replace(/^portcullis: (.*)\n$/, '$1')).toMatch(sentence)
    expect(stdout).toBe('')
    expect(status).toBe(2)
  })
})

describe('a log beside what was kept of it elsewhere', () => {
  test('is whole where it has all that was published before', async () => {
    const { status, stdout } = await verify(site, '--against', earlyHead, '--against', head)
    expect(stdout).toMatch(/^whole {2}8 records/)
    expect(status).toBe(0)
  })

  test('that was put back to an older state is found out, which nothing in it shows', async () => {
    expect((await verify(early)).status).toBe(0)
    const { status, stdout } = await verify(early, '--against', head)
    expect(status).toBe(6)
    expect(stdout).toMatch(
      /^does not verify {2}2 records.*\n {2}✗ .*of 8 records, and there are 2: .*\(records-missing\)\n/,
    )
  })

  test('that went on from an older state is found out', async () => {
    const fork = copySite(early)
    for (const name of ['x', 'y', 'z']) await deny(fork, name, 'eve')
    expect((await printOn(fork)).status).toBe(0)
    expect((await verify(fork)).status).toBe(0)
    const { status, stdout } = await verify(fork, '--against', head)
    expect(status).toBe(6)
    expect(stdout).toMatch(/\(forked\)\n/)
  })

  test('has the key that its policy names, or does not verify', async () => {
    const policy = site.file('log.policy', (await audit('policy')).stdout)
    expect((await verify(site, '--policy', policy)).status).toBe(0)
    const other = await newSite()
    await deny(other, 'one', 'quentin')
    const { status, stdout } = await verify(other, '--policy', policy)
    expect(status).toBe(6)
    expect(stdout).toMatch(/✗ .*\(other-log\)\n/)
  })

  test('verifies as a copy of what is published, and not without its journal in its place', async () => {
    const folder = newFolder()
    for (const name of ['checkpoint', 'tile'])
      cpSync(join(site.state, 'log', name), join(folder, name), { recursive: true })
    expect((await run(['audit', 'verify', folder, '--copy'])).stdout).toMatch(/^whole {2}8 records/)
    const { status, stdout } = await run(['audit', 'verify', folder])
    expect(status).toBe(6)
    expect(stdout).toContain('✗ the journal is gone, and with it what was written after the checkpoint')
  })
})

/** One bit of the decision about `two.gcode`, as the journal has it. */
function flipDecision(at: Site): void {
  const path = lastSegment(at)
  const bytes = readFileSync(path)
  const place = bytes.indexOf('"kind":"decision"', commitEnds(at)[1])
  bytes.writeUInt8(bytes.readUInt8(place + 10) ^ 1, place + 10)
  writeFileSync(path, bytes)
}

describe('a log in which one bit is another', () => {
  let damaged: Site
  let place: string
  beforeAll(() => {
    damaged = copySite(site)
    place = `byte ${commitEnds(site)[1]}`
    flipDecision(damaged)
  })

  test('does not verify: exit status 6, and the place is named', async () => {
    const { status, stdout } = await verify(damaged)
    expect(status).toBe(6)
    expect(stdout).toMatch(/^does not verify {2}\d records/)
    expect(stdout).toContain(
      `✗ record 2 is not as it was committed, in \`journal/00000000000000\` at ${place}; `,
    )
    const json = await verify(damaged, '--json')
    expect(json.status).toBe(6)
    const { ok, findings } = JSON.parse(json.stdout)
    expect(ok).toBe(false)
    expect(findings).toContainEqual(
      expect.objectContaining({
        severity: 'damage',
        code: 'broken-journal',
        index: 2,
        offset: commitEnds(site)[1],
      }),
    )
  })

  test.each([
    ['shown', ['audit', 'show']],
    ['proven', ['audit', 'prove', '1', '--out', '-']],
    ['added to', ['audit', 'appeal', '1', '--text', 'no']],
    ['printed on', ['print', CUBE, '--port', 'sim', '--policy', 'maker-space']],
  ])('is not %s', async (_, args) => {
    const { status, stdout, stderr } = await run([...args, '--state', damaged.state])
    expect(stderr).toMatch(/^portcullis: log `.*` is damaged at record 2, byte \d+ of `journal\/0+`: .*\n$/)
    expect(stdout).toBe('')
    expect(status).toBe(6)
  })
})

describe('a log with half a commit at its end, as a crash leaves it,', () => {
  test('is whole, with a notice, and mended by the next print, which records what it cut off', async () => {
    const torn = copySite(site)
    appendFileSync(lastSegment(torn), 'PCF1\0\0\0\x80half of one')
    const { status, stdout } = await verify(torn)
    expect(status).toBe(0)
    expect(stdout).toMatch(
      /^whole {2}8 records.*\n {2}! `journal\/0+` ends with 20 bytes of a commit that a crash cut/,
    )
    expect((await printOn(torn)).status).toBe(0)
    expect((await verify(torn)).stdout).toMatch(/^whole {2}13 records, root [0-9a-f]{64}\n {2}checkpoint/)
    const after = await run(['audit', 'show', '--state', torn.state, '--from', '8'])
    expect(after.stdout).toMatch(/^ {4}8 .* cut off 20 bytes that a crash left at the end\n/)
  })

  test('is damaged where a published head tells of more', async () => {
    const cut = copySite(site)
    truncateSync(lastSegment(cut), commitEnds(site).at(-2))
    const { status, stdout } = await verify(cut)
    expect(status).toBe(6)
    expect(stdout).toMatch(/✗ `checkpoint` is of 8 records, and there are 7: /)
    expect((await printOn(cut)).stderr).toMatch(
      /is damaged at record 7: it ends here, and `checkpoint` was signed for 8/,
    )
  })
})

describe('a log that is gone', () => {
  test('is missed by whoever asks for it, and no other is begun in its place', async () => {
    const lost = copySite(site)
    const log = join(lost.state, 'log')
    for (const hasFolder of [false, true]) {
      rmSync(log, { recursive: true })
      if (hasFolder) mkdirSync(log)
      for (const args of [['verify'], ['show'], ['appeal', '1', '--text', 'no']]) {
        const { status, stdout, stderr } = await run(['audit', ...args, '--state', lost.state])
        expect(stderr).toMatch(
          /^portcullis: log `.*` is .*gone, and this machine had one; put it back from a backup/,
        )
        expect(stdout).toBe('')
        expect(status).toBe(6)
      }
    }
    const { status, stderr } = await printOn(lost)
    expect(stderr).toMatch(/ is damaged at its beginning: it is gone, and this machine had one; /)
    expect(status).toBe(6)
  })

  test('or never was, is told in one sentence', async () => {
    const folder = newFolder()
    const fresh = await newSite()
    for (const args of [
      ['audit', 'verify', folder],
      ['audit', 'show', folder],
      ['audit', 'tail', '--state', fresh.state],
      ['audit', 'verify', CUBE, '--json'],
      ['audit', 'show', '/nonexistent'],
    ]) {
      const { status, stdout, stderr } = await run(args)
      expect(stderr).toMatch(/^portcullis: there is no log in `.*`\n$/)
      const message = stderr.slice('portcullis: '.length, -1)
      if (args.includes('--json')) expect(JSON.parse(stdout)).toEqual({ error: { code: 'USAGE', message } })
      else expect(stdout).toBe('')
      expect(status).toBe(2)
    }
  })
})
