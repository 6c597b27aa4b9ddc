import { listenOnPty, openPort } from '../../agent/serial/index.ts'

/**
 * The two links of a gate and nothing between them: what reading and writing the descriptors costs.
 * `node --import tsx bare-proxy.ts LINK PRINTER`; says `ready` when it is.
 */

const [link, printer] = process.argv.slice(2)
if (link === undefined || printer === undefined) throw new Error('a link and a printer are needed')
const device = await listenOnPty({ link })
const port = await openPort(
  printer,
  { line: (text) => device.write(Buffer.from(`${text}\n`, 'latin1')), end: () => void device.close() },
  { baud: 115200 },
)
device.onBytes((bytes) => port.write(bytes))
process.stdout.write('ready\n')
