import { askGate } from '../../agent/control/index.ts'

/**
 * Arms a gate with the same job again and again, until SIGTERM: then the arm under way comes to its end. Asks as
 * `portcullis arm` does, but starts no process for each, which would delay a round trip for reasons of its own.
 * `node --import tsx arm-again.ts SOCKET JOB`; says `ready` when it begins.
 */

const [socket, job] = process.argv.slice(2)
if (socket === undefined || job === undefined) throw new Error('a socket and a job are needed')
let isOver = false
process.on('SIGTERM', () => {
  isOver = true
})
process.stdout.write('ready\n')
while (!isOver) {
  const answer = await askGate(socket, { do: 'arm', path: job, name: 'long.gcode' })
  if (!answer.ok) throw new Error(`the gate was not armed: ${answer.message}`)
}
