/**
 * What the doctor may ask of the machine: looks only. Nothing here writes, and nothing opens a device: opening a printer's
 * port resets many printers.
 */

/** The answer to a look. What could not be seen is never taken for what is not there. */
export type Look<T> =
  | { readonly kind: 'seen'; readonly value: T }
  | { readonly kind: 'missing' }
  | { readonly kind: 'hidden'; readonly reason: string }

export type FileType = 'file' | 'folder' | 'link' | 'character' | 'block' | 'pipe' | 'socket'

/** What the system knows of a file without opening it. */
export interface FileFacts {
  readonly type: FileType
  /** Permission bits with set-id and sticky bits, at most 0o7777. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** `major:minor` of a device, empty for what is none. */
  readonly device: string
}

/** The file system that a path lies on. */
export interface Space {
  /** Its kind, as the magic number of statfs(2). */
  readonly type: number
  readonly bytes: number
  /** Free for users other than root. */
  readonly bytesFree: number
  /** How many files it can hold; 0 where it does not say. */
  readonly files: number
  readonly filesFree: number
}

export interface World {
  /** Milliseconds since 1970. */
  readonly nowMs: number
  /** The effective user of this process. */
  readonly uid: number
  /** Of the path itself, be it a link. */
  lstat(path: string): Look<FileFacts>
  /** Of what the path leads to. */
  stat(path: string): Look<FileFacts>
  readlink(path: string): Look<string>
  /** The whole text of a regular file; one longer than `TEXT_BYTES_MAX` is hidden. */
  readText(path: string): Look<string>
  /** The last bytes of a regular file, at most so many. */
  readEnd(path: string, bytesMax: number): Look<string>
  /** The names in a folder. */
  list(path: string): Look<readonly string[]>
  space(path: string): Look<Space>
  /** What this machine is called, and the addresses of its interfaces. */
  ownNames(): readonly string[]
}

/** More than any list of users, mount table or process status of a machine that runs a printer. */
export const TEXT_BYTES_MAX = 4 * 1024 * 1024

/** The value, or undefined for what is missing or hidden: only where both mean the same to the one who asks. */
export function seen<T>(look: Look<T>): T | undefined {
  return look.kind === 'seen' ? look.value : undefined
}
