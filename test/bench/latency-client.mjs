import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'

// The host of the latency bench: sends numbered moves one at a time and times each until its `ok`.
// `node latency-client.mjs PATH TRIPS WARM_TRIPS PREAMBLE MOVES`, the preamble a JSON array of lines that go first, and
// the moves `prints` or `travels`.
const [path, trips, warmTrips, preamble, moves] = process.argv.slice(2)
// Blocking: the kernel wakes this process as soon as there is something to read.
const port = openSync(path, constants.O_RDWR | constants.O_NOCTTY)
const bytes = Buffer.alloc(4096)
/** What has come of a line that has not ended. */
let begun = ''

/** Reads until a line that begins with `ok` has ended, and answers the lines that came; others are reports. */
function waitForOk() {
  const all = []
  for (let isFound = false; !isFound; ) {
    const lines = (begun + bytes.latin1Slice(0, readSync(port, bytes))).split('\n')
    begun = lines.pop()
    all.push(...lines)
    isFound = lines.some((line) => line.startsWith('ok'))
  }
  return all
}

function numbered(number, command) {
  const text = `N${number} ${command}`
  let sum = 0
  for (let at = 0; at < text.length; at++) sum ^= text.charCodeAt(at)
  return Buffer.from(`${text}*${sum}\n`)
}

function send(line) {
  writeSync(port, line)
  return waitForOk()
}

let number = 0

/** How many lines the printer has had. */
function received() {
  const lines = send(numbered(++number, 'M114'))
  const [, count] = /^X:(\d+)/.exec(lines.find((line) => line.startsWith('X:')) ?? '') ?? []
  if (count === undefined) throw new Error(`the printer does not say what it had: ${lines.join(', ')}`)
  return Number(count)
}

send(numbered(0, 'M110 N0'))
for (const command of JSON.parse(preamble)) send(numbered(++number, command))
const before = received()
const micros = []
for (let trip = -Number(warmTrips); trip < Number(trips); trip++) {
  number += 1
  const x = (100 + (number % 50) / 10).toFixed(3)
  const y = (100 + (number % 70) / 10).toFixed(3)
  const filament = moves === 'prints' ? ` E${(number / 100).toFixed(4)}` : ''
  const line = numbered(number, `G1 X${x} Y${y}${filament}`)
  const startMs = performance.now()
  send(line)
  if (trip >= 0) micros.push((performance.now() - startMs) * 1000)
}
const reached = received() - before - 1
if (reached < micros.length) throw new Error(`${reached} of ${micros.length} lines reached the printer`)
closeSync(port)
process.stdout.write(JSON.stringify(micros))
