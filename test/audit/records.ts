/** Records and folders that the audit tests share. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { AuditRecord } from '../../agent/audit/index.ts'

/** A folder of its own for a test, removed after it. */
export function scratchFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'portcullis-test-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** A record that can be told from every other by its number. */
export const numbered = (number: number): AuditRecord => ({
  kind: 'decision',
  decision: { id: `decision-${number}`, outcome: 'allow' },
})

/** 2026-11-22T20:00:00.000Z, and one second more each time. */
export function tickingClock(): () => number {
  let nowMs = Date.UTC(2026, 10, 22, 20)
  return () => {
    nowMs += 1000
    return nowMs - 1000
  }
}
