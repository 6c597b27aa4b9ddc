/** The configuration: whoever can write it names another policy, another port, another log. */
import { examineFile } from '../protected-file.ts'
import type { Check } from '../subject.ts'

export const configFile: Check = {
  id: 'config-file',
  examine: (subject) => examineFile(subject, 'the configuration', subject.site.config.path),
}
