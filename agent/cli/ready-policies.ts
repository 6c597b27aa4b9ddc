import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type LoadedPolicy, loadPolicy } from '../load-policy.ts'

/** Policies that come with the package, so that a first print needs no file of one's own. */

/** The package's folder: the nearest one above this file that holds a package.json. */
export function packageFolder(): string {
  let folder = import.meta.dirname
  while (!existsSync(join(folder, 'package.json'))) {
    const above = dirname(folder)
    if (above === folder) return import.meta.dirname
    folder = above
  }
  return folder
}

/** Reads the policy in a file, or the ready one of that name where there is no such file. */
export function findPolicy(file: string): LoadedPolicy {
  if (existsSync(file)) return loadPolicy(file)
  const library = join(packageFolder(), 'policies', 'library')
  const name = `${basename(file, '.yaml')}.yaml`
  const isName = dirname(file) === '.' && existsSync(library) && readdirSync(library).includes(name)
  return loadPolicy(isName ? join(library, name) : file)
}
