/** A report as one page of HTML that needs nothing else: no script, no font, no image, no network. */

import { type Case, caseInWords } from '../cases.ts'
import { documentOf } from '../document.ts'
import type { Report } from '../report.ts'
import type { Cell, Chart, Document, Section, Table } from '../section.ts'
import { countText, dateWords, plain } from '../words.ts'
import { drawChart, shadeBounds } from './charts.ts'
import { escapeHtml, proseHtml } from './escape.ts'
import { STYLE } from './style.ts'

/** As wide as the text on a screen, and on a phone. */
const WIDE_PX = 720
const NARROW_PX = 350
/** A table in the page has no more rows than a reader can scroll through; the CSV has them all. */
const PAGE_ROWS_MAX = 600
/** Rows that stand open: more of them are folded away behind their number. */
const OPEN_ROWS_MAX = 10

/**
 * The whole page. Everything that came from the log is escaped, and the page may load nothing, whatever stands in it.
 */
export function pageHtml(report: Report): string {
  const document = documentOf(report)
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="referrer" content="no-referrer">',
    `<title>${escapeHtml(`${document.title} · ${document.period}`)}</title>`,
    `<style>${STYLE}</style>`,
    '</head>',
    '<body>',
    headerHtml(document),
    '<main>',
    ...document.sections.map(sectionHtml),
    '</main>',
    footerHtml(report),
    '</body>',
    '</html>',
    '',
  ].join('\n')
}

function headerHtml({ title, audience, period, figures }: Document): string {
  return [
    '<header>',
    `<p class="eyebrow">${escapeHtml(audience)}</p>`,
    `<h1>${escapeHtml(title)}</h1>`,
    `<p class="period">${escapeHtml(period)}</p>`,
    '<div class="figures">',
    ...figures.map(
      ({ value, label }) =>
        `<div class="figure"><b>${escapeHtml(value)}</b><span>${escapeHtml(label)}</span></div>`,
    ),
    '</div>',
    '</header>',
  ].join('\n')
}

function sectionHtml({ id, title, says, chart, tables, cases }: Section): string {
  return [
    `<section aria-labelledby="${id}">`,
    `<h2 id="${id}">${escapeHtml(title)}</h2>`,
    ...says.map((words) => `<p>${proseHtml(words)}</p>`),
    chart === null ? '' : figureHtml(chart, id),
    casesHtml(cases),
    // Where there is no chart above it, the table is what is to be seen.
    ...tables.map((table) => tableBlock(table, chart !== null)),
    '</section>',
  ]
    .filter((piece) => piece !== '')
    .join('\n')
}

function figureHtml(chart: Chart, id: string): string {
  return [
    '<figure>',
    legendHtml(chart),
    `<div class="wide">${drawChart(chart, `${id}-wide`, WIDE_PX)}</div>`,
    `<div class="narrow">${drawChart(chart, `${id}-narrow`, NARROW_PX)}</div>`,
    '</figure>',
  ].join('\n')
}

function legendHtml({ drawing }: Chart): string {
  const items = legendItems(drawing).map(([mark, name]) => `<li>${mark}${escapeHtml(name)}</li>`)
  return items.length === 0 ? '' : `<ul class="legend">${items.join('')}</ul>`
}

function legendItems(drawing: Chart['drawing']): readonly (readonly [mark: string, name: string])[] {
  if (drawing.kind === 'ranked') return []
  if (drawing.kind !== 'week') {
    const stacks = drawing.kind === 'columns' ? drawing.values : drawing.rows.map(({ values }) => values)
    return drawing.series
      .filter((_, s) => stacks.some((stack) => (stack[s] ?? 0) > 0))
      .map(({ name, tone }) => [`<i class="tone-${tone}"></i>`, name])
  }
  const bounds = shadeBounds(drawing.counts)
  return [
    ['<i class="shade-0"></i>', 'none'],
    ...bounds.map((bound, i): readonly [string, string] => {
      const first = (bounds[i - 1] ?? 0) + 1
      const opacity = [0.22, 0.45, 0.7, 1][4 - bounds.length + i] ?? 1
      const name = first === bound ? countText(bound) : `${countText(first)}–${countText(bound)}`
      return [`<i class="shade" style="opacity:${opacity}"></i>`, name]
    }),
  ]
}

function casesHtml(cases: readonly Case[]): string {
  return cases.length === 0
    ? ''
    : `<ul class="cases">${cases.slice(0, PAGE_ROWS_MAX).map(caseHtml).join('\n')}</ul>`
}

/** A case in sentences. */
function caseHtml(one: Case): string {
  const { why, remedy, facts } = caseInWords(one)
  return [
    '<li>',
    `<p>${escapeHtml(why)}</p>`,
    `<p>${proseHtml(remedy)}</p>`,
    `<p class="facts"><code>${escapeHtml(one.code)}</code> · ${escapeHtml(facts.join(' · '))}</p>`,
    '</li>',
  ].join('')
}

function tableBlock(table: Table, isFolded: boolean): string {
  if (isFolded) return foldedTable(table, `Table: ${firstWords(table.caption)}`)
  if (table.rows.length <= OPEN_ROWS_MAX) return `<div class="open">${tableHtml(table)}</div>`
  const first = tableHtml({ ...table, rows: table.rows.slice(0, OPEN_ROWS_MAX) })
  return `<div class="open">${first}</div>\n${foldedTable(table, `All ${countText(table.rows.length)} rows`)}`
}

function foldedTable(table: Table, summary: string): string {
  return `<details><summary>${escapeHtml(summary)}</summary>${tableHtml(table)}</details>`
}

/** The caption up to its first pause. */
function firstWords(caption: string): string {
  return caption.split(/[:;.]/)[0] ?? caption
}

function tableHtml({ caption, columns, rows }: Table): string {
  const isNumber = columns.map((_, i) => rows.some((row) => isNumeric(row[i] ?? null)))
  const attribute = (i: number): string => (isNumber[i] === true ? ' class="number"' : '')
  const more = rows.length - PAGE_ROWS_MAX
  return [
    '<div class="scroll"><table>',
    `<caption>${escapeHtml(caption)}.${more > 0 ? ` The first ${PAGE_ROWS_MAX} of ${countText(rows.length)} rows.` : ''}</caption>`,
    `<thead><tr>${columns.map((column, i) => `<th scope="col"${attribute(i)}>${escapeHtml(nameOf(column))}</th>`).join('')}</tr></thead>`,
    '<tbody>',
    ...rows
      .slice(0, PAGE_ROWS_MAX)
      .map((row) => `<tr>${row.map((cell, i) => `<td${attribute(i)}>${cellHtml(cell)}</td>`).join('')}</tr>`),
    '</tbody></table></div>',
  ].join('\n')
}

function nameOf(column: Table['columns'][number]): string {
  return typeof column === 'string' ? column : column.name
}

function isNumeric(cell: Cell): boolean {
  return typeof cell === 'number' || (typeof cell === 'object' && cell !== null)
}

function cellHtml(cell: Cell): string {
  if (cell === null) return '–'
  if (typeof cell === 'object') return escapeHtml(cell.shown)
  return typeof cell === 'number' ? countText(cell) : escapeHtml(cell)
}

function footerHtml({ format, log, madeAt }: Report): string {
  const made = `${dateWords(madeAt.slice(0, 10))}, ${madeAt.slice(11, 16)} UTC`
  return `<footer><p>Made by Portcullis on ${made}, from the ${countText(log.size)} records of ${escapeHtml(plain(log.origin))}. Months are those of UTC. <code>${format}</code></p></footer>`
}
