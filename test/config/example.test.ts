import { describe, expect, test } from 'vitest'
import {
  answersSchema,
  incidentsSchema,
  privacySchema,
  witnessesSchema,
} from '../../agent/config/evidence.ts'
import { exampleConfig, readGateConfig } from '../../agent/config/index.ts'
import { configSchema, hostSchema, printerSchema, stopSchema } from '../../agent/config/schema.ts'

const FILE = '/etc/portcullis/portcullis.yaml'
const text = exampleConfig()

describe('the example', () => {
  test('is valid as it stands, and changes no default', () => {
    const least =
      'printer: { port: /dev/serial/by-id/usb-FILL_IN }\nhost: { link: /run/portcullis/printer }\npolicy: maker-space\nstate: /var/lib/portcullis\n'
    expect(readGateConfig(text, FILE)).toEqual(readGateConfig(least, FILE))
  })

  test('has a least form on top that is valid too', () => {
    const [top] = text.split(/^printer:/m)
    const least = [...top!.matchAll(/^# {3}((?:printer|host|policy):.*)$/gm)].map(([, line]) => line)
    expect(least).toHaveLength(3)
    expect(readGateConfig(least.join('\n'), FILE).policy).toBe('maker-space')
  })

  test('is valid with all that it comments out', () => {
    const all = text
      .replace(/^ {2}park: \[\]\n/m, '')
      .replace(/^ {2}# ((?:owner|group|mode|tcp|secretFile|jobs|park| {2}-)(?::| G).*)$/gm, '  $1')
    const config = readGateConfig(all, FILE)
    expect(config.host).toEqual({
      link: '/run/portcullis/printer',
      owner: 'octoprint',
      group: 'portcullis-hosts',
      mode: 0o660,
      tcp: { host: '127.0.0.1', port: 2525 },
      secretFile: '/etc/portcullis/secret',
      profile: 'auto',
      jobs: 'armed',
      interlude: false,
    })
    expect(config.stop.park).toEqual(['G91', 'G1 Z10 F600', 'G90'])
  })

  test('has witnesses and sinks in its comments that are valid too', () => {
    const sinks = [...text.matchAll(/^ {2}# (sink: .*)$/gm)].map(([, line]) => line)
    const [, witnesses = ''] = /^(# witnesses:\n(?:# {3}.*\n)+)/m.exec(text) ?? []
    expect(sinks).toHaveLength(3)
    for (const sink of sinks) {
      const shown = text
        .replace(witnesses, witnesses.replace(/^# /gm, ''))
        .replace(/^ {2}automatic: false/m, `  automatic: true\n  ${sink}`)
        .replace('# keepDays', 'keepDays')
      const { evidence } = readGateConfig(shown, FILE)
      expect(evidence.witnesses?.policyFile).toBe('/etc/portcullis/witnesses.txt')
      expect(evidence.incidents.sink?.kind).toBe(/kind: (\w+)/.exec(sink!)?.[1])
      expect(evidence.privacy.keepDays).toBe(365)
    }
  })

  test('names every key there is', () => {
    const keys = [
      configSchema,
      printerSchema,
      hostSchema,
      stopSchema,
      witnessesSchema,
      incidentsSchema,
      privacySchema,
      answersSchema,
    ].flatMap((schema) => Object.keys(schema.shape))
    for (const key of keys.filter((name) => name !== 'http'))
      expect(text).toMatch(new RegExp(`^ *(# +)?${key}:`, 'm'))
  })

  test('explains every choice there is', () => {
    for (const choice of hostSchema.shape.profile.unwrap().options) expect(text).toContain(choice)
    for (const level of configSchema.shape.log.unwrap().options) expect(text).toContain(level)
  })

  test('is plain text of a width that every screen has', () => {
    for (const line of text.split('\n')) {
      expect(line.length).toBeLessThanOrEqual(120)
      expect(line).toMatch(/^[\x20-\x7e]*$/)
    }
  })
})
