/** Debian's Printrun, as a person uses it: pronsole with a keyboard and a screen, and the printcore command. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { newFolder, until } from './command.ts'

const PRONSOLE = '/usr/bin/pronsole'
const PRINTCORE = '/usr/bin/printcore'

/**
 * Whether to leave out tests that need Printrun, for want of it. Where everything must be there, as in CI, none is left
 * out: what is missing fails.
 */
export const isWithoutPrintrun = !existsSync(PRONSOLE) && process.env['PORTCULLIS_NEEDS'] !== 'all'

const running = new Set<ChildProcess>()

export interface Pronsole {
  /** Everything that it showed, without colours. */
  screen(): string
  type(line: string): void
  /** Waits until the screen shows it, from the given place on. Answers with what was shown since then. */
  untilShown(pattern: RegExp, from?: number): Promise<string>
  /** Whether it prints, as it says itself. */
  isPrinting(): Promise<boolean>
  kill(): Promise<void>
}

/** Starts pronsole, connects it to a port and loads a file. */
export async function startPronsole(port: string, file?: string): Promise<Pronsole> {
  const { child, shown } = startProgram(PRONSOLE, [])
  const screen = (): string => shown().replace(new RegExp(`${String.fromCharCode(27)}\\[\\d*m`, 'g'), '')
  const type = (line: string): void => void child.stdin?.write(`${line}\n`)
  const untilShown = async (pattern: RegExp, from = 0): Promise<string> => {
    await until(`pronsole to show ${pattern}`, () => pattern.test(screen().slice(from))).catch(
      (error: Error) => {
        throw new Error(`${error.message}; it shows ${screen().slice(from)}`)
      },
    )
    return screen().slice(from)
  }
  const isPrinting = async (): Promise<boolean> => {
    const from = screen().length
    type('eta')
    return /Est: /.test(await untilShown(/Est: |not currently printing/, from))
  }
  type(`connect ${port} 115200`)
  await untilShown(/Printer is now online/)
  if (file !== undefined) {
    type(`load ${file}`)
    await untilShown(/Estimated duration/)
  }
  return { screen, type, untilShown, isPrinting, kill: () => kill(child) }
}

/** Runs the printcore command to its end. */
export async function runPrintcore(port: string, file: string): Promise<string> {
  const { child, shown } = startProgram(PRINTCORE, ['-s', port, file])
  const status = await new Promise((resolve) => child.once('close', resolve))
  if (status !== 0) throw new Error(`printcore ended with ${status}: ${shown()}`)
  return shown()
}

/** Starts the printcore command. */
export function startPrintcore(port: string, file: string): { kill(): Promise<void> } {
  const { child } = startProgram(PRINTCORE, ['-s', port, file])
  return { kill: () => kill(child) }
}

/** Ends what a test left running. For `afterEach`. */
export async function endPrintrun(): Promise<void> {
  await Promise.all([...running].map(kill))
}

function startProgram(program: string, args: readonly string[]): { child: ChildProcess; shown(): string } {
  if (!existsSync(program)) throw new Error(`\`${program}\` is not installed: apt-get install printrun`)
  // Its settings and its history are its own, and none of whoever runs the test.
  const home = newFolder()
  const env = { PATH: process.env['PATH'], HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home }
  const child = spawn(program, args, {
    env: { ...env, LC_ALL: 'C.UTF-8', PYTHONUNBUFFERED: '1' },
    stdio: 'pipe',
  })
  running.add(child)
  child.once('close', () => running.delete(child))
  child.stdin?.on('error', () => {})
  let shown = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      shown += text
    })
  }
  return { child, shown: () => shown }
}

function kill(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('close', () => resolve())
    child.kill('SIGKILL')
  })
}
