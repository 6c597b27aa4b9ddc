/** The machine as it is, through Node. */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
  statfsSync,
  statSync,
} from 'node:fs'
import { hostname, networkInterfaces } from 'node:os'
import { assert, systemErrorCode, systemReason } from '../errors.ts'
import { type FileFacts, type FileType, type Look, TEXT_BYTES_MAX, type World } from './world.ts'

/** Files of /proc tell no size, so they are read piece by piece. */
const PIECE_BYTES = 65_536
const MODE_BITS = 0o7777

export function nodeWorld(): World {
  const uid = process.geteuid?.()
  assert(uid !== undefined, 'the system has users')
  return {
    nowMs: Date.now(),
    uid,
    lstat: (path) => look(() => factsOf(lstatSync(path))),
    stat: (path) => look(() => factsOf(statSync(path))),
    readlink: (path) => look(() => readlinkSync(path)),
    readText,
    readEnd,
    list: (path) => look(() => readdirSync(path)),
    ownNames: () => [
      hostname(),
      ...Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)),
    ],
    space: (path) =>
      look(() => {
        const { type, bsize, blocks, bavail, files, ffree } = statfsSync(path)
        return { type, bytes: blocks * bsize, bytesFree: bavail * bsize, files, filesFree: ffree }
      }),
  }
}

function look<T>(ask: () => T): Look<T> {
  try {
    return { kind: 'seen', value: ask() }
  } catch (error) {
    const code = systemErrorCode(error)
    // A process that has ended in the meantime is ESRCH.
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ESRCH') return { kind: 'missing' }
    if (code === undefined) throw error
    return { kind: 'hidden', reason: systemReason(error) }
  }
}

function readText(path: string): Look<string> {
  const text = readFrom(path, () => 0, TEXT_BYTES_MAX + 1)
  if (text.kind !== 'seen' || text.value.length <= TEXT_BYTES_MAX) return text
  return { kind: 'hidden', reason: `it is longer than ${TEXT_BYTES_MAX} bytes` }
}

function readEnd(path: string, bytesMax: number): Look<string> {
  return readFrom(path, (size) => Math.max(0, size - bytesMax), bytesMax)
}

function readFrom(path: string, start: (size: number) => number, bytesMax: number): Look<string> {
  // Before it is opened: the open of a device has effects, and that of a pipe waits.
  const type = look(() => factsOf(statSync(path)).type)
  if (type.kind !== 'seen') return type
  if (type.value !== 'file') return { kind: 'hidden', reason: 'it is not a regular file' }
  return look(() => {
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
    try {
      return readPieces(file, start(fstatSync(file).size), bytesMax)
    } finally {
      closeSync(file)
    }
  })
}

function readPieces(file: number, start: number, bytesMax: number): string {
  const pieces: Buffer[] = []
  let length = 0
  while (length < bytesMax) {
    const piece = Buffer.alloc(Math.min(PIECE_BYTES, bytesMax - length))
    const bytesRead = readSync(file, piece, 0, piece.length, start + length)
    if (bytesRead === 0) break
    pieces.push(piece.subarray(0, bytesRead))
    length += bytesRead
  }
  return Buffer.concat(pieces).toString('utf8')
}

function factsOf(stats: Stats): FileFacts {
  const type = typeOf(stats)
  const isDevice = type === 'character' || type === 'block'
  return {
    type,
    mode: stats.mode & MODE_BITS,
    uid: stats.uid,
    gid: stats.gid,
    device: isDevice ? deviceNumber(stats.rdev) : '',
  }
}

function typeOf(stats: Stats): FileType {
  if (stats.isDirectory()) return 'folder'
  if (stats.isSymbolicLink()) return 'link'
  if (stats.isCharacterDevice()) return 'character'
  if (stats.isBlockDevice()) return 'block'
  if (stats.isFIFO()) return 'pipe'
  return stats.isSocket() ? 'socket' : 'file'
}

/** As makedev(3) of Linux packs it: the minor number's upper bits lie above the major number. */
function deviceNumber(rdev: number): string {
  const major = (rdev >>> 8) & 0xfff
  const minor = (rdev & 0xff) | ((rdev >>> 12) & 0xfff00)
  return `${major}:${minor}`
}
