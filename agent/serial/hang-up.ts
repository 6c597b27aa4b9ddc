/**
 * Whether the far end of a link has gone, asked without reading what it left behind. Who does not read is not told by
 * Node: a paused client must be looked at.
 */

import { getSystemErrorMap } from 'node:util'
import koffi from 'koffi'
import { AgentError } from '../errors.ts'

/** How often a paused client is looked at. What a client that is gone had sent goes on for no longer than this. */
export const HANG_UP_LOOK_MS = 100

/** `struct pollfd`: the descriptor, what is asked, what is so. */
const POLLFD_BYTES = 8
const POLL_ASKED_AT = 4
const POLL_RESULT_AT = 6
const POLLERR = 0x8
const POLLHUP = 0x10
/** A TCP client has ended what it sends. So many in `asm-generic`, as for `terminal.ts`. */
const POLLRDHUP = 0x2000

const poll: (descriptors: Uint8Array, count: number, waitMs: number) => number = koffi
  .load(null)
  .func('int poll(void *descriptors, unsigned long count, int timeout)')

const asked = Buffer.alloc(POLLFD_BYTES)

/**
 * Of the master of a pty: whether all who had its terminal open have closed it. Of a TCP connection: whether its client
 * has closed it or ended what it sends, or it was reset. True also while bytes of theirs wait unread.
 */
export function hasHungUp(fd: number): boolean {
  asked.writeInt32LE(fd)
  asked.writeInt16LE(POLLRDHUP, POLL_ASKED_AT)
  if (poll(asked, 1, 0) < 0) {
    const [name] = getSystemErrorMap().get(-koffi.errno()) ?? ['unknown']
    if (name === 'EINTR') return false
    throw new AgentError('PORT_REFUSED', `cannot ask for the state of a link (${name})`)
  }
  return (asked.readInt16LE(POLL_RESULT_AT) & (POLLERR | POLLHUP | POLLRDHUP)) !== 0
}
