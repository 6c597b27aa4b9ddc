/** The guard turns the heaters off when the gate dies: without its program the gate does not start a print. */
import { join } from 'node:path'
import { gateMay, READ } from '../access.ts'
import { fail, ok } from '../finding.ts'
import type { Check } from '../subject.ts'
import { seen } from '../world.ts'

export const guard: Check = {
  id: 'guard',
  examine({ people, site, world }) {
    const path = join(site.program, 'dist', 'guard.mjs')
    const facts = seen(world.stat(path))
    if (facts?.type === 'file' && gateMay(people, facts, READ)) return [ok(`the guard \`${path}\` is there`)]
    return [
      fail(
        `the guard \`${path}\`, which turns the heaters off when the gate dies, is not there or cannot be read`,
        'build or install the package again',
      ),
    ]
  },
}
