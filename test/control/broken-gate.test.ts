import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { askGate } from '../../agent/control/index.ts'

const GATE = fileURLToPath(new URL('./broken-gate.ts', import.meta.url))

test('a gate that finds its own state broken answers, and then ends', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-broken-'))
  const path = join(folder, 'control.sock')
  const gate = spawn(process.execPath, ['--import', 'tsx', GATE, path], { stdio: ['ignore', 'pipe', 'pipe'] })
  try {
    await once(gate.stdout, 'data')
    const exited = once(gate, 'exit')
    const answer = await askGate(path, { do: 'clear', by: 'ada' })
    expect(answer).toMatchObject({ ok: false, code: 'INTERNAL' })
    const [status] = await exited
    expect(status).not.toBe(0)
  } finally {
    gate.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
})
