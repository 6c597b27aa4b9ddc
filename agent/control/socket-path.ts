import { dirname, join } from 'node:path'
import { AgentError } from '../errors.ts'

/** `sun_path` of unix(7) has 108 bytes, the last of them the zero byte that ends it. */
const PATH_BYTES_MAX = 107

/** The socket of the gate that serves a state folder. */
export function controlSocketPath(stateFolderPath: string): string {
  return join(stateFolderPath, 'control.sock')
}

/** A longer path would be cut by the system, and lead elsewhere. */
export function requireSocketPath(path: string): void {
  const bytes = Buffer.byteLength(path)
  if (bytes <= PATH_BYTES_MAX && !path.includes('\0')) return
  const problem = `the path of its socket has ${bytes} bytes, above the limit of ${PATH_BYTES_MAX} bytes`
  throw new AgentError(
    'USAGE',
    `state folder \`${dirname(path)}\` cannot serve a gate: ${problem}; choose a folder with a shorter path`,
  )
}
