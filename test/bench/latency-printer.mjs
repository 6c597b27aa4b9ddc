import { readSync, writeSync } from 'node:fs'

// The printer of the latency bench: answers each line on descriptor 3, a blocking one, with `ok`.
const OK = Buffer.from('ok\n')
const NEWLINE = 0x0a
const bytes = Buffer.alloc(4096)
for (;;) {
  const count = readSync(3, bytes)
  for (let at = 0; at < count; at++) if (bytes[at] === NEWLINE) writeSync(3, OK)
}
