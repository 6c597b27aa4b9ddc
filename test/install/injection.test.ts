import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readGateConfig } from '../../agent/config/index.ts'
import { AgentError } from '../../agent/errors.ts'
import { planInstall } from '../../agent/install/index.ts'

/** What each kind of file may have in a line, whatever names and paths went into it. */
const KEYS =
  /^(#|\[(Unit|Service|Install)\]$|$|(Description|After|StartLimit\w+|Type|User|Group|SupplementaryGroups|UMask|Environment|ExecStart|Restart\w*|KillMode|TimeoutStopSec|OOM\w+|Protect\w+|PrivateTmp|StateDirectory\w*|ReadWritePaths|RuntimeDirectory\w*|DevicePolicy|DeviceAllow|Restrict\w+|IPAddress\w+|NoNewPrivileges|CapabilityBoundingSet|AmbientCapabilities|RemoveIPC|KeyringMode|LimitCORE|LockPersonality|SystemCall\w+|WantedBy)=)/

/** Characters that mean something to one of the readers, and some that do not. */
const MEANING = ['a', '/', ' ', '"', "'", '\\', '%', '$', '#', ';', '=', '[', '{', '-', '.']
const REFUSED = ['\n', '\r', '\0', '\t', 'é']
const strange = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: fc.constantFrom(...MEANING), maxLength: 16 }) },
  { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(...MEANING, ...REFUSED), maxLength: 16 }) },
)

interface Strange {
  readonly path: string
  readonly state: string
  readonly port: string
  readonly program: string
  readonly user: string
  readonly hostUnit: string
  readonly link: string
}

/** The files for such names, or undefined where they are refused in words. */
function filesFor({ path, state, port, program, user, hostUnit, link }: Strange) {
  const text = JSON.stringify({ printer: { port }, host: { link, group: 'makers' }, policy: 'x', state })
  try {
    const config = readGateConfig(text, path)
    return planInstall({
      config,
      device: { kind: 'absent' },
      user,
      hostUnit,
      program: ['/usr/bin/node', program],
    }).files
  } catch (error) {
    if (error instanceof AgentError) return undefined
    throw error
  }
}

const usual = (normal: string, prefix: string): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant(normal) },
    { weight: 1, arbitrary: strange.map((text) => `${prefix}${text}`) },
  )

const names = fc.record({
  path: usual('/etc/portcullis/portcullis.yaml', '/etc/'),
  state: usual('/var/lib/portcullis', '/srv/'),
  port: usual('/dev/ttyUSB0', '/dev/'),
  program: usual('/opt/portcullis.mjs', '/opt/'),
  user: usual('portcullis', 'p'),
  hostUnit: usual('octoprint', 'o'),
  link: usual('/run/portcullis/printer', '/run/portcullis/'),
})

describe('no name or path', () => {
  test('brings a line of its own into a unit, or a second command into its line', () => {
    let made = 0
    fc.assert(
      fc.property(names, (strangeNames) => {
        const files = filesFor(strangeNames)
        if (files === undefined) return
        made++
        const units = files.filter(({ path }) => path.startsWith('/etc/systemd/'))
        expect(units).toHaveLength(2)
        for (const { text } of units) {
          const lines = text.split('\n')
          for (const line of lines) {
            expect(line).toMatch(KEYS)
            expect(line).not.toMatch(/\\$|[^\x20-\x7e]/)
          }
          expect(lines.filter((line) => line === '[Service]')).toHaveLength(1)
          expect(lines.filter((line) => line.startsWith('ExecStart=')).length).toBeLessThanOrEqual(1)
        }
      }),
      { numRuns: 500 },
    )
    expect(made).toBeGreaterThan(50)
  })

  test('leaves a specifier or a variable for systemd to fill in', () => {
    fc.assert(
      fc.property(names, (strangeNames) => {
        const unit =
          filesFor(strangeNames)?.find(({ path }) => /system\/[^/]*\.service$/.test(path))?.text ?? ''
        expect(unit.replaceAll('%%', '')).not.toContain('%')
        const command = /^ExecStart=(.*)$/m.exec(unit)?.[1] ?? ''
        expect(command.replaceAll('$$', '')).not.toContain('$')
      }),
      { numRuns: 300 },
    )
  })

  test('reaches the files of tmpfiles, sysusers and udev with anything but plain letters', () => {
    fc.assert(
      fc.property(names, (strangeNames) => {
        for (const { path, text } of filesFor(strangeNames) ?? []) {
          expect(path).toMatch(/^(\/etc\/[A-Za-z0-9@:_./-]+|~\/\.octoprint\/config\.yaml \(a part of it\))$/)
          expect(path).not.toContain('..')
          if (!/tmpfiles|sysusers/.test(path)) continue
          for (const line of text.split('\n'))
            expect(line).toMatch(
              /^(#.*|[dgu] [\w./ -]+|u \w[\w-]* - "Portcullis print gate" [\w./-]+|L\+ [\w./ -]+|)$/,
            )
        }
      }),
      { numRuns: 300 },
    )
  })
})
