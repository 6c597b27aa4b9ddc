/** Records by number: the one who writes them and the one who looks for them make the same. */
import type { AuditRecord } from '../../agent/log-format/index.ts'

const SHA256 = 'ab'.repeat(32)
const PEOPLE = ['Ada', 'Grace', 'Çağla', '用户', 'Lise']

/** The record of a number, with members that are hidden. Its number stands in both halves. */
export function recordOf(number: number): AuditRecord {
  if (number % 3 === 0) {
    const message = `line ${number} of Ada’s bracket`
    return { kind: 'line-refused', job: null, line: number, code: 'nozzle-temperature', rule: null, message }
  }
  if (number % 3 === 1)
    return { kind: 'host-closed', lines: number, place: `tcp://192.0.2.${number % 7}:4000` }
  return {
    kind: 'decision',
    id: `d-${number}`,
    outcome: 'deny',
    tier: 'open',
    job: { bytes: 1, lines: number, commands: 1, sha256: SHA256, canonicalSha256: SHA256 },
    policy: { name: 'maker-space', version: 1, sha256: SHA256 },
    licence: null,
    reasons: [],
    decidedInMs: 3,
    // One in a hundred is as long as those with fifty reasons.
    decision: { number, text: 'x'.repeat(number % 100 === 2 ? 100_000 : (number * 37) % 900) },
    // Whom nobody named is somebody else each time: a folder of its own, for which the disk takes its time.
    user: number % 30 === 2 ? null : (PEOPLE[number % PEOPLE.length] ?? null),
  }
}
