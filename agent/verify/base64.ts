/** Base64 with one spelling a value: RFC 4648 section 4, padded, nothing else between the letters. */

/**
 * The bytes that `text` spells, or null. Node's own decoder skips what it does not know and drops stray bits, so two
 * texts would have one meaning; what it read must be written back as it was. The caller has capped the length.
 */
export function strictBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : null
}
