/** Finds the descriptor behind a stream of Node, which has no public name for it. */
export function descriptorOf(stream: object): number | undefined {
  const handle: unknown = Reflect.get(stream, '_handle')
  if (typeof handle !== 'object' || handle === null || !('fd' in handle)) return undefined
  return typeof handle.fd === 'number' && handle.fd >= 0 ? handle.fd : undefined
}
