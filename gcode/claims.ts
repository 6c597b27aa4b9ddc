import { asciiText, SEMICOLON, SPACE } from './bytes.ts'
import { CLAIM_PATTERNS, type ClaimDraft, type ClaimPattern } from './claim-patterns.ts'
import type { Claims } from './facts.ts'
import { showable } from './showable.ts'

/**
 * What a job's comments claim. Read in the same pass as the commands; a comment that starts like none of the
 * known claims costs a look at its first letter.
 */

/** Bytes of a claim's value that are kept. Longer ones are lists of settings that nobody reads here. */
const VALUE_BYTES_MAX = 200

export class ClaimReader {
  private readonly draft: ClaimDraft = { filamentTypes: new Set(), objects: new Set() }
  /** Patterns by their first byte, so that most comments are done with one look-up. */
  private readonly byFirst: (readonly ClaimPattern[] | undefined)[]

  constructor(patterns: readonly ClaimPattern[] = CLAIM_PATTERNS) {
    this.byFirst = new Array<readonly ClaimPattern[] | undefined>(256).fill(undefined)
    for (const pattern of patterns) {
      const first = pattern.bytes[0]!
      this.byFirst[first] = [...(this.byFirst[first] ?? []), pattern]
    }
  }

  /** Reads a comment line: `bytes[start, end)` starts with the semicolon. */
  read(bytes: Uint8Array, start: number, end: number): void {
    let i = start
    while (i < end && (bytes[i] === SEMICOLON || bytes[i] === SPACE)) i++
    if (i >= end) return
    const candidates = this.byFirst[bytes[i]!]
    if (candidates === undefined) return
    for (let k = 0; k < candidates.length; k++) {
      const pattern = candidates[k]!
      if (!startsWith(bytes, i, end, pattern.bytes)) continue
      const from = i + pattern.bytes.length
      pattern.take(this.draft, readable(asciiText(bytes, from, Math.min(end, from + VALUE_BYTES_MAX))).trim())
      return
    }
  }

  /** The claims so far. */
  claims(): Claims {
    const { filamentTypes, objects, ...plain } = this.draft
    return {
      ...plain,
      ...(filamentTypes.size > 0 && { filamentType: [...filamentTypes].join(';') }),
      ...(objects.size > 0 && { objects: [...objects] }),
    }
  }
}

/** The text as a person may see it: UTF-8 where it is that. */
function readable(bytes: string): string {
  return showable(decodeUtf8(bytes))
}

function decodeUtf8(bytes: string): string {
  if (!/[\x80-\xff]/.test(bytes)) return bytes
  try {
    return decodeURIComponent(bytes.replace(/[%\x80-\xff]/g, (c) => `%${c.charCodeAt(0).toString(16)}`))
  } catch {
    return bytes.replace(/[\x80-\xff]/g, '?')
  }
}

function startsWith(bytes: Uint8Array, at: number, end: number, prefix: Uint8Array): boolean {
  if (at + prefix.length > end) return false
  for (let i = 1; i < prefix.length; i++) if (bytes[at + i] !== prefix[i]) return false
  return true
}
