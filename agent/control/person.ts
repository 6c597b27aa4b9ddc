/**
 * Names of people, as they come in from outside. What cannot be anybody's name is refused where it comes in, with words,
 * and not where it would have to be recorded.
 */

/** Longer ones tell nobody apart that shorter ones do not. */
export const PERSON_CHARS_MAX = 200
/** What the side table has room for, in UTF-8. */
const PERSON_BYTES_MAX = 503
/** Names that begin so are the agent's own. */
const OWN_PREFIX = 'portcullis:'

/** What is wrong with a name, in a few words that do not repeat it; undefined where nothing is. */
export function personProblem(name: string): string | undefined {
  if (name.length > PERSON_CHARS_MAX) return `has more than ${PERSON_CHARS_MAX} characters`
  const normal = name.normalize('NFC').trim()
  if (normal === '') return 'is blank; it must have at least one letter or digit'
  if (/\p{Surrogate}/u.test(name)) return 'is not whole Unicode text'
  // Nothing that steers a terminal or begins a line.
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(name)) return 'has characters that cannot be shown'
  if (Buffer.byteLength(normal, 'utf8') > PERSON_BYTES_MAX)
    return `has more than ${PERSON_BYTES_MAX} bytes in UTF-8`
  return normal.startsWith(OWN_PREFIX) ? `begins with \`${OWN_PREFIX}\`, which no person's does` : undefined
}
