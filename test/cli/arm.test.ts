import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { arm } from '../../agent/cli/arm.ts'
import { findPolicy } from '../../agent/cli/ready-policies.ts'
import type { ArmRequest, ControlAnswer } from '../../agent/control/index.ts'
import { AgentError } from '../../agent/errors.ts'
import { judgeJob } from '../../agent/judge-job.ts'
import { newState, type StubGate, serveStub } from '../control/gate-stub.ts'
import { placeOf } from '../licence/fixture.ts'
import { capture } from './captured.ts'

const said = capture()
const ALLOWED = 'G28\nG1 X10 Y10 F3000\n'
const DENIED = 'G28\nM104 S400\n'
const ROOT = join(import.meta.dirname, '..', '..')

/** What a gate does, but for the printer: reads the file that it is told of, and decides. */
async function decide(request: ArmRequest): Promise<ControlAnswer> {
  const { decision } = await judgeJob({
    name: request.name ?? 'job',
    loaded: findPolicy('maker-space'),
    chunks: [readFileSync(request.path)],
    place: placeOf([], 'm-1'),
    nowMs: 0,
  })
  if (decision.outcome === 'deny') return { ok: false, code: 'DENIED', message: 'not armed', decision }
  return { ok: true, message: 'armed: start it at the host', decision }
}

async function scene(): Promise<{ gate: StubGate; state: string; spool: string; job: string; path: string }> {
  const { gate, state, path } = await serveStub()
  const spool = join(state, 'spool')
  mkdirSync(spool, { mode: 0o700 })
  gate.armed = decide
  const job = join(newState(), 'bracket.gcode')
  writeFileSync(job, ALLOWED)
  return { gate, state, spool, job, path }
}

/** `portcullis arm -` in a process of its own, as it needs a standard input. */
function armInput(
  state: string,
): ChildProcess & { readonly said: Promise<readonly [number | null, string, string]> } {
  const program = `import { arm } from ${JSON.stringify(join(ROOT, 'agent/cli/arm.ts'))}
    import { endWithError } from ${JSON.stringify(join(ROOT, 'agent/cli/end.ts'))}
    await arm('-', { state: ${JSON.stringify(state)} }).catch(endWithError)`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    cwd: ROOT,
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (bytes) => {
    stdout += bytes
  })
  child.stderr.on('data', (bytes) => {
    stderr += bytes
  })
  child.stdin.on('error', () => {})
  const ended = once(child, 'close').then(([status]) => [status, stdout, stderr] as const)
  return Object.assign(child, { said: ended })
}

describe('arming a job', () => {
  test('that is allowed shows the decision and what to do next', async () => {
    const { state, job } = await scene()
    await arm(job, { state })
    expect(said.stdout).toBe(
      'allowed  bracket.gcode  policy maker-space version 1\n  armed: start it at the host\n',
    )
    expect(process.exitCode).toBe(0)
  })

  test('that is denied shows why, and ends as `check` does', async () => {
    const { state, job } = await scene()
    writeFileSync(job, DENIED)
    await arm(job, { state })
    expect(said.stdout).toMatch(/^denied {2}bracket\.gcode.*\n {2}✗ line 2: nozzle target 400 °C .*\n/)
    expect(said.stdout).toContain('not armed')
    expect(process.exitCode).toBe(3)
  })

  test('as JSON is one document, whatever was decided', async () => {
    const { state, job } = await scene()
    writeFileSync(job, DENIED)
    await arm(job, { state, json: true })
    expect(JSON.parse(said.stdout)).toMatchObject({
      armed: false,
      message: 'not armed',
      decision: { outcome: 'deny', job: { name: 'bracket.gcode' } },
    })
    expect(process.exitCode).toBe(3)
  })

  test('that is held ends with its own status', async () => {
    const { gate, state, job } = await scene()
    gate.armed = async (request) => {
      const answer = await decide(request)
      const reason = {
        rule: 'x',
        code: 'x',
        outcome: 'hold',
        message: 'm',
        line: null,
        count: 1,
        value: null,
      }
      const reasons = [{ ...reason, limit: null, remedy: 'r', appeal: 'a' }]
      const decision = { ...(answer.decision as object), outcome: 'hold', reasons }
      return { ok: false, code: 'HELD', message: 'waits for a person', decision }
    }
    await arm(job, { state })
    expect(process.exitCode).toBe(4)
  })

  test('that is allowed by a gate that cannot take it now ends badly', async () => {
    const { gate, state, job } = await scene()
    gate.armed = async (request) => ({
      ok: false,
      code: 'USAGE',
      message: 'a job is being printed',
      decision: (await decide(request)).decision,
    })
    await arm(job, { state })
    expect(said.stdout).toContain('a job is being printed')
    expect(process.exitCode).toBe(2)
  })

  test('names it by a path that does not depend on where one stands, with licence and user', async () => {
    const { gate, state, job } = await scene()
    const licence = join(state, 'x.licence')
    writeFileSync(licence, 'ey.x.y\n')
    let asked: ArmRequest | undefined
    gate.armed = async (request) => {
      asked = request
      return decide(request)
    }
    const { chdir, cwd } = process
    const before = cwd()
    chdir(join(job, '..'))
    await arm('bracket.gcode', { state, licence, user: 'Ada' }).finally(() => chdir(before))
    expect(asked).toEqual({ do: 'arm', path: job, name: 'bracket.gcode', licence: 'ey.x.y', user: 'Ada' })
  })
})

describe('a job that is not armed for another reason', () => {
  test('is told with that reason and its status', async () => {
    const { gate, state, job } = await scene()
    gate.failure = new AgentError('JOB_UNREADABLE', 'job `x` is empty')
    await arm(job, { state })
    expect(said.stderr).toBe('portcullis: job `x` is empty\n')
    expect(process.exitCode).toBe(2)
  })

  test('is told what may help where the gate does not see what is there', async () => {
    const { gate, state, job } = await scene()
    gate.failure = new AgentError('JOB_UNREADABLE', `job \`${job}\` does not exist`)
    await arm(job, { state })
    expect(said.stderr).toBe(
      `portcullis: job \`${job}\` does not exist for the gate; pipe it in: \`portcullis arm - < JOB\`\n`,
    )
    said.stderr = ''
    await arm(`${job}.not`, { state })
    expect(said.stderr).toBe(`portcullis: job \`${job}\` does not exist\n`)
  })

  test('with a decision that is none is no decision', async () => {
    const { gate, state, job } = await scene()
    gate.armed = async () => ({ ok: false, code: 'DENIED', message: 'no', decision: { outcome: 'allow' } })
    await arm(job, { state })
    expect([said.stdout, process.exitCode]).toEqual(['', 1])
  })

  test('because no gate runs is bad usage', async () => {
    const state = newState()
    await expect(arm('/x', { state })).rejects.toMatchObject({ code: 'USAGE', exitStatus: 2 })
  })

  test('because its licence cannot be read never asks the gate', async () => {
    const { gate, state, job } = await scene()
    await expect(arm(job, { state, licence: '/nonexistent' })).rejects.toMatchObject({
      code: 'LICENCE_UNREADABLE',
    })
    expect(gate.asked).toEqual([])
  })
})

describe('a job on standard input', () => {
  test('is copied into the gate’s spool, inspected there, and removed', async () => {
    const { gate, state, spool } = await scene()
    let seen: readonly [string, number] | undefined
    gate.armed = async (request) => {
      seen = [readFileSync(request.path, 'utf8'), statSync(request.path).mode & 0o777]
      expect(request.path.startsWith(`${spool}/job-`)).toBe(true)
      return decide(request)
    }
    const child = armInput(state)
    child.stdin?.end(ALLOWED)
    const [status, stdout, stderr] = await child.said
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toContain('allowed  standard input')
    expect(seen).toEqual([ALLOWED, 0o600])
    expect(readdirSync(spool)).toEqual([])
  })

  test('is not waited for where no gate runs', async () => {
    const child = armInput(newState())
    const [status, , stderr] = await child.said
    expect(status).toBe(2)
    expect(stderr).toContain('no gate is running')
  })

  test('is removed too where somebody interrupts the wait for the gate', async () => {
    const { gate, state, spool } = await scene()
    let aborted = false
    gate.armed = (_, __, signal) => {
      signal.addEventListener('abort', () => {
        aborted = true
      })
      return new Promise(() => {})
    }
    const child = armInput(state)
    child.stdin?.end(ALLOWED)
    await expect.poll(() => gate.asked.at(-1), { timeout: 5000 }).toMatch(/^arm /)
    child.kill('SIGINT')
    const [status, , stderr] = await child.said
    expect([status, stderr]).toEqual([1, 'portcullis: interrupted before the gate answered\n'])
    expect(readdirSync(spool)).toEqual([])
    await expect.poll(() => aborted).toBe(true)
  })

  test('that never ends can be interrupted', async () => {
    const { gate, state, spool } = await scene()
    const child = armInput(state)
    child.stdin?.write(ALLOWED)
    await expect.poll(() => readdirSync(spool).length, { timeout: 30_000 }).toBe(1)
    child.kill('SIGINT')
    const [status, , stderr] = await child.said
    expect([status, stderr]).toEqual([1, 'portcullis: interrupted before the job was there\n'])
    expect(readdirSync(spool)).toEqual([])
    expect(gate.asked).toEqual(['status'])
  })

  test.skipIf(process.geteuid?.() !== 0)(
    'of root is the gate’s user’s, who could not read it else',
    async () => {
      const { gate, state, spool, path } = await scene()
      const uid = 65_534
      for (const each of [state, spool, path]) chownSync(each, uid, uid)
      chmodSync(state, 0o755)
      let owner: readonly number[] = []
      gate.armed = async (request) => {
        const stats = statSync(request.path)
        owner = [stats.uid, stats.gid]
        return decide(request)
      }
      const child = armInput(state)
      child.stdin?.end(ALLOWED)
      const [status, , stderr] = await child.said
      expect([status, stderr]).toEqual([0, ''])
      expect(owner).toEqual([uid, uid])
      expect(readdirSync(spool)).toEqual([])
    },
  )
})
