import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { expect, onTestFinished, test } from 'vitest'
import { openLog, readLog, verifyLog } from '../../agent/audit/index.ts'
import type { Acknowledgement } from './kill-child.ts'
import { scratchFolder } from './records.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const KILLS = 20

/** The child as one file, so that each start takes milliseconds. It lies where Node finds our packages. */
async function bundleChild(): Promise<string> {
  const cache = join(ROOT, 'node_modules/.cache')
  mkdirSync(cache, { recursive: true })
  const dir = mkdtempSync(join(cache, 'kill-test-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const outfile = join(dir, 'child.mjs')
  await build({
    entryPoints: [resolve(import.meta.dirname, 'kill-child.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['koffi'],
    logLevel: 'error',
  })
  return outfile
}

/** Everything that the child said, when it was killed after saying so many lines. */
async function killAfter(child: ChildProcess, lines: number): Promise<string[]> {
  let said = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    said += chunk.toString('latin1')
    if (said.split('\n').length > lines) child.kill('SIGKILL')
  })
  const [, signal] = (await once(child, 'close')) as [number | null, string | null]
  expect(signal).toBe('SIGKILL')
  // The last line may have been cut by the kill; a receipt that nobody could read was not given.
  return said.split('\n').slice(0, -1)
}

test(`an agent killed ${KILLS} times in mid-append has every record that it called durable`, async () => {
  const childFile = await bundleChild()
  const dir = scratchFolder()
  const acknowledged: string[] = []
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(process.execPath, [childFile, dir], { stdio: ['ignore', 'pipe', 'inherit'] })
    // Spread from at once to some hundred appends; where in the append it strikes is left to chance.
    acknowledged.push(...(await killAfter(child, 1 + ((kill * 29) % 120))))
  }
  const log = await openLog(dir)
  await log.close()
  expect(await verifyLog(dir)).toMatchObject({ ok: true, findings: [], origin: log.origin })
  const stored = new Set<string>()
  const ids = new Set<string>()
  for await (const { index, hash, record } of readLog(dir)) {
    if (record.kind !== 'decision') continue
    const { id } = record.decision as { id: string }
    expect(ids.has(id), `${id} stands once`).toBe(false)
    ids.add(id)
    stored.add(`${index} ${hash} ${id}` satisfies Acknowledgement)
  }
  expect(acknowledged.length).toBeGreaterThan(KILLS * 20)
  expect(acknowledged.filter((line) => !stored.has(line))).toEqual([])
})
