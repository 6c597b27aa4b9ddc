/** How long the kernel goes on sending to a far end that says nothing, which Node has no words for. */

import type net from 'node:net'
import koffi from 'koffi'
import { descriptorOf } from './descriptor-of.ts'

const IPPROTO_TCP = 6
const TCP_USER_TIMEOUT = 18

// A null name means the process itself, which has its libc loaded whatever that is called on this system.
const setsockopt: (fd: number, level: number, name: number, value: Uint8Array, bytes: number) => number =
  koffi.load(null).func('int setsockopt(int fd, int level, int name, void *value, uint32_t bytes)')

/**
 * Ends the connection when what we sent has not been acknowledged for so long. Keep-alive does not see to that: it asks
 * only while nothing is on its way, and the kernel by itself tries for a quarter of an hour. Best effort: without it
 * a vanished host is only noticed later.
 */
export function giveUpAfter(socket: net.Socket, waitMs: number): void {
  const fd = descriptorOf(socket)
  if (fd === undefined) return
  const value = Buffer.alloc(4)
  value.writeUInt32LE(waitMs)
  setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, value, value.length)
}
