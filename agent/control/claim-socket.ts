/**
 * Puts the control socket in its place, for one gate alone. Whoever can connect can arm and clear the gate, so at no
 * moment is there a socket that others could connect to: it is made in a private folder, given its mode, and only then
 * named.
 *
 * A gate that is killed leaves its socket, and of several that start then only one may take the place. A name cannot be
 * replaced on condition of what it names, but a folder can, on condition that it is empty. So the claim is a folder
 * with a socket of a name of its own in it: a dead one is removed by that name, which is never another's, and a new
 * claim is moved into place as a whole, which fails unless the place is empty.
 */
import { randomBytes } from 'node:crypto'
import type { Stats } from 'node:fs'
import { chmod, link, lstat, mkdtemp, readdir, rename, rm, rmdir, unlink } from 'node:fs/promises'
import net from 'node:net'
import { dirname, join } from 'node:path'
import { AgentError, systemErrorCode, systemReason } from '../errors.ts'
import { requireSocketPath } from './socket-path.ts'

/** The folder of the claim, beside the socket. */
const CLAIM = 'control.lock'

const SOCKET_MODE = 0o600

/** Connecting to a process that lives takes no time, even where it is too busy to accept. */
const PROBE_MS = 2000

/** A claim that is gone when it is looked at was another gate's end; more of them at once are not by chance. */
const TRIES = 5

/**
 * Lets `server` listen at `path`, in the place of a socket that a killed gate left, and answers how to give the place
 * up. Throws AUDIT_LOCKED where a gate lives there, STATE_UNUSABLE, or USAGE where the path is too long.
 */
export async function claimSocket(server: net.Server, path: string): Promise<() => Promise<void>> {
  requireSocketPath(path)
  const state = dirname(path)
  try {
    // Shorter than the name that it gets, so that it fits where that fits. Node makes it for its owner only.
    const folder = await mkdtemp(join(state, '.c-'))
    try {
      await listen(server, join(folder, 's'))
      const own = await claim(folder, join(state, CLAIM), path)
      return await nameSocket(own, path)
    } finally {
      // There is none any more where it has become the claim.
      await rm(folder, { recursive: true, force: true })
    }
  } catch (error) {
    server.close()
    if (error instanceof AgentError || systemErrorCode(error) === undefined) throw error
    const why = `control socket \`${path}\` cannot be made: ${systemReason(error)}`
    throw new AgentError('STATE_UNUSABLE', why, { cause: error })
  }
}

async function listen(server: net.Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.off('error', reject)
      resolve()
    })
  })
  await chmod(path, SOCKET_MODE)
}

/** Makes `folder`, with the socket in it, the claim. Answers the path of the socket there. */
async function claim(folder: string, place: string, path: string): Promise<string> {
  const name = randomBytes(16).toString('hex')
  await rename(join(folder, 's'), join(folder, name))
  for (let turn = 0; turn < TRIES; turn++) {
    try {
      await rename(folder, place)
      return join(place, name)
    } catch (error) {
      const code = systemErrorCode(error)
      if (code === 'ENOTDIR') throw inTheWay(place)
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
    }
    for (const other of await namesIn(place)) await removeDead(join(place, other), folder, path)
  }
  throw inUse(path)
}

/** Removes the claim of a gate that was killed. */
async function removeDead(other: string, folder: string, path: string): Promise<void> {
  // Looked at under a short name, which fits where a socket is connected to.
  const probe = join(folder, 'p')
  try {
    await link(other, probe)
    if (!(await lstat(probe)).isSocket()) throw inTheWay(other)
    if (await isServed(probe)) throw inUse(path)
    await unlink(other)
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error
  } finally {
    await rm(probe, { force: true })
  }
}

/** Gives the claimed socket its name; nobody but the holder of the claim does. Answers how to give all of it up. */
async function nameSocket(own: string, path: string): Promise<() => Promise<void>> {
  const isOurs = await lstat(own)
  const release = async () => {
    await unlink(own).catch(() => undefined)
    await rmdir(dirname(own)).catch(() => undefined)
  }
  const aside = `${own}.name`
  try {
    const found = await statOf(path)
    // Looked at without following: a link leads where nobody knows.
    if (found !== undefined && !found.isSocket()) throw inTheWay(path)
    if (found !== undefined && (await isServed(path))) throw inUse(path)
    await link(own, aside)
    await rename(aside, path)
  } catch (error) {
    await rm(aside, { force: true })
    await release()
    throw error
  }
  return async () => {
    const found = await statOf(path).catch(() => undefined)
    if (found !== undefined && isSame(found, isOurs)) await unlink(path).catch(() => undefined)
    await release()
  }
}

/** False only where surely nobody listens: a gate that is stopped or busy lives. */
function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ path })
    socket.setTimeout(PROBE_MS)
    const settle = (served: boolean) => () => {
      socket.destroy()
      resolve(served)
    }
    socket.once('connect', settle(true))
    socket.once('timeout', settle(true))
    socket.on('error', (error) => {
      const code = systemErrorCode(error)
      settle(code !== 'ECONNREFUSED' && code !== 'ENOENT')()
    })
  })
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return []
    throw error
  }
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

function isSame(a: Stats, b: Stats): boolean {
  return a.dev === b.dev && a.ino === b.ino
}

function inTheWay(path: string): AgentError {
  return new AgentError('STATE_UNUSABLE', `\`${path}\` is in the way of the control socket; move it away`)
}

function inUse(path: string): AgentError {
  return new AgentError(
    'AUDIT_LOCKED',
    `another gate serves state folder \`${dirname(path)}\`; a second printer needs a state folder of its own`,
  )
}
