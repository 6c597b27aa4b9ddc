import type { z } from 'zod'
import { describeIssue, type PolicyProblem, suggestion } from './policy-problem.ts'
import { quoted } from './wording.ts'
import type { YamlSource } from './yaml-source.ts'

/** Problems told at once. A file of another kind has thousands. */
const PROBLEMS_MAX = 100

/** Checks what one YAML file says against schemas, part by part, gathering every problem with its place. */
export class YamlCheck {
  private readonly source: YamlSource
  private readonly kind: string
  private readonly found: PolicyProblem[] = []

  /** `kind` names the file in messages: `policy`. */
  constructor(source: YamlSource, kind: string) {
    this.source = source
    this.kind = kind
  }

  /**
   * Checks a value that stands at `path`; `known` are the keys it may have, for a hint about one that it may
   * not.
   */
  read<Schema extends z.ZodType>(
    schema: Schema,
    value: unknown,
    path: readonly PropertyKey[],
    known: readonly string[],
  ): z.output<Schema> | undefined {
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    for (const issue of parsed.error.issues) if (!this.isFull()) this.addIssue(issue, value, path, known)
    return undefined
  }

  /** A problem with the value at `path`. */
  addAt(path: readonly PropertyKey[], message: string): void {
    this.push(this.source.placeOf(path), path, message)
  }

  /** A problem with the key at the end of `path`. */
  addAtKey(path: readonly PropertyKey[], message: string): void {
    this.push(this.source.placeOfKey(path), path, message)
  }

  /** Enough problems to work on: looking for the place of each one more costs time. */
  isFull(): boolean {
    return this.found.length >= PROBLEMS_MAX
  }

  /** All problems so far, in the order of the file. */
  get problems(): readonly PolicyProblem[] {
    return inOrder(this.found)
  }

  private addIssue(
    issue: z.core.$ZodIssue,
    value: unknown,
    base: readonly PropertyKey[],
    known: readonly string[],
  ): void {
    const path = [...base, ...issue.path]
    if (issue.code !== 'unrecognized_keys') {
      this.addAt(path, describeIssue(issue, path, valueAt(value, issue.path), this.kind))
      return
    }
    for (const key of issue.keys.slice(0, PROBLEMS_MAX)) {
      const hint = issue.path.length === 0 ? suggestion(key, known) : ''
      this.addAtKey([...path, key], `unknown key ${quoted(key)}${hint}`)
    }
  }

  private push(
    place: { readonly line: number; readonly column: number },
    path: readonly PropertyKey[],
    message: string,
  ): void {
    this.found.push({ line: place.line, column: place.column, path: path.map(String).join('.'), message })
  }
}

/** What stands at the end of a path of own keys, or undefined. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let found = value
  for (const key of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined
    found = (found as Record<PropertyKey, unknown>)[key]
  }
  return found
}

/** Problems as their lines stand in the file, not more than a person can work on. */
export function inOrder(problems: readonly PolicyProblem[]): readonly PolicyProblem[] {
  return [...problems].sort((a, b) => a.line - b.line || a.column - b.column).slice(0, PROBLEMS_MAX)
}
