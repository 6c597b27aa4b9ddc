/** Whether `regime:code` or `regime:*` covers a class. A code covers what lies under it: `a:1` covers `a:1.b` and `a:1(c)`. */
export function coversClass(pattern: string, code: string): boolean {
  if (pattern.endsWith(':*')) return code.startsWith(pattern.slice(0, -1))
  return code === pattern || code.startsWith(`${pattern}.`) || code.startsWith(`${pattern}(`)
}
