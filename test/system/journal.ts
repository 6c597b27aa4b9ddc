/** The journal of a site's log as its files have it: what a test fills up, cuts off or flips a bit of. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { FRAME_HEADER_BYTES } from '../../agent/log-format/index.ts'
import type { Site } from './site.ts'

/** The segment that the log grows in. */
export function lastSegment({ state }: Site): string {
  const folder = join(state, 'log', 'journal')
  const name = readdirSync(folder).sort().at(-1)
  expect(name).toBeDefined()
  return join(folder, String(name))
}

/** Where each commit of that segment ends, in bytes from its beginning. */
export function commitEnds(site: Site): readonly number[] {
  const bytes = readFileSync(lastSegment(site))
  const ends: number[] = []
  for (let at = 0; at < bytes.length; ) {
    expect(bytes.toString('latin1', at, at + 4)).toBe('PCF1')
    at += FRAME_HEADER_BYTES + bytes.readUInt32BE(at + 4)
    ends.push(at)
  }
  return ends
}
