import { mkdirSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  asker,
  clear,
  disarm,
  exitStatusOf,
  gateSocket,
  status,
  statusLines,
  stop,
} from '../../agent/cli/gate-requests.ts'
import type { GateStatus } from '../../agent/control/index.ts'
import { AgentError } from '../../agent/errors.ts'
import { IDLE, newState, serveStub } from '../control/gate-stub.ts'
import { capture } from './captured.ts'

const said = capture()

afterEach(() => vi.unstubAllEnvs())

describe('which gate is asked', () => {
  /** A configuration in a folder of its own. */
  function config(state: string): string {
    const path = join(newState(), 'portcullis.yaml')
    const text = `printer: { port: /dev/ttyACM0 }\nhost: { link: /run/portcullis/printer }\npolicy: maker-space\n`
    writeFileSync(path, `${text}${state}`)
    return path
  }

  test('is that of --state, else of the configuration, else of the default folder', () => {
    vi.stubEnv('PORTCULLIS_STATE', '/default')
    expect(gateSocket({})).toBe('/default/control.sock')
    expect(gateSocket({ config: config('') })).toBe('/default/control.sock')
    const configured = config('state: /configured\n')
    expect(gateSocket({ config: configured })).toBe('/configured/control.sock')
    expect(gateSocket({ config: configured, state: '/named' })).toBe('/named/control.sock')
    expect(gateSocket({ state: 'here' })).toBe(join(process.cwd(), 'here', 'control.sock'))
  })

  test('is not guessed where the configuration is broken', () => {
    expect(() => gateSocket({ config: config('stat: /x\n') })).toThrow(AgentError)
    expect(() => gateSocket({ config: '/nonexistent.yaml' })).toThrow(AgentError)
  })

  test('and where none runs, that is said, and nothing is made', async () => {
    const state = join(newState(), 'none')
    for (const ask of [status, clear, disarm, stop]) {
      await expect(ask({ state })).rejects.toMatchObject({
        code: 'USAGE',
        message: expect.stringContaining(`no gate is running for state folder \`${state}\``),
      })
    }
    expect(() => mkdirSync(state)).not.toThrow()
  })
})

describe('portcullis status', () => {
  test('says how the gate is', async () => {
    const { state } = await serveStub()
    await status({ state })
    expect(said.stdout).toBe(
      `idle  gate of ${state}
  printer  /dev/ttyACM0
  policy   maker-space
  host     nobody
  jobs     only the one that is armed
`,
    )
    expect(process.exitCode).toBeUndefined()
  })

  test('as JSON is the status and nothing else', async () => {
    const { state } = await serveStub()
    await status({ state, json: true })
    expect(JSON.parse(said.stdout)).toEqual(IDLE)
  })

  const job = { id: 'x', name: 'bracket.gcode', commandsSent: 999, commandsTotal: 2000 }
  const cases: readonly (readonly [string, Partial<GateStatus>, readonly string[]])[] = [
    [
      'a host',
      { host: 'OctoPrint at /dev/pts/3', profile: 'octoprint' },
      ['OctoPrint at /dev/pts/3 (octoprint)'],
    ],
    ['a host that is not known yet', { host: '127.0.0.1:4000' }, ['127.0.0.1:4000 (not known yet)']],
    ['a job', { state: 'job', job }, ['printing  gate', 'bracket.gcode, 999 of 2000 commands sent (49 %)']],
    [
      'a job of unknown length',
      { job: { ...job, commandsTotal: null } },
      ['bracket.gcode, 999 commands sent'],
    ],
    [
      'an empty job',
      { job: { ...job, commandsSent: 0, commandsTotal: 0 } },
      ['bracket.gcode, 0 commands sent'],
    ],
    [
      'an armed job',
      { armed: { id: 'x', name: 'cube', commands: 7, until: '2026-11-22T21:00:00.000Z' } },
      ['armed    cube, 7 commands, until 2026-11-22T21:00:00.000Z'],
    ],
    ['any job', { jobs: 'any' }, ['any that the policy allows']],
    [
      'a latch',
      {
        state: 'latched',
        latch: { code: 'nozzle-temperature', message: 'too hot', since: '2026-11-22T12:00:00Z' },
      },
      [
        'stopped until a person clears it',
        '  ! too hot',
        'since 2026-11-22T12:00:00Z, code nozzle-temperature',
        '`portcullis clear`',
      ],
    ],
  ]
  test.each(cases)('tells %s', (_, changes, words) => {
    const text = statusLines({ ...IDLE, ...changes }, '/state').join('\n')
    for (const word of words) expect(text).toContain(word)
  })

  test('cannot be forged by the name of a job', async () => {
    const { gate, state } = await serveStub()
    gate.now = { ...IDLE, job: { ...job, name: 'a\nidle\x1b[2J' } }
    await status({ state })
    expect(said.stdout).toContain('a?idle?[2J')
  })
})

describe('what a person asks of the gate', () => {
  test('is asked in the name of that person, and the answer is told', async () => {
    vi.stubEnv('SUDO_USER', '')
    const { gate, state } = await serveStub()
    const { username } = userInfo()
    await clear({ state })
    await disarm({ state })
    await stop({ state, reason: 'it smells' })
    expect(gate.asked).toEqual([
      `clear by ${username}`,
      `disarm by ${username}`,
      `stop by ${username}: it smells`,
    ])
    expect(said.stdout).toBe(gate.asked.map((what) => `${what}, done\n`).join(''))
    expect(said.stderr).toBe('')
  })

  test('is answered as JSON to whoever wants that', async () => {
    const { state } = await serveStub()
    await stop({ state, json: true })
    expect(JSON.parse(said.stdout)).toEqual({ message: expect.stringContaining('stop by') })
  })

  test('and refused by the gate ends with the status of the reason', async () => {
    const { gate, state } = await serveStub()
    gate.failure = new AgentError('PORT_LOST', 'the printer is gone')
    await clear({ state })
    expect([said.stdout, said.stderr]).toEqual(['', 'portcullis: the printer is gone\n'])
    expect(process.exitCode).toBe(5)
  })

  test('and refused by the gate is told as JSON too', async () => {
    const { gate, state } = await serveStub()
    gate.failure = new Error('a bug')
    // A command writes one document: this one has written none yet.
    vi.resetModules()
    const anew = await import('../../agent/cli/gate-requests.ts')
    await anew.status({ state, json: true })
    const error = { code: 'INTERNAL', message: 'internal fault of the gate: a bug' }
    expect(JSON.parse(said.stdout)).toEqual({ error })
    expect(process.exitCode).toBe(1)
  })

  test('cannot be a reason that steers the terminal of who reads the record', async () => {
    const { gate, state } = await serveStub()
    await expect(stop({ state, reason: 'a\x1b[2J' })).rejects.toMatchObject({ code: 'USAGE' })
    expect(gate.asked).toEqual([])
  })
})

test.each([
  ['USAGE', 2],
  ['JOB_UNREADABLE', 2],
  ['POLICY_INVALID', 2],
  ['PORT_LOST', 5],
  ['PRINTER_HALTED', 5],
  ['AUDIT_UNWRITABLE', 1],
  ['INTERNAL', 1],
  ['ANYTHING', 1],
] as const)('the code %s ends a command with %d', (code, exitStatus) => {
  expect(exitStatusOf(code)).toBe(exitStatus)
})

describe('who asks', () => {
  const { username } = userInfo()

  test('is the user, and who became it', () => {
    expect(asker({})).toBe(username)
    expect(asker({ SUDO_USER: '' })).toBe(username)
    expect(asker({ SUDO_USER: 'ada' })).toBe(`${username} (sudo by ada)`)
  })

  test('is a name that the gate takes, whatever the environment says', async () => {
    const { gate, path } = await serveStub()
    const { askGate } = await import('../../agent/control/index.ts')
    for (const SUDO_USER of ['a\nb', '\x1b[2J', 'x'.repeat(1000), '\u202e', '😀'.repeat(100)])
      await askGate(path, { do: 'clear', by: asker({ SUDO_USER }) })
    expect(gate.asked).toHaveLength(5)
  })
})
