/** The settings that M503 lists, the commands that change them, and the memory that keeps them over a reset. */

import type { ParsedCommand } from './marlin-parser.ts'

interface SettingGroup {
  readonly heading: string
  readonly defaults: Readonly<Record<string, number>>
}

/** What a default build for a small Cartesian printer starts with, by M code. */
const GROUPS: Readonly<Record<number, SettingGroup>> = {
  200: { heading: 'Filament settings (Disabled):', defaults: { S: 0, D: 1.75 } },
  92: { heading: 'Steps per unit:', defaults: { X: 80, Y: 80, Z: 400, E: 93 } },
  203: { heading: 'Max feedrates (units/s):', defaults: { X: 300, Y: 300, Z: 10, E: 60 } },
  201: { heading: 'Max Acceleration (units/s2):', defaults: { X: 1500, Y: 1500, Z: 100, E: 5000 } },
  204: {
    heading: 'Acceleration (units/s2) (P<print-accel> R<retract-accel> T<travel-accel>):',
    defaults: { P: 1250, R: 1250, T: 1250 },
  },
  205: {
    heading: 'Advanced (B<min_segment_time_us> S<min_feedrate> T<min_travel_feedrate> J<junc_dev>):',
    defaults: { B: 20000, S: 0, T: 0, J: 0.02 },
  },
  301: { heading: 'Hotend PID:', defaults: { P: 22.2, I: 1.08, D: 114 } },
  304: { heading: 'Bed PID:', defaults: { P: 54, I: 0.77, D: 948.18 } },
}

type Values = Readonly<Record<string, number>>

/** The memory chip of a board: it outlives a reset. */
export class Eeprom {
  stored: ReadonlyMap<number, Values> | undefined
}

/** The settings of one boot. */
export class Settings {
  readonly #eeprom: Eeprom
  #values = new Map<number, Values>()

  constructor(eeprom: Eeprom) {
    this.#eeprom = eeprom
    this.load()
  }

  /** True where a command of this code belongs to this table. */
  has(code: number): boolean {
    return GROUPS[code] !== undefined
  }

  /** Steps of the motor for one millimetre. */
  stepsPerMm(axis: 'X' | 'Y' | 'Z' | 'E'): number {
    return this.#values.get(92)?.[axis] ?? 0
  }

  /** Takes the numbers of a command; gives the line to answer where it had none. */
  apply(command: ParsedCommand): string | undefined {
    const values = { ...this.#values.get(command.code) }
    let isChanged = false
    for (const letter of Object.keys(values)) {
      const value = command.float(letter)
      if (value === undefined) continue
      values[letter] = value
      isChanged = true
    }
    if (!isChanged) return `echo: ${this.#line(command.code)}`
    this.#values.set(command.code, values)
    return undefined
  }

  store(): void {
    this.#eeprom.stored = new Map(this.#values)
  }

  /** Reads the memory chip, or takes the defaults where it is empty. */
  load(): void {
    if (this.#eeprom.stored === undefined) this.loadDefaults()
    else this.#values = new Map(this.#eeprom.stored)
  }

  loadDefaults(): void {
    this.#values = new Map(Object.entries(GROUPS).map(([code, { defaults }]) => [Number(code), defaults]))
  }

  /** The lines of M503, a heading before each command that would set it so. */
  lines(): string[] {
    const lines = ['echo:; Linear Units:', 'echo:  G21 ; (mm)']
    for (const [code, { heading }] of Object.entries(GROUPS)) {
      lines.push(`echo:; ${heading}`, `echo: ${this.#line(Number(code))}`)
    }
    return lines
  }

  #line(code: number): string {
    const words = Object.entries(this.#values.get(code) ?? {}).map(
      ([letter, value]) => ` ${letter}${value.toFixed(2)}`,
    )
    return ` M${code}${words.join('')}`
  }
}
