import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml'
import type { PolicyProblem } from './policy-problem.ts'

/** A YAML text as plain values that still know where they stood. */
export interface YamlSource {
  readonly value: unknown
  /** Where the value at the end of the path stands; for one that is missing, the map that lacks it. */
  placeOf(path: readonly PropertyKey[]): Place
  /** Where the key at the end of the path stands. */
  placeOfKey(path: readonly PropertyKey[]): Place
}

/** A line and a column, from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

export type YamlResult =
  | { readonly ok: true; readonly source: YamlSource }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] }

/** How the engine says it; the library passes it on as a problem of the file. */
const STACK_OVERFLOW = /call stack/i

const START: Place = { line: 1, column: 1 }

/**
 * Reads YAML 1.2 with nothing that a policy or another file of settings has no use for: no aliases (a few lines of
 * them unfold to gigabytes), no merge keys, no tags, no directives, no second document. `kind` names the file in
 * messages. Never throws.
 */
export function readYaml(text: string, kind = 'policy'): YamlResult {
  const counter = new LineCounter()
  try {
    const document = parseDocument(text, {
      lineCounter: counter,
      prettyErrors: false,
      strict: true,
      // The library compares every key with every other, seconds for a large map; `unwantedNodes` does it in
      // one pass.
      uniqueKeys: false,
      merge: false,
      schema: 'core',
      // What it would tell the process is a problem of the file here.
      logLevel: 'error',
    })
    const problems = [...document.errors, ...document.warnings].map((error) =>
      problemAt(placeAt(counter, error.pos[0]), describeError(error, kind)),
    )
    problems.push(...unwantedNodes(document, counter, kind))
    if (problems.length > 0) return { ok: false, problems }
    return { ok: true, source: sourceOf(document, counter) }
  } catch (error) {
    // Only text made to break a parser gets here: nested past the depth of the stack, for one.
    const what = error instanceof Error ? error.message : String(error)
    return { ok: false, problems: [problemAt(START, `the file cannot be read as YAML: ${firstLine(what)}`)] }
  }
}

function problemAt(place: Place, message: string): PolicyProblem {
  return { ...place, path: '', message }
}

function placeAt(counter: LineCounter, offset: number): Place {
  const { line, col } = counter.linePos(offset)
  return line === 0 ? START : { line, column: col }
}

function describeError(error: YAMLError, kind: string): string {
  if (error.code === 'MULTIPLE_DOCS') return `a ${kind} file holds one document`
  const message = firstLine(error.message)
  if (STACK_OVERFLOW.test(message)) return 'the file is nested too deeply'
  return `${message.charAt(0).toLowerCase()}${message.slice(1)}`
}

function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').replace(/[.\s]+$/, '')
}

/** Aliases, keys that are a map or a list themselves, and keys that stand twice. */
function unwantedNodes(
  document: Document.Parsed,
  counter: LineCounter,
  kind: string,
): readonly PolicyProblem[] {
  const problems: PolicyProblem[] = []
  const add = (offset: number, message: string) => problems.push(problemAt(placeAt(counter, offset), message))
  // `%YAML 1.1` would make `no` a boolean, `1:30` a number, and bring merge keys back.
  if (document.directives.yaml.explicit === true) add(0, `a \`%YAML\` directive is not allowed in a ${kind}`)
  visit(document, {
    Alias: (_key, node) => {
      add(node.range?.[0] ?? 0, `alias \`*${node.source}\` is not allowed in a ${kind}`)
    },
    Map: (_key, { items }) => {
      const seen = new Set<string>()
      for (const { key } of items) {
        if (!hasRange(key)) continue
        const name = isScalar(key) ? String(key.value) : undefined
        if (name === undefined) add(key.range[0], 'a key is one word or text, not a map or a list')
        else if (seen.has(name)) add(key.range[0], 'this key stands twice in its map')
        else seen.add(name)
      }
    },
  })
  return problems
}

function sourceOf(document: Document.Parsed, counter: LineCounter): YamlSource {
  const placeOf = (path: readonly PropertyKey[]): Place => {
    for (let length = path.length; length >= 0; length--) {
      const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
      if (hasRange(node) && !(isScalar(node) && node.range?.[0] === node.range?.[1] && length > 0))
        return placeAt(counter, node.range[0])
      // An empty value has no place of its own; its key has.
      const key = length === 0 ? undefined : keyNode(document, path.slice(0, length))
      if (hasRange(key)) return placeAt(counter, key.range[0])
    }
    return START
  }
  const placeOfKey = (path: readonly PropertyKey[]): Place => {
    const key = keyNode(document, path)
    return hasRange(key) ? placeAt(counter, key.range[0]) : placeOf(path)
  }
  // No alias is left, so none can unfold.
  return { value: document.toJS({ maxAliasCount: 0 }), placeOf, placeOfKey }
}

function keyNode(document: Document.Parsed, path: readonly PropertyKey[]): unknown {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  if (!isMap(parent)) return undefined
  const name = String(path.at(-1))
  return parent.items.find((pair) => isPair(pair) && isScalar(pair.key) && String(pair.key.value) === name)
    ?.key
}

function hasRange(node: unknown): node is { readonly range: readonly [number, number, number] } {
  return (isScalar(node) || isMap(node) || isSeq(node) || isAlias(node)) && Array.isArray(node.range)
}
