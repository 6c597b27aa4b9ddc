import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { doctor, examinationLines } from '../../agent/cli/doctor.ts'
import type { Examination } from '../../agent/doctor/index.ts'
import { openStateFolder } from '../../agent/state-folder.ts'

let written = ''
beforeEach(() => {
  written = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written += String(text)
    return true
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})

/** A folder with a configuration; `/dev/null` stands for a device that everyone can open. */
function site(port = '/dev/null'): { dir: string; config: string; state: string } {
  const dir = mkdtempSync(join(tmpdir(), 'portcullis-test-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const config = join(dir, 'portcullis.yaml')
  const state = join(dir, 'state')
  const lines = [
    `printer: { port: "${port}", baud: 115200, dialect: marlin }`,
    `host: { link: ${join(dir, 'printer')} }`,
    'policy: maker-space',
    `state: ${state}`,
  ]
  writeFileSync(config, `${lines.join('\n')}\n`)
  return { dir, config, state }
}

/** Every name below a folder with what can change of it. */
function everything(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { mode, size, mtimeMs, ctimeMs } = lstatSync(join(dir, name))
      return [name, mode, size, mtimeMs, ctimeMs].join(' ')
    })
}

describe('the command', () => {
  test('tells who can go round the gate, the worst first, and ends with status 1', () => {
    doctor({ config: site().config })
    const lines = written.split('\n')
    expect(lines[0]).toMatch(/^✗ device-owner {3}`\/dev\/null` \(mode 0666, .*\) can be opened by every user/)
    expect(lines[1]).toMatch(/^ {17}what to do: place the udev rule/)
    expect(lines.at(-2)).toMatch(/^not sound {2}\d+ failures?, /)
    expect(process.exitCode).toBe(1)
  })

  test('writes one JSON document', () => {
    doctor({ config: site().config, json: true })
    const document: Examination = JSON.parse(written)
    expect(document.ok).toBe(false)
    expect(document.findings).toContainEqual(
      expect.objectContaining({ id: 'device-owner', level: 'fail', remedy: expect.any(String) }),
    )
    expect(process.exitCode).toBe(1)
  })

  test('finds the policy of a ready name', () => {
    doctor({ config: site().config, json: true })
    const { findings }: Examination = JSON.parse(written)
    const policy = findings.find(({ id }) => id === 'policy-file')
    expect(policy?.message).toContain('policies/library/maker-space.yaml')
    expect(policy?.message).not.toContain('is not there')
  })

  test('makes and changes nothing, with a state folder and without one', async () => {
    const { dir, config, state } = site()
    doctor({ config })
    expect(existsSync(state)).toBe(false)
    mkdirSync(state, { mode: 0o700 })
    await openStateFolder(state)
    const before = everything(dir)
    doctor({ config })
    expect(everything(dir)).toEqual(before)
  })

  test('sees a real key that others can read', async () => {
    const { config, state } = site()
    await openStateFolder(state)
    chmodSync(join(state, 'machine.json'), 0o644)
    doctor({ config, json: true })
    expect(JSON.parse(written).findings).toContainEqual(
      expect.objectContaining({
        level: 'fail',
        message: `\`${join(state, 'machine.json')}\` (mode 0644) is open to others`,
      }),
    )
  })

  test('looks at another state folder where one is named', async () => {
    const { config, dir } = site()
    const state = join(dir, 'other')
    await openStateFolder(state)
    chmodSync(join(state, 'log'), 0o777)
    doctor({ config, state, json: true })
    expect(written).toContain(`\`${join(state, 'log')}\` (mode 0777) can be written by others`)
  })

  test('refuses a configuration that is none', () => {
    const { config } = site()
    writeFileSync(config, 'printer: 1\n')
    expect(() => doctor({ config })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })
})

describe('the last line', () => {
  const finding = (level: 'ok' | 'note' | 'warn' | 'fail') => ({ id: 'x', level, message: 'm', remedy: null })
  const last = (...levels: readonly ('ok' | 'note' | 'warn' | 'fail')[]) =>
    examinationLines({ ok: !levels.includes('fail'), findings: levels.map(finding) }).at(-1)

  test('counts what was found', () => {
    expect(last('ok', 'ok')).toBe('sound  2 in order')
    expect(last('ok', 'note', 'note')).toBe('sound  2 notes, 1 in order')
    expect(last('warn', 'note')).toBe('nothing fails, but see the warnings  1 warning, 1 note')
    expect(last('ok', 'fail', 'fail', 'warn', 'warn')).toBe('not sound  2 failures, 2 warnings, 1 in order')
  })
})
