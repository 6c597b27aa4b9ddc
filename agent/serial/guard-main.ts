/**
 * The guard: waits beside the agent, and when the agent is gone without a word, brings the printer to rest.
 * Told on standard input, first the script in one line of JSON, later perhaps `disarm`; the port is descriptor 3,
 * inherited with the lock on it, so nobody else can open the port before this process has ended.
 * It reads nothing from the port while the agent lives, for those replies are the agent's.
 */

import fs from 'node:fs'
import { sendSafeStop } from './safe-stop.ts'
import { type SafeStopScript, safeStopScript } from './safe-stop-script.ts'

const PORT_FD = 3

/** Thirty-odd short commands, with room to spare. */
const INPUT_BYTES_MAX = 16 * 1024

/** Beyond the script's own limit: the time to send the emergency stop. Then this process ends whatever happens. */
const LEAVE_MS = 2000

/** What this process ends with; only tests and a curious parent see it. */
const EXIT_STATUS = { done: 0, failed: 1, misused: 2 } as const

let input = ''
let script: SafeStopScript | undefined
let isStopping = false

/** Signals that an operator, a shell or a service manager sends to all processes of the agent at once. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => {})
process.on('uncaughtException', lastResort)
// Nobody reads our answer when the agent died meanwhile.
process.stdout.on('error', () => {})
process.stdin.setEncoding('latin1')
process.stdin.on('data', hear)
process.stdin.on('end', agentIsGone)
process.stdin.on('error', agentIsGone)
process.stdin.on('close', agentIsGone)

function hear(text: string): void {
  input += text
  if (input.length > INPUT_BYTES_MAX) leave('misused')
  for (let end = input.indexOf('\n'); end !== -1; end = input.indexOf('\n')) {
    const line = input.slice(0, end)
    input = input.slice(end + 1)
    if (script === undefined) arm(line)
    else if (line === 'disarm' && !isStopping) leave('done')
  }
}

function arm(line: string): void {
  if (!isReadyToUse()) leave('misused')
  try {
    script = safeStopScript.parse(JSON.parse(line))
  } catch {
    leave('misused')
  }
  process.stdout.write('ready\n')
}

/** A descriptor that blocks could hold this process in one read for ever, and the emergency stop with it. */
function isReadyToUse(): boolean {
  try {
    const [, flags] =
      /^flags:\s*([0-7]+)$/m.exec(fs.readFileSync(`/proc/self/fdinfo/${PORT_FD}`, 'utf8')) ?? []
    return (Number.parseInt(flags ?? '0', 8) & fs.constants.O_NONBLOCK) !== 0
  } catch {
    return false
  }
}

function agentIsGone(): void {
  if (isStopping) return
  // Before it was ready the agent has heated nothing through us, and we know of nothing to send.
  if (script === undefined) leave('misused')
  isStopping = true
  setTimeout(leave, script.limitMs + LEAVE_MS, 'failed')
  sendSafeStop(PORT_FD, script).then(() => leave('done'), lastResort)
}

/** Our own code is wrong: say the most important things without it. */
function lastResort(): void {
  if (isStopping && script !== undefined) {
    try {
      fs.writeSync(PORT_FD, `\n${[...script.heatersOff, script.emergency].join('\n')}\n`)
    } catch {
      // Nothing is left to try.
    }
  }
  leave('failed')
}

function leave(status: keyof typeof EXIT_STATUS): never {
  process.exit(EXIT_STATUS[status])
}
