/** All of it. */
import type { HostileCase } from './case.ts'
import { chains } from './chains.ts'
import { companions } from './companions.ts'
import { envelopes } from './envelopes.ts'
import { statusLists } from './lists.ts'
import { sublicences } from './passed-on.ts'
import { payloads } from './payloads.ts'

export const corpus: readonly HostileCase[] = [
  ...envelopes,
  ...payloads,
  ...chains,
  ...statusLists,
  ...sublicences,
  ...companions,
]
