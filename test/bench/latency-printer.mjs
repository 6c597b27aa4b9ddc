import { readSync, writeSync } from 'node:fs'

// The printer of the latency bench: answers each line on descriptor 3, a blocking one, with `ok`. To `M114` it says how
// many lines have come, as if that were where it stands: a line that some way answers by itself is no round trip.
const OK = Buffer.from('ok\n')
const NEWLINE = 0x0a
const bytes = Buffer.alloc(4096)
let lines = 0
for (;;) {
  const count = readSync(3, bytes)
  const asks = bytes.subarray(0, count).includes('M114')
  for (let at = 0; at < count; at++) {
    if (bytes[at] !== NEWLINE) continue
    lines += 1
    if (asks) writeSync(3, `X:${lines} Y:0 Z:0 E:0 Count X:0 Y:0 Z:0\n`)
    writeSync(3, OK)
  }
}
