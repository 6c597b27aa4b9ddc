// A real process that prints copies, killed at any moment: no copy is made twice, none that was given is lost.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readLog } from '../../agent/audit/index.ts'
import { openLedger } from '../../agent/ledger.ts'
import type { StoredRecord } from '../../agent/log-format/index.ts'
import { openStateFolder } from '../../agent/state-folder.ts'
import { verifyLog } from '../../agent/verify/index.ts'
import { seeded } from '../audit/memory-disk.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const KILLS = process.env['FAULTS'] === 'all' ? 100 : 30
/** Longer than a life takes to open its log and print its first copies. */
const EARLY_MS_MAX = 500

let folder = ''
let childFile = ''

/** The child as one file, so that each start takes milliseconds. It lies where Node finds our packages. */
beforeAll(async () => {
  const cache = join(ROOT, 'node_modules/.cache')
  mkdirSync(cache, { recursive: true })
  folder = mkdtempSync(join(cache, 'kill-copies-'))
  childFile = join(folder, 'child.mjs')
  await build({
    entryPoints: [resolve(import.meta.dirname, 'kill-child.ts')],
    outfile: childFile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['koffi'],
    // Packages in the older form of modules ask for Node's own.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    minify: true,
    logLevel: 'error',
  })
})

afterAll(() => rmSync(folder, { recursive: true, force: true }), 60_000)

/** Everything that the child said until it was killed: after so many lines, or after so long. */
async function liveUntil(
  lines: number,
  afterMs: number,
  ...args: readonly string[]
): Promise<readonly string[]> {
  const child = spawn(process.execPath, [childFile, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  let complaint = ''
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString('latin1')
    if (said.split('\n').length > lines) child.kill('SIGKILL')
  })
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString('utf8')
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), afterMs)
  const [, signal] = (await once(child, 'close')) as [number | null, string | null]
  clearTimeout(timer)
  expect(complaint).toBe('')
  expect(signal).toBe('SIGKILL')
  // The last line may have been cut by the kill; a promise that nobody could read was not given.
  return said.split('\n').slice(0, -1)
}

type CopyRecord = Extract<StoredRecord, { readonly kind: 'copy' }>

/** The latest state of each copy, and that no licence was ever used more often than its records say. */
async function statesIn(dir: string): Promise<ReadonlyMap<string, CopyRecord['state']>> {
  const states = new Map<string, CopyRecord['state']>()
  const terms = new Map<string, NonNullable<CopyRecord['terms']>>()
  const used = new Map<string, number>()
  const count = (copy: string, by: number): void => {
    for (const { licence, limit } of terms.get(copy)!.counters) {
      used.set(licence, (used.get(licence) ?? 0) + by)
      expect(used.get(licence)).toBeLessThanOrEqual(limit)
    }
  }
  for await (const { record } of readLog(dir, { kinds: ['copy'] })) {
    if (record.kind !== 'copy') continue
    if (record.terms !== null) {
      expect(states.has(record.copy)).toBe(false)
      terms.set(record.copy, record.terms)
      count(record.copy, 1)
    } else if (record.state === 'returned') count(record.copy, -1)
    states.set(record.copy, record.state)
  }
  return states
}

test(`an agent killed ${KILLS} times makes no copy twice and loses none`, { timeout: 600_000 }, async () => {
  const random = seeded(5)
  const path = join(folder, 'state')
  const logDir = join(path, 'log')
  const given = new Set<string>()
  const denied = new Set<string>()
  const printed = new Set<string>()
  for (let kill = 0; kill < KILLS; kill++) {
    // Some in the midst of opening and settling, some in the midst of printing.
    const isEarly = kill % 4 === 3
    const lines = isEarly ? Number.POSITIVE_INFINITY : Math.floor(random() * 60)
    const afterMs = isEarly ? random() * EARLY_MS_MAX : 60_000
    for (const line of await liveUntil(lines, afterMs, path, String(kill))) {
      const [word, job = ''] = line.split(' ')
      if (word === '+') given.add(job)
      if (word === '-') denied.add(job)
      if (word === 'c') printed.add(job)
    }
    if (kill % 10 !== 9) continue
    // As the kill left it, before anybody mends it.
    const { findings } = await verifyLog(logDir)
    expect(findings.filter(({ severity }) => severity === 'damage')).toEqual([])
    await statesIn(logDir)
  }
  const ledger = await openLedger(await openStateFolder(path))
  await ledger.close()
  const states = await statesIn(logDir)
  expect([...given].filter((job) => !states.has(job))).toEqual([])
  expect([...denied].filter((job) => states.has(job))).toEqual([])
  expect([...printed].filter((job) => states.get(job) !== 'printed')).toEqual([])
  const told = [...states.values()]
  expect(told.filter((state) => state === 'reserved' || state === 'printing')).toEqual([])
  const { ok, findings } = await verifyLog(logDir)
  expect({ ok, findings }).toEqual({ ok: true, findings: [] })
  // It has met what it is about.
  expect(denied.size).toBeGreaterThan(0)
  for (const state of ['printed', 'returned', 'uncertain']) expect(told).toContain(state)
})
