import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { readGateConfig } from '../../agent/config/index.ts'
import { HostPorts, IN_USE_LINE } from '../../agent/gate/host-ports.ts'
import { PtyClient } from '../serial/pty-client.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

interface Heard {
  readonly events: string[]
  text: string
}

async function ports(host: string): Promise<{ ports: HostPorts; heard: Heard; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-hosts-'))
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }))
  const yaml = `printer: { port: sim }\nhost: ${host}\npolicy: open-bench\n`
  const config = readGateConfig(yaml, join(folder, 'gate.yaml'))
  const heard: Heard = { events: [], text: '' }
  const ports = new HostPorts({
    came: (place) => heard.events.push(`came ${place}`),
    left: (place) => heard.events.push(`left ${place}`),
    bytes: (bytes) => {
      heard.text += Buffer.from(bytes).toString('latin1')
    },
  })
  cleanUps.push(() => ports.close())
  if (host.includes('secretFile')) writeFileSync(join(folder, 'secret'), 'short\n')
  await ports.start(config.host)
  return { ports, heard, folder }
}

function tcpClient(place: string): net.Socket & { said: string } {
  const { hostname, port } = new URL(place)
  const socket = Object.assign(net.connect(Number(port), hostname), { said: '' })
  socket.on('data', (bytes) => {
    socket.said += bytes.toString('latin1')
  })
  socket.on('error', () => {})
  cleanUps.push(() => socket.destroy())
  return socket
}

const say = (ports: HostPorts, text: string): void => {
  const bytes = Buffer.from(`--${text}--`, 'latin1')
  ports.write(bytes, 2, bytes.length - 2)
}

describe('the places where a host reaches the gate', () => {
  test('are those of the configuration, both at once', async () => {
    const { ports: both, folder } = await ports('{ link: printer, tcp: "127.0.0.1:0" }')
    expect(both.places[0]).toBe(join(folder, 'printer'))
    expect(both.places[1]).toMatch(/^tcp:\/\/127\.0\.0\.1:\d+$/)
    expect(both.activePlace).toBeNull()
    expect(statSync(join(folder, 'printer')).mode & 0o777).toBe(0o600)
  })

  test('take one host at a time: the second is told why, and its bytes are nobody’s', async () => {
    const { ports: both, heard, folder } = await ports('{ link: printer, tcp: "127.0.0.1:0" }')
    const first = tcpClient(both.places[1]!)
    first.write('M105\n')
    await vi.waitFor(() => expect(heard.text).toBe('M105\n'))
    const second = new PtyClient(join(folder, 'printer'))
    second.write('M112\n')
    await vi.waitFor(() => expect(second.heard.text).toContain(IN_USE_LINE))
    const third = tcpClient(both.places[1]!)
    await vi.waitFor(() => expect(third.said).toContain(IN_USE_LINE))
    expect(heard.text).toBe('M105\n')
    expect(heard.events).toEqual([`came ${both.places[1]}`])
    say(both, 'ok\n')
    await vi.waitFor(() => expect(first.said).toBe('ok\n'))
    expect(second.heard.text).not.toContain('ok')
    await second.close()
  })

  test('are not kept by who came second, however long it stays', async () => {
    const { ports: both, heard, folder } = await ports('{ link: printer, tcp: "127.0.0.1:0" }')
    const first = new PtyClient(join(folder, 'printer'))
    first.write('G28\n')
    await vi.waitFor(() => expect(both.activePlace).toBe(join(folder, 'printer')))
    const second = tcpClient(both.places[1]!)
    second.write('M112\n')
    await vi.waitFor(() => expect(second.said).toContain(IN_USE_LINE))
    await first.close()
    await vi.waitFor(() => expect(both.activePlace).toBeNull())
    const third = tcpClient(both.places[1]!)
    third.write('M105\n')
    await vi.waitFor(() => expect(heard.text).toBe('G28\nM105\n'))
    // The same the other way round.
    const fourth = new PtyClient(join(folder, 'printer'))
    fourth.write('M112\n')
    await fourth.ended
    expect(fourth.heard.text).toBe(`${IN_USE_LINE}\n`)
    third.destroy()
    await vi.waitFor(() => expect(both.activePlace).toBeNull())
    const fifth = new PtyClient(join(folder, 'printer'))
    fifth.write('M115\n')
    await vi.waitFor(() => expect(heard.text).toBe('G28\nM105\nM115\n'))
    expect(heard.events).toHaveLength(5)
    for (const client of [fourth, fifth]) await client.close()
  })

  test('are free again when the host has left', async () => {
    const { ports: both, heard, folder } = await ports('{ link: printer, tcp: "127.0.0.1:0" }')
    const first = new PtyClient(join(folder, 'printer'))
    first.write('G28\n')
    await vi.waitFor(() => expect(both.activePlace).toBe(join(folder, 'printer')))
    await first.close()
    await vi.waitFor(() => expect(both.activePlace).toBeNull())
    const next = tcpClient(both.places[1]!)
    next.write('M105\n')
    await vi.waitFor(() => expect(heard.text).toBe('G28\nM105\n'))
    expect(heard.events).toHaveLength(3)
  })

  test('read nothing while the gate asks its host to wait', async () => {
    const { ports: tcp, heard } = await ports('{ tcp: "127.0.0.1:0" }')
    const host = tcpClient(tcp.places[0]!)
    host.write('a\n')
    await vi.waitFor(() => expect(heard.text).toBe('a\n'))
    tcp.flow(false)
    host.write('b\n')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(heard.text).toBe('a\n')
    tcp.flow(true)
    await vi.waitFor(() => expect(heard.text).toBe('a\nb\n'))
  })

  test('are none where the secret is too short to be one', async () => {
    await expect(ports('{ tcp: "127.0.0.1:0", secretFile: secret }')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('less than 16 characters'),
    })
  })
})
