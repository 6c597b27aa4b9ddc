/**
 * The simulated printer's main loop: bytes into lines, lines into a queue of four, one command at a time, and the
 * replies on their way back. It runs when bytes arrive and when something is due, never in between.
 */

import { ByteQueue } from './byte-queue.ts'
import type { Cancel, Clock } from './clock.ts'
import { dispatch } from './command-dispatch.ts'
import { journalText } from './command-text.ts'
import { EmergencyParser } from './emergency-parser.ts'
import type { Accident, FaultInjector } from './fault-injector.ts'
import { BOOT_LINES } from './firmware-text.ts'
import type { Invariants } from './invariants.ts'
import type { Journal } from './journal.ts'
import { type Hardware, Machine, type MachineConfig } from './machine.ts'
import {
  type AssembledLine,
  type EarlyAction,
  isEndOfSaving,
  MarlinLineAssembly,
} from './marlin-line-assembly.ts'
import { MarlinParser, type ParsedCommand } from './marlin-parser.ts'
import { Outbox } from './outbox.ts'
import { PLANNER_BLOCKS_MAX } from './planner.ts'
import { SelfReports } from './self-reports.ts'
import { type Outcome, untilTime } from './wait.ts'

/** BUFSIZE of Marlin: command lines that wait, the one that runs included. */
export const QUEUE_LINES_MAX = 4
/** USB holds the host back; a pty or socket here does not, so more than this is lost, and the journal says so. */
const RECEIVE_BYTES_MAX = 1024 * 1024
/** Reading a line from the card takes time, so that a program that starts itself cannot stop the world. */
const CARD_LINE_MS = 1

interface QueuedLine {
  readonly text: string
  /** A line from the card gets no ok. */
  readonly isFromCard: boolean
}

/** What a printer needs around it. */
export interface MarlinPrinterParts {
  readonly config: MachineConfig
  readonly clock: Clock
  readonly journal: Journal
  readonly invariants: Invariants
  readonly faults: FaultInjector
  readonly hardware: Hardware
  readonly write: (bytes: Uint8Array) => void
  readonly unplug: () => void
}

/** One printer over any number of resets. */
export class MarlinPrinter {
  readonly #parts: MarlinPrinterParts
  readonly #waiting: ByteQueue
  readonly #outbox: Outbox
  #reports = new SelfReports()
  machine: Machine
  #assembly: MarlinLineAssembly
  #emergency: EmergencyParser | undefined
  #parser: MarlinParser
  #queue: QueuedLine[] = []
  #isHung = false
  #isStopped = false
  #isRunning = false
  #hasOverrun = false
  #cardReadyAtMs = 0
  #alarm: { readonly atMs: number; readonly cancel: Cancel } | undefined

  constructor(parts: MarlinPrinterParts) {
    this.#parts = parts
    this.#waiting = new ByteQueue(parts.faults.faults['rx-buffer'] ?? RECEIVE_BYTES_MAX)
    this.#outbox = new Outbox(parts.faults, parts.journal, parts.write)
    this.#assembly = this.#newAssembly()
    this.#parser = new MarlinParser(parts.config.build)
    this.machine = this.#newMachine()
    this.#boot()
  }

  get #isAlive(): boolean {
    return !this.machine.isHalted && !this.#isHung
  }

  get queuedLines(): number {
    return this.#queue.length
  }

  /** Takes bytes from the host. */
  receive(bytes: Uint8Array): void {
    if (this.#isStopped || bytes.length === 0) return
    this.#parts.clock.settle()
    const seen = this.#parts.faults.receive(bytes)
    this.#parts.journal.received(seen)
    // Byte by byte, running in between: a line error throws away what had to wait, not what had not come yet.
    for (const byte of seen) this.#take(byte)
    this.#run()
  }

  /** Starts again, as after a pulse on the reset line: targets, position, queue and modes are lost, heat is not. */
  reset(reason: string): void {
    if (this.#isStopped) return
    this.#outbox.flush()
    this.#parts.journal.event('reset', { reason })
    this.#queue = []
    this.#waiting.clear()
    this.#isHung = false
    this.#hasOverrun = false
    this.#reports = new SelfReports()
    this.#assembly = this.#newAssembly()
    this.#parser = new MarlinParser(this.#parts.config.build)
    this.#parts.hardware.card.remount()
    this.machine = this.#newMachine()
    this.machine.heatersOff()
    this.#boot()
  }

  /** Ends the simulation: no timer is left, and nothing is read or written any more. */
  stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#alarm?.cancel()
    this.#parts.journal.event('stopped')
  }

  #newAssembly(): MarlinLineAssembly {
    const { config, faults } = this.#parts
    this.#emergency = config.hasEmergencyParser ? new EmergencyParser() : undefined
    return new MarlinLineAssembly(config.build, {
      hasEmergencyParser: config.hasEmergencyParser,
      isGarbled: () => faults.isGarbled(),
    })
  }

  #newMachine(): Machine {
    const { config, hardware, clock, journal, invariants } = this.#parts
    return new Machine(config, hardware, {
      clock,
      journal,
      invariants,
      reply: (text, ending) => this.#outbox.say(text, ending),
      setLineNumber: (number) => {
        this.#assembly.lastLineNumber = number
      },
      resendReplies: () => this.#assembly.resendReplies(),
      cancelMotionMode: () => this.#parser.cancelMotionMode(),
      statisticsTold: () => this.#parts.faults.printedElsewhereMm(),
    })
  }

  #boot(): void {
    this.#parts.journal.event('boot')
    for (const text of BOOT_LINES) this.#outbox.say(text)
    this.#run()
  }

  #take(byte: number): void {
    if (!this.#isAlive) return
    const emergency = this.#emergency?.push(byte)
    if (emergency !== undefined) this.#act(emergency.action, emergency.text)
    if (this.#waiting.length > 0 || this.#queue.length >= QUEUE_LINES_MAX) {
      if (!this.#waiting.push(byte)) this.#overrun()
      return
    }
    const line = this.#assembly.push(byte)
    if (line === undefined) return
    this.#admit(line)
    this.#run()
  }

  #overrun(): void {
    if (this.#hasOverrun) return
    this.#hasOverrun = true
    this.#parts.journal.event('overrun', { bytes: this.#waiting.length })
  }

  /** Reads what had to wait, as long as the queue has room. */
  #readWaiting(): void {
    while (this.#queue.length < QUEUE_LINES_MAX && !this.machine.isHalted) {
      const byte = this.#waiting.shift()
      if (byte === undefined) return
      const line = this.#assembly.push(byte)
      if (line !== undefined) this.#admit(line)
    }
  }

  #admit(line: AssembledLine): void {
    switch (line.kind) {
      case 'ignored':
        return
      case 'resend':
        this.#waiting.clear()
        for (const text of line.replies) this.#outbox.say(text)
        return
      case 'command':
        if (line.early !== undefined) this.#act(line.early, line.text.trim())
        if (!this.machine.isHalted) this.#queue.push({ text: line.text, isFromCard: false })
    }
  }

  #act(action: EarlyAction, text: string): void {
    switch (action) {
      case 'break-wait':
        this.machine.breakWait()
        return
      case 'quickstop':
        this.machine.quickstop()
        return
      case 'kill':
        // It never gets to the queue, so this is where it runs.
        this.#note(this.#parser.parse(text), false)
        this.#halt(text)
    }
  }

  #halt(reason: string): void {
    this.machine.kill(reason)
    this.#dropAll()
  }

  #dropAll(): void {
    this.machine.wait = undefined
    this.#queue = []
    this.#waiting.clear()
  }

  #run(): void {
    if (this.#isRunning || this.#isStopped) return
    this.#isRunning = true
    try {
      if (this.#isAlive) this.#reports.say(this.machine)
      while (this.#step()) this.#reports.follow(this.machine)
    } finally {
      this.#isRunning = false
    }
    this.#outbox.flush()
    this.#arm()
  }

  /** Does the next thing; false where there is nothing to do for now. */
  #step(): boolean {
    if (!this.#isAlive || this.#isStopped) return false
    this.#readWaiting()
    if (this.machine.isHalted) return false
    if (this.machine.wait !== undefined) return this.#continue()
    const line = this.#queue[0]
    if (line === undefined) return this.#readCard()
    this.#start(line)
    return true
  }

  #continue(): boolean {
    const { machine } = this
    const { wait } = machine
    if (wait === undefined) return true
    if (!wait.isOver(machine.nowMs)) return this.#parts.clock.jump(wait.nextLookMs(machine.nowMs))
    machine.wait = undefined
    this.#conclude(wait.goOn())
    return true
  }

  #start(line: QueuedLine): void {
    const { faults, hardware, invariants } = this.#parts
    const { machine } = this
    this.#reports.commandStarted(machine)
    if (hardware.card.isWriting && !line.isFromCard) {
      this.#save(line)
      return
    }
    const command = this.#parser.parse(line.text)
    if (machine.isHalted) invariants.commandsWhileHalted++
    this.#note(command, line.isFromCard)
    const extraMs = faults.extraMs()
    const run = (): Outcome => dispatch(machine, command)
    this.#conclude(extraMs > 0 ? untilTime(machine.nowMs + extraMs, run) : run())
  }

  #note(command: ParsedCommand, isFromCard: boolean): void {
    this.#parts.journal.command(journalText(command, this.#parts.config.build), isFromCard)
  }

  /** While a file is written, lines go there instead of being run. */
  #save(line: QueuedLine): void {
    const { card } = this.#parts.hardware
    if (isEndOfSaving(line.text)) {
      card.endWriting()
      this.#outbox.say('Done saving file.')
    } else if (!card.write(line.text)) {
      this.#outbox.say('Error:error writing to file')
    }
    this.#conclude('done')
  }

  #conclude(outcome: Outcome): void {
    if (typeof outcome === 'object') {
      this.machine.wait = outcome
      return
    }
    if (this.machine.isHalted) {
      this.#dropAll()
      return
    }
    const [line] = this.#queue
    if (line === undefined) return
    if (outcome === 'done' && !line.isFromCard) this.#outbox.say(this.#okText(line))
    this.#queue.shift()
    this.#assembly.isSavingToCard = this.#parts.hardware.card.isWriting
    const accident = this.#parts.faults.commandDone()
    if (accident !== undefined) this.#suffer(accident)
  }

  #okText(line: QueuedLine): string {
    if (!this.#parts.config.hasAdvancedOk) return 'ok'
    const number = /^N[-0-9]+/.exec(line.text)
    const blocks = PLANNER_BLOCKS_MAX - 1 - this.machine.planner.blocks(this.machine.nowMs)
    const lines = QUEUE_LINES_MAX - this.#queue.length
    return `ok${number === null ? '' : ` ${number[0]}`} P${Math.max(0, blocks)} B${lines}`
  }

  #suffer(accident: Accident): void {
    switch (accident) {
      case 'hang':
        this.#isHung = true
        return
      case 'unplug':
        this.#outbox.flush()
        this.#parts.unplug()
        return
      case 'reset':
        this.reset('by itself')
        return
      case 'thermal-runaway':
        this.#outbox.say('Error:Thermal Runaway, system stopped! Heater_ID: 0')
        this.#halt('thermal runaway')
    }
  }

  /** Takes the next line of a running file when no other line waits. */
  #readCard(): boolean {
    const { card } = this.#parts.hardware
    if (!card.isPrinting || this.machine.nowMs < this.#cardReadyAtMs) return false
    this.#cardReadyAtMs = this.machine.nowMs + CARD_LINE_MS
    const text = card.nextLine()
    if (text === undefined) {
      this.#outbox.say('Done printing file')
      this.machine.counter.stop(this.machine.nowMs)
    } else if (text.trim() !== '') this.#queue.push({ text, isFromCard: true })
    return true
  }

  /** Asks the clock to be woken when the next thing is due. */
  #arm(): void {
    const atMs = this.#isStopped ? Number.POSITIVE_INFINITY : this.#nextMs()
    if (this.#alarm?.atMs === atMs) return
    this.#alarm?.cancel()
    this.#alarm = undefined
    if (atMs === Number.POSITIVE_INFINITY) return
    const cancel = this.#parts.clock.at(atMs, () => {
      this.#alarm = undefined
      this.#run()
    })
    this.#alarm = { atMs, cancel }
  }

  #nextMs(): number {
    const { machine } = this
    if (!this.#isAlive) return Number.POSITIVE_INFINITY
    const { wait } = machine
    const lookMs = wait?.nextLookMs(machine.nowMs) ?? Number.POSITIVE_INFINITY
    const isCardWaiting = wait === undefined && this.#parts.hardware.card.isPrinting
    const cardMs = isCardWaiting ? this.#cardReadyAtMs : Number.POSITIVE_INFINITY
    return Math.min(lookMs, cardMs, this.#reports.nextMs(machine))
  }
}
