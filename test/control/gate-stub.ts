/** A gate that only knows that it was asked: what stands behind the control socket in tests of the socket. */
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import {
  type ArmRequest,
  type ControlAnswer,
  type ControlServer,
  controlSocketPath,
  type GateControl,
  type GateStatus,
  serveControl,
} from '../../agent/control/index.ts'

export const IDLE: GateStatus = {
  state: 'idle',
  host: null,
  profile: null,
  printer: '/dev/ttyACM0',
  policy: 'maker-space',
  job: null,
  armed: null,
  latch: null,
  jobs: 'armed',
}

export class StubGate implements GateControl {
  readonly asked: string[] = []
  armed: (
    request: ArmRequest,
    progress: (bytes: number) => void,
    signal: AbortSignal,
  ) => Promise<ControlAnswer> = async () => ({ ok: true, message: 'the gate is armed' })
  now: GateStatus = IDLE
  failure: unknown

  status(): GateStatus {
    this.#note('status')
    return this.now
  }

  async arm(
    request: ArmRequest,
    progress: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<ControlAnswer> {
    this.#note(`arm ${request.path}`)
    return await this.armed(request, progress, signal)
  }

  async disarm(by: string): Promise<ControlAnswer> {
    return this.#note(`disarm by ${by}`)
  }

  async clear(by: string): Promise<ControlAnswer> {
    return this.#note(`clear by ${by}`)
  }

  async stop(by: string, reason?: string): Promise<ControlAnswer> {
    return this.#note(`stop by ${by}: ${reason}`)
  }

  async record(record: { readonly kind: string }): Promise<ControlAnswer> {
    return { ...this.#note(`record ${JSON.stringify(record)}`), index: 7 }
  }

  async refund(token: string): Promise<ControlAnswer> {
    return this.#note(`refund ${token}`)
  }

  async erase(subject: string, by: string): Promise<ControlAnswer> {
    return this.#note(`erase ${subject} by ${by}`)
  }

  #note(what: string): ControlAnswer & { readonly ok: true } {
    this.asked.push(what)
    if (this.failure !== undefined) throw this.failure
    return { ok: true, message: `${what}, done` }
  }
}

/** A state folder of its own, gone when the test is. */
export function newState(): string {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-control-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A gate that is served until the test ends. */
export async function serveStub(state = newState()): Promise<{
  readonly gate: StubGate
  readonly state: string
  readonly path: string
  readonly server: ControlServer
}> {
  const gate = new StubGate()
  const path = controlSocketPath(state)
  const server = await serveControl(path, gate)
  onTestFinished(() => server.close())
  return { gate, state, path, server }
}

/** A client of no manners: sends what it is told to, and hears everything. */
export class RawClient {
  readonly socket: net.Socket
  heard = ''
  readonly ended: Promise<string>

  constructor(path: string) {
    this.socket = net.connect({ path, allowHalfOpen: true })
    this.ended = new Promise((resolve) => {
      this.socket.on('data', (bytes) => {
        this.heard += bytes.toString()
      })
      this.socket.on('error', () => {})
      this.socket.on('end', () => this.socket.end())
      this.socket.on('close', () => resolve(this.heard))
    })
    onTestFinished(() => void this.socket.destroy())
  }

  /** Sends and waits for the gate to hang up; answers what it said, parsed. */
  async ask(text: string | Uint8Array): Promise<unknown> {
    this.socket.write(text)
    return JSON.parse(await this.ended)
  }
}
