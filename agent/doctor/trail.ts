/**
 * The way that a path leads: every folder and every link on it, up to what it ends at. Whoever may change one of the
 * folders may put something else in the place of what the path names.
 */
import { dirname, join, resolve } from 'node:path'
import { type FileFacts, type Look, seen, type World } from './world.ts'

/** As many as the kernel follows. */
const LINKS_MAX = 40

/** One name on the way, and what is there. */
export interface Step {
  readonly path: string
  /** Undefined where there is nothing, or it does not show. */
  readonly facts: FileFacts | undefined
  /** The folder that holds it, undefined for the root. */
  readonly folder: { readonly path: string; readonly facts: FileFacts } | undefined
}

export interface Trail {
  /** As it was asked for. */
  readonly path: string
  /** Where it ends; of a path that ends nowhere, the name that is missing or hidden. */
  readonly real: string
  readonly end: Look<FileFacts>
  readonly steps: readonly Step[]
}

/** Follows a path link by link, as the kernel does. */
export function follow(world: World, path: string): Trail {
  const steps = new Map<string, Step>()
  const names = split(resolve(path))
  const ended = (real: string, end: Look<FileFacts>): Trail => ({
    path,
    real,
    end,
    steps: [...steps.values()],
  })
  let links = 0
  let at = '/'
  let end = world.lstat(at)
  steps.set(at, { path: at, facts: seen(end), folder: undefined })
  for (;;) {
    const name = names.shift()
    if (name === undefined || end.kind !== 'seen') return ended(at, end)
    if (end.value.type !== 'folder') return ended(at, { kind: 'missing' })
    if (name === '..') {
      at = dirname(at)
      end = world.lstat(at)
      continue
    }
    const folder = { path: at, facts: end.value }
    const next = join(at, name)
    const found = world.lstat(next)
    steps.set(next, { path: next, facts: seen(found), folder })
    if (found.kind !== 'seen' || found.value.type !== 'link') {
      at = next
      end = found
      continue
    }
    links++
    const target = world.readlink(next)
    if (target.kind !== 'seen') return ended(next, target)
    if (links > LINKS_MAX) {
      return ended(next, { kind: 'hidden', reason: 'its symbolic links lead in a circle' })
    }
    names.unshift(...split(target.value))
    if (target.value.startsWith('/')) {
      at = '/'
      end = world.lstat(at)
    }
  }
}

function split(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.')
}
