import { afterEach, describe, expect, test } from 'vitest'
import { type DeviceSide, listenOnPty, listenOnTcp, openPort } from '../../agent/serial/index.ts'
import { Heard } from './heard.ts'
import { Witness } from './port-contract.ts'

let device: DeviceSide | undefined

afterEach(async () => {
  await device?.unplug()
  device = undefined
})

async function roundTrip(on: DeviceSide): Promise<void> {
  device = on
  const commands = new Heard()
  on.onBytes(commands.add)
  const witness = new Witness()
  const port = await openPort(on.path, witness, { baud: 250000 })
  port.write(Buffer.from('M105\n'))
  await commands.until('M105\n')
  on.write(Buffer.from('ok T:20 /0\n'))
  await witness.heard.until('ok T:20 /0\n')
  await port.close()
}

describe('the name chooses the kind of link', () => {
  test('a path is a serial device', async () => {
    await roundTrip(await listenOnPty())
  })

  test('tcp:// is a connection', async () => {
    await roundTrip(await listenOnTcp('127.0.0.1', 0))
  })

  test('any other scheme is a path that does not exist', async () => {
    await expect(openPort('http://printer', new Witness(), { baud: 250000 })).rejects.toMatchObject({
      code: 'PORT_MISSING',
    })
  })
})
