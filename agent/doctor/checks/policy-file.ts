/** The policy: whoever can write it decides what prints. */
import { examineFile } from '../protected-file.ts'
import type { Check } from '../subject.ts'

export const policyFile: Check = {
  id: 'policy-file',
  examine: (subject) => examineFile(subject, 'the policy', subject.site.policy),
}
