/** What is on the disk, to tell whether anything of it was changed. */
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join, relative } from 'node:path'

export type Fingerprint = ReadonlyMap<string, string>

/** Each file, folder and link below a folder, and it itself: its kind, who may do what with it, and what it holds. */
export function fingerprintOf(root: string): Fingerprint {
  const found = new Map<string, string>()
  if (!existsSync(root)) return found
  found.set('.', modeOf(root))
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const holds = entry.isFile() ? digestOf(path) : entry.isSymbolicLink() ? readlinkSync(path) : ''
    found.set(relative(root, path), `${modeOf(path)} ${holds}`)
  }
  return found
}

/** Where two of them differ, in order. */
export function differences(a: Fingerprint, b: Fingerprint): readonly string[] {
  return [...new Set([...a.keys(), ...b.keys()])].filter((path) => a.get(path) !== b.get(path)).sort()
}

const modeOf = (path: string): string => lstatSync(path).mode.toString(8)
const digestOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')
