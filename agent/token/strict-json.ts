/**
 * JSON from an attacker. `JSON.parse` keeps the last of two equal keys where other readers keep the first, so a token
 * with a repeated key says two things to two readers: it is refused. So are bytes that are not UTF-8.
 */
import { quoteInput } from './plain-text.ts'

/** A licence nests four deep. The cap keeps a wall of brackets away from everything that walks the value. */
const DEPTH_MAX = 8

export type StrictJson =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: string }

/** Parses UTF-8 JSON, and refuses repeated keys and deep nesting. The caller has capped the size. */
export function parseStrictJson(bytes: Uint8Array): StrictJson {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return { ok: false, problem: 'it is not UTF-8' }
  }
  // Before it is parsed: a wall of brackets costs the parser fifty times its own size.
  if (nestsTooDeep(text)) return { ok: false, problem: `it nests deeper than ${DEPTH_MAX} levels` }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { ok: false, problem: 'it is not JSON' }
  }
  const problem = findAmbiguity(text)
  return problem === undefined ? { ok: true, value } : { ok: false, problem }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Counts brackets outside of strings. What is not JSON it may misjudge: that is refused in any case. */
function nestsTooDeep(text: string): boolean {
  let depth = 0
  let isInString = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (isInString) {
      if (code === BACKSLASH) at += 1
      else if (code === QUOTE) isInString = false
    } else if (code === QUOTE) {
      isInString = true
    } else if (code === 0x5b || code === 0x7b) {
      depth += 1
      if (depth > DEPTH_MAX) return true
    } else if (code === 0x5d || code === 0x7d) {
      depth -= 1
    }
  }
  return false
}

/** In valid JSON these tokens are enough to know where keys are; numbers and words hold none of them. */
const STRING_OR_STRUCTURE = /"(?:[^"\\]|\\.)*"|[{}[\],]/g

function findAmbiguity(validJson: string): string | undefined {
  /** The keys seen in each open object; null for an open array. */
  const open: (Set<string> | null)[] = []
  let keyMayFollow = false
  for (const [token] of validJson.matchAll(STRING_OR_STRUCTURE)) {
    if (token === '{' || token === '[') {
      open.push(token === '{' ? new Set() : null)
      keyMayFollow = token === '{'
    } else if (token === '}' || token === ']') {
      open.pop()
      keyMayFollow = false
    } else if (token === ',') {
      keyMayFollow = true
    } else {
      const keys = open.at(-1)
      if (keyMayFollow && keys) {
        // Unescaped first: `\u0065xp` and `exp` are the same key.
        const key: unknown = JSON.parse(token)
        if (typeof key !== 'string') return 'it has a key that is not a string'
        if (keys.has(key)) return `the key ${quoteInput(key)} appears twice`
        keys.add(key)
      }
      keyMayFollow = false
    }
  }
  return undefined
}
