/** Runs the built command as its user would, and clears up after it: no process and no folder outlives its test file. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'

export const ROOT = join(import.meta.dirname, '..', '..')
export const PORTCULLIS = join(ROOT, 'dist', 'portcullis.mjs')

/** Between two looks at something that another process changes. */
const LOOK_EVERY_MS = 10
const PATIENCE_MS = 30_000

const running = new Set<ChildProcess>()
const folders: string[] = []

/** How a command ended. */
export interface Ended {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A command that may still run. */
export interface Running {
  readonly pid: number
  readonly ended: Promise<Ended>
  stdout(): string
  stderr(): string
  signal(name: NodeJS.Signals): void
}

export interface RunOptions {
  /** Becomes standard input; there is none without it. */
  readonly stdin?: string | Readable
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** A command that starts ours: `['prlimit', '--fsize=100']`. */
  readonly under?: readonly string[]
  /** Options of Node itself. */
  readonly node?: readonly string[]
}

/** A new folder that is removed when the test file ends. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-system-'))
  folders.push(folder)
  return folder
}

/** Starts the command. */
export function start(args: readonly string[], options: RunOptions = {}): Running {
  const [program = process.execPath, ...rest] = [
    ...(options.under ?? []),
    process.execPath,
    ...(options.node ?? []),
    PORTCULLIS,
    ...args,
  ]
  // A state folder that cannot be: a test that forgets --state must not use that of whoever runs it.
  const env = { PATH: process.env['PATH'], HOME: '/nonexistent', NO_COLOR: '1', ...options.env }
  const child = spawn(program, rest, { cwd: options.cwd ?? ROOT, env, stdio: 'pipe' })
  running.add(child)
  feed(child, options.stdin)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status, signal) => {
      running.delete(child)
      resolve({ status, signal, stdout, stderr })
    })
  })
  return {
    pid: child.pid ?? -1,
    ended,
    stdout: () => stdout,
    stderr: () => stderr,
    signal: (name) => void child.kill(name),
  }
}

/** Runs the command to its end. */
export function run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return start(args, options).ended
}

function feed(child: ChildProcess, stdin: string | Readable | undefined): void {
  // Whoever stops reading early has a right to.
  child.stdin?.on('error', () => {})
  if (stdin === undefined || typeof stdin === 'string') child.stdin?.end(stdin ?? '')
  else if (child.stdin !== null) stdin.pipe(child.stdin)
}

/** Waits until `look` sees what it wants. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadlineMs = Date.now() + PATIENCE_MS
  for (;;) {
    const seen = await look()
    if (seen !== undefined && seen !== false) return seen
    if (Date.now() > deadlineMs) throw new Error(`waited ${PATIENCE_MS} ms for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}

/** Ends what a test left running. For `afterEach`. */
export async function endProcesses(): Promise<void> {
  const children = [...running]
  running.clear()
  await Promise.all(
    children.map(
      (child) =>
        new Promise<void>((resolve) => {
          if (child.exitCode !== null || child.signalCode !== null) return resolve()
          child.once('exit', () => resolve())
          child.kill('SIGKILL')
        }),
    ),
  )
}

/** Removes the folders of a test file. For `afterAll`. */
export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}
