/** A program of the tests in a process of its own, on a real disk, killed at any moment. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { expect } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')

/** When to kill: after so many lines, or after so long, whichever comes first. */
export interface End {
  readonly lines: number
  readonly afterMs: number
}

export interface KilledProgram {
  /** A folder of its own, on the disk that the repository is on. */
  readonly folder: string
  /** Everything that it said until it was killed. The last line may have been cut by the kill, and is left out. */
  liveUntil(end: End, ...args: readonly string[]): Promise<readonly string[]>
  remove(): void
}

/** Builds it as one file, so that each start takes milliseconds. It lies where Node finds our packages. */
export async function buildProgram(source: string): Promise<KilledProgram> {
  const cache = join(ROOT, 'node_modules/.cache')
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'killed-'))
  const file = join(folder, 'child.mjs')
  await build({
    entryPoints: [source],
    outfile: file,
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
  return {
    folder,
    liveUntil: (end, ...args) => liveUntil(file, end, args),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

async function liveUntil(file: string, end: End, args: readonly string[]): Promise<readonly string[]> {
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [said, lines, complaint] = ['', 0, '']
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString('latin1')
    lines += chunk.filter((byte) => byte === 0x0a).length
    if (lines >= end.lines) child.kill('SIGKILL')
  })
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString('utf8')
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), end.afterMs)
  const [, signal] = (await once(child, 'close')) as [number | null, string | null]
  clearTimeout(timer)
  expect(complaint).toBe('')
  expect(signal).toBe('SIGKILL')
  return said.split('\n').slice(0, -1)
}
