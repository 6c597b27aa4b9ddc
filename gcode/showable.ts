/**
 * The text as a person may see it, in one line: nothing that a terminal or a browser would obey, such as a line end, an
 * escape sequence or a change of the writing direction.
 */
export function showable(text: string): string {
  return text.replace(UNSHOWABLE, '?')
}

/** The same for JSON, which means the same text with these characters as escapes. Line ends between members stay. */
export function showableJson(json: string): string {
  return json.replace(UNSHOWABLE, (text) => (text === '\n' ? text : text.replace(/[\s\S]/g, escaped)))
}

const UNSHOWABLE = /[\p{C}\p{Zl}\p{Zp}]/gu

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
