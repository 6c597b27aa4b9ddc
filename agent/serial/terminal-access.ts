/** To whom the terminal of a virtual port is given: owner, group and mode, as an administrator writes them. */

import fs from 'node:fs'
import { AgentError, assert, systemReason } from '../errors.ts'

/** Only its owner may open the terminal: devpts would let the group `tty` write G-code into it. */
const TERMINAL_MODE = 0o600
const MODE_MAX = 0o777

/** The last two numbers are no ids: the kernel reads them as none. */
const ID_MAX = 0xfffffffd

/** A machine with a hundred thousand local users has a file of 8 MB; no printer's host does. */
const ACCOUNTS_BYTES_MAX = 4 * 1024 * 1024

export interface TerminalAccess {
  readonly uid?: number
  readonly gid?: number
  readonly mode: number
}

export interface TerminalAccessOptions {
  /** A name of this machine or a numeric id; the user that runs this program without it. */
  readonly owner?: string | number
  readonly group?: string | number
  /** The permission bits, 0600 without it. */
  readonly mode?: number
}

/** Throws `AgentError` USAGE for a name that this machine does not know. */
export function readTerminalAccess(options: TerminalAccessOptions): TerminalAccess {
  const { owner, group, mode = TERMINAL_MODE } = options
  assert(Number.isInteger(mode) && mode >= 0 && mode <= MODE_MAX, 'a mode has nine permission bits')
  return {
    ...(owner !== undefined && { uid: findId('user', owner) }),
    ...(group !== undefined && { gid: findId('group', group) }),
    mode,
  }
}

/**
 * Gives an open terminal away. At no time may anybody open it who may not do so in the end. Throws `AgentError` USAGE
 * where this program may not.
 */
export function giveTerminal(fd: number, access: TerminalAccess): void {
  const { uid, gid } = fs.fstatSync(fd)
  fs.fchmodSync(fd, TERMINAL_MODE)
  if (access.gid !== undefined && access.gid !== gid) {
    const remedy = 'the user that runs this program must be a member of that group'
    change(() => fs.fchownSync(fd, uid, access.gid ?? gid), `group ${access.gid}`, remedy)
  }
  // Before the owner changes: then the mode is not ours to change any more.
  fs.fchmodSync(fd, access.mode)
  if (access.uid !== undefined && access.uid !== uid) {
    const remedy = 'only root may; share it through a group instead'
    change(() => fs.fchownSync(fd, access.uid ?? uid, access.gid ?? gid), `user ${access.uid}`, remedy)
  }
}

function change(act: () => void, whom: string, remedy: string): void {
  try {
    act()
  } catch (cause) {
    const message = `cannot give the virtual port to ${whom}: ${systemReason(cause)}; ${remedy}`
    throw new AgentError('USAGE', message, { cause })
  }
}

function findId(kind: 'user' | 'group', nameOrId: string | number): number {
  const text = String(nameOrId)
  const id = /^\d{1,10}$/.test(text) ? Number(text) : idOfName(kind, text)
  if (id !== undefined && id <= ID_MAX) return id
  const message = `this machine knows no ${kind} \`${text}\`; create it, or give the number of one`
  throw new AgentError('USAGE', message)
}

/** Third field of the line that begins with the name; both files have it there. */
function idOfName(kind: 'user' | 'group', name: string): number | undefined {
  const path = kind === 'user' ? '/etc/passwd' : '/etc/group'
  for (const line of readAccounts(path).split('\n')) {
    const [found, , id = ''] = line.split(':')
    if (found === name && /^\d{1,10}$/.test(id)) return Number(id)
  }
  return undefined
}

function readAccounts(path: string): string {
  let fd: number | undefined
  try {
    fd = fs.openSync(path, 'r')
    const bytes = Buffer.alloc(Math.min(fs.fstatSync(fd).size, ACCOUNTS_BYTES_MAX))
    return bytes.toString('utf8', 0, fs.readSync(fd, bytes, 0, bytes.length, 0))
  } catch (cause) {
    throw new AgentError('USAGE', `cannot read \`${path}\`: ${systemReason(cause)}`, { cause })
  } finally {
    if (fd !== undefined) fs.closeSync(fd)
  }
}
