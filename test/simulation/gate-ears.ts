/** Reads what a host sends as the gate ought to: whole lines, each with its canonical form where it has one. */

import {
  asciiText,
  CANONICAL_BYTES_MAX,
  Command,
  LineParser,
  LineSplitter,
  MARLIN,
  PARSED,
  writeLine,
} from '../../gcode/index.ts'
import type { GateWitness } from './gate-witness.ts'

const parser = new LineParser(MARLIN)
const command = new Command()
const canonical = new Uint8Array(CANONICAL_BYTES_MAX)

export class HostEars {
  private readonly splitter: LineSplitter

  constructor(witness: GateWitness) {
    this.splitter = new LineSplitter({
      line: (bytes, start, end) => {
        if (start === end) return
        const isRead = parser.parse(bytes, start, end, command) === PARSED
        const text = isRead ? asciiText(canonical, 0, writeLine(command, canonical, 0)) : null
        // Lines with bytes that no command may hold are refused before their number is looked at.
        const number = /^ *N(-?\d+)/i.exec(Buffer.from(bytes.subarray(start, end)).toString('latin1'))?.[1]
        witness.hostLine(text, number === undefined ? null : Number(number))
      },
    })
  }

  push(bytes: Uint8Array): void {
    this.splitter.push(bytes)
  }
}
