import fs from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { askGate, type ControlRequest, controlSocketPath } from '../../agent/control/index.ts'
import { newState, serveStub } from './gate-stub.ts'

/** Something at the gate's place that answers each request with these bytes and hangs up. */
async function impostor(answer: string | Uint8Array): Promise<string> {
  const path = controlSocketPath(newState())
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(answer))
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  onTestFinished(() => void server.close())
  return path
}

const status = (path: string) => askGate(path, { do: 'status' })

describe('where no gate runs', () => {
  const sentence = (state: string) => ({
    code: 'USAGE',
    message: `no gate is running for state folder \`${state}\`; start it with \`portcullis serve\`, or name its folder with --state`,
  })

  test('a request says so, with the folder: nothing there, and no folder', async () => {
    const state = newState()
    await expect(status(controlSocketPath(state))).rejects.toMatchObject(sentence(state))
    const missing = join(state, 'no')
    await expect(status(controlSocketPath(missing))).rejects.toMatchObject(sentence(missing))
  })

  test('a socket that nobody listens at is the same', async () => {
    const state = newState()
    const path = controlSocketPath(state)
    const server = net.createServer()
    await new Promise<void>((resolve) => server.listen(join(state, 'other'), resolve))
    fs.linkSync(join(state, 'other'), path)
    await new Promise((resolve) => server.close(resolve))
    await expect(status(path)).rejects.toMatchObject(sentence(state))
  })
})

describe('nothing is sent', () => {
  test('to a file, a folder, or through a symbolic link', async () => {
    const state = newState()
    const path = controlSocketPath(state)
    const { gate, path: other } = await serveStub()
    const refused = { code: 'STATE_UNUSABLE', message: `\`${path}\` is not the socket of a gate` }
    for (const make of [
      () => fs.writeFileSync(path, ''),
      () => fs.mkdirSync(path),
      () => fs.symlinkSync(other, path),
    ]) {
      make()
      await expect(status(path)).rejects.toMatchObject(refused)
      fs.rmSync(path, { recursive: true })
    }
    expect(gate.asked).toEqual([])
  })

  const requests: readonly (readonly [string, ControlRequest])[] = [
    ['by', { do: 'clear', by: 'x\ny' }],
    ['reason', { do: 'stop', by: 'x', reason: '' }],
    ['path', { do: 'arm', path: 'relative' }],
    ['licence', { do: 'arm', path: '/a', licence: 'x'.repeat(256 * 1024 + 1) }],
  ]
  test.each(requests)('that the gate would not take: its `%s` is named', async (member, request) => {
    const { gate, path } = await serveStub()
    await expect(askGate(path, request)).rejects.toMatchObject({
      code: 'USAGE',
      message: `\`${member}\` of a request to \`${request.do}\` is empty, too long, or not plain text`,
    })
    expect(gate.asked).toEqual([])
  })
})

describe('an answer that is none is refused', () => {
  test.each([
    ['no JSON', 'hello\n'],
    ['an answer of nothing', '{}\n'],
    ['one without a sentence', '{"ok":true}\n'],
    ['one with a code that is no code', '{"ok":false,"code":"a b","message":""}\n'],
    ['a status of no gate', '{"ok":true,"message":"","status":{"state":"fine"}}\n'],
    ['progress that is no number', '{"progress":"1"}\n'],
    ['negative progress', '{"progress":-1}\n'],
    ['words without end', 'x'.repeat(1024 * 1024 + 1)],
    ['bytes', Buffer.from('{"ok":true,"message":"\xff"}\n', 'latin1')],
  ])('%s', async (_, answer) => {
    await expect(status(await impostor(answer))).rejects.toMatchObject({
      code: 'STATE_UNUSABLE',
      message: 'the gate gave an answer that cannot be understood; is it of another version',
    })
  })

  test.each(['', '{"ok":true,"message":"half'])('one that breaks off: %o', async (answer) => {
    await expect(status(await impostor(answer))).rejects.toMatchObject({ code: 'INTERRUPTED' })
  })
})

test('an answer of a later version is understood as far as it goes', async () => {
  const path = await impostor(
    '{"progress":5,"of":9}\n{"ok":true,"message":"fine","mood":"good"}\n{"ok":false}\n',
  )
  const seen: number[] = []
  const answer = await askGate(path, { do: 'status' }, (bytes) => seen.push(bytes))
  expect(answer).toEqual({ ok: true, message: 'fine' })
  expect(seen).toEqual([5])
})

test('whoever asks may stop waiting', async () => {
  const { gate, path } = await serveStub()
  gate.armed = () => new Promise(() => {})
  const controller = new AbortController()
  const asking = askGate(path, { do: 'arm', path: '/a' }, undefined, controller.signal)
  const interrupted = expect(asking).rejects.toMatchObject({ code: 'INTERRUPTED' })
  await expect.poll(() => gate.asked).toEqual(['arm /a'])
  controller.abort()
  await interrupted
  await expect(askGate(path, { do: 'status' }, undefined, controller.signal)).rejects.toMatchObject({
    message: 'interrupted before the gate answered',
  })
})
