import { beforeEach, describe, expect, test } from 'vitest'
import {
  EMERGENCY_BREAK,
  EMERGENCY_STOP,
  type EmergencyKind,
} from '../../../agent/core/host/emergency-lane.ts'
import { HOST_BUSY_EVERY_MS, HostSide } from '../../../agent/core/host/host-side.ts'

let said = ''
let emergencies: { readonly kind: EmergencyKind; readonly line: string }[] = []
let flows: boolean[] = []
let floods = 0
let isObeyed = true

const sink = {
  write: (bytes: Uint8Array, start: number, end: number) => {
    said += Buffer.from(bytes.subarray(start, end)).toString('latin1')
  },
}

function side(profile: 'auto' | 'cura' = 'auto'): HostSide {
  return new HostSide(
    sink,
    {
      emergency: (kind, bytes, start, end) => {
        emergencies.push({ kind, line: Buffer.from(bytes.subarray(start, end)).toString('latin1') })
        return isObeyed
      },
      flow: (isOpen) => flows.push(isOpen),
      flooded: () => {
        floods++
      },
    },
    profile,
  )
}

function lines(host: HostSide): string[] {
  const out: string[] = []
  for (; host.queue.length > 0; host.queue.shift())
    out.push(Buffer.from(host.queue.buffer.subarray(host.queue.start, host.queue.end)).toString('latin1'))
  return out
}

const send = (host: HostSide, text: string, nowMs = 0): void => host.bytes(Buffer.from(text, 'latin1'), nowMs)

let host: HostSide

beforeEach(() => {
  said = ''
  emergencies = []
  flows = []
  floods = 0
  isObeyed = true
  host = side()
  host.came(0)
})

describe('bytes of a host', () => {
  test('become lines, however they are cut and ended', () => {
    for (const byte of 'G28\r\nM105\n\n\rG1 X5\r') send(host, byte)
    send(host, 'M114\n')
    expect(lines(host)).toEqual(['G28', 'M105', 'G1 X5', 'M114'])
  })

  test('without an end are no line yet', () => {
    send(host, 'G28')
    expect(host.queue.length).toBe(0)
  })

  test('of ten megabytes without an end cost no more than a line', () => {
    for (let i = 0; i < 160; i++) send(host, 'x'.repeat(65_536))
    expect(host.queue.length).toBe(0)
    send(host, '\nM105\n')
    const [long, next] = lines(host)
    expect(long!.length).toBeLessThan(5000)
    expect(next).toBe('M105')
  })

  test('that one host left unended do not begin the line of the next', () => {
    send(host, 'M104 S2')
    host.left()
    host.came(10)
    send(host, '60\n')
    expect(lines(host)).toEqual(['60'])
  })

  test('that are cut off in the middle of an emergency stop are none', () => {
    send(host, 'M112')
    host.left()
    host.came(10)
    expect(emergencies).toEqual([])
  })

  test('that wait are forgotten with their host, and so are its numbers', () => {
    send(host, 'G28\nN0 M110 N0*125\n')
    host.link.renumber(5)
    host.left()
    host.came(10)
    expect(host.queue.length).toBe(0)
    expect(host.link.lastNumber).toBe(0)
    expect(host.profile).toBe('generic')
  })

  test('of nobody are no lines', () => {
    host.left()
    send(host, 'M112\nG28\n')
    expect(host.queue.length).toBe(0)
    expect(emergencies).toEqual([])
  })

  test('that find no room are told of', () => {
    send(host, 'G1 X1 Y1 Z1\n'.repeat(30_000))
    expect(floods).toBeGreaterThan(0)
    send(host, 'M112\n')
    expect(emergencies).toHaveLength(1)
  })

  test('that are many close the flow once, and open it once when few are left', () => {
    send(host, 'G1 X1 Y1 Z1\n'.repeat(8000))
    host.checkFlow()
    host.checkFlow()
    expect(flows).toEqual([false])
    while (host.queue.length > 4000) host.queue.shift()
    host.checkFlow()
    expect(flows).toEqual([false])
    lines(host)
    host.checkFlow()
    expect(flows).toEqual([false, true])
  })
})

describe('an emergency', () => {
  test('is told when it comes, before its turn, and its line still waits for its answer', () => {
    send(host, 'G28\nM108\nN5 M112*33\n')
    expect(emergencies).toEqual([
      { kind: EMERGENCY_BREAK, line: 'M108' },
      { kind: EMERGENCY_STOP, line: 'N5 M112*33' },
    ])
    expect(host.queue.length).toBe(3)
    expect(host.queue.isActed).toBe(false)
    host.queue.shift()
    expect(host.queue.isActed).toBe(true)
  })

  test('that was not obeyed is a line like any other', () => {
    isObeyed = false
    send(host, 'M108\n')
    expect(host.queue.isActed).toBe(false)
  })
})

describe('what is said to a host', () => {
  test('is a line each', () => {
    host.ok(0)
    host.say('echo:hello', 0)
    host.sayAll(['a', 'b'], 0)
    expect(said).toBe('ok\necho:hello\na\nb\n')
  })

  test('is cut where it is too long for any host', () => {
    host.say('x'.repeat(100_000), 0)
    expect(said.length).toBeLessThan(1200)
    expect(said.endsWith('x\n')).toBe(true)
  })

  test('is nothing while there is none', () => {
    host.left()
    host.say('echo:hello', 0)
    host.tick(true, 10_000)
    expect(said).toBe('')
  })

  test('is a sign of life every two seconds to one that waits, and none to one that does not', () => {
    for (let nowMs = 0; nowMs <= 10_000; nowMs += 100) host.tick(false, nowMs)
    expect(said).toBe('')
    host.ok(10_000)
    said = ''
    for (let nowMs = 10_000; nowMs <= 20_000; nowMs += 100) host.tick(true, nowMs)
    expect(said).toBe('echo:busy: processing\n'.repeat(10_000 / HOST_BUSY_EVERY_MS))
  })

  test('puts the sign of life off', () => {
    host.say('T:20.00 /0.00', HOST_BUSY_EVERY_MS - 1)
    said = ''
    host.tick(true, HOST_BUSY_EVERY_MS)
    expect(said).toBe('')
  })
})

describe('a silent host', () => {
  test('has said nothing since its last byte', () => {
    send(host, 'G', 1000)
    expect(host.silentMs(5000)).toBe(4000)
  })

  test('that waits for an answer is not silent', () => {
    host.tick(true, 5000)
    expect(host.silentMs(6000)).toBe(1000)
  })
})

describe('the profile', () => {
  test('is found by the lines, unless it is given', () => {
    send(host, 'N0 M110 N0*125\n')
    expect(host.profile).toBe('octoprint')
    const given = side('cura')
    given.came(0)
    send(given, 'N0 M110 N0*125\n')
    expect(given.profile).toBe('cura')
    expect(given.idiom.refuseJob('no')).toEqual(['!! no'])
  })
})
