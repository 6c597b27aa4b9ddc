import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { installFiles } from '../../agent/cli/install-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'portcullis-install-'))
const config = join(folder, 'mk3.yaml')
writeFileSync(
  config,
  'printer: { port: /dev/serial/by-id/usb-not-there }\nhost: { link: /run/portcullis/printer }\npolicy: maker-space\n',
)
afterAll(() => rmSync(folder, { recursive: true }))

let written = ''
beforeEach(() => {
  written = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written += String(text)
    return true
  })
})
afterEach(() => vi.restoreAllMocks())

describe('install-files', () => {
  test('shows each file under its place, with a sentence what to do with it', async () => {
    await installFiles({ config, print: true })
    expect(written).toContain(
      '# 5/7  /etc/systemd/system/portcullis-mk3.service\n# Place it, then run: systemctl',
    )
    expect(written).toContain(`serve --config ${config}\n`)
    expect(written).toContain('NOT COMPLETE')
    expect(written).toMatch(/# Besides\n# - /)
  })

  test('gives scripts the same files', async () => {
    await installFiles({ config, json: true })
    const { files, notes } = JSON.parse(written)
    expect(files).toHaveLength(7)
    for (const { path, what, text } of files) {
      expect(path).toMatch(/^[/~]/)
      expect(what).not.toBe('')
      expect(text).toMatch(/\n$/)
    }
    expect(notes.length).toBeGreaterThan(2)
  })

  test('takes another user and another host program', async () => {
    await installFiles({ config, print: true, user: 'gate', host: 'pronterface' })
    expect(written).toContain('\nUser=gate\n')
    expect(written).toContain('/etc/systemd/system/pronterface.service.d/portcullis.conf')
    expect(written).not.toContain('octoprint')
  })

  test('writes nothing and says so where it is not told to print', async () => {
    await expect(installFiles({ config })).rejects.toMatchObject({
      code: 'USAGE',
      message: 'the files are for you to place, nothing is written: say --print to see them',
    })
    expect(written).toBe('')
  })

  test('needs a configuration that is valid', async () => {
    await expect(installFiles({ config: join(folder, 'none.yaml'), print: true })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
  })
})
