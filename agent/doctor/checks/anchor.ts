/** What a log alone cannot show. */
import { note } from '../finding.ts'
import type { Check } from '../subject.ts'

export const anchor: Check = {
  id: 'anchor',
  examine: () => [
    note(
      'no witness outside this machine is configured: root here could rewrite the log, or put the disk back to an older state',
      'copy the log elsewhere now and then, and keep the head that `portcullis audit verify` prints',
    ),
  ],
}
