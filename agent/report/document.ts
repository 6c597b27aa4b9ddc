/** A report as sections for people, whichever report it is. */
import { licenceDocument } from './licence-sections.ts'
import { publicDocument } from './public-sections.ts'
import type { Report } from './report.ts'
import type { Document } from './section.ts'
import { siteDocument } from './site-sections.ts'

export function documentOf(report: Report): Document {
  switch (report.audience) {
    case 'site':
      return siteDocument(report)
    case 'licensor':
      return licenceDocument(report)
    case 'public':
      return publicDocument(report)
  }
}
