// A sealed job in the inspector's process: the key on its way there, and what comes back.
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type InspectedJob, type InspectJobOptions, inspectJob } from '../agent/inspect-job.ts'
import { loadPolicy } from '../agent/load-policy.ts'
import { BLOCK_BYTES } from '../agent/spool/index.ts'
import { NOW_MS, placeOf } from './licence/fixture.ts'
import { gathered, type Machine, newMachine, sealed } from './sealed/sealed-job.ts'

const ROOT = join(import.meta.dirname, '..')
const POLICY = join(ROOT, 'policies', 'library', 'maker-space.yaml')
const REQUIRE = `import { createRequire as r } from 'node:module'; const require = r(import.meta.url);`
const SECRET = 'Zephyr-7731'
const TEXT = Buffer.from(`; ${SECRET}\nG28\n${'G1 X10 Y10 F3000\nG1 X20 E1\n'.repeat(9000)}`)

let folder: string
let program: string
let machine: Machine
let bytes: Buffer

beforeAll(async () => {
  folder = fs.mkdtempSync(join(tmpdir(), 'portcullis-inspect-sealed-'))
  program = join(folder, 'inspector.mjs')
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['agent/inspector-main.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: { js: REQUIRE },
    outfile: program,
  })
  machine = await newMachine()
  bytes = await sealed(TEXT, machine)
})
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))

/** Inspects `content` in a spool of its own, which is answered too. */
async function inspect(
  content: Uint8Array,
  changes: Partial<InspectJobOptions> = {},
): Promise<{ readonly job: InspectedJob; readonly spool: string }> {
  const spool = fs.mkdtempSync(join(folder, 'spool-'))
  onTestFinished(() => fs.rmSync(spool, { recursive: true, force: true }))
  const source = join(spool, 'source')
  fs.writeFileSync(source, content)
  const job = await inspectJob({
    source,
    name: 'part.gcode.age',
    spoolDir: spool,
    policyPath: POLICY,
    policySha256: loadPolicy(POLICY).sha256,
    place: placeOf([], 'bench-1'),
    sealingKey: machine,
    nowMs: NOW_MS,
    program,
    ...changes,
  })
  return { job, spool }
}

describe('a sealed job that is inspected', () => {
  test('lies sealed in the spool, and is read out of it in clear, as it was surveyed', async () => {
    const { job } = await inspect(bytes)
    expect(job.isSealed).toBe(true)
    expect(fs.readFileSync(job.spooledPath).equals(bytes)).toBe(true)
    expect(job.blockDigests.bytes).toBe(bytes.length)
    expect((await gathered(job.read())).equals(TEXT)).toBe(true)
    expect(job.decision.job.bytes).toBe(TEXT.length)
    expect(job.decision.outcome).toBe('deny')
    expect(JSON.stringify(job.decision)).not.toContain(SECRET)
    await job.remove()
  })

  test('that is not sealed is read out as it is', async () => {
    const { job } = await inspect(TEXT)
    expect(job.isSealed).toBe(false)
    expect((await gathered(job.read())).equals(TEXT)).toBe(true)
  })

  test('whose copy changes afterwards is not printed beyond the block that changed', async () => {
    const { job } = await inspect(bytes)
    const copy = fs.readFileSync(job.spooledPath)
    copy[3 * BLOCK_BYTES + 5]! ^= 1
    fs.writeFileSync(job.spooledPath, copy)
    const read: Buffer[] = []
    const reading = (async () => {
      for await (const chunk of job.read()) read.push(Buffer.from(chunk))
    })()
    await expect(reading).rejects.toMatchObject({ code: 'SPOOL_CHANGED' })
    const length = Buffer.concat(read).length
    expect(length).toBeLessThanOrEqual(3 * BLOCK_BYTES)
    expect(Buffer.concat(read).equals(TEXT.subarray(0, length))).toBe(true)
  })

  test('in whose place another is put, sealed to the same machine, is not printed', async () => {
    const { job } = await inspect(bytes)
    const other = await sealed(Buffer.from(TEXT.toString().replaceAll('X20', 'X90')), machine)
    expect(other.length).toBe(bytes.length)
    fs.writeFileSync(job.spooledPath, other)
    await expect(gathered(job.read())).rejects.toMatchObject({ code: 'SPOOL_CHANGED' })
  })

  test.each([
    ['altered', () => Buffer.from(bytes).fill(7, bytes.length / 2, bytes.length / 2 + 1)],
    ['cut', () => bytes.subarray(0, -1)],
    ['longer', () => Buffer.concat([bytes, bytes])],
  ])('that is %s leaves no copy, and no text in what is said of it', async (_what, content) => {
    const spool = fs.mkdtempSync(join(folder, 'spool-'))
    await expect(inspect(content(), { spoolDir: spool })).rejects.toMatchObject({
      code: 'JOB_UNREADABLE',
      message: expect.stringMatching(
        /^sealed job `part\.gcode\.age` cannot be opened: it was cut short, or altered/,
      ),
    })
    expect(fs.readdirSync(spool)).toEqual([])
  })

  test('is not opened without the key, nor with another one', async () => {
    await expect(inspect(bytes, { sealingKey: await newMachine() })).rejects.toThrow(/keys of other machines/)
    await expect(inspect(bytes, { sealingKey: { problem: 'the key is gone' } })).rejects.toThrow(
      /the key is gone/,
    )
  })

  test('needs a key that neither the arguments nor the environment of its process hold', async () => {
    const spy = join(folder, 'spy.mjs')
    const seen = join(folder, 'seen')
    fs.writeFileSync(
      spy,
      `import fs from 'node:fs'
fs.writeFileSync(${JSON.stringify(seen)}, fs.readFileSync('/proc/self/cmdline', 'utf8') + fs.readFileSync('/proc/self/environ', 'utf8'))
let heard = ''
process.stdin.on('data', (text) => { heard += text; if (heard.includes('\\n')) { fs.appendFileSync(${JSON.stringify(seen)}, '|' + heard.includes('AGE-SECRET-KEY-1')); process.exit(1) } })`,
    )
    await expect(inspect(bytes, { program: spy })).rejects.toMatchObject({ code: 'JOB_UNREADABLE' })
    const [open, told] = fs.readFileSync(seen, 'utf8').split('|')
    expect(open).toContain('spy.mjs')
    expect(open).not.toContain('AGE-SECRET')
    expect(told).toBe('true')
  })

  test('is not believed to be sealed by what its inspector says of the decision alone', async () => {
    // One that counts other bytes for a job in clear has looked at something else.
    const { job } = await inspect(TEXT)
    const liar = join(folder, 'liar.mjs')
    const decision = { ...job.decision, log: null }
    const judged = { kind: 'judged', decision, lists: [], isSealed: false, bytes: TEXT.length + 1 }
    const digests = Buffer.alloc(32 * Math.ceil((TEXT.length + 1) / BLOCK_BYTES)).toString('base64')
    const says = `${JSON.stringify({ kind: 'digests', base64: digests })}\n${JSON.stringify(judged)}\n`
    fs.writeFileSync(liar, `process.stdout.write(${JSON.stringify(says)})\nsetTimeout(() => {}, 60000)`)
    await expect(inspect(TEXT, { program: liar })).rejects.toThrow(/decided about something else/)
  })
})
