/** The one name under which a virtual port is found, whichever terminal is behind it at the time. */

import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { AgentError, systemErrorCode, systemReason } from '../errors.ts'

/** A symbolic link of ours. It goes with the process, unless that is killed. */
export class PortLink {
  readonly #path: string
  #target: string

  /**
   * Makes the link. One that an earlier run left behind is replaced, anything else at that place is refused with
   * `AgentError` USAGE: the link of a virtual port that still lives too.
   */
  constructor(link: string, target: string) {
    this.#path = path.resolve(link)
    this.#target = target
    requireFree(link)
    placeLink(link, target)
    process.once('exit', this.remove)
  }

  /** Makes the link lead elsewhere. One that somebody else has put in its place is left alone. Throws like the constructor. */
  move(target: string): void {
    const found = linkTarget(this.#path)
    if (found === this.#target || found === undefined) placeLink(this.#path, target)
    this.#target = target
  }

  readonly remove = (): void => {
    process.off('exit', this.remove)
    try {
      if (fs.readlinkSync(this.#path) === this.#target) fs.unlinkSync(this.#path)
    } catch {
      // Somebody else has removed or replaced it: then it is not ours to remove.
    }
  }
}

/** Puts the link in its place in one step, so that nobody ever finds it missing or half made. */
function placeLink(link: string, target: string): void {
  const temporary = path.join(path.dirname(link), `.${path.basename(link)}.${randomBytes(6).toString('hex')}`)
  try {
    fs.symlinkSync(target, temporary)
    fs.renameSync(temporary, link)
  } catch (cause) {
    fs.rmSync(temporary, { force: true })
    const reason = systemReason(cause, { ENOENT: 'its folder does not exist' })
    throw new AgentError('USAGE', `cannot make the link \`${link}\`: ${reason}`, { cause })
  }
}

function requireFree(link: string): void {
  const target = linkTarget(link)
  if (target === undefined) return
  // Only links into devpts are taken for ours: another link may be the one name by which somebody finds a file.
  if (!target.startsWith('/dev/pts/')) {
    const message = `\`${link}\` exists and is not a link to a virtual port; choose another name`
    throw new AgentError('USAGE', message)
  }
  if (isAlive(link, target)) {
    const message = `\`${link}\` leads to \`${target}\`, which is in use; choose another name`
    throw new AgentError('USAGE', message)
  }
}

/** Where the link leads, empty for what is no link, or undefined where there is nothing. */
function linkTarget(link: string): string | undefined {
  try {
    return fs.readlinkSync(link)
  } catch (error) {
    // Whatever else is wrong, making the link will say better.
    return systemErrorCode(error) === 'EINVAL' ? '' : undefined
  }
}

/**
 * Whether the terminal that the link was made for is still there: it goes with the process that holds its master. One of
 * the same number that is younger than the link is another program's, and the link a killed run's.
 */
function isAlive(link: string, target: string): boolean {
  const terminal = fs.statSync(target, { throwIfNoEntry: false })
  const made = fs.lstatSync(link, { throwIfNoEntry: false })
  return terminal !== undefined && made !== undefined && terminal.ctimeMs <= made.ctimeMs
}
