/** What a command writes and ends with, when it runs inside the test's process. */
import { afterEach, beforeEach, vi } from 'vitest'

export interface Captured {
  stdout: string
  stderr: string
}

/** Captures both outputs of each test of a file, and puts the exit status back after it. */
export function capture(): Captured {
  const captured: Captured = { stdout: '', stderr: '' }
  beforeEach(() => {
    captured.stdout = ''
    captured.stderr = ''
    for (const name of ['stdout', 'stderr'] as const) {
      vi.spyOn(process[name], 'write').mockImplementation((text) => {
        captured[name] += String(text)
        return true
      })
    }
  })
  afterEach(() => {
    vi.restoreAllMocks()
    process.exitCode = undefined
  })
  return captured
}
