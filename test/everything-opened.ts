/**
 * What can be read of a side table by somebody who has its key, and keeps nothing of the vault's rules: every key that
 * unwraps is tried on every row of its subject, also on rows that were copied before they were deleted. It is written on
 * the independent reader, which knows nothing of what was noted as erased.
 */

import { filesOf } from './state-scratch.ts'
import { openKeyFile, openNameFile, openRow } from './vault/independent.ts'

const FILE = /^(?<subject>s-[0-9a-f]{16})\/(?<month>\d{4}-\d{2})\.(?<ending>key|rows)$/
const NAME = /^(?<subject>s-[0-9a-f]{16})\/name$/

interface Table {
  readonly vaultDir: string
  readonly wrappingKey: Buffer
}

/** The rows and names of a subject that open, as text. `before`: files of the side table that somebody has a copy of. */
export async function everythingOpened(
  { vaultDir, wrappingKey }: Table,
  before: ReadonlyMap<string, Buffer> = new Map(),
): Promise<readonly string[]> {
  const now = filesOf(vaultDir)
  const keys: { readonly subject: string; readonly key: Uint8Array }[] = []
  for (const [path, bytes] of now) {
    const { subject, month, ending } = FILE.exec(path)?.groups ?? {}
    if (subject === undefined || month === undefined || ending !== 'key') continue
    const key = await openKeyFile({ wrappingKey, subject, month }, bytes).catch(() => undefined)
    if (key !== undefined) keys.push({ subject, key })
  }
  const opened = new Set<string>()
  for (const [path, bytes] of [...now, ...before]) {
    const { subject, month, ending } = FILE.exec(path)?.groups ?? {}
    if (subject === undefined || month === undefined || ending !== 'rows') continue
    const own = keys.filter((key) => key.subject === subject)
    for (let at = 0; at < bytes.length; at += 256) {
      if (bytes.toString('latin1', at, at + 8) !== 'pc-row-1') continue
      for (const { key } of own) {
        const row = await openRow({ wrappingKey, subject, month }, key, bytes.subarray(at)).catch(
          () => undefined,
        )
        if (row !== undefined) opened.add(`${subject} ${row.fields}`)
      }
    }
  }
  for (const [path, bytes] of now) {
    const { subject } = NAME.exec(path)?.groups ?? {}
    if (subject === undefined) continue
    const named = await openNameFile({ wrappingKey, subject, month: '' }, bytes).catch(() => undefined)
    if (named !== undefined) opened.add(`${subject} ${named.name}`)
  }
  return [...opened]
}
