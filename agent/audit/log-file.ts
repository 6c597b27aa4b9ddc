/** Reads one of the log's own files. What stands in its place, and is no file of a log, is damage and no trouble of the disk. */
import { join } from 'node:path'
import { systemErrorCode } from '../errors.ts'
import { damaged } from './damage.ts'
import type { Files } from './disk.ts'

/** What somebody can have put there. */
const NO_FILE: Readonly<Record<string, string>> = {
  ELOOP: 'it is a symbolic link',
  ENOTFILE: 'it is not a regular file',
  ENXIO: 'it is not a regular file',
}

/** The whole file, or undefined where there is none. `name` is its path in the log's folder. */
export async function readLogFile(
  files: Files,
  dir: string,
  name: string,
  bytesMax: number,
): Promise<Buffer | undefined> {
  try {
    return await files.read(join(dir, name), bytesMax)
  } catch (error) {
    const code = systemErrorCode(error) ?? ''
    const what = code === 'EFBIG' ? `it is larger than the ${bytesMax} bytes that it can have` : NO_FILE[code]
    if (what === undefined) throw error
    throw damaged(dir, `\`${name}\``, what)
  }
}
