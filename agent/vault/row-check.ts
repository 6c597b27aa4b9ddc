/** Whether many rows of a subject open: each month is read once, from its beginning to its end, and nothing is held. */
import { join } from 'node:path'
import type { VaultKeys } from './cipher.ts'
import { readRange, unlessAbsent, type VaultDisk, type VaultFile, withFile } from './disk.ts'
import { rowsFile } from './format.ts'
import type { Notes } from './notes.ts'
import { decodeRow, type RowFound, type RowPlace, scanRows } from './row.ts'
import { isMonthNoted, listSubject, readMonthKey } from './subject-folder.ts'

/** So much of a file is read at once, or one row where that is longer. */
const READ_BYTES = 1024 * 1024

/** `unreadable`: rows are there and none of them opens. `absent`: there is none. */
export type RowTrouble = 'unreadable' | 'absent'

interface Parts {
  readonly disk: VaultDisk
  readonly dir: string
  readonly keys: VaultKeys
  readonly notes: Notes
}

/** What is wrong with the rows of these commitments; those that open are not in the answer. */
export async function checkRows(
  { disk, dir, keys, notes }: Parts,
  subject: string,
  commitments: Iterable<string>,
): Promise<ReadonlyMap<string, RowTrouble>> {
  const wrong = new Map<string, RowTrouble>()
  for (const commitment of commitments) wrong.set(commitment, 'absent')
  const folder = join(dir, subject)
  for (const month of (await listSubject(disk, folder)).months) {
    const key = await readMonthKey(disk, folder, keys, subject, month)
    if (isMonthNoted(notes, subject, month, key)) continue
    await unlessAbsent(() =>
      withFile(disk, join(folder, rowsFile(month)), 'read', (file) =>
        checkMonth(file, { subject, month }, key?.key, wrong),
      ),
    )
  }
  return wrong
}

/** Takes out of `wrong` what opens. */
async function checkMonth(
  file: VaultFile,
  place: RowPlace,
  key: Buffer | undefined,
  wrong: Map<string, RowTrouble>,
): Promise<void> {
  const rows: RowFound[] = []
  await scanRows(file, 0, (row) => {
    if (wrong.has(row.commitment)) rows.push(row)
  })
  for (const { commitment } of rows) wrong.set(commitment, 'unreadable')
  if (key === undefined) return
  for (const group of groups(rows)) {
    const from = group[0]?.position ?? 0
    const end = Math.max(...group.map(({ position, bytes }) => position + bytes))
    const piece = await readRange(file, from, end - from)
    for (const { commitment, position, bytes } of group) {
      const frame = piece.subarray(position - from, position - from + bytes)
      if (decodeRow(place, key, commitment, frame) !== undefined) wrong.delete(commitment)
    }
  }
}

/** Rows that are read together. They come in the order of the file. */
function* groups(rows: readonly RowFound[]): Generator<readonly RowFound[]> {
  let group: RowFound[] = []
  for (const row of rows) {
    const from = group[0]?.position ?? row.position
    if (group.length > 0 && row.position + row.bytes - from > READ_BYTES) {
      yield group
      group = []
    }
    group.push(row)
  }
  if (group.length > 0) yield group
}
