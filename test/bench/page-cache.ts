import { spawnSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodeDisk } from '../../agent/audit/index.ts'

/**
 * Makes the next read of what lies in a folder come from the disk, as after a power cut. Only root can have the kernel
 * forget names and programs too; else it is asked to forget the files themselves.
 */
export async function dropCaches(folder: string): Promise<void> {
  spawnSync('sync')
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '3')
    return
  } catch {
    // Not root, or a container.
  }
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = await nodeDisk.open(join(entry.parentPath, entry.name))
    await file.dropCache()
    await file.close()
  }
}
