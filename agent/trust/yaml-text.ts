/** YAML of an administrator, read into plain values that still know where they stood. */
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml'

/** One thing that is wrong: lines and columns from 1, one sentence. */
export interface YamlProblem {
  readonly line: number
  readonly column: number
  readonly message: string
}

export interface YamlText {
  readonly document: Document.Parsed
  readonly value: unknown
  /** Where the value at the end of the path stands, or the nearest one above it. */
  problemAt(path: readonly PropertyKey[], message: string): YamlProblem
  /** Where the key at the end of the path stands. */
  problemAtKey(path: readonly PropertyKey[], message: string): YamlProblem
}

export type YamlReading =
  | { readonly ok: true; readonly yaml: YamlText }
  | { readonly ok: false; readonly problems: readonly YamlProblem[] }

/** Problems told at once. */
const PROBLEMS_MAX = 20

const NODES_MAX = 20_000

/**
 * Reads YAML 1.2 without aliases, merge keys, tags, directives or a second document, and without a key that stands
 * twice. Never throws. The caller has capped the size.
 */
export function readYamlText(text: string): YamlReading {
  const counter = new LineCounter()
  const at = (offset: number, message: string): YamlProblem => {
    const { line, col } = counter.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1), message }
  }
  try {
    const document = parseDocument(text, {
      lineCounter: counter,
      prettyErrors: false,
      strict: true,
      // In one pass below: the library compares each key with each other.
      uniqueKeys: false,
      merge: false,
      schema: 'core',
      logLevel: 'error',
    })
    const problems = [...document.errors, ...document.warnings].map((error) =>
      at(error.pos[0], lowerFirst(error.message)),
    )
    problems.push(...unwanted(document, at))
    if (problems.length > 0) return { ok: false, problems: problems.slice(0, PROBLEMS_MAX) }
    return { ok: true, yaml: textOf(document, at) }
  } catch (error) {
    // Only text made to break a parser gets here: nested past the depth of the stack, for one.
    const what = error instanceof Error ? lowerFirst(error.message) : 'no reason given'
    return { ok: false, problems: [{ line: 1, column: 1, message: `it cannot be read as YAML: ${what}` }] }
  }
}

type At = (offset: number, message: string) => YamlProblem

function unwanted(document: Document.Parsed, at: At): readonly YamlProblem[] {
  const problems: YamlProblem[] = []
  if (document.directives.yaml.explicit === true) problems.push(at(0, 'a `%YAML` directive is not allowed'))
  let nodes = 0
  visit(document, {
    Node: () => {
      nodes += 1
      if (nodes <= NODES_MAX) return undefined
      problems.push(at(0, `it has more than ${NODES_MAX} values`))
      return visit.BREAK
    },
    Alias: (_key, node) => {
      problems.push(at(node.range?.[0] ?? 0, 'an alias is not allowed'))
    },
    Map: (_key, { items }) => {
      const seen = new Set<string>()
      for (const { key } of items) {
        const offset = isNode(key) ? (key.range?.[0] ?? 0) : 0
        if (!isScalar(key)) problems.push(at(offset, 'a key is one word or text'))
        else if (seen.has(String(key.value))) problems.push(at(offset, 'this key stands twice in its map'))
        else seen.add(String(key.value))
      }
    },
  })
  return problems
}

function textOf(document: Document.Parsed, at: At): YamlText {
  const problemAt = (path: readonly PropertyKey[], message: string): YamlProblem => {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length), true)
      if (isNode(node) && node.range) return at(node.range[0], message)
    }
    return at(document.contents?.range?.[0] ?? 0, message)
  }
  const problemAtKey = (path: readonly PropertyKey[], message: string): YamlProblem => {
    const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
    const name = String(path.at(-1))
    const pair = isMap(parent)
      ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === name)
      : undefined
    const range = isScalar(pair?.key) ? pair.key.range : undefined
    return range ? at(range[0], message) : problemAt(path, message)
  }
  // No alias is left, so none can unfold.
  return { document, value: document.toJS({ maxAliasCount: 0 }), problemAt, problemAtKey }
}

function lowerFirst(text: string): string {
  const first = (text.split('\n', 1)[0] ?? '').replace(/[.\s]+$/, '')
  return first.charAt(0).toLowerCase() + first.slice(1)
}
