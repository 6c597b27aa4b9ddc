import { describe, expect, test } from 'vitest'
import { formatProblems, POLICY_CHARS_MAX, readPolicy } from '../../policies/index.ts'
import { policyFrom, policyYaml } from './snippet.ts'

function problemsOf(yaml: string): string[] {
  const result = readPolicy(yaml)
  return result.ok ? [] : formatProblems('p.yaml', result.problems).split('\n')
}

const HEAD = 'portcullis: 1\nname: test\nversion: 1\nappeal: ask\n'

describe('a policy file', () => {
  test('gives the policy its name, version, appeal, rules and modes', () => {
    const policy = policyFrom(
      `${HEAD}description: a test\nrules:\n  nozzle-temperature:\n    maxCelsius: 260\n    mode: hold\n  homing-first:\n`,
    )
    expect(policy).toMatchObject({ name: 'test', version: 1, appeal: 'ask', description: 'a test' })
    expect(policy.dialect.dialect).toBe('marlin')
    expect(policy.rules.slice(0, 2)).toMatchObject([
      { rule: { id: 'nozzle-temperature' }, mode: 'hold', options: { maxCelsius: 260 }, isImplied: false },
      { rule: { id: 'homing-first' }, mode: 'enforce', options: {}, isImplied: false },
    ])
  })

  test('fills in defaults', () => {
    const policy = policyFrom(policyYaml('  build-volume: { sizeMm: { x: 1, y: 1, z: 1 } }\n'))
    expect(policy.rules[0]?.options).toEqual({
      sizeMm: { x: 1, y: 1, z: 1 },
      originMm: { x: 0, y: 0, z: 0 },
      travelMarginMm: 0,
      toleranceMm: 0.001,
      retractionLiftMm: 0,
      furtherAxes: [],
    })
  })

  test('may be written in JSON, which is YAML', () => {
    const json = { portcullis: 1, name: 'j', version: 2, appeal: 'ask', rules: { 'homing-first': {} } }
    expect(policyFrom(JSON.stringify(json)).version).toBe(2)
  })
})

describe('problems', () => {
  test.each([
    [
      'an unknown key at the top',
      `${HEAD}rulez: {}\nrules: {}\n`,
      ['p.yaml:5:1 unknown key `rulez`; did you mean `rules`?'],
    ],
    [
      'an unknown rule',
      `${HEAD}rules:\n  nozle-temperature: { maxCelsius: 1 }\n`,
      ['p.yaml:6:3 unknown rule `nozle-temperature`; did you mean `nozzle-temperature`?'],
    ],
    ['a rule like no other', `${HEAD}rules:\n  gravity: {}\n`, ['p.yaml:6:3 unknown rule `gravity`']],
    [
      'an unknown option, at its key',
      `${HEAD}rules:\n  nozzle-temperature:\n    maxCelsius: 260\n    maxCelcius: 300\n`,
      ['p.yaml:8:5 unknown key `maxCelcius`; did you mean `maxCelsius`?'],
    ],
    [
      'an unknown key inside an option',
      `${HEAD}rules:\n  build-volume:\n    sizeMm: { x: 1, y: 1, z: 1, w: 1 }\n`,
      ['p.yaml:7:33 unknown key `w`'],
    ],
    [
      'a missing option, at the map that lacks it',
      `${HEAD}rules:\n  build-volume:\n    travelMarginMm: 1\n`,
      ['p.yaml:7:5 missing key `sizeMm`'],
    ],
    [
      'a missing option of a rule with nothing behind it, at its key',
      `${HEAD}rules:\n  nozzle-temperature:\n`,
      ['p.yaml:6:3 missing key `maxCelsius`'],
    ],
    [
      'a missing key inside an option',
      policyYaml('  build-volume: { sizeMm: { x: 1, y: 1 } }\n'),
      ['p.yaml:6:27 missing key `z`'],
    ],
    [
      'a value of the wrong type, at the value',
      `${HEAD}rules:\n  nozzle-temperature: { maxCelsius: hot }\n`,
      ['p.yaml:6:37 `maxCelsius` must be a number, not `hot`'],
    ],
    [
      'a value out of range',
      `${HEAD}rules:\n  nozzle-temperature: { maxCelsius: 9000 }\n`,
      ['p.yaml:6:37 `maxCelsius` must be at most 600, not `9000`'],
    ],
    [
      'a value that must be more than nothing',
      policyYaml('  feedrate: { maxMmPerMin: 0 }\n'),
      ['p.yaml:6:28 `maxMmPerMin` must be more than 0, not `0`'],
    ],
    [
      'infinity and what is no number',
      policyYaml('  nozzle-temperature: { maxCelsius: .inf }\n  bed-temperature: { maxCelsius: .nan }\n'),
      [
        'p.yaml:6:37 `maxCelsius` must be a number, not `Infinity`',
        'p.yaml:7:34 `maxCelsius` must be a number, not `NaN`',
      ],
    ],
    [
      'an unknown mode',
      `${HEAD}rules:\n  homing-first: { mode: strict }\n`,
      ['p.yaml:6:25 `mode` must be one of `enforce`, `hold`, `warn`, `audit`, not `strict`'],
    ],
    [
      'a rule that is no map',
      `${HEAD}rules:\n  homing-first: yes please\n  nozzle-temperature: [260]\n`,
      [
        'p.yaml:6:17 `homing-first` must be a map of keys and values, not `yes please`',
        'p.yaml:7:23 `nozzle-temperature` must be a map of keys and values, not a list',
      ],
    ],
    [
      'an unknown class of commands',
      policyYaml('  command-classes: { deny: [storage, storag] }\n'),
      [
        expect.stringMatching(
          /^p\.yaml:6:38 `storag` in `deny` must be one of `motion`, .*`safety`, not `storag`$/,
        ),
      ],
    ],
    [
      'an unknown command in a list',
      policyYaml('  command-classes: { denyCommands: [M1118] }\n  unknown-commands: { allow: [m572] }\n'),
      [
        'p.yaml:6:37 `M1118` in `denyCommands` is not a command that the firmware knows; write `M420`, or `T` for tool changes',
        'p.yaml:7:31 `m572` in `allow` is not a command; write `M572`, with a capital letter and without leading zeros',
      ],
    ],
    [
      'a class that is allowed and denied',
      policyYaml('  command-classes:\n    allow: [storage]\n    deny: [pins, storage]\n'),
      ['p.yaml:8:18 `storage` in `deny` is allowed as well'],
    ],
    [
      'options that do not go together',
      policyYaml('  layer-height: { minMm: 0.3, maxMm: 0.2 }\n  part-size: {}\n'),
      [
        'p.yaml:6:17 `layer-height` has `minMm` above `maxMm`',
        'p.yaml:7:14 `part-size` needs a size in `maxMm` or `minMm`',
      ],
    ],
    [
      'a format that is not read here',
      'portcullis: 2\nname: test\nversion: 1\nappeal: ask\nrules: {}\n',
      ['p.yaml:1:13 `portcullis` must be `1`, not `2`'],
    ],
    [
      'a version that does not count',
      'portcullis: 1\nname: test\nversion: 1.5\nappeal: ask\nrules: {}\n',
      ['p.yaml:3:10 `version` must be a whole number, not `1.5`'],
    ],
    [
      'a name that is none',
      'portcullis: 1\nname: My Policy\nversion: 1\nappeal: 12\nrules: {}\n',
      [
        'p.yaml:2:7 `name` must be lower-case letters, digits and hyphens, at most 64',
        'p.yaml:4:9 `appeal` must be text, not `12`; put it in quotes',
      ],
    ],
    [
      'rules that are none',
      `${HEAD}rules: 5\n`,
      ['p.yaml:5:8 `rules` must be a map of keys and values, not `5`'],
    ],
    ['an empty file', '', ['p.yaml:1:1 the policy must be a map of keys and values, not nothing']],
    [
      'a file that is one word',
      'policy\n',
      ['p.yaml:1:1 the policy must be a map of keys and values, not `policy`'],
    ],
    [
      'a case without its reasons',
      `${HEAD}rules: {}\ncases:\n  - { name: a, gcode: G28, outcome: deny }\n`,
      ['p.yaml:7:5 entry 1 of `cases` needs `codes`: why the job is not allowed'],
    ],
  ])('tells %s', (_what, yaml, expected) => {
    expect(problemsOf(yaml)).toEqual(expected)
  })

  test('tells all problems at once, in the order of the file', () => {
    const yaml = [
      'portcullis: 1',
      'name: test',
      'version: none',
      'rules:',
      '  nozzle-temperature: { maxCelsius: hot }',
      '  unheard-of: {}',
      '  homing-first: { mode: loud }',
      'colour: red',
    ].join('\n')
    expect(problemsOf(yaml)).toEqual([
      'p.yaml:1:1 missing key `appeal`',
      'p.yaml:3:10 `version` must be a number, not `none`',
      'p.yaml:5:37 `maxCelsius` must be a number, not `hot`',
      'p.yaml:6:3 unknown rule `unheard-of`',
      'p.yaml:7:25 `mode` must be one of `enforce`, `hold`, `warn`, `audit`, not `loud`',
      'p.yaml:8:1 unknown key `colour`',
    ])
  })

  test('carries the path for programs', () => {
    const result = readPolicy(policyYaml('  build-volume: { sizeMm: { x: a, y: 1, z: 1 } }\n'))
    expect(result).toEqual({
      ok: false,
      problems: [
        {
          line: 6,
          column: 32,
          path: 'rules.build-volume.sizeMm.x',
          message: '`x` must be a number, not `a`',
        },
      ],
    })
  })

  test('ends no sentence with the points that the file wrote', () => {
    const result = readPolicy('portcullis: |..')
    expect(result.ok).toBe(false)
    const messages = result.ok ? [] : result.problems.map(({ message }) => message)
    expect(messages[0]).toBe('block scalar header includes extra characters: |')
  })

  test('tells at most a hundred', () => {
    const rules = Array.from({ length: 500 }, (_, i) => `  rule-${i}: {}\n`).join('')
    expect(problemsOf(policyYaml(rules))).toHaveLength(100)
  })
})

describe('YAML that no policy needs', () => {
  test.each([
    [
      'a key that stands twice',
      `${HEAD}rules:\n  homing-first: {}\n  homing-first: {}\n`,
      'p.yaml:7:3 this key stands twice in its map',
    ],
    [
      'a second document',
      `${HEAD}rules: {}\n---\nname: other\n`,
      'p.yaml:6:1 a policy file holds one document',
    ],
    [
      'a merge key',
      `${HEAD}rules:\n  homing-first:\n    <<: { mode: warn }\n`,
      'p.yaml:7:5 unknown key `<<`',
    ],
    ['an alias', `${HEAD}rules: &r {}\ncases: *r\n`, 'p.yaml:6:8 alias `*r` is not allowed in a policy'],
    [
      'a map for a key',
      `${HEAD}rules: {}\n? { a: 1 }\n: 2\n`,
      'p.yaml:6:3 a key is one word or text, not a map or a list',
    ],
    [
      'a list for a key',
      `${HEAD}rules: { [a]: 1 }\n`,
      'p.yaml:5:10 a key is one word or text, not a map or a list',
    ],
    [
      'an older YAML',
      `%YAML 1.1\n---\n${HEAD}rules: {}\n`,
      'p.yaml:1:1 a `%YAML` directive is not allowed in a policy',
    ],
    ['a tag', `${HEAD}rules: !!js/function {}\n`, expect.stringMatching(/^p\.yaml:5:8 unresolved tag/)],
    ['a list that is not closed', `${HEAD}rules: [\n`, expect.stringMatching(/^p\.yaml:6:1 flow sequence/)],
    [
      'a tab for indentation',
      `${HEAD}rules:\n\thoming-first: {}\n`,
      expect.stringMatching(/^p\.yaml:6:1 tabs are not allowed/),
    ],
  ])('refuses %s', (_what, yaml, expected) => {
    expect(problemsOf(yaml)).toContainEqual(expected)
  })

  test('refuses a bomb of aliases without unfolding it', () => {
    const bomb = ['a: &a0 [x, x, x, x, x, x, x, x]']
    for (let i = 1; i < 30; i++) bomb.push(`b${i}: &a${i} [${`*a${i - 1}, `.repeat(8)}]`)
    expect(problemsOf(bomb.join('\n'))[0]).toBe('p.yaml:2:10 alias `*a0` is not allowed in a policy')
  })

  test('refuses a file that is nested to break the reader', () => {
    expect(problemsOf(`rules: ${'['.repeat(100_000)}`).join()).toContain('the file is nested too deeply')
    expect(problemsOf('- '.repeat(100_000)).join()).toContain('the file is nested too deeply')
  })

  test('finds a key that stands twice among very many, whichever way it is written', () => {
    const keys = Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`)
    expect(problemsOf([...keys, '"k7": 2'].join('\n'))).toEqual([
      'p.yaml:20001:1 this key stands twice in its map',
    ])
    expect(problemsOf('1: a\n"1": b')).toEqual(['p.yaml:2:1 this key stands twice in its map'])
  })

  test('refuses a file that is too large before it is read', () => {
    expect(problemsOf('#'.repeat(POLICY_CHARS_MAX + 1))).toEqual([
      'p.yaml:1:1 policy of 262145 characters is above the limit of 262144 characters',
    ])
  })

  test.each(['__proto__', 'constructor', 'toString'])(
    'takes a rule of the name %s for what it is',
    (name) => {
      expect(problemsOf(`${HEAD}rules:\n  ${name}: {}\n`)).toEqual([`p.yaml:6:3 unknown rule \`${name}\``])
    },
  )

  test('quotes what it found in printable characters and not at length', () => {
    const [problem] = problemsOf(`${HEAD}rules:\n  "\\e[31m${'x'.repeat(300)}": {}\n`)
    expect(problem).toBe(`p.yaml:6:3 unknown rule \`?[31m${'x'.repeat(35)}…\``)
  })
})
