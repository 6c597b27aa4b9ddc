/** A gate whose own state is broken, in a process of its own: serves at the socket it is told. */
import { type GateControl, serveControl } from '../../agent/control/index.ts'
import { InvariantError } from '../../agent/errors.ts'

const broken = (): never => {
  throw new InvariantError('the window is closed and open')
}

const control: GateControl = {
  status: broken,
  arm: async () => broken(),
  disarm: async () => broken(),
  clear: async () => broken(),
  stop: async () => broken(),
  record: async () => broken(),
  erase: async () => broken(),
  refund: async () => broken(),
}

const [, , path = ''] = process.argv
await serveControl(path, control)
process.stdout.write('ready\n')
