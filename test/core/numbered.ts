/** `N<n> text*checksum\n` by a second hand, so that a mistake in the writer is not its own witness. */
export function numbered(number: number, text: string): string {
  const body = `N${number} ${text}`
  let sum = 0
  for (const c of Buffer.from(body, 'latin1')) sum ^= c
  return `${body}*${sum}\n`
}
