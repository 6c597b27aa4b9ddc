import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readOrder } from '../../agent/cli/licence-order.ts'
import { readFirmwareIdentity } from '../../agent/core/printer/firmware-identity.ts'
import { AgentError } from '../../agent/errors.ts'
import { exampleOrder } from '../../agent/issuer/index.ts'
import { makeLicence } from '../../agent/issuer/issuer.ts'
import { readLicence } from '../../agent/licence/index.ts'
import { tierOfClasses } from '../../agent/trust/index.ts'
import { issuer, NOW_MS } from '../licence/fixture.ts'
import { CUBE } from '../system/site.ts'

const folder = mkdtempSync(join(tmpdir(), 'order-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Of the cube; told by `inspect`. */
const CUBE_CANONICAL_SHA256 = 'ba2c7aefd3e5cef60b612a2f24622cb06450cc78cb4c7cf2f290fdf690e23bbf'

cpSync(CUBE, join(folder, 'part.gcode'))
writeFileSync(join(folder, 'model.stl'), 'solid')
writeFileSync(join(folder, 'bad.gcode'), 'G28\nG1 X1 X2\n')

const LEAST = `licence-order: 1
licensee: North Workshop
design:
  files:
    - file: part.gcode
copies: 3
machines: [bench-1]
expires: 2027-06-30
`

function fileWith(text: string | Uint8Array): string {
  const path = join(folder, `${createHash('sha256').update(text).digest('hex').slice(0, 8)}.yaml`)
  writeFileSync(path, text)
  return path
}

async function complaints(text: string | Uint8Array): Promise<readonly string[]> {
  const path = fileWith(text)
  try {
    await readOrder(path, NOW_MS)
  } catch (error) {
    if (!(error instanceof AgentError)) throw error
    expect(error.exitStatus).toBe(2)
    return error.sentences.map((sentence) => sentence.replaceAll(path, 'order.yaml'))
  }
  throw new Error('was read')
}

describe('an order’s file', () => {
  test('names its designs by what the files hold, looked for from its own folder', async () => {
    const text = LEAST.replace(
      '    - file: part.gcode\n',
      `    - file: part.gcode\n    - { file: part.gcode, form: gcode-raw }\n    - { file: ${join(folder, 'model.stl')}, form: model }\n`,
    )
    const { design } = await readOrder(fileWith(text), NOW_MS)
    const [canonical, raw, model] = design.digests
    expect(canonical).toEqual({ form: 'gcode-canon', sha256: CUBE_CANONICAL_SHA256 })
    expect(raw?.sha256).not.toBe(CUBE_CANONICAL_SHA256)
    expect(model).toEqual({ form: 'model', sha256: createHash('sha256').update('solid').digest('hex') })
    expect(design.id).toBe(CUBE_CANONICAL_SHA256.slice(0, 16))
  })

  test('of the example is one that a licence can be made of, and says nothing that is refused at every gate', async () => {
    const order = await readOrder(fileWith(exampleOrder()), NOW_MS)
    expect(tierOfClasses(order.design.classes ?? []).unknown).toEqual([])
    const { token } = await makeLicence(issuer, order, NOW_MS, { uri: `${issuer.uri}/status`, index: 3 })
    expect(readLicence(token)).toMatchObject({ ok: true, unverified: { licensee: 'North Workshop' } })
    const [machine] = order.machines
    const uuid = typeof machine === 'object' ? machine.printer?.uuid : undefined
    const answer = `FIRMWARE_NAME:Marlin 2.1.2 UUID:${uuid}`
    expect(readFirmwareIdentity(answer)?.uuid).toBe(uuid)
  })

  test('that no gate could print by is refused at its line', async () => {
    const model = LEAST.replace('file: part.gcode', `sha256: ${'ab'.repeat(32)}\n      form: model`)
    expect(await complaints(model)).toEqual([
      expect.stringMatching(/^order\.yaml:5:5 every file has the `form: model`, which is nothing to print/),
    ])
    const attested = 'slicing: { mode: attested-slicer }\n'
    expect((await readOrder(fileWith(`${model}${attested}`), NOW_MS)).design.digests).toHaveLength(1)
    expect(await complaints(`${LEAST}${attested}`)).toEqual([
      expect.stringMatching(
        /^order\.yaml:5:5 `slicing` is `attested-slicer`, and no file has the `form: model`/,
      ),
    ])
    const shipped = '{ id: bench-1, printer: { uuid: CEDE2A2F-41a2-4748-9b12-c55c62f367ff } }'
    expect(await complaints(LEAST.replace('[bench-1]', `[${shipped}]`))).toEqual([
      expect.stringMatching(/^order\.yaml:7:\d+ `uuid` is the one that firmware ships with/),
    ])
  })

  test('is told what is wrong, each with its line and column', async () => {
    const text = `licence-order: 1
licensee: North Workshop
tier: secret
design:
  files:
    - file: part.gcode
      from: shelf
copies: 0
machines: ["*"]
expires: 2027-02-30
licencee: x
status: { max-age: soon, beyond: hold }
`
    expect(await complaints(text)).toEqual([
      'order.yaml:3:7 `tier` must be one of `open`, `registered`, `controlled`, `restricted`, not `secret`',
      'order.yaml:7:7 unknown key `from`',
      'order.yaml:8:9 `copies` must be at least 1, not `0`',
      'order.yaml:9:12 `*` in `machines` must be the id of a machine, or a map with its `id`, and perhaps `copies` and `printer`',
      'order.yaml:10:10 `expires` must be a date such as 2027-06-30 or 2027-06-30T12:00:00Z',
      'order.yaml:11:1 unknown key `licencee`; did you mean `licensee`?',
      'order.yaml:12:20 `max-age` must be a span of time such as 90 days, 2 weeks, 6 h or 30 min',
    ])
  })

  test.each<[string, string, RegExp]>([
    ['an end in the past', LEAST.replace('2027', '2020'), /^order\.yaml:8:10 `expires` is in the past$/],
    [
      'a file that is not there',
      LEAST.replace('part.gcode', 'none.gcode'),
      /^order\.yaml:5:13 job `.*none\.gcode` does not exist$/,
    ],
    [
      'a job that cannot be printed',
      LEAST.replace('part.gcode', 'bad.gcode'),
      /^order\.yaml:5:13 design `.*bad\.gcode` cannot be printed: line 2: /,
    ],
    [
      'a model that is not there',
      `${LEAST.replace('file: part.gcode', '{ file: none.stl, form: model }')}slicing: { mode: attested-slicer }\n`,
      /^order\.yaml:5:15 file `.*none\.stl` cannot be read: it does not exist$/,
    ],
    ['an alias', `x: &a 1\ny: *a\n`, /^order\.yaml:2:4 alias `\*a` is not allowed in a licence order$/],
    ['what is no YAML', '{', /^order\.yaml:\d+:\d+ /],
    ['nothing', '', /^order\.yaml:1:1 the licence order must be a map of keys and values, not nothing$/],
    ['another schema', 'portcullis: 1\n', /^order\.yaml:1:1 /],
  ])('is refused with %s', async (_name, text, sentence) => {
    expect((await complaints(text))[0]).toMatch(sentence)
  })

  test('is refused where its tier is looser than its classes ask for, unless it claims an exemption', async () => {
    const text = LEAST.replace('design:\n', 'tier: registered\ndesign:\n  classes: ["site:firearm-part"]\n')
    expect(await complaints(text)).toEqual([
      'order.yaml:3:7 `tier` must be restricted at least, not `registered`: the design is of class `site:firearm-part`',
    ])
    const exempt = `${text}exemption: { basis: research, authority: "https://export.example.org" }\n`
    expect(await readOrder(fileWith(exempt), NOW_MS)).toMatchObject({ tier: 'registered' })
    expect(await readOrder(fileWith(text.replace('registered', 'restricted')), NOW_MS)).toBeDefined()
  })

  test('is refused where it is no text, or far too long', async () => {
    expect(await complaints(new Uint8Array([0xff, 0xfe, 0x00]))).toEqual([
      'licence order `order.yaml` is not UTF-8 text',
    ])
    expect((await complaints('#'.repeat(70_000)))[0]).toMatch(/above the limit of 65536 bytes$/)
  })
})
