/** Lines on their way to the host: through the faults, into the journal, and out in one piece per turn. */

import type { FaultInjector } from './fault-injector.ts'
import type { Journal } from './journal.ts'

/** Collects what one turn of the printer says. */
export class Outbox {
  readonly #faults: FaultInjector
  readonly #journal: Journal
  readonly #write: (bytes: Uint8Array) => void
  #text = ''

  constructor(faults: FaultInjector, journal: Journal, write: (bytes: Uint8Array) => void) {
    this.#faults = faults
    this.#journal = journal
    this.#write = write
  }

  say(text: string, ending = '\n'): void {
    const sent = this.#faults.send(text)
    if (sent === undefined) return
    this.#journal.sent(sent)
    this.#text += sent + ending
  }

  flush(): void {
    if (this.#text === '') return
    const bytes = Buffer.from(this.#text, 'latin1')
    this.#text = ''
    this.#write(bytes)
  }
}
