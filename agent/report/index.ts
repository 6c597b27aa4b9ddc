/** The report room's only door: what a log's records come to, for the site, for a licensor and for the public. */
export { parsePeriod } from './calendar.ts'
export { caseInWords, caseOf, isRefusal } from './cases.ts'
export { csvFiles } from './csv.ts'
export { documentOf } from './document.ts'
export { pageHtml } from './page/page.ts'
export { makeReport, type Report } from './report.ts'
export { AUDIENCES, type Audience } from './report-frame.ts'
