/** Something to send, and folders to send it to. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Finding, incidentEvent } from '../../agent/incident/index.ts'
import type { Dispatch } from '../../agent/incident/sink.ts'
import { ORIGIN } from './log-builder.ts'

export const CONTEXT = { origin: ORIGIN, version: '0.1.0' }

export function dispatch(first = 7, severity: Finding['severity'] = 'medium'): Dispatch {
  const at = '2026-11-22T20:00:00.000Z'
  const finding: Finding = {
    uid: `emergency-stop-${first}`,
    rule: 'emergency-stop',
    severity,
    first,
    last: first,
    firstAt: at,
    lastAt: at,
    count: 1,
    title: 'the emergency stop was used',
    measured: {},
    isUpdate: false,
  }
  return { finding, event: incidentEvent(finding, CONTEXT) }
}

/** A signal that nobody gives. */
export const never = (): AbortSignal => new AbortController().signal

export function scratchFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'portcullis-test-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 }))
  return dir
}
