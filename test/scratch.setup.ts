import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

const PREFIX = 'pc-'

/** All temporary folders of a run lie in one, which goes with it. A short name: sockets lie below it. */
export default function setup(): () => void {
  // Each kind of test asks for it.
  if (basename(tmpdir()).startsWith(PREFIX)) return () => {}
  const folder = mkdtempSync(join(tmpdir(), PREFIX))
  // Some tests run as another user, who must get to what is theirs below it.
  chmodSync(folder, 0o711)
  process.env['TMPDIR'] = folder
  return () => rmSync(folder, { recursive: true, force: true })
}
