/** What the doctor says. */

/** `fail`: the gate can be got round or does not stand. `warn`: it should be changed. `note`: it should be known. */
export type Level = 'ok' | 'note' | 'warn' | 'fail'

export interface Finding {
  /** The check that found it. */
  readonly id: string
  readonly level: Level
  /** One sentence, lower case, no full stop. */
  readonly message: string
  /** What a person can do about it, with the command; null where nothing need be done. */
  readonly remedy: string | null
}

/** A finding before the check's name is put on it. */
export type Told = Omit<Finding, 'id'>

export const ok = (message: string): Told => ({ level: 'ok', message, remedy: null })
export const note = (message: string, remedy: string): Told => ({ level: 'note', message, remedy })
export const warn = (message: string, remedy: string): Told => ({ level: 'warn', message, remedy })
export const fail = (message: string, remedy: string): Told => ({ level: 'fail', message, remedy })

/** Names in a row are cut here: who they are shows with the command in the remedy. */
const NAMES_MAX = 5

/** `a`, `b` and 3 more */
export function names(list: readonly string[]): string {
  const shown = list.slice(0, NAMES_MAX).map((name) => `\`${name}\``)
  const more = list.length - shown.length
  if (more > 0) return `${shown.join(', ')} and ${more} more`
  const last = shown.pop() ?? ''
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`
}

/** A path or name as one word of a shell's command. */
export function word(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) && !text.startsWith('-') ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** `0660`. */
export const octal = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, '0')
