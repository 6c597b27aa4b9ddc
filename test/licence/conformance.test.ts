/** Every claim: satisfied, violated, absent. What the check answers is written into FORMAT.md (UPDATE=1 rewrites it). */
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { verifyLicence } from '../../agent/licence/index.ts'
import { claimPaths } from './claim-paths.ts'
import { type Cell, ROWS, type Row } from './conformance-rows.ts'
import { contextWith, signClaims } from './fixture.ts'
import { inShort } from './judge.ts'

const FORMAT = new URL('../../agent/licence/FORMAT.md', import.meta.url)
const MARKED = /(<!-- conformance -->\n)[\s\S]*?(\n<!-- end of conformance -->)/

async function answer({ claims = {}, place, alongside = [], bundle }: Cell): Promise<string> {
  const text =
    bundle === undefined ? [await signClaims(claims), ...alongside].join('\n') : await bundle(claims)
  return inShort(await verifyLicence(text, contextWith(place)))
}

/** Filled by the tests of the rows, which run first. */
const written = new Map<string, string>()

describe.each(ROWS)('$claim', (row: Row) => {
  test('comes to what is expected, satisfied, violated and absent', async () => {
    const cells = [row.satisfied, ...row.violated, row.absent]
    const answers = await Promise.all(cells.map(answer))
    expect(answers).toEqual(cells.map(({ code }) => code))
    const shown = answers.map((code, at) => inTable(code, cells[at]!.says))
    const violated = shown.slice(1, -1).join('; ') || 'told or kept, not judged'
    written.set(row.claim, `| \`${row.claim}\` | ${shown[0]} | ${violated} | ${inTable(answers.at(-1)!)} |`)
  })
})

function inTable(answers: string, says?: string): string {
  const codes = answers.replace(/[a-z]+(?:-[a-z]+)+|expired|revoked|suspended|malformed/g, '`$&`')
  return says === undefined ? codes : `${says}: ${codes}`
}

test('every claim of the schema has a row', () => {
  const rows = ROWS.map(({ claim }) => claim)
  expect(claimPaths().filter((path) => !rows.includes(path))).toEqual([])
  expect(new Set(rows).size).toBe(rows.length)
})

test('no row is of a claim that the schema has not', () => {
  const paths = claimPaths()
  const isClaim = (claim: string): boolean =>
    paths.some((path) => path === claim || path.startsWith(`${claim}.`))
  expect(ROWS.map(({ claim }) => claim).filter((claim) => !isClaim(claim))).toEqual([])
})

test('the table in FORMAT.md is what these tests found (UPDATE=1 rewrites it)', () => {
  expect(written.size).toBe(ROWS.length)
  const sorted = [...written.values()].sort((one, other) => placeOf(one) - placeOf(other))
  const table = ['| claim | satisfied | violated | absent |', '|---|---|---|---|', ...sorted].join('\n')
  const text = readFileSync(FORMAT, 'utf8')
  expect(text).toMatch(MARKED)
  if (process.env['UPDATE'] === '1') writeFileSync(FORMAT, text.replace(MARKED, `$1\n${table}\n$2`))
  else expect(MARKED.exec(text)?.[0]).toContain(table)
})

test('whoever may release what is held is the one that section 4 names', () => {
  const text = readFileSync(FORMAT, 'utf8')
  const section = text.slice(text.indexOf('## 4. Refusals'), text.indexOf('## 5.'))
  const holds = ROWS.flatMap(({ satisfied, violated, absent }) => [satisfied, ...violated, absent]).flatMap(
    ({ code }) => [...code.matchAll(/([a-z-]+) \(hold: ([a-z]+)\)/g)],
  )
  expect(holds.length).toBeGreaterThan(5)
  for (const [, code, releaser] of holds) {
    const line = section.split('\n').find((one) => one.startsWith(`| \`${code}\``))
    expect(line?.split('|')[2], code).toContain(releaser)
  }
})

/** A group stands right before its first member, in the order of the schema. */
function placeOf(line: string): number {
  const claim = /`([^`]+)`/.exec(line)?.[1] ?? ''
  const paths = claimPaths()
  const at = paths.indexOf(claim)
  return at === -1 ? paths.findIndex((path) => path.startsWith(`${claim}.`)) - 0.5 : at
}
