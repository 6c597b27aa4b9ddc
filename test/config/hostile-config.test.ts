import { isAbsolute, normalize } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { exampleConfig, type GateConfig, isLoopback, readGateConfig } from '../../agent/config/index.ts'
import { AgentError } from '../../agent/errors.ts'

const FILE = '/etc/portcullis/portcullis.yaml'

/** The configuration, or undefined where it is refused as it should be: any other error fails the test. */
function read(text: string): GateConfig | undefined {
  try {
    return readGateConfig(text, FILE)
  } catch (error) {
    if (!(error instanceof AgentError) || error.code !== 'CONFIG_INVALID') throw error
    expect(error.sentences.length).toBeGreaterThan(0)
    for (const sentence of error.sentences)
      expect(sentence).toMatch(/^\/etc\/portcullis\/portcullis\.yaml:\d+:\d+ ./)
    return undefined
  }
}

const odd = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.constant([]),
)

const paths = ['/dev/ttyUSB0', './a b', '../../x', '/run/portcullis/p', 'a/../b', '/a\nb', '~/x', 'p']
const tcps = [
  '127.0.0.1:1',
  '0.0.0.0:1',
  '[::1]:9',
  '[::]:0',
  'localhost:2',
  'printer:3',
  '1.2.3:4',
  ':5',
  '10.0.0.1:65535',
]
const park = ['G28', 'G1 Z5', 'g91', 'M104 S200', 'G1 E1', 'G1 X1\nM104 S1']

/** What may stand under a key, right and wrong; `undefined` leaves the key out. */
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  'printer.port': [...paths, 'sim', 'tcp://127.0.0.1:1', 'tcp://x:0'],
  'printer.baud': [250_000, 1200],
  'host.link': [...paths, undefined],
  'host.owner': ['pi', 1000, 'a b', -1],
  'host.group': ['makers', 0, '', undefined],
  'host.mode': ['0600', '0660', '660', '0666', '0777', 660],
  'host.tcp': [...tcps, undefined],
  'host.secretFile': [...paths, undefined],
  'host.profile': ['cura', 'mine'],
  'host.jobs': ['any', 'armed'],
  'host.pauses': ['allow', true],
  'host.more': [1],
  policy: ['open-bench', 'p.yaml', '/p', '../p', ''],
  state: [...paths, undefined],
  'stop.hostLostSeconds': [1, 0.5, 3600, 3601],
  'stop.park': [[], park.slice(0, 3), ...park.map((line) => [line])],
  log: ['silent', 'loud'],
}

/** One change to a configuration: a key, and what to put there. */
const change = fc
  .constantFrom(...Object.keys(VALUES))
  .chain((key) =>
    fc.tuple(
      fc.constant(key),
      fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom(...(VALUES[key] ?? [])) },
        { weight: 1, arbitrary: odd },
      ),
    ),
  )

/** A configuration that is right, with a few changes. */
const config = fc.array(change, { maxLength: 4 }).map((changes) => {
  const top: Record<string, unknown> = { policy: 'maker-space' }
  const parts: Record<string, Record<string, unknown>> = {
    printer: { port: '/dev/ttyUSB1' },
    host: { link: '/run/p/x', tcp: '127.0.0.1:2525' },
    stop: {},
  }
  for (const [key, value] of changes) {
    const [part = '', name] = key.split('.')
    if (name === undefined) top[part] = value
    else parts[part] = { ...parts[part], [name]: value }
  }
  return { ...top, ...parts }
})

describe('whatever a configuration says', () => {
  test('what is accepted is safe to run with', () => {
    let accepted = 0
    fc.assert(
      fc.property(config, (value) => {
        const result = read(JSON.stringify(value))
        if (result === undefined) return
        accepted++
        const { host, printer, stop } = result
        expect(host.link ?? host.tcp).toBeDefined()
        expect(host.mode & 0o117).toBe(0)
        if ((host.mode & 0o070) !== 0) expect(host.group).toBeDefined()
        if (host.tcp !== undefined && !isLoopback(host.tcp.host)) expect(host.secretFile).toBeDefined()
        for (const path of [host.link, host.secretFile, result.state].filter((one) => one !== undefined)) {
          expect(isAbsolute(path)).toBe(true)
          expect(normalize(path)).toBe(path)
          expect(path).not.toMatch(/[\0-\x1f\x7f]/)
        }
        expect(printer.port).toMatch(/^(\/|tcp:\/\/|sim$)/)
        expect(host.link).not.toBe(printer.port)
        expect(result.policy).toMatch(/^(\/|[a-z0-9-]+$)/)
        expect(stop.hostLostMs).toBeGreaterThanOrEqual(1000)
        for (const line of stop.park) expect(line).toMatch(/^(G28|G1 Z5|G91)$/)
      }),
      { numRuns: 600 },
    )
    // Or the test would show nothing.
    expect(accepted).toBeGreaterThan(80)
  })

  test('no text is answered with anything but a configuration or its problems', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        read(text)
      }),
    )
  })

  test('no damage to the example is', () => {
    const example = exampleConfig().replace(/^ *#.*\n/gm, '')
    fc.assert(
      fc.property(
        fc.nat(example.length),
        fc.nat(20),
        fc.string({ unit: 'binary', maxLength: 6 }),
        (at, cut, put) => {
          read(example.slice(0, at) + put + example.slice(at + cut))
        },
      ),
      { numRuns: 300 },
    )
  })
})
