// A witness that is killed, at each step of its disk and at any moment: what it has said it knows after it.
import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { scratchFolder } from '../audit/records.ts'
import { type Effect, STEPS } from './faulty-disk.ts'
import type { ChildArguments } from './kill-child.ts'
import { TestLog } from './test-log.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const KILLS = 12
const log = new TestLog('example.test/log', 0)

/** The child as one file, so that each start takes milliseconds. It lies where Node finds our packages. */
let bundleFolder: string
beforeAll(async () => {
  const cache = join(ROOT, 'node_modules/.cache')
  mkdirSync(cache, { recursive: true })
  bundleFolder = mkdtempSync(join(cache, 'witness-kill-'))
  await build({
    entryPoints: [resolve(import.meta.dirname, 'kill-child.ts')],
    outfile: join(bundleFolder, 'child.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  })
})
afterAll(() => rmSync(bundleFolder, { recursive: true, force: true }))

function newPlace(): string {
  const folder = scratchFolder()
  const { privateKey } = generateKeyPairSync('ed25519')
  writeFileSync(join(folder, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }))
  return folder
}

interface Child {
  readonly url: string
  readonly process: ChildProcess
  readonly closed: Promise<unknown>
}

async function start(
  folder: string,
  fault?: { readonly at: number; readonly effect: Effect },
): Promise<Child> {
  const place = [folder, log.signer.vkey] as const
  const args: ChildArguments = fault === undefined ? place : [...place, String(fault.at), fault.effect]
  const child = spawn(process.execPath, [join(bundleFolder, 'child.mjs'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close')
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = await once(child.stdout, 'data')
  return { url: String(line).trim(), process: child, closed }
}

/** Status and body, or null if the witness died before it answered. */
async function post(url: string, body: string): Promise<{ status: number; body: string } | null> {
  try {
    const response = await fetch(`${url}/add-checkpoint`, { method: 'POST', body })
    return { status: response.status, body: await response.text() }
  } catch {
    return null
  }
}

async function sizeAt(url: string): Promise<number> {
  const answer = await post(url, log.submission(log.size))
  if (answer?.status === 200) return log.size
  expect(answer?.status).toBe(409)
  return Number(answer?.body)
}

test.each(
  STEPS.flatMap((step, at) =>
    (['absent', 'half', 'present'] as const).map((effect) => ({ step, at, effect })),
  ),
)(
  'killed at $step, $effect, a witness knows the head before or the one after, and no fork',
  async ({ at, effect }) => {
    const folder = newPlace()
    log.entries.length = 0
    log.grow(5)
    const first = await start(folder)
    expect(await post(first.url, log.submission(0))).toMatchObject({ status: 200 })
    first.process.kill('SIGKILL')
    await first.closed
    const dying = await start(folder, { at, effect })
    log.grow(4)
    expect(await post(dying.url, log.submission(5))).toBeNull()
    expect(await dying.closed).toEqual([null, 'SIGKILL'])
    const next = await start(folder)
    const probe = await post(next.url, log.submission(0))
    const known = Number(probe?.body)
    expect([5, 9]).toContain(known)
    expect(await post(next.url, log.fork(3, known).submission(known))).toMatchObject({ status: 409 })
    expect(await post(next.url, log.fork(3, 12).submission(known))).toMatchObject({ status: 422 })
    expect(await post(next.url, log.submission(known))).toMatchObject({ status: 200 })
  },
)

test(`killed ${KILLS} times at any moment, a witness never knows less than it said`, async () => {
  const folder = newPlace()
  log.entries.length = 0
  let acknowledged = 0
  let answers = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const child = await start(folder)
    let known = log.size === 0 ? 0 : await sizeAt(child.url)
    expect(known).toBeGreaterThanOrEqual(acknowledged)
    let left = 1 + (kill % 4)
    for (;;) {
      log.grow(1)
      const answer = await post(child.url, log.submission(known))
      if (answer === null) break
      expect(answer.status).toBe(200)
      known = log.size
      acknowledged = known
      answers++
      // Then at any moment of the next requests.
      if (--left === 0) setTimeout(() => child.process.kill('SIGKILL'), (kill * 3) % 20)
    }
    await child.closed
  }
  expect(answers).toBeGreaterThanOrEqual(KILLS)
})
