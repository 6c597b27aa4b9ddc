/** The inputs of the test vectors in FORMAT.md. Keys, nonces and salt are bytes that count up. */
import { makeHead, makeKeyFile, makeNameFile, makeNote, makeRow } from './independent.ts'

const upFrom = (first: number, bytes: number): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, i) => first + i)

export const VECTOR = {
  wrappingKey: upFrom(0x00, 32),
  subject: 's-0123456789abcdef',
  month: '2026-11',
  monthKey: upFrom(0x40, 32),
  keyNonce: upFrom(0xa0, 12),
  fields: '{"decision":{"claims":{},"id":"d-1","job":{"name":"vase.gcode"}},"user":"Jürgen Größe"}',
  salt: upFrom(0x60, 32),
  rowNonce: upFrom(0xb0, 12),
  name: { name: 'Jürgen Größe', key: upFrom(0x80, 32), keyNonce: upFrom(0xc0, 12), nonce: upFrom(0xd0, 12) },
  note: { kind: 'm', subject: 's-0123456789abcdef', year: 2026, month: 10, rows: 3, nonce: upFrom(0xe0, 12) },
} as const

/** The files of the vectors, by the titles under which FORMAT.md shows them, in hexadecimal. */
export async function makeVectors(): Promise<Record<string, string>> {
  const { row, commitment } = await makeRow(
    VECTOR,
    VECTOR.monthKey,
    VECTOR.rowNonce,
    VECTOR.salt,
    VECTOR.fields,
  )
  const files: Record<string, Uint8Array> = {
    vault: await makeHead(VECTOR.wrappingKey),
    's-0123456789abcdef/2026-11.key': await makeKeyFile(VECTOR, VECTOR.keyNonce, VECTOR.monthKey),
    commitment,
    's-0123456789abcdef/2026-11.rows': row,
    's-0123456789abcdef/name': await makeNameFile(VECTOR, VECTOR.name),
    erased: await makeNote(VECTOR.wrappingKey, VECTOR.note),
  }
  return Object.fromEntries(
    Object.entries(files).map(([title, bytes]) => [title, Buffer.from(bytes).toString('hex')]),
  )
}
