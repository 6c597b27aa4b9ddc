/** Words for files that the system's own programs read: a strange path must stay one word, and never begin a line. */

import { AgentError } from '../errors.ts'

/** Nothing in it means anything to systemd, to a shell or to YAML. */
const PLAIN = /^[A-Za-z0-9_/.:@+,=-]+$/
const PRINTABLE = /^[\x20-\x7e]+$/

/**
 * One word of a unit file (systemd.syntax(7)): quoted where it must be, and with its percent signs doubled, which
 * begin specifiers. Throws USAGE for what no such file should hold.
 */
export function unitWord(text: string): string {
  requirePrintable(text)
  return PLAIN.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&').replaceAll('%', '%%')}"`
}

/** One word of a command line in a unit file, where a dollar sign begins a variable (systemd.service(5)). */
export function commandWord(text: string): string {
  return unitWord(text).replaceAll('$', '$$$$')
}

/** Text in YAML's double quotes. */
export function yamlText(text: string): string {
  requirePrintable(text)
  return JSON.stringify(text)
}

/** Control characters begin lines; letters past ASCII could look like others to whoever reads the file over. */
function requirePrintable(text: string): void {
  if (PRINTABLE.test(text)) return
  const message = `\`${text}\` cannot be written into a system file: use a path of plain ASCII characters`
  throw new AgentError('USAGE', message)
}
