/** A licence as a file: a token, with what goes with it a line each. */
import { AgentError } from '../errors.ts'
import { readBoundedFile } from '../token/index.ts'
import { BUNDLE_BYTES_MAX } from './bundle.ts'

/** Reads a licence from a file, with whatever goes with it. Fails with LICENCE_UNREADABLE where the file cannot hold a token at all. */
export async function readLicenceFile(path: string): Promise<string> {
  const bytes = await readBoundedFile(path, BUNDLE_BYTES_MAX, 'licence')
  if (bytes.length === 0) throw new AgentError('LICENCE_UNREADABLE', `licence \`${path}\` is empty`)
  const offset = bytes.findIndex((byte) => !isTokenByte(byte))
  if (offset !== -1) {
    const hex = (bytes[offset] ?? 0).toString(16).padStart(2, '0')
    const message = `licence \`${path}\` is not a licence token: byte 0x${hex} at offset ${offset} cannot be part of one`
    throw new AgentError('LICENCE_UNREADABLE', message)
  }
  return bytes.toString('latin1').trim()
}

/** Printable ASCII, tab and line ends. What the token makes of them is its reader's business. */
function isTokenByte(byte: number): boolean {
  return (byte >= 0x20 && byte <= 0x7e) || byte === 0x09 || byte === 0x0a || byte === 0x0d
}
