/** Whether a URI is this one or lies under it. `https://a.example` is no part of `https://a.example.org`. */
export function isUnder(uri: string, prefix: string): boolean {
  return uri === prefix || uri.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`)
}
