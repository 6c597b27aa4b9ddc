import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { AgentError } from '../agent/errors.ts'
import { type InspectedJob, type InspectJobOptions, inspectJob } from '../agent/inspect-job.ts'
import { issueLicence } from '../agent/issuer/index.ts'
import { judgeJob } from '../agent/judge-job.ts'
import { loadPolicy } from '../agent/load-policy.ts'
import { BLOCK_BYTES, readVerified, removeLeftovers } from '../agent/spool/index.ts'
import { DAY_MS, issuer, NOW_MS, order, placeOf } from './licence/fixture.ts'

const ROOT = join(import.meta.dirname, '..')
const CUBE = join(ROOT, 'fixtures', 'demo', 'cube.gcode')
const MAKER_SPACE = join(ROOT, 'policies', 'library', 'maker-space.yaml')
const OPEN_BENCH = join(ROOT, 'policies', 'library', 'open-bench.yaml')
/** What the built command has too: CommonJS dependencies call `require`. */
const REQUIRE = `import { createRequire as r } from 'node:module'; const require = r(import.meta.url);`

let programs: string
let program: string

beforeAll(async () => {
  programs = fs.mkdtempSync(join(tmpdir(), 'portcullis-inspector-'))
  program = join(programs, 'inspector.mjs')
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['agent/inspector-main.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: { js: REQUIRE },
    outfile: program,
  })
})

afterAll(() => fs.rmSync(programs, { recursive: true, force: true }))

interface Scene {
  readonly folder: string
  readonly spool: string
  /** Writes a file and answers its path. */
  file(name: string, content: string | Uint8Array): string
  inspect(changes?: Partial<InspectJobOptions>): Promise<InspectedJob>
}

/** A scene that goes with the test. */
function scene(): Scene {
  const folder = fs.mkdtempSync(join(tmpdir(), 'portcullis-test-'))
  onTestFinished(() => fs.rmSync(folder, { recursive: true, force: true }))
  return sceneIn(folder)
}

function sceneIn(folder: string): Scene {
  const spool = join(folder, 'spool')
  fs.mkdirSync(spool, { mode: 0o700 })
  return {
    folder,
    spool,
    file: (name, content) => {
      const path = join(folder, name)
      fs.writeFileSync(path, content)
      return path
    },
    inspect: (changes = {}) =>
      inspectJob({
        source: CUBE,
        name: 'cube.gcode',
        spoolDir: spool,
        policyPath: changes.policyPath ?? MAKER_SPACE,
        policySha256: changes.policySha256 ?? loadPolicy(changes.policyPath ?? MAKER_SPACE).sha256,
        place: placeOf([], 'bench-1'),
        nowMs: NOW_MS,
        program,
        ...changes,
      }),
  }
}

/** A program in the inspector's place that says this and then does that. */
function impostor(says: string, then = ''): string {
  const path = join(programs, `${Math.random().toString(36).slice(2)}.mjs`)
  fs.writeFileSync(path, `process.stdout.write(${JSON.stringify(says)}, () => { ${then} })`)
  return path
}

/** Its inspection is refused with this error, and nothing of the job stays. */
async function expectRefused(
  { inspect, spool }: Scene,
  changes: Partial<InspectJobOptions>,
  code: string,
  message: unknown,
): Promise<void> {
  await expect(inspect(changes)).rejects.toMatchObject({ name: 'AgentError', code, message })
  expect(fs.readdirSync(spool)).toEqual([])
}

const run = (file: string, ...args: readonly string[]) => execFileSync(file, args)

const refusal = (how: string) => `job \`cube.gcode\` could not be inspected, so it is refused: ${how}`

async function bytesOf(blocks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const read: Buffer[] = []
  for await (const block of blocks) read.push(Buffer.from(block))
  return Buffer.concat(read)
}

describe('an inspected job', () => {
  test('is judged as it would be here', async () => {
    const { inspect } = scene()
    const job = await inspect({ user: { name: 'Ada' } })
    const { decision } = await judgeJob({
      name: 'cube.gcode',
      loaded: loadPolicy(MAKER_SPACE),
      chunks: [fs.readFileSync(CUBE)],
      place: placeOf([], 'bench-1'),
      nowMs: NOW_MS,
      user: { name: 'Ada' },
    })
    expect(job.decision).toEqual({ ...decision, id: job.decision.id })
    expect(job).toMatchObject({
      canonicalSha256: decision.job.canonicalSha256,
      commands: decision.job.commands,
      tools: decision.facts.tools,
    })
    await job.remove()
  })

  test('is a private copy that prints as it was judged, and is removed when it is done with', async () => {
    const { inspect, spool } = scene()
    const job = await inspect()
    expect(fs.statSync(job.spooledPath).mode & 0o777).toBe(0o600)
    expect(await bytesOf(readVerified(job.spooledPath, job.blockDigests))).toEqual(fs.readFileSync(CUBE))
    await job.remove()
    await job.remove()
    expect(fs.readdirSync(spool)).toEqual([])
  })

  test('whose copy changes after it does not print', async () => {
    const { inspect } = scene()
    const job = await inspect()
    const bytes = fs.readFileSync(job.spooledPath)
    bytes[5000]! ^= 1
    fs.writeFileSync(job.spooledPath, bytes)
    await expect(bytesOf(readVerified(job.spooledPath, job.blockDigests))).rejects.toMatchObject({
      code: 'SPOOL_CHANGED',
    })
  })

  test('belongs to this process, though another one filled it: nobody clears it away', async () => {
    const { inspect, spool } = scene()
    const job = await inspect()
    expect(await removeLeftovers(spool)).toBe(0)
    expect(fs.existsSync(job.spooledPath)).toBe(true)
  })

  test('of many blocks has a digest for each, and tells how far it is', async () => {
    const { inspect, file } = scene()
    const lines = 50_000
    const line = `G1 X10 Y20 F3000 ;${'x'.repeat(1000)}\n`
    const source = file('long.gcode', line.repeat(lines))
    const seen: number[] = []
    const job = await inspect({ source, policyPath: OPEN_BENCH, progress: (bytes) => seen.push(bytes) })
    expect(job.commands).toBe(lines)
    expect(job.blockDigests.bytes).toBe(lines * line.length)
    expect(job.blockDigests.sha256s).toHaveLength(32 * Math.ceil((lines * line.length) / BLOCK_BYTES))
    for await (const block of readVerified(job.spooledPath, job.blockDigests)) expect(block[0]).toBeDefined()
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
    expect(seen.length).toBeGreaterThan(0)
  })

  test('that is denied comes back with its reasons, and its copy is still the caller’s to remove', async () => {
    const { inspect, file, spool } = scene()
    const source = file('hot.gcode', 'M104 S400\nG28\n'.repeat(1000))
    const job = await inspect({ source })
    expect(job.decision.outcome).toBe('deny')
    expect(job.decision.reasons[0]?.message).toContain('400 °C')
    expect(fs.readdirSync(spool)).toHaveLength(1)
    await job.remove()
  })

  test('with a licence is judged by it', async () => {
    const { inspect } = scene()
    const plain = await inspect()
    const digests = [{ form: 'gcode-canon' as const, sha256: plain.canonicalSha256 }]
    const token = await issueLicence(issuer, { ...order, design: { ...order.design, digests } }, NOW_MS)
    const licensed = { licenceText: token, place: placeOf([issuer.rootPem], 'bench-1') }
    expect((await inspect(licensed)).decision.licence).toMatchObject({ copiesLeft: 3 })
    const late = await inspect({
      ...licensed,
      place: placeOf([issuer.rootPem], 'bench-1', NOW_MS + 40 * DAY_MS),
    })
    expect(late.decision.licence).toBeNull()
    expect(late.decision).toMatchObject({
      outcome: 'deny',
      reasons: [{ code: expect.stringMatching(/^licence\./) }],
    })
  })

  test('of hostile text gives a decision, whatever its comments claim', async () => {
    const { inspect, file } = scene()
    const names = Array.from(
      { length: 200 },
      (_, i) => `; printing object ${'ü'.repeat(90)}${i}\nT${i}\nM${5000 + i}`,
    )
    const types = Array.from({ length: 200 }, (_, i) => `; filament_type = ${'"\\'.repeat(60)}${i}`)
    const source = file('odd.gcode', `${[...names, ...types].join('\n')}\nG1 X1e9\nG28 \x1b[2J\nG1 X\n`)
    expect((await inspect({ source })).decision.outcome).toBe('deny')
  })
})

describe('a job that cannot be read is refused with the sentence of the inspection', () => {
  test('missing, a folder, a pipe, a device', async () => {
    const at = scene()
    const pipe = join(at.folder, 'pipe')
    run('mkfifo', pipe)
    const missing = join(at.folder, 'missing')
    await expectRefused(at, { source: missing }, 'JOB_UNREADABLE', `job \`${missing}\` does not exist`)
    await expectRefused(at, { source: at.folder }, 'JOB_UNREADABLE', `job \`${at.folder}\` is a directory`)
    for (const source of [pipe, '/dev/zero'])
      await expectRefused(at, { source }, 'JOB_UNREADABLE', expect.stringContaining('not a regular file'))
  })

  test('empty, binary, prose, too long', async () => {
    const at = scene()
    const source = at.file('job', '')
    await expectRefused(at, { source }, 'JOB_UNREADABLE', 'job `cube.gcode` is empty')
    fs.writeFileSync(source, 'GCDE\0\0')
    await expectRefused(at, { source }, 'JOB_UNREADABLE', expect.stringContaining('binary G-code'))
    fs.writeFileSync(source, 'hello world\n')
    await expectRefused(at, { source }, 'JOB_UNREADABLE', expect.stringContaining('is not G-code'))
    fs.truncateSync(source, 2 * 1024 ** 3 + 1)
    await expectRefused(at, { source }, 'JOB_UNREADABLE', expect.stringContaining('longer than the limit'))
  })
})

describe('the policy of an inspection is that of the gate', () => {
  test('a file that changed since is refused', async () => {
    const at = scene()
    const policyPath = at.file('policy.yaml', fs.readFileSync(MAKER_SPACE))
    const policySha256 = loadPolicy(policyPath).sha256
    fs.appendFileSync(policyPath, '\n')
    const message = `policy \`${policyPath}\` changed since the gate read it; restart the gate`
    await expectRefused(at, { policyPath, policySha256 }, 'POLICY_INVALID', message)
  })

  test('a file that is broken or gone is refused, each problem a sentence', async () => {
    const at = scene()
    const policyPath = at.file('policy.yaml', 'name: 1\nrules: 2\n')
    const policySha256 = '0'.repeat(64)
    const error = await at.inspect({ policyPath, policySha256 }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(AgentError)
    expect(error).toMatchObject({ code: 'POLICY_INVALID' })
    expect((error as AgentError).sentences.length).toBeGreaterThan(1)
    fs.unlinkSync(policyPath)
    const message = `policy \`${policyPath}\` does not exist`
    await expectRefused(at, { policyPath, policySha256 }, 'POLICY_INVALID', message)
  })
})

describe('a spool that cannot take the job', () => {
  test('is named, not the job', async () => {
    const { inspect, folder } = scene()
    const spoolDir = join(folder, 'no')
    await expect(inspect({ spoolDir })).rejects.toMatchObject({
      code: 'STATE_UNUSABLE',
      message: `spool \`${spoolDir}\` cannot be written: it does not exist`,
    })
  })
})

describe('an inspection that breaks off refuses the job', () => {
  const cases: readonly (readonly [string, string, string, string])[] = [
    ['by an end without a word', '', '', 'its inspector ended with status 0'],
    ['by a crash', '', 'throw new Error()', 'its inspector ended with status 1'],
    [
      'by a kill',
      '{"kind":"progress","bytes":1}\n',
      'process.kill(process.pid, 9)',
      'its inspector was ended by SIGKILL',
    ],
    ['by an abort', '', 'process.abort()', 'its inspector was ended by SIGABRT'],
    ['in mid-sentence', '{"kind":"failed"', '', 'its inspector ended with status 0'],
    [
      'by a fault of its own',
      '{"kind":"failed","code":null,"sentences":["a","b"]}\n',
      '',
      'internal fault: a; b',
    ],
    [
      'by words that are not JSON',
      'hello\n',
      'setInterval(() => {}, 1000)',
      'it said what is not its to say',
    ],
    ['by an unknown kind', '{"kind":"armed"}\n', '', 'it said what is not its to say'],
    [
      'by a code that is not its own',
      '{"kind":"failed","code":"INTERRUPTED","sentences":["x"]}\n',
      '',
      'it said what is not its to say',
    ],
    [
      'by a failure without sentence',
      '{"kind":"failed","code":null,"sentences":[]}\n',
      '',
      'it said what is not its to say',
    ],
    [
      'by a decision that is none',
      '{"kind":"judged","decision":{"outcome":"allow"}}\n',
      '',
      'it said what is not its to say',
    ],
    [
      'by digests that are none',
      '{"kind":"digests","base64":"!!!!"}\n',
      '',
      'it said what is not its to say',
    ],
    ['by a line without end', 'x'.repeat(600 * 1024), 'setInterval(() => {}, 1000)', 'it said too much'],
    [
      'by digests without end',
      `{"kind":"digests","base64":"${'A'.repeat(32 * 1024)}"}\n`.repeat(50),
      'setInterval(() => {}, 1000)',
      'it said too much',
    ],
  ]
  test.each(cases)('%s', async (_, says, then, how) => {
    await expectRefused(scene(), { program: impostor(says, then) }, 'JOB_UNREADABLE', refusal(how))
  })

  test('where its program is missing', async () => {
    const program = join(programs, 'missing.mjs')
    await expectRefused(scene(), { program }, 'JOB_UNREADABLE', refusal('its inspector ended with status 1'))
  })

  test('where it takes too long', async () => {
    const limits = { timeMs: 300, residentBytes: 1e12 }
    const program = impostor('', 'for (;;);')
    await expectRefused(scene(), { program, limits }, 'JOB_UNREADABLE', refusal('it took longer than 0.3 s'))
  })

  test('where its heap grows beyond the limit: V8 ends it', async () => {
    const program = impostor('', 'const a = []; for (;;) a.push(new Array(1e5).fill({}))')
    await expectRefused(
      scene(),
      { program },
      'JOB_UNREADABLE',
      expect.stringMatching(/so it is refused: (its inspector was ended by SIG|it needed more memory)/),
    )
  })

  test('where memory outside the heap grows beyond the limit', async () => {
    const grow = 'const a = []; setInterval(() => { a.push(Buffer.alloc(8 << 20, 1)) }, 5)'
    const limits = { timeMs: 60_000, residentBytes: 150 * 1024 * 1024 }
    const program = impostor('', grow)
    const message = refusal('it needed more memory than 150 MB')
    await expectRefused(scene(), { program, limits }, 'JOB_UNREADABLE', message)
  })
})

describe('a decision is taken only for what was asked', () => {
  let said: Promise<InspectedJob>
  beforeAll(() => {
    const folder = join(programs, 'scene')
    fs.mkdirSync(folder)
    said = sceneIn(folder).inspect()
  })

  /** What the real inspector says of the cube, with a change. */
  async function saying(change: (decision: Record<string, never>) => unknown, digests = 64): Promise<string> {
    const { decision, blockDigests } = await said
    const base64 = Buffer.from(blockDigests.sha256s).subarray(0, digests).toString('base64')
    const judged = { ...decision, ...(change(decision as never) as object) }
    const pieces = base64 === '' ? '' : `${JSON.stringify({ kind: 'digests', base64 })}\n`
    return impostor(
      `${pieces}${JSON.stringify({ kind: 'judged', decision: judged, lists: [], isSealed: false, bytes: judged.job.bytes })}\n`,
    )
  }
  const ELSE = refusal('it decided about something else')
  const NOT = refusal('it said what is not its to say')

  test('which is taken as it is', async () => {
    const program = await saying(() => ({}))
    expect((await scene().inspect({ program })).decision.outcome).toBe('allow')
  })

  test.each([
    ['another job', ({ job }: Record<string, object>) => ({ job: { ...job, name: 'other' } }), ELSE],
    [
      'another policy',
      ({ policy }: Record<string, object>) => ({ policy: { ...policy, sha256: 'a'.repeat(64) } }),
      ELSE,
    ],
    ['one that claims its record', () => ({ log: { origin: 'x', index: 1 } }), ELSE],
    ['an outcome without reason', () => ({ outcome: 'deny' }), NOT],
    [
      'a longer job than any',
      ({ job }: Record<string, object>) => ({ job: { ...job, bytes: 2 ** 31 + 1 } }),
      NOT,
    ],
    ['a job of more blocks', ({ job }: Record<string, object>) => ({ job: { ...job, bytes: 1e9 } }), ELSE],
    ['a member more', () => ({ more: 1 }), NOT],
  ])('%s is refused', async (_, change, message) => {
    await expectRefused(scene(), { program: await saying(change as never) }, 'JOB_UNREADABLE', message)
  })

  test.each([0, 32, 63])('a job of two blocks with %d bytes of digests is refused', async (digests) => {
    const program = await saying(() => ({}), digests)
    await expectRefused(scene(), { program }, 'JOB_UNREADABLE', ELSE)
  })
})

describe('nobody waits for an inspection', () => {
  const interrupted = 'interrupted while job `cube.gcode` was inspected'

  test('that is interrupted, before or during it', async () => {
    const at = scene()
    await expectRefused(at, { signal: AbortSignal.abort() }, 'INTERRUPTED', interrupted)
    const controller = new AbortController()
    const program = impostor('{"kind":"progress","bytes":1}\n', 'setInterval(() => {}, 1000)')
    const changes = { program, signal: controller.signal, progress: () => controller.abort() }
    await expectRefused(at, changes, 'INTERRUPTED', interrupted)
  })

  test('whose gate was killed: the inspector goes too', async () => {
    const { file, spool } = scene()
    const source = file('endless.gcode', 'G1 X10 Y20 F3000\n'.repeat(2_000_000))
    const gate = file(
      'gate.mts',
      `import { inspectJob } from ${JSON.stringify(join(ROOT, 'agent', 'inspect-job.ts'))}
       import { loadPolicy } from ${JSON.stringify(join(ROOT, 'agent', 'load-policy.ts'))}
       import { readdirSync, readFileSync } from 'node:fs'
       const policyPath = ${JSON.stringify(OPEN_BENCH)}
       await inspectJob({
         source: ${JSON.stringify(source)}, name: 'endless', spoolDir: ${JSON.stringify(spool)}, policyPath,
         policySha256: loadPolicy(policyPath).sha256, nowMs: 0,
         place: ${JSON.stringify(placeOf([], 'm'))},
         program: ${JSON.stringify(program)},
         progress: () => {
           process.stdout.write(readFileSync('/proc/self/task/' + process.pid + '/children', 'latin1'))
           process.kill(process.pid, 'SIGKILL')
         },
       })`,
    )
    const tsx = join(ROOT, 'node_modules', 'tsx', 'dist', 'loader.mjs')
    let said = ''
    try {
      execFileSync(process.execPath, ['--import', tsx, gate], { stdio: ['ignore', 'pipe', 'inherit'] })
    } catch (error) {
      said = String((error as { stdout: Buffer }).stdout)
    }
    const children = said.trim().split(' ').map(Number)
    expect(children.length).toBeGreaterThan(0)
    for (const pid of children) await expect.poll(() => isAlive(pid), { timeout: 5000 }).toBe(false)
    expect(await removeLeftovers(spool)).toBe(1)
  })
})

/** A zombie has ended; its parent only has not taken note of it. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(fs.readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

test('an inspector gives way to everybody, has no environment, and is the first that a lack of memory ends', async () => {
  const { inspect, file } = scene()
  const source = file('long.gcode', 'G1 X10 Y20 F3000\n'.repeat(2_000_000))
  const controller = new AbortController()
  let seen:
    | { niceness: number[]; policies: number[]; environment: string; oom: string; heap: string }
    | undefined
  const look = () => {
    const [pid] = fs
      .readFileSync(`/proc/self/task/${process.pid}/children`, 'latin1')
      .trim()
      .split(' ')
      .slice(-1)
    const threads = fs.readdirSync(`/proc/${pid}/task`).map((thread) => {
      const stat = fs.readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1')
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    })
    seen = {
      niceness: threads.map((fields) => Number(fields[16])),
      policies: threads.map((fields) => Number(fields[38])),
      environment: fs.readFileSync(`/proc/${pid}/environ`, 'latin1'),
      oom: fs.readFileSync(`/proc/${pid}/oom_score_adj`, 'latin1').trim(),
      heap: fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1'),
    }
    controller.abort()
  }
  const inspecting = inspect({ source, policyPath: OPEN_BENCH, progress: look, signal: controller.signal })
  await expect(inspecting).rejects.toMatchObject({ code: 'INTERRUPTED' })
  expect(Math.min(...(seen?.niceness ?? [0]))).toBe(15)
  // SCHED_IDLE: it runs while nobody else has anything to do.
  expect(new Set(seen?.policies)).toEqual(new Set([5]))
  expect(seen?.environment).toBe('')
  expect(seen?.oom).toBe('1000')
  expect(seen?.heap).toContain('--max-old-space-size=256')
})
