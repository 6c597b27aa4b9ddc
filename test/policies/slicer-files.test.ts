import { readdirSync, readFileSync } from 'node:fs'
import { brotliDecompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { MARLIN, Survey } from '../../gcode/index.ts'
import { type Decision, decide, ReasonTally } from '../../policies/index.ts'
import { policyFrom } from './snippet.ts'

const GCODE = new URL('../../fixtures/gcode/', import.meta.url)
const FILES = readdirSync(GCODE).filter((file) => /\.gcode(?:\.br)?$/.test(file))
const NO_HASHER = { update: () => undefined }
const makerSpace = policyFrom(
  readFileSync(new URL('../../policies/library/maker-space.yaml', import.meta.url), 'utf8'),
)

function load(file: string): Buffer {
  const bytes = readFileSync(new URL(file, GCODE))
  return file.endsWith('.br') ? brotliDecompressSync(bytes) : bytes
}

function decideAbout(bytes: Uint8Array): Decision {
  const tally = new ReasonTally(makerSpace)
  const survey = new Survey({ table: MARLIN, hasher: NO_HASHER, judge: tally, estimatesTime: false })
  survey.push(bytes)
  survey.end()
  return decide({
    id: '',
    at: '',
    job: { name: '', bytes: bytes.length, sha256: '', canonicalSha256: '' },
    facts: survey.facts(),
    claims: survey.claims(),
    policySha256: '',
    tally,
    refusedLines: survey.refusedLines,
    refusedCount: survey.refusedCount,
    licence: { kind: 'none' },
  })
}

describe.each(FILES)('%s', (file) => {
  const bytes = load(file)

  test('passes the maker space without a reason against it', () => {
    expect(decideAbout(bytes)).toMatchObject({ outcome: 'allow', reasons: [] })
  })

  test('is denied by one reason with one temperature changed to 300', () => {
    const text = bytes.toString('latin1')
    const changed = text.replace(/M109 S\d+/, 'M109 S300')
    const line = text.slice(0, text.search(/M109 S\d+/)).split('\n').length
    expect(decideAbout(Buffer.from(changed, 'latin1'))).toMatchObject({
      outcome: 'deny',
      reasons: [{ code: 'nozzle-temperature', line, count: 1, value: '300 °C', limit: '260 °C' }],
    })
  })

  test('is denied by one reason for each side with the part moved off the bed', () => {
    const moved = bytes.toString('latin1').replace(/^(G[0-3] .*)X(\d)/gm, '$1X5$2')
    const { outcome, reasons } = decideAbout(Buffer.from(moved, 'latin1'))
    expect(outcome).toBe('deny')
    expect(reasons.filter(({ code }) => code === 'build-volume')).toHaveLength(1)
    expect(reasons[0]).toMatchObject({ code: 'build-volume', limit: '220 mm' })
  })
})
