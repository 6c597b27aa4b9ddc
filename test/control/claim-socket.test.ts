import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { askGate, controlSocketPath, serveControl } from '../../agent/control/index.ts'
import { newState, StubGate, serveStub } from './gate-stub.ts'

const DOOR = fileURLToPath(new URL('../../agent/control/index.ts', import.meta.url))

/** A gate in a process of its own, so that it can be killed. */
async function startGate(state: string): Promise<ChildProcess> {
  const program = `
    import { serveControl } from ${JSON.stringify(DOOR)}
    await serveControl(${JSON.stringify(controlSocketPath(state))}, {})
    process.stdout.write('up')`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  if (child.stdout !== null) await once(child.stdout, 'data')
  return child
}

/** What a killed gate leaves: a socket that nobody listens at, and its claim. */
async function leaveStaleGate(state: string): Promise<void> {
  const child = await startGate(state)
  child.kill('SIGKILL')
  await once(child, 'close')
  expect(fs.readdirSync(state)).toEqual(OURS)
}

/** What a gate that lives has in its folder. */
const OURS = ['control.lock', 'control.sock']

const serve = (path: string) => serveControl(path, new StubGate())

describe('the control socket', () => {
  test('is for its owner only, whatever the umask, and leaves nothing beside it', async () => {
    const before = process.umask(0)
    onTestFinished(() => void process.umask(before))
    const { state, path } = await serveStub()
    expect(fs.lstatSync(path).mode & 0o777).toBe(0o600)
    expect(fs.readdirSync(state)).toEqual(OURS)
  })

  test('is given up when the gate ends', async () => {
    const { state, server } = await serveStub()
    await Promise.all([server.close(), server.close()])
    expect(fs.readdirSync(state)).toEqual([])
  })

  test('that was replaced by something else is not taken away', async () => {
    const { path, state, server } = await serveStub()
    fs.unlinkSync(path)
    fs.writeFileSync(path, 'mine')
    await server.close()
    expect(fs.readdirSync(state)).toEqual(['control.sock'])
    expect(fs.readFileSync(path, 'utf8')).toBe('mine')
  })

  test('that was removed lets no second gate in while the first lives', async () => {
    const { path, server } = await serveStub()
    fs.unlinkSync(path)
    await expect(serve(path)).rejects.toMatchObject({ code: 'AUDIT_LOCKED' })
    await server.close()
    await (await serve(path)).close()
  })

  test('that a killed gate left is replaced, with its claim', async () => {
    const state = newState()
    await leaveStaleGate(state)
    const { path } = await serveStub(state)
    await expect(askGate(path, { do: 'status' })).resolves.toMatchObject({ ok: true })
    expect(fs.readdirSync(state)).toEqual(OURS)
    expect(fs.readdirSync(join(state, 'control.lock'))).toHaveLength(1)
  })

  test('that was left without a claim is replaced, and so is a claim without a socket', async () => {
    for (const missing of OURS) {
      const state = newState()
      await leaveStaleGate(state)
      fs.rmSync(join(state, missing), { recursive: true })
      const { path } = await serveStub(state)
      await expect(askGate(path, { do: 'status' })).resolves.toMatchObject({ ok: true })
      expect(fs.readdirSync(state)).toEqual(OURS)
    }
  })

  test('of a gate that lives is left to it', async () => {
    const { state, path } = await serveStub()
    await expect(serve(path)).rejects.toMatchObject({
      code: 'AUDIT_LOCKED',
      message: `another gate serves state folder \`${state}\`; a second printer needs a state folder of its own`,
    })
    await expect(askGate(path, { do: 'status' })).resolves.toMatchObject({ ok: true })
    expect(fs.readdirSync(state)).toEqual(OURS)
  })

  test('of a gate that is stopped is left to it too: it may go on', async () => {
    const state = newState()
    const child = await startGate(state)
    child.kill('SIGSTOP')
    await expect(serve(controlSocketPath(state))).rejects.toMatchObject({ code: 'AUDIT_LOCKED' })
  })

  test.each([false, true])(
    'goes to one of many gates that start at once (stale: %s)',
    { repeats: 4 },
    async (isStale) => {
      const state = newState()
      const path = controlSocketPath(state)
      if (isStale) await leaveStaleGate(state)
      const started = await Promise.allSettled(Array.from({ length: 8 }, () => serve(path)))
      const won = started.filter((result) => result.status === 'fulfilled')
      for (const result of started)
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'AUDIT_LOCKED' })
      expect(won).toHaveLength(1)
      await expect(askGate(path, { do: 'status' })).resolves.toMatchObject({ ok: true })
      expect(fs.readdirSync(state)).toEqual(OURS)
      await won[0]?.value.close()
    },
  )
})

describe('what is in the way of the control socket stays there', () => {
  const isRefused = (path: string) =>
    expect(serve(path)).rejects.toMatchObject({
      code: 'STATE_UNUSABLE',
      message: `\`${path}\` is in the way of the control socket; move it away`,
    })

  test('a file', async () => {
    const path = controlSocketPath(newState())
    fs.writeFileSync(path, 'mine')
    await isRefused(path)
    expect(fs.readFileSync(path, 'utf8')).toBe('mine')
  })

  test('a folder', async () => {
    const path = controlSocketPath(newState())
    fs.mkdirSync(path)
    await isRefused(path)
  })

  test('a symbolic link, to nothing, to a file and to the socket of another gate', async () => {
    const state = newState()
    const { path: other } = await serveStub()
    const file = join(state, 'file')
    fs.writeFileSync(file, 'mine')
    for (const target of ['/nonexistent/x', file, other]) {
      const path = controlSocketPath(state)
      fs.symlinkSync(target, path)
      await isRefused(path)
      expect(fs.readlinkSync(path)).toBe(target)
      fs.unlinkSync(path)
    }
    await expect(askGate(other, { do: 'status' })).resolves.toMatchObject({ ok: true })
    expect(fs.readFileSync(file, 'utf8')).toBe('mine')
  })
})

describe('what is in the way of the claim stays there', () => {
  test.each([
    ['a file', (place: string) => fs.writeFileSync(place, 'mine'), ''],
    ['a symbolic link', (place: string) => fs.symlinkSync('/nonexistent', place), ''],
    ['a folder with a file in it', makeFull, '/notes'],
  ])('%s', async (_, make, inside) => {
    const state = newState()
    const place = join(state, 'control.lock')
    make(place)
    await expect(serve(controlSocketPath(state))).rejects.toMatchObject({
      code: 'STATE_UNUSABLE',
      message: `\`${place}${inside}\` is in the way of the control socket; move it away`,
    })
    expect(fs.readdirSync(state)).toEqual(['control.lock'])
  })

  function makeFull(place: string): void {
    fs.mkdirSync(place)
    fs.writeFileSync(join(place, 'notes'), 'mine')
  }
})

describe('a state folder that cannot hold the socket is named', () => {
  test('one with too long a path, before the system cuts it', async () => {
    const fits = join(newState(), 'x')
    const long = join(newState(), 'x'.repeat(107))
    fs.mkdirSync(long)
    const error = { code: 'USAGE', message: expect.stringContaining(`state folder \`${long}\` cannot serve`) }
    await expect(serve(controlSocketPath(long))).rejects.toMatchObject(error)
    await expect(askGate(controlSocketPath(long), { do: 'status' })).rejects.toMatchObject(error)
    expect(fs.readdirSync(long)).toEqual([])
    // The longest that fits does work.
    const exact = `${fits}${'y'.repeat(107 - '/control.sock'.length - fits.length)}`
    fs.mkdirSync(exact)
    expect(controlSocketPath(exact)).toHaveLength(107)
    const { path } = await serveStub(exact)
    await expect(askGate(path, { do: 'status' })).resolves.toMatchObject({ ok: true })
  })

  test('one that is not there, with a reason', async () => {
    const path = controlSocketPath(join(newState(), 'no'))
    await expect(serve(path)).rejects.toMatchObject({
      code: 'STATE_UNUSABLE',
      message: `control socket \`${path}\` cannot be made: it does not exist`,
    })
  })
})

test('a failed claim leaves no listener behind', async () => {
  const path = controlSocketPath(newState())
  fs.writeFileSync(path, '')
  const servers = () => process.getActiveResourcesInfo().filter((name) => name.startsWith('Pipe')).length
  const before = servers()
  await expect(serve(path)).rejects.toThrow()
  await expect.poll(servers).toBe(before)
})
