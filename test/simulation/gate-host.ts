/**
 * What all simulated hosts share. Each host behaves as its program does, its faults included: they are what the gate
 * has to live with. A host sees nothing but the lines that the gate says and the time.
 */

/** The host's end of the virtual port. */
export interface HostPort {
  /** Text for the gate, ends of lines included. */
  send(text: string): void
  /** The program closes the port by itself. */
  close(): void
}

export type HostPhase =
  | 'connecting'
  | 'idle'
  | 'printing'
  | 'paused'
  /** The job was sent to its end, and every line of it was answered. */
  | 'done'
  /** The host gave the job up: it was cancelled, or the program could not go on. */
  | 'given-up'
  /** The program has closed the port. */
  | 'dead'

export abstract class SimulatedHost {
  phase: HostPhase = 'connecting'
  /** When the host last heard a line that tells it to go on: who waits for longer than ever is stuck. */
  movedAtMs = 0
  protected job: readonly string[] = []
  /** Index of the job's next line. */
  protected next = 0
  protected nowMs = 0
  protected readonly port: HostPort

  constructor(port: HostPort) {
    this.port = port
  }

  /** The port is open. */
  abstract connected(nowMs: number): void
  /** A line of the gate. */
  protected abstract heard(text: string): void
  /** Time has passed: some ten times a second. */
  protected abstract passed(): void
  /** Starts a job. Only where the host is not printing. */
  protected abstract begin(): void
  /** A person types a command. */
  abstract type(command: string): void

  print(job: readonly string[], nowMs: number): void {
    this.nowMs = nowMs
    this.movedAtMs = nowMs
    this.job = job
    this.next = 0
    this.phase = 'printing'
    this.begin()
  }

  line(text: string, nowMs: number): void {
    this.nowMs = nowMs
    if (this.phase !== 'dead') this.heard(text)
  }

  tick(nowMs: number): void {
    this.nowMs = nowMs
    if (this.phase !== 'dead') this.passed()
  }

  /** A person presses resume. */
  resume(nowMs: number): void {
    this.nowMs = nowMs
    if (this.phase === 'paused') this.phase = 'printing'
  }

  protected die(): void {
    this.phase = 'dead'
    this.port.close()
  }

  protected moved(): void {
    this.movedAtMs = this.nowMs
  }
}

/** `N<n> <command>*<checksum>`, as every host but Cura writes it. */
export function numbered(number: number, command: string): string {
  return withChecksum(`N${number} ${command}`)
}

/** The line with the XOR of its bytes. */
export function withChecksum(text: string): string {
  let sum = 0
  for (let i = 0; i < text.length; i++) sum ^= text.charCodeAt(i)
  return `${text}*${sum}`
}

export function isOk(text: string): boolean {
  return text.startsWith('ok')
}

/** Number of a request to send again, or undefined where the line is none. */
export function resendOf(text: string): number | undefined {
  if (!/^(resend|rs)/i.test(text)) return undefined
  return Number(/-?\d+/.exec(text)?.[0] ?? Number.NaN)
}

/** Name of an action that the printer asks for, with the space that Printrun needs. */
export function actionOf(text: string): string | undefined {
  return /^\/\/ action:([a-z_]+)/.exec(text)?.[1]
}
