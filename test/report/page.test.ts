import { beforeAll, describe, expect, test } from 'vitest'
import { documentOf } from '../../agent/report/document.ts'
import { pageHtml } from '../../agent/report/page/page.ts'
import type { Report } from '../../agent/report/report.ts'
import { LogMaker, reason } from './log-maker.ts'
import { licenceReportOf, publicReportOf, reportOf, siteReportOf } from './reporting.ts'
import { workshop } from './workshop-year.ts'

/** Elements that HTML does not close. */
const VOID = new Set(['meta'])

/** The elements of a page, as they open and close. Throws where one is not closed or something is out of its order. */
function elementsOf(
  html: string,
): readonly { readonly name: string; readonly attributes: ReadonlyMap<string, string> }[] {
  const open: string[] = []
  const elements: { name: string; attributes: ReadonlyMap<string, string> }[] = []
  const withoutStyle = html.replace(/<style>[^<]*<\/style>/, '').replace('<!doctype html>', '')
  for (const [, close, name = '', inner = '', own] of withoutStyle.matchAll(
    /<(\/?)([a-z0-9]+)((?:\s+[a-zA-Z][a-zA-Z0-9:-]*="[^"<>]*")*)\s*(\/?)>/g,
  )) {
    if (close === '/') {
      const last = open.pop()
      if (last !== name) throw new Error(`${name} closes, and ${last} is open`)
      continue
    }
    elements.push({
      name,
      attributes: new Map(
        [...inner.matchAll(/([a-zA-Z][a-zA-Z0-9:-]*)="([^"]*)"/g)].map(([, key, value]) => [key!, value!]),
      ),
    })
    const isVoid = VOID.has(name) || own === '/'
    if (!isVoid) open.push(name)
  }
  if (open.length > 0) throw new Error(`${open.join(' ')} is not closed`)
  const text = withoutStyle.replace(/<\/?[a-z0-9]+(?:\s+[a-zA-Z][a-zA-Z0-9:-]*="[^"<>]*")*\s*\/?>/g, '')
  if (/[<>]/.test(text)) throw new Error(`a bracket stands in the text: ${/.{30}[<>].{30}/s.exec(text)?.[0]}`)
  return elements
}

const reports = new Map<string, Report>()

beforeAll(async () => {
  const year = workshop({ days: 372 })
  const five = workshop({ from: '2022-01-01', days: 5 * 365 + 3, jobsADay: 5 })
  const wish = { holdHours: 24, appealAnswerDays: 14 }
  const logs = { year, five, one: new LogMaker(), month: workshop({ days: 20, jobsADay: 2 }) }
  for (const [name, log] of Object.entries(logs)) {
    reports.set(`${name} for the site`, await siteReportOf(log, wish))
    reports.set(`${name} for a licensor`, await licenceReportOf(log, 'drone-arm-7', wish))
    reports.set(`${name} for the public`, await publicReportOf(log, wish))
  }
}, 60_000)

const NAMES = ['year', 'five', 'one', 'month'].flatMap((name) =>
  ['the site', 'a licensor', 'the public'].map((audience) => `${name} for ${audience}`),
)

describe.each(NAMES)('the page of %s', (name) => {
  test('is whole: each element is closed, each name is there once, each reference leads somewhere', () => {
    const elements = elementsOf(pageHtml(reports.get(name)!))
    const ids = elements.flatMap(({ attributes }) => attributes.get('id') ?? [])
    expect(new Set(ids).size).toBe(ids.length)
    for (const { attributes } of elements)
      for (const id of attributes.get('aria-labelledby')?.split(' ') ?? []) expect(ids).toContain(id)
  })

  test('needs nothing from anywhere and runs nothing', () => {
    const html = pageHtml(reports.get(name)!)
    const elements = elementsOf(html)
    expect(html).toContain(
      `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">`,
    )
    const names = new Set(elements.map((element) => element.name))
    for (const banned of [
      'script',
      'link',
      'img',
      'iframe',
      'object',
      'embed',
      'form',
      'base',
      'a',
      'use',
      'image',
    ])
      expect(names).not.toContain(banned)
    for (const { attributes } of elements)
      for (const key of attributes.keys()) expect(key).not.toMatch(/^(?:on|href|src|action|xlink)/)
    expect(html).not.toMatch(/url\(|@import|https?:/)
  })

  test('has no number that is none', () => {
    expect(pageHtml(reports.get(name)!)).not.toMatch(/NaN|undefined|Infinity|\[object|null/)
  })

  test('says in words what each chart shows, above it, and has its numbers in a table below', () => {
    for (const { says, chart, tables } of documentOf(reports.get(name)!).sections) {
      expect(says.length).toBeGreaterThan(0)
      for (const words of says) expect(words).toMatch(/^[A-Z0-9].*[.]$/s)
      if (chart === null) continue
      expect(chart.description.length).toBeGreaterThan(20)
      expect(tables.length).toBeGreaterThan(0)
    }
  })

  test('has each chart twice, for a wall and for a phone, with a title and a description', () => {
    const html = pageHtml(reports.get(name)!)
    const charts = documentOf(reports.get(name)!).sections.filter(({ chart }) => chart !== null).length
    expect(html.match(/<svg /g)?.length ?? 0).toBe(2 * charts)
    expect(
      html.match(/<svg [^>]*><title id="[^"]+">[^<]+<\/title><desc id="[^"]+">[^<]+<\/desc>/g)?.length ?? 0,
    ).toBe(2 * charts)
  })
})

describe('a page', () => {
  test('follows the reader’s light or dark, and has a form for paper', () => {
    const html = pageHtml(reports.get('year for the site')!)
    expect(html).toContain('@media (prefers-color-scheme: dark)')
    expect(html).toContain('@media print')
    expect(html).toContain('lang="en"')
  })

  test('takes nothing for markup that stands in the log', async () => {
    const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>'&`
    const log = new LogMaker()
    log.add({ kind: 'agent-started', version: '1', machine: evil })
    const decision = log.decide({
      outcome: 'deny',
      licence: { id: evil },
      reasons: [{ ...reason('x'), code: evil, rule: evil }],
    })
    log.openJob('a', decision)
    log.add({
      kind: 'witnessed',
      size: 1,
      root: 'ab'.repeat(32),
      cosigners: [{ name: evil, keyId: evil, time: 1 }],
    })
    log.add({ kind: 'case-approved', decision })
    for (const audience of ['site', 'licensor', 'public'] as const) {
      const report = await reportOf(log, audience, { licence: audience === 'licensor' ? evil : null })
      const names = new Set(elementsOf(pageHtml(report)).map(({ name }) => name))
      expect(names).not.toContain('script')
      expect(names).not.toContain('img')
    }
  })

  test('closes no style and opens no comment with a name', async () => {
    const log = new LogMaker()
    log.decide({ licence: { id: '</style><!-- --></title>' } })
    expect(() => elementsOf(pageHtml(reports.get('one for the site')!))).not.toThrow()
    const html = pageHtml(await licenceReportOf(log, '</style><!-- --></title>'))
    expect(html.match(/<\/style>/g)).toHaveLength(1)
    expect(html).not.toContain('<!--')
    elementsOf(html)
  })

  test('shows ten rows of a long list that has no chart, and all of them when it is unfolded', async () => {
    const log = new LogMaker()
    for (let i = 0; i < 30; i++) log.decide({ outcome: 'hold' })
    const html = pageHtml(await siteReportOf(log, { holdHours: 1, now: '2026-02-01T00:00:00.000Z' }))
    expect(html).toContain('All 30 rows')
    const [before = '', after = ''] = html.slice(html.indexOf('Late, and waiting')).split('All 30 rows')
    expect(before.match(/<tr><td>hold<\/td>/g)).toHaveLength(10)
    expect(after.match(/<tr><td>hold<\/td>/g)).toHaveLength(30)
  })

  test('has no more rows than a reader can use, and says that the file has them all', async () => {
    const log = new LogMaker()
    for (let i = 0; i < 700; i++) log.decide({ licence: { id: `licence-${i}` } })
    const html = pageHtml(await siteReportOf(log))
    expect(html).toContain('The first 600 of 700 rows.')
  })

  test('says which months are not whole', async () => {
    const says = (report: Report): string => documentOf(report).sections[0]!.says.join(' ')
    expect(says(reports.get('year for the site')!)).toContain('January 2027 is not whole.')
    const log = workshop({ days: 372 })
    expect(says(await siteReportOf(log, { to: '2026-12' }))).not.toContain('not whole')
    expect(says(await siteReportOf(log, { from: '2026-02-10', to: '2026-12-24' }))).toContain(
      'February 2026 and December 2026 are not whole.',
    )
  })

  test('of public statistics says how they were made, and where the log can be checked', () => {
    const report = reports.get('year for the public')!
    const method = documentOf(report).sections.at(-1)!
    const words = method.says.join(' ')
    for (const part of ['below 10', 'at most 3', 'nobody’s name', 'origin, size and root', 'witness'])
      expect(words.toLowerCase()).toContain(part)
    expect(JSON.stringify(method.tables)).toContain(report.log.root)
    expect(JSON.stringify(method.tables)).toContain(String(report.log.size))
  })

  test('never draws what is withheld as if it were nothing', () => {
    const { sections } = documentOf(reports.get('month for the public')!)
    expect(sections[0]!.says.join(' ')).toMatch(/None is yet|fewer than 10/)
  })
})
