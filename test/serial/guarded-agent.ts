/**
 * An agent as small as it can be, run as a process of its own so that tests can kill it:
 * opens PORT, starts the guard PROGRAM, writes TEXT, says `armed`, and waits for what comes.
 */

import { openPort, type SafeStopScript, startGuard } from '../../agent/serial/index.ts'

const [name = '', program = '', script = '', text = ''] = process.argv.slice(2)

const port = await openPort(name, { line() {}, end() {} }, { baud: 115200 })
if (port.descriptor === undefined) throw new Error('no descriptor')
const guard = await startGuard({
  descriptor: port.descriptor,
  program,
  script: JSON.parse(script) as SafeStopScript,
})
port.write(Buffer.from(text))
await port.drain()
process.stdout.write(`armed ${guard.pid}\n`)
process.stdin.on('data', async (order: Buffer) => {
  if (order.toString() === 'disarm\n') await guard.disarm()
  await port.close()
  process.stdin.destroy()
})
