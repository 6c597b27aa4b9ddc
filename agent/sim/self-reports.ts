/** What the firmware says without being asked each time: that it is busy, and temperatures after M155. */

import type { Machine } from './machine.ts'

/** When the next of these lines is due. */
export class SelfReports {
  #busyAtMs = 0
  #temperatures = { everyS: 0, atMs: 0 }

  /** A command began: the host is told from two seconds on that it still runs. */
  commandStarted(machine: Machine): void {
    this.#busyAtMs = machine.nowMs + machine.keepaliveS * 1000
  }

  /** Takes over a new interval of M155. */
  follow(machine: Machine): void {
    const everyS = machine.autoreportS
    if (everyS === this.#temperatures.everyS) return
    this.#temperatures = { everyS, atMs: machine.nowMs + everyS * 1000 }
  }

  /** Says what is due. */
  say(machine: Machine): void {
    const { nowMs } = machine
    if (this.#temperatures.everyS > 0 && nowMs >= this.#temperatures.atMs) {
      this.#temperatures.atMs = nowMs + this.#temperatures.everyS * 1000
      machine.reply(machine.temperatures())
    }
    const { wait } = machine
    // A wait that is over by now is not worth a word: the answer follows.
    if (wait === undefined || nowMs < this.#busyDueMs(machine) || wait.isOver(nowMs)) return
    this.#busyAtMs = nowMs + machine.keepaliveS * 1000
    machine.reply(`echo:busy: ${wait.busy}`)
  }

  nextMs(machine: Machine): number {
    const temperaturesMs = this.#temperatures.everyS > 0 ? this.#temperatures.atMs : Number.POSITIVE_INFINITY
    return Math.min(temperaturesMs, this.#busyDueMs(machine))
  }

  #busyDueMs(machine: Machine): number {
    const isOn = machine.wait !== undefined && machine.keepaliveS > 0
    return isOn ? this.#busyAtMs : Number.POSITIVE_INFINITY
  }
}
